import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray

from ringfence.media.index.bits import mixed, unmixed
from ringfence.media.index.vectors import LANES, lowest, near, ones, other


@njit(nogil=True)
def _near(words: NDArray[np.uint16], place: int, word: int, most: int) -> int:
    return int(near(words, place, word, most))


@njit(nogil=True)
def _other(labels: NDArray[np.int32], place: int, label: int) -> int:
    return int(other(labels, place, label))


@njit(nogil=True)
def _bits(number: np.uint64) -> tuple[int, int]:
    return ones(number), lowest(number)


def lanes(mask: int) -> list[bool]:
    return [bool(mask >> lane & 1) for lane in range(LANES)]


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 10_000), st.integers(0, 31), st.integers(0, 0xFFFF), st.integers(0, 16))
def test_words_at_any_place_are_compared_as_one_by_one(seed: int, place: int, word: int, most: int) -> None:
    words = np.random.default_rng(seed).integers(0, 1 << 16, 64, dtype=np.uint16)
    words[::3] = word ^ 1
    there = words[place : place + LANES]
    assert lanes(_near(words, place, word, most)) == [int(one ^ word).bit_count() <= most for one in there.tolist()]
    labels = (words & 3).astype(np.int32)
    assert lanes(_other(labels, place, 2)) == (labels[place : place + LANES] != 2).tolist()


@settings(deadline=None)
@given(st.integers(0, (1 << 64) - 1))
def test_bits_are_counted_and_found(number: int) -> None:
    low = (number & -number).bit_length() - 1 if number else 64
    assert _bits(np.uint64(number)) == (number.bit_count(), low)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.sampled_from([0, 1, 7, 30]))
def test_mixing_moves_bits_and_alters_no_distance(seed: int, count: int) -> None:
    codes = np.random.default_rng(seed).integers(0, 1 << 64, (count, 4), dtype=np.uint64)
    out = mixed(codes)
    assert (unmixed(out) == codes).all()
    before, after = (np.bitwise_count(one[:1] ^ one).sum(axis=1).tolist() for one in (codes, out))
    assert before == after


def test_many_codes_are_mixed_by_threads_as_few_are_by_one() -> None:
    codes = np.random.default_rng(1).integers(0, 1 << 64, (20_001, 4), dtype=np.uint64)
    assert (mixed(codes)[-5:] == mixed(codes[-5:])).all()
