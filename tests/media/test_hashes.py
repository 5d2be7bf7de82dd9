"""Is a hash the same as text, as bytes and as numbers, and is what is none refused?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.media.hashes import SIZES, codes_of, parse, texts_of
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=5))
def test_rows_are_the_same_as_their_text(values: list[bytes]) -> None:
    texts = texts_of(codes_of(values))
    assert texts == [value.hex() for value in values]
    assert [parse(HashKind.PDQ, text.upper(), "here") for text in texts] == values


@pytest.mark.parametrize("kind", HashKind)
@pytest.mark.parametrize("text", ["", "0", "g" * 64, "0" * 63, "0" * 65, "0 " * 32, " " * 32, "é" * 40])
def test_what_is_no_hash_is_refused_without_being_repeated(kind: HashKind, text: str) -> None:
    with pytest.raises(Fault) as refused:
        parse(kind, text, "line 3")
    assert "line 3" in str(refused.value)
    assert str(2 * SIZES[kind]) in refused.value.mend
    assert not text.strip() or text not in refused.value.what
