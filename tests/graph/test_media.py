import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.graph.media import FURTHEST, distinct, join_near, usable
from ringfence.media.index import join


def codes(seed: int, groups: int, each: int, furthest: int) -> np.ndarray:
    """Random codes, and around each some that differ from it in up to `furthest` bits."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 2, (groups, 1, 256), dtype=np.uint8)
    bits = np.repeat(first, each, axis=1)
    for one in bits.reshape(-1, 256):
        one[rng.permutation(256)[: rng.integers(0, furthest + 1)]] ^= 1
    return np.unique(np.packbits(bits.reshape(-1, 256), axis=1).view(np.uint64), axis=0)


def twin(found: np.ndarray) -> list[int]:
    """Every pair compared, and the smallest of each group found by walking."""
    apart = np.bitwise_count(found[:, None, :] ^ found[None, :, :]).sum(axis=2)
    label = np.arange(len(found))
    for _ in label:
        for one in range(len(found)):
            label[one] = label[apart[one] <= FURTHEST].min()
    return [int(one) for one in label]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 5), st.sampled_from([10, 31, 34]))
def test_clusters_are_those_of_every_pair_compared(seed: int, groups: int, each: int, furthest: int) -> None:
    found = codes(seed, groups, each, furthest)
    parent = np.arange(len(found))
    join_near(found, parent)
    assert parent.tolist() == twin(found)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.integers(2, 10), st.integers(0, 30))
def test_what_comes_later_joins_as_if_it_had_been_there(seed: int, groups: int, known: int) -> None:
    found = np.random.default_rng(seed).permutation(codes(seed, groups, 4, 31))
    known = min(known, len(found))
    whole, grown = np.arange(len(found)), np.arange(len(found))
    join_near(found, whole)
    join_near(np.ascontiguousarray(found[:known]), grown[:known])
    join_near(found, grown, fresh=known)
    assert grown.tolist() == whole.tolist()


@pytest.mark.parametrize("bits", range(24, 40))
def test_the_bound_is_exact_wherever_the_bits_are(bits: int) -> None:
    rng = np.random.default_rng(bits)
    pairs = rng.integers(0, 1 << 63, (40, 4), dtype=np.uint64)
    other = np.unpackbits(pairs.view(np.uint8), axis=1)
    for one in other:
        one[rng.permutation(256)[:bits]] ^= 1
    both = np.concatenate((pairs, np.packbits(other, axis=1).view(np.uint64)))
    parent = np.arange(80)
    join_near(both, parent)
    assert (parent[40:] == np.arange(40)).all() == (bits <= FURTHEST)
    assert (parent[40:] >= 40).all() == (bits > FURTHEST)


def test_the_answer_does_not_hang_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    found = codes(5, 300, 6, 31)
    answers = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(join, "THREADS", threads)
        parent = np.arange(len(found))
        join_near(found, parent)
        answers.append(parent.tobytes())
    assert len(set(answers)) == 1


def test_blank_pictures_and_no_pictures_are_like_nothing() -> None:
    ones = np.full((1, 4), np.uint64(0xFFFFFFFFFFFFFFFF))
    assert usable(np.concatenate((ones, ones * np.uint64(0)))).tolist() == [False, False]
    none = np.empty((0, 4), np.uint64)
    join_near(none, np.arange(0))
    assert [len(part) for part in distinct(none)] == [0, 0]


def test_equal_codes_are_found_once() -> None:
    found = codes(1, 4, 1, 0)[[0, 1, 0, 2, 1]]
    firsts, same_as = distinct(found)
    assert (firsts.tolist(), same_as.tolist()) == ([0, 1, 3], [0, 1, 0, 3, 1])
