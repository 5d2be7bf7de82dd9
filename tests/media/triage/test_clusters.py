"""Are clusters what a slow plain reading of the rule gives: near their medoid, the same in any order, no chains?"""

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ringfence.media.hashes import RADIUS, Codes
from ringfence.media.triage import clusters as module
from ringfence.media.triage.clusters import clusters
from ringfence.media.triage.names import names
from ringfence.media.triage.near import joined

MASK = (1 << 64) - 1


def codes_from(numbers: list[int]) -> Codes:
    rows = [[one >> 192 & MASK, one >> 128 & MASK, one >> 64 & MASK, one & MASK] for one in numbers]
    return np.array(rows, np.uint64).reshape(-1, 4)


def numbers_from(codes: Codes) -> list[int]:
    return [(int(a) << 192) | (int(b) << 128) | (int(c) << 64) | int(d) for a, b, c, d in codes]


def connected(rest: list[int]) -> list[list[int]]:
    groups, left = [], set(rest)
    while left:
        edge, group = [left.pop()], []
        while edge:
            one = edge.pop()
            group.append(one)
            near = {other for other in left if (one ^ other).bit_count() <= RADIUS}
            left -= near
            edge += near
        groups.append(sorted(group))
    return groups


def slow(numbers: list[int]) -> set[frozenset[int]]:
    """The rule of docs/media-triage.md, word for word."""
    found, rest = set(), sorted(set(numbers))
    while rest:
        left: list[int] = []
        for group in connected(rest):
            medoid = min(group, key=lambda one: (sum((one ^ other).bit_count() for other in group), one))
            found.add(frozenset(one for one in group if (one ^ medoid).bit_count() <= RADIUS))
            left += [one for one in group if (one ^ medoid).bit_count() > RADIUS]
        rest = sorted(left)
    return found


def as_sets(codes: Codes) -> set[frozenset[int]]:
    found = clusters(codes)
    numbers = numbers_from(codes)
    groups: dict[int, set[int]] = {}
    for number, cluster in zip(numbers, found.cluster.tolist(), strict=True):
        groups.setdefault(cluster, set()).add(number)
    assert len(groups) == len(found)
    for cluster, group in groups.items():
        medoid = numbers[found.medoid[cluster]]
        assert medoid in group
        assert all((medoid ^ one).bit_count() <= RADIUS for one in group)
    return {frozenset(group) for group in groups.values()}


def flipped(draw: random.Random, one: int, bits: int) -> int:
    for bit in draw.sample(range(256), bits):
        one ^= 1 << bit
    return one


@st.composite
def tangled(draw: st.DrawFn) -> list[int]:
    """Chains, clouds wider than RADIUS, equal codes and strangers."""
    luck = random.Random(draw(st.integers(0, 1 << 32)))
    numbers = []
    for _ in range(luck.randint(0, 3)):
        one = luck.getrandbits(256)
        for _ in range(luck.randint(1, 12)):
            one = flipped(luck, one, luck.choice([0, 5, 25, 31, 32]))
            numbers.append(one)
        numbers += [flipped(luck, one, luck.randint(0, 24)) for _ in range(luck.randint(0, 15))]
    luck.shuffle(numbers)
    return numbers


@settings(deadline=None, max_examples=50)
@given(tangled(), st.randoms(use_true_random=False))
def test_clusters_are_those_of_the_slow_twin_in_any_order(numbers: list[int], luck: random.Random) -> None:
    expected = slow(numbers)
    assert as_sets(codes_from(numbers)) == expected
    luck.shuffle(numbers)
    assert as_sets(codes_from(numbers)) == expected


@settings(deadline=None, max_examples=40)
@given(tangled())
def test_codes_made_to_fall_apart_slowly_are_still_near_their_medoid(numbers: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ROUNDS", 0)
        led = as_sets(codes_from(numbers))
    assert set().union(*led) == set(numbers)
    assert sum(map(len, led)) == len(set(numbers))


def test_a_chain_does_not_merge_strangers() -> None:
    one, luck = 0, random.Random(3)
    order = luck.sample(range(256), 250)
    chain = [one := one ^ sum(1 << bit for bit in order[step : step + 25]) for step in range(0, 250, 25)]
    assert all((a ^ b).bit_count() == 25 for a, b in pairwise(chain))
    assert len(set(joined(codes_from(chain)).tolist())) == 1
    found = as_sets(codes_from(chain))
    assert max(map(len, found)) == 3
    assert not any({chain[0], chain[-1]} <= group for group in found)


@settings(deadline=None, max_examples=40)
@given(tangled())
def test_what_is_joined_is_what_a_plain_search_connects(numbers: list[int]) -> None:
    distinct = sorted(set(numbers))
    roots = joined(codes_from(distinct)).tolist()
    groups: dict[int, set[int]] = {}
    for number, root in zip(distinct, roots, strict=True):
        groups.setdefault(root, set()).add(number)
    assert {frozenset(group) for group in groups.values()} == {frozenset(group) for group in connected(distinct)}


def told(codes: Codes, before: dict[bytes, str]) -> dict[bytes, str]:
    found = clusters(codes)
    named = names(codes, found, before)
    assert len(set(named)) == len(named)
    return {row.tobytes(): named[cluster] for row, cluster in zip(codes, found.cluster.tolist(), strict=True)}


@settings(deadline=None, max_examples=40)
@given(tangled(), st.randoms(use_true_random=False))
def test_names_are_the_same_in_any_order_and_from_run_to_run(numbers: list[int], luck: random.Random) -> None:
    first = told(codes_from(numbers), {})
    luck.shuffle(numbers)
    assert told(codes_from(numbers), {}) == first
    assert told(codes_from(numbers), first) == first


def test_a_cluster_keeps_its_name_as_it_grows_and_its_medoid_moves() -> None:
    luck = random.Random(5)
    base, stranger = luck.getrandbits(256), luck.getrandbits(256)
    few = codes_from([base, flipped(luck, base, 3), stranger])
    first = told(few, {})
    moved = flipped(luck, base, 12)
    more = np.concatenate((few, codes_from([flipped(luck, moved, 4) for _ in range(9)])))
    second = told(more, first)
    assert all(second[code] == name for code, name in first.items())
    assert len(set(second.values())) == 2
    # Without a memory it would be called by its new middle.
    assert told(more, {})[few[0].tobytes()] != first[few[0].tobytes()]


def test_a_part_that_splits_off_gets_a_name_that_nothing_had() -> None:
    luck = random.Random(6)
    one = luck.getrandbits(256)
    far = flipped(luck, one, 60)
    both = codes_from([one, far, flipped(luck, far, 2)])
    was = {row.tobytes(): "cluster" for row in both}
    now = told(both, was)
    assert now[both[1].tobytes()] == now[both[2].tobytes()] == "cluster"
    assert now[both[0].tobytes()] != "cluster"


def test_no_name_tells_a_hash() -> None:
    codes = codes_from([random.Random(1).getrandbits(256)])
    (name,) = told(codes, {}).values()
    assert name not in codes.tobytes().hex()


def test_nothing_at_all_is_no_cluster() -> None:
    none: NDArray[np.uint64] = np.empty((0, 4), np.uint64)
    assert len(clusters(none)) == 0
    assert names(none, clusters(none), {}) == []
