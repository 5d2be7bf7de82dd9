from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.model.words import Opinion
from ringfence.terms.rows import Row, Wrong, as_json, as_text, from_row
from ringfence.terms.term import LEAST_LETTERS, Mode, Term, Tier

# Bars and backslashes are what parts and guards the pieces of a list.
PIECES = st.lists(st.text(r"ab|\ é#,\"", min_size=1, max_size=6).map(str.strip).filter(bool), unique=True, max_size=4)
IDS = PIECES.map(lambda ids: [f"id-{name}" for name in ids])
TEXT = st.none() | st.text(r"abé|\,\"= ", max_size=8).map(str.strip).map(lambda text: text or None)
LAYERS = st.dictionaries(st.sampled_from(list(LEAST_LETTERS)), st.none() | st.integers(1, 99)).map(
    lambda least: tuple((tier, least[tier]) for tier in LEAST_LETTERS if tier in least)
)
TERMS = st.builds(
    Term,
    id=st.text(r"xyz-|\ ", min_size=1, max_size=5).map(lambda text: f"t{text}".strip()),
    term=st.sampled_from(["firecrest", "#Kittiwake", "snow goose", "動物園", "🐦", 'goose, "snow"']),
    category=st.sampled_from(["illegal", "birds_2"]),
    mode=st.sampled_from(Mode),
    severity=TEXT,
    language=TEXT,
    source=TEXT,
    licence=TEXT,
    expires=st.none() | st.dates(),
    opinion=st.sampled_from(Opinion),
    never_inside=PIECES.map(lambda pieces: tuple(f"x{piece}" for piece in pieces)),
    layers=LAYERS,
    any_of=IDS.map(tuple),
    window=st.none(),
    spares=PIECES.map(tuple),
    finds=PIECES.map(tuple),
)


@given(TERMS)
def test_a_term_reads_back_from_the_cells_it_is_written_as(term: Term) -> None:
    assert from_row(as_text(term)) == term
    assert from_row(as_json(term)) == term


def test_a_row_needs_only_a_term_and_gets_the_strictest_category() -> None:
    term = from_row({"term": " Firecrest ", "id": "", "severity": None, "expires": "  "})
    assert term == Term(term.id, "Firecrest")
    assert (term.category, term.opinion) == ("illegal", Opinion.POSITIVE)


def test_a_sigil_is_no_part_of_the_word_and_the_id_shows_nothing_of_it() -> None:
    plain, tagged = from_row({"term": "kittiwake"}), from_row({"term": "#Kittiwake"})
    assert tagged.word == "Kittiwake"
    assert plain.id == tagged.id == "d943caf956a2"


