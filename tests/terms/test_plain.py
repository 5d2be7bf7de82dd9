from unicodedata import normalize

from hypothesis import given
from hypothesis import strategies as st

from ringfence.terms.plain import PIECE, plain


@given(st.text())
def test_plain_is_final_and_forgets_case_and_form(text: str) -> None:
    once = plain(text)
    assert plain(once) == once
    assert plain(normalize("NFKC", text)) == once
    assert plain(normalize("NFD", text)) == once


def test_wide_ligature_and_capital_letters_meet() -> None:
    assert plain("ＦＩＲＥcrest") == plain("\ufb01recrest") == plain("FIRECREST") == "firecrest"


def test_a_long_text_is_the_sum_of_its_pieces() -> None:
    text = ("Firecrést " * PIECE)[: 3 * PIECE + 1]
    assert plain(text) == text.lower()


def test_a_million_marks_end() -> None:
    assert plain("e" + "\u0301" * 1_000_000)[0] == "é"
