"""Every trick on eight bytes at once says what a look at each of them says."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ringfence.guard.snapshots import swar

EIGHT = st.binary(min_size=8, max_size=8) | st.lists(
    st.sampled_from(b'0459:/,"\\ \x1f!~\x7f\x80\xff#[]\x00'), min_size=8, max_size=8
).map(bytes)
DIGITS = st.text("0123456789", min_size=8, max_size=8)


def word(data: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(data, "little"))


def first(flags: np.uint64) -> int:
    """Of what came out of compiled code, which Python has as a plain number."""
    return int(swar.first(np.uint64(flags)))


def first_of(marks: list[bool]) -> int:
    return marks.index(True) if True in marks else 8


@given(st.binary(min_size=8, max_size=40), st.data())
def test_a_word_is_eight_bytes_lowest_first(data: bytes, draw: st.DataObject) -> None:
    place = draw.draw(st.integers(0, len(data) - 8))
    assert int(swar.word(np.frombuffer(data, np.uint8), place)) == int.from_bytes(data[place : place + 8], "little")


@given(EIGHT, st.sampled_from(b',"0\x00\x80\xff'))
def test_every_byte_that_is_the_one_has_a_flag_and_no_other_has(data: bytes, byte: int) -> None:
    flags = int(swar.equal(word(data), byte)).to_bytes(8, "little")
    assert flags == bytes(0x80 if one == byte else 0 for one in data)


@given(EIGHT)
def test_the_first_that_is_no_digit(data: bytes) -> None:
    assert first(swar.others_than_digits(word(data))) == first_of([not 48 <= one <= 57 for one in data])


@given(EIGHT)
def test_the_first_that_is_not_plain(data: bytes) -> None:
    marks = [one in b'"\\' or not 32 <= one <= 126 for one in data]
    assert first(swar.others_than_plain(word(data))) == first_of(marks)


@given(DIGITS, EIGHT, st.integers(0, 8))
def test_digits_are_a_number_whatever_follows(digits: str, after: bytes, count: int) -> None:
    data = digits[:count].encode() + after[count:]
    assert swar.number(word(data), count) == int(digits[:count] or "0")