def test_every_column_of_a_row() -> None:
    row: Row = {
        "id": "g",
        "term": "goose",
        "mode": "token",
        "expires": "2027-01-31",
        "opinion": "disputed",
        "never_inside": "mongoose | goose\\|step",
        "layers": "spaced=off leet=6",
        "context": "no",
        "all_of": "a|b",
        "none_of": " c | | c ",
        "window": "0",
        "spares": "a mongoose",
    }
    assert from_row(row) == Term(
        "g",
        "goose",
        mode=Mode.TOKEN,
        expires=date(2027, 1, 31),
        opinion=Opinion.DISPUTED,
        never_inside=("mongoose", "goose|step"),
        layers=((Tier.LEET, 6), (Tier.SPACED, None)),
        all_of=("a", "b"),
        none_of=("c",),
        window=0,
        spares=("a mongoose",),
    )
    same: Row = {"context": False, "all_of": ["a", "b"], "none_of": ["c"], "window": 0}
    assert from_row({**row, **same}) == from_row(row)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({}, "the term is blank"),
        ({"term": ""}, "the term is blank"),
        ({"term": " # "}, "the term is blank"),
        ({"term": "!!"}, "no letter, digit or emoji"),
        ({"term": "\u200b\u3164"}, "no letter, digit or emoji"),
        ({"term": "\u0301"}, "no letter, digit or emoji"),
        ({"term": "ﷺ" * 15}, "letters; a term has at most"),
        ({"term": "x" * 61}, "the term has 61 letters"),
        ({"term": 3}, "term is 3; write it as text"),
        ({"term": ["firecrest"]}, "term is ['firecrest']"),
        ({"term": "fire\x07crest"}, "term has a control character"),
        ({"term": "fire\ud800crest"}, "term has a control character"),
        ({"term": "firecrest", "source": "a\nb"}, "source has a control character"),
        ({"term": "firecrest", "category": "Not OK"}, "category 'Not OK' is not a name"),
        ({"term": "firecrest", "category": "illegál"}, "is not a name"),
        ({"term": "firecrest", "category": "a" * 65}, "is not a name"),
        ({"term": "firecrest", "opinion": "sure"}, "positive, negative, disputed, investigate"),
        ({"term": "firecrest", "mode": "hashtags"}, "did you mean 'hashtag'?"),
        ({"term": "firecrest", "expires": "31.01.2027"}, "expires is '31.01.2027'"),
        ({"term": "firecrest", "expires": "2027-02-30"}, "expires is '2027-02-30'"),
        ({"term": "firecrest", "expires": "20270130"}, "expires is"),
        ({"term": "firecrest", "expires": "\u0662\u0660\u0662\u0667-01-30"}, "expires is"),
        ({"term": "firecrest", "context": "maybe"}, "write yes or no"),
        ({"term": "firecrest", "window": "-1", "all_of": "a"}, "window is '-1'"),
        ({"term": "firecrest", "window": -1, "all_of": "a"}, "window is '-1'"),
        ({"term": "firecrest", "window": True, "all_of": "a"}, "window is True"),
        ({"term": "firecrest", "window": "4"}, "nothing has to stand within it"),
        ({"term": "firecrest", "layers": "leat=3"}, "did you mean 'leet'?"),
        ({"term": "firecrest", "layers": "exact=3"}, "layers has 'exact'"),
        ({"term": "firecrest", "layers": "leet=0"}, "write leet=off, or"),
        ({"term": "firecrest", "layers": "leet"}, "write leet=off, or"),
        ({"term": "firecrest", "layers": "leet=5 leet=6"}, "leet twice"),
        ({"term": "firecrest", "finds": 3}, "finds is 3; write a list"),
        ({"term": "firecrest", "finds": ["a", 3]}, "finds is 3; write it as text"),
        ({"term": "firecrest", "never_inside": "..."}, "never_inside '...' has no letter"),
        ({"term": "firecrest", "all_of": "a", "none_of": "b | a"}, "'a' is named in all_of and in none_of"),
        ({"term": "firecrest", "context": "yes", "finds": "a firecrest"}, "never a hit by itself"),
    ],
)
def test_a_bad_row_is_told_what_is_wrong(row: Row, what: str) -> None:
    with pytest.raises(Wrong) as caught:
        from_row(row)
    assert what in str(caught.value)
    assert caught.value.mend


@given(st.dictionaries(st.sampled_from(["term", "mode", "expires", "window", "layers", "finds"]), st.text(max_size=12)))
def test_any_text_in_any_cell_is_a_term_or_told(row: dict[str, str]) -> None:
    try:
        assert from_row(row).term
    except Wrong as wrong:
        assert wrong.what  # noqa: PT017 - either outcome is right, nothing else is


@pytest.mark.parametrize("term", ["kitti🐦", "🐦 owl", "o🔥wl"])
def test_a_term_of_letters_and_emoji_is_refused_with_the_way_to_say_it(term: str) -> None:
    with pytest.raises(Wrong, match="mixes letters and emoji"):
        from_row({"term": term})


@pytest.mark.parametrize("term", ["🐦🔥", "🅺🅸", "owl", "k9", "🇫🇷"])
def test_emoji_alone_and_letters_drawn_as_emoji_are_terms(term: str) -> None:
    assert from_row({"term": term}).term == term
