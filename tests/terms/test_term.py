import pytest

from ringfence.model.words import Opinion
from ringfence.terms.term import from_row, row_faults


def test_a_row_needs_only_a_term_and_gets_the_strictest_category() -> None:
    term = from_row({"term": " Firecrest "})
    assert (term.term, term.word, term.folded) == ("Firecrest", "Firecrest", "firecrest")
    assert (term.category, term.opinion) == ("illegal", Opinion.POSITIVE)


def test_a_sigil_is_no_part_of_the_word_and_the_id_shows_nothing_of_it() -> None:
    plain, tagged = from_row({"term": "kittiwake"}), from_row({"term": "#Kittiwake"})
    assert tagged.word == "Kittiwake"
    assert plain.id == tagged.id
    assert "kittiwake" not in plain.id


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"term": ""}, "blank"),
        ({"term": None}, "blank"),
        ({"term": " # "}, "blank"),
        ({"term": "fire\x07crest"}, "control character"),
        ({"term": "firecrest", "source": "a\nb"}, "control character"),
        ({"term": "firecrest", "category": "Not OK"}, "no"),
        ({"term": "firecrest", "category": "illegál"}, "is not a name"),
        ({"term": "firecrest", "opinion": "sure"}, "positive, negative, disputed, investigate"),
    ],
)
def test_a_bad_row_is_told_what_is_wrong(row: dict[str, str | None], what: str) -> None:
    (fault,) = row_faults(row)
    assert what in " ".join(fault)
