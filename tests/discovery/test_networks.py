import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.discovery.networks import PIECES, SMALLEST, Networks, networks
from ringfence.graph.relations import Graph


def shared(*users: str) -> Graph:
    """Each word is one link and its letters are the accounts that share it."""
    src = [account for word in users for account in word]
    return Graph.from_tables(
        {"shares_link": pa.table({"src": src, "dst": [str(n) for n, word in enumerate(users) for _ in word]})}
    )


def named(graph: Graph, found: Networks) -> list[str]:
    names = graph.accounts.to_numpy(zero_copy_only=False)
    return ["".join(sorted(names[found.members(number)])) for number in range(len(found.ids))]


def everybody(graph: Graph) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(graph.size)


def test_two_groups_that_share_things_are_two_networks_the_larger_first() -> None:
    graph = shared("abc", "abc", "ab", "wxyz", "wxyz", "xyz", "cw")
    found = networks(graph, everybody(graph), seed=0)
    assert named(graph, found) == ["wxyz", "abc"]
    assert found.pieces.min() >= PIECES


def test_one_thing_joins_nobody_but_attaches_to_a_network_that_is_there() -> None:
    assert networks(shared("abc"), np.arange(3), seed=0).ids == ()
    graph = shared("abc", "abc", "cd")
    assert named(graph, networks(graph, everybody(graph), seed=0)) == ["abcd"]


def test_a_pair_is_no_network() -> None:
    graph = shared("ab", "ab", "ab")
    found = networks(graph, everybody(graph), seed=0)
    assert found.ids == ()
    assert (found.member_of == -1).all()


def test_without_candidates_there_are_no_networks(graph: Graph) -> None:
    found = networks(graph, np.empty(0, np.int64), seed=0)
    assert found.ids == ()
    assert (found.member_of == -1).all()
    assert len(found.first) == len(found.second) == len(found.pieces) == 0


@pytest.mark.parametrize("candidate", [0, 5])
def test_one_candidate_is_no_network(graph: Graph, candidate: int) -> None:
    assert networks(graph, np.array([candidate]), seed=0).ids == ()


def test_a_name_does_not_hang_on_the_order_of_the_accounts() -> None:
    one, other = shared("abc", "abc", "bc"), shared("cba", "cb", "bca")
    assert networks(one, everybody(one), seed=0).ids == networks(other, everybody(other), seed=0).ids


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text("abcdefghijkl", min_size=2, max_size=5), min_size=1, max_size=25), st.integers(0, 3))
def test_every_network_holds_together(links: list[str], seed: int) -> None:
    graph = shared(*links)
    candidates = everybody(graph)[: graph.size - 1]
    found = networks(graph, candidates, seed)
    assert len(set(found.ids)) == len(found.ids)
    assert found.member_of[-1] == -1
    names = graph.accounts.to_pylist()
    for number in range(len(found.ids)):
        members = found.members(number).tolist()
        assert len(members) >= SMALLEST
        for member in members:
            others = set(members) - {member}
            assert any(names[member] in link and any(names[other] in link for other in others) for link in links)
    for first, second, pieces in zip(found.first, found.second, found.pieces, strict=True):
        assert pieces == sum(names[first] in link and names[second] in link for link in links) >= PIECES
