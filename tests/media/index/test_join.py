import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ringfence.media.hashes import Codes
from ringfence.media.index import join
from ringfence.media.index.join import join_near


def crowd(seed: int, groups: int, each: int, furthest: int) -> Codes:
    """Random codes, each with some beside it that differ from it in up to `furthest` bits; some are the same."""
    rng = np.random.default_rng(seed)
    bits = np.repeat(rng.integers(0, 2, (groups, 256), dtype=np.uint8), each, axis=0)
    for one in bits:
        one[rng.permutation(256)[: rng.integers(0, furthest + 1)]] ^= 1
    return np.ascontiguousarray(np.packbits(bits, axis=1).view(np.uint64)[rng.permutation(len(bits))])


def twin(codes: Codes, radius: int = 31) -> list[int]:
    """Every pair compared; each place's group is told by the first place in it."""
    ties = nx.Graph()
    ties.add_nodes_from(range(len(codes)))
    for place, code in enumerate(codes):
        near = np.flatnonzero(np.bitwise_count(code ^ codes).sum(axis=1) <= radius)
        ties.add_edges_from((place, int(other)) for other in near)
    label = np.arange(len(codes))
    for group in nx.connected_components(ties):
        label[list(group)] = min(group)
    return [int(one) for one in label]


def joined(codes: Codes, fresh: int = 0, parent: NDArray[np.int64] | None = None, radius: int = 31) -> list[int]:
    parent = np.arange(len(codes)) if parent is None else parent
    join_near(codes, parent, fresh, radius)
    return [int(one) for one in parent]


@pytest.mark.parametrize("few", [0, 10_000])
@pytest.mark.parametrize("radius", [0, 15, 31, 40])
def test_groups_are_those_of_every_pair_compared(few: int, radius: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(join, "FEW", few)
    codes = crowd(radius, 150, 6, 17)
    assert joined(codes, radius=radius) == twin(codes, radius)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(0, 15), st.integers(1, 5), st.sampled_from([0, 10, 31, 34]))
def test_small_crowds_are_joined_as_pairs_are(seed: int, groups: int, each: int, furthest: int) -> None:
    codes = crowd(seed, groups, each, furthest)
    assert joined(codes) == twin(codes)


@pytest.mark.parametrize("known", [0, 100, 700, 899, 900])
def test_what_comes_later_is_joined_as_if_it_had_been_there(known: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(join, "FEW", 0)
    codes = crowd(4, 150, 6, 17)
    parent = np.arange(len(codes))
    join_near(codes[:known].copy(), parent[:known])
    assert joined(codes, known, parent) == twin(codes)


def test_a_flood_of_altered_copies_hides_no_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """Buckets so full that clusters are told apart before codes are; two floods, and few others among them."""
    monkeypatch.setattr(join, "FEW", 0)
    codes = np.concatenate((crowd(1, 2, 900, 12), crowd(2, 100, 2, 20)))
    codes[:900:2, 0] ^= np.uint64(0xFFFF)  # one flood is near another, but for one word
    assert joined(codes) == twin(codes)


def test_words_that_all_codes_share_hide_no_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(join, "FEW", 0)
    codes = crowd(6, 400, 3, 18)
    codes[:, 1] = 0xABCDEF
    assert joined(codes) == twin(codes)


def test_any_number_of_threads_joins_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(join, "FEW", 0)
    codes = crowd(8, 200, 4, 18)
    answers = []
    for threads in (1, 3, 40):
        monkeypatch.setattr(join, "THREADS", threads)
        answers.append(joined(codes))
    assert answers[0] == answers[1] == answers[2]
