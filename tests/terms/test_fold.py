# ruff: noqa: RUF001 - look-alike letters are what these tests are about

import sys
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.terms.fold import PIECE, fold, fold_with_origins

# Characters that expand, compose with their neighbours, change order or lose their case in an odd way.
ODD = st.text(
    st.sampled_from("aAeKsſßẞﬃİıΣς①ＡﾃﾞｶﾞﾟÅ\u0301\u0307\u0323\u0345\u0327ᾳ각\u1100\u1161\u11a8\u16d63\u0bc6\u0bbe_ ")
)
TEXTS = st.one_of(st.text(max_size=60), ODD)


@given(TEXTS)
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(TEXTS)
def test_texts_that_mean_the_same_fold_to_the_same(text: str) -> None:
    assert fold(normalize("NFD", text)) == fold(normalize("NFC", text)) == fold(normalize("NFKD", text)) == fold(text)


@given(TEXTS)
def test_spans_map_back_exactly(text: str) -> None:
    folded = fold_with_origins(text)
    assert folded.text == fold(text)
    assert len(folded.starts) == len(folded.ends) == len(folded.text)
    spans = list(dict.fromkeys(zip(folded.starts, folded.ends, strict=True)))
    # The spans tile the original, and each folds to exactly the code points that name it.
    assert [start for start, _ in spans] == [0, *(end for _, end in spans)][: len(spans)]
    assert not text or spans[-1][1] == len(text)
    assert "".join(fold(text[start:end]) for start, end in spans) == folded.text


def test_every_character_folds_for_good_and_alone_as_between_others() -> None:
    characters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    assert [c for c in characters if not fold(c) or fold(fold(c)) != fold(c)] == []
    assert [c for c in characters if fold_with_origins(f"é{c}é").text != fold(f"é{c}é")] == []


@pytest.mark.parametrize(
    ("text", "folded", "starts"),
    [
        ("Kittiwake", "kittiwake", range(9)),
        ("Großer", "grosser", [0, 1, 2, 3, 3, 4, 5]),
        ("ﬃ", "ffi", [0, 0, 0]),
        ("İx", "i\u0307x", [0, 0, 1]),
        ("e\u0301l", "él", [0, 2]),
        ("ﾃﾞx", "デx", [0, 2]),
        ("\u1112\u1161\u11abx", "한x", [0, 3]),
        ("ＳＮＯＷ", "snow", [0, 1, 2, 3]),
    ],
)
def test_origins(text: str, folded: str, starts: list[int]) -> None:
    result = fold_with_origins(text)
    assert (result.text, list(result.starts)) == (folded, list(starts))


def test_a_long_text_folds_as_its_parts_do() -> None:
    word = "Åﬃe\u0301ßİ "
    assert fold(word * PIECE) == fold(word) * PIECE


def test_a_run_of_marks_as_long_as_an_attack_is_folded() -> None:
    text = "a" + "\u0301\u0327" * 200_000
    assert len(fold(text)) <= len(text)
    assert fold_with_origins(text).ends[-1] == len(text)


def test_half_a_surrogate_pair_keeps_its_place() -> None:
    assert list(fold_with_origins("é\ud800x").starts) == [0, 1, 2]
