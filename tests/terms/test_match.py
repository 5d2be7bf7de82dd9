# ruff: noqa: RUF001 - look-alike letters are what these tests are about

from collections.abc import Iterable
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.terms.fold import fold
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.match import Hit, Matcher

LETTERS = "abBsSß１1_é\u0301 #中-"
BIRDS = Lexicon.from_terms(["firecrest", "#Kittiwake", "snow goose", "goose", "emu", "動物園", "ปลา", "🐦", "strauß"])


def found(text: str) -> list[str]:
    return [text[hit.start : hit.end] for hit in BIRDS.match(text)]


def named(text: str) -> list[str]:
    return [text[hit.start : hit.end] for hit in BIRDS.matcher.match_name(text)]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("a firecrest, seen", ["firecrest"]),
        ("FIRECREST!", ["FIRECREST"]),
        ("firecrests", []),
        ("unfirecrest", []),
        ("firecrest_2", []),
        ("the kittiwake and #kittiwake", ["kittiwake", "kittiwake"]),
        ("ｋｉｔｔｉｗａｋｅ", ["ｋｉｔｔｉｗａｋｅ"]),
        ("snow\u00a0goose", ["snow\u00a0goose", "goose"]),
        ("firecrest™ firecrest's", ["firecrest", "firecrest"]),
        ("STRAUSS Strauß straußen", ["STRAUSS", "Strauß"]),
        ("firecrest\u0301", []),
        ("動物園\u0301", []),
        ("見た動物園です", ["動物園"]),
        ("私はfirecrestが好き", ["firecrest"]),
        ("กินปลาดิบ", ["ปลา"]),
        ("x🐦x 🐦", ["🐦", "🐦"]),
        ("İ emu İ firecrest", ["emu", "firecrest"]),
        ("\ud800 firecrest \udfff", ["firecrest"]),
        ("", []),
    ],
)
def test_in_running_text_a_term_is_a_word_of_its_own(text: str, spans: list[str]) -> None:
    assert found(text) == spans


@pytest.mark.parametrize(
    ("name", "spans"),
    [
        ("my_firecrest_photos", ["firecrest"]),
        ("LoveFirecrest", ["Firecrest"]),
        ("FirecrestLove", ["Firecrest"]),
        ("FIRECRESTLove", ["FIRECREST"]),
        ("BBCFirecrest", ["Firecrest"]),
        ("firecrest2024", ["firecrest"]),
        ("fIrEcReSt", ["fIrEcReSt"]),
        ("firecrestlove", []),
        ("museum", []),
    ],
)
def test_in_a_name_words_may_be_run_together(name: str, spans: list[str]) -> None:
    assert named(name) == spans
    assert found(f"see #{name} and @{name}") == spans * 2
    assert found(f"see {name}") == (spans if spans == [name] else [])


def test_a_hit_says_what_was_found_where_and_how() -> None:
    exact, folded = BIRDS.match("Kittiwake, a KITTIWAKE")
    assert (exact.term, exact.category, exact.start, exact.end, exact.tier) == ("#Kittiwake", "illegal", 0, 9, "exact")
    assert exact.reason == 'The text has the term "Kittiwake" at character 1.'
    assert (folded.start, folded.end, folded.tier) == (13, 22, "folded")
    assert '"KITTIWAKE" at character 14' in folded.reason


def test_different_terms_may_overlap_and_the_longer_comes_first() -> None:
    assert found("a snow goose") == ["snow goose", "goose"]


def test_a_term_does_not_overlap_itself() -> None:
    assert [hit.start for hit in Lexicon.from_terms(["花花"]).match("花花花花花")] == [0, 2]


def test_no_terms_find_nothing() -> None:
    assert Matcher([]).match("a firecrest") == ()


def test_a_token_of_a_million_terms_is_bounded() -> None:
    assert found("#" + "firecrest" * 100_000) == []
    assert len(found("firecrest " * 10_000)) == 10_000


@given(st.text(LETTERS, max_size=14), st.sets(st.text("absß1é中 ", min_size=1, max_size=3), min_size=1, max_size=5))
def test_it_finds_what_trying_every_slice_finds(text: str, words: set[str]) -> None:
    words = {word.strip() for word in words} - {""}
    terms = list({fold(word): word for word in sorted(words)}.values())
    if not terms:
        return
    lexicon = Lexicon.from_terms(terms)
    assert [(hit.start, hit.end, hit.term) for hit in lexicon.match(text)] == list(_by_every_slice(text, terms))


@given(st.text(max_size=40))
def test_every_hit_folds_back_to_its_term(noise: str) -> None:
    for hit in BIRDS.match(f"{noise} Snow Goose {noise}"):
        assert fold(f"{noise} Snow Goose {noise}"[hit.start : hit.end]) == fold(hit.term.removeprefix("#"))


def _by_every_slice(text: str, terms: list[str]) -> Iterable[tuple[int, int, str]]:
    """The twin: slow, obvious, and written without looking at the matcher."""
    ends: dict[str, int] = {}
    for start in range(len(text)):
        for end in range(len(text), start, -1):
            # A slice stands for itself only when folding it apart from its neighbours changes none of the three.
            if fold(text[:start]) + fold(text[start:end]) + fold(text[end:]) != fold(text):
                continue
            for term in terms:
                same = fold(text[start:end]) == fold(term) and start >= ends.get(term, 0)
                if same and _parted(text, start) and _parted(text, end):
                    ends[term] = end
                    yield start, end, term


def _parted(text: str, at: int) -> bool:
    before, after = text[:at][-1:], text[at:][:1]
    if before and after == "\u0301":  # a letter and its marks are one, also where nothing composes
        return False
    if not before or not after or "中" in (before, after):
        return True
    if not all(character == "_" or category(character)[0] in "LMN" for character in (before, after)):
        return True
    token = ""
    for character in reversed(text[:at]):
        if character in " #-":
            token = character
            break
    if token != "#":
        return False
    camel = after.isupper() and (before.islower() or text[at + 1 : at + 2].islower())
    return "_" in (before, after) or before.isdigit() != after.isdigit() or camel


def test_hits_are_frozen() -> None:
    with pytest.raises(AttributeError):
        BIRDS.match("emu")[0].start = 3  # type: ignore[misc]
    assert isinstance(BIRDS.match("emu")[0], Hit)
