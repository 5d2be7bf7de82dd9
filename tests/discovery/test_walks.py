import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ringfence.discovery import walks
from ringfence.graph.relations import Graph

Dense = NDArray[np.float64]


def a_graph(seed: int, accounts: int = 12) -> Graph:
    """A ring, so that all is connected, with random follows, tags and links on it."""
    chance = np.random.default_rng(seed)
    ring = [(f"a{one}", f"a{(one + 1) % accounts}") for one in range(accounts)]

    def ties(prefix: str, targets: int, count: int) -> list[tuple[str, str]]:
        return [(f"a{chance.integers(accounts)}", f"{prefix}{chance.integers(targets)}") for _ in range(count)]

    pairs = {
        "follows": ring + ties("a", accounts, 10),
        "uses_hashtag": ties("tag", 5, 20),
        "shares_link": ties("link", 5, 20),
    }
    return Graph.from_tables(
        {name: pa.table({"src": [a for a, _ in some], "dst": [b for _, b in some]}) for name, some in pairs.items()}
    )


def dense(graph: Graph) -> Dense:
    """What one step takes between accounts: straight to those tied to, or through an object to those who share it."""
    weights = np.zeros((graph.size,) * 2)
    for ties in graph.relations:
        matrix = ties.forward.to_scipy().toarray().astype(float)
        users = matrix.sum(axis=0)
        shared = matrix / np.where(users > 0, users, 1)
        weights += matrix + matrix.T if ties.objects is None else shared @ matrix.T
    return weights


def walked(graph: Graph, restarts: Dense, damping: float, steps: int) -> Dense:
    weights = dense(graph)
    leaving = weights.sum(axis=1)
    step = np.divide(weights, leaving[:, None], out=np.zeros_like(weights), where=leaving[:, None] > 0)
    mass = restarts
    for _ in range(steps):
        mass = (1 - damping) * restarts + damping * step.T @ mass
    return np.asarray(mass)


@settings(deadline=None, max_examples=30)  # the first call compiles
@given(st.integers(0, 10_000))
def test_both_walks_are_the_dense_walks(seed: int) -> None:
    graph = a_graph(seed)
    restarts = np.eye(graph.size, 3, dtype=np.float32)
    near = walks.walks(graph, restarts)
    for lift, mass, (damping, steps) in zip(
        (near.long, near.short), walks._walked(walks._Step(graph), restarts), (walks.LONG, walks.SHORT), strict=True
    ):
        own = walked(graph, restarts.astype(float), damping, steps)
        everywhere = walked(graph, np.full((graph.size, 1), 1 / graph.size), damping, steps)
        assert mass == pytest.approx(own, rel=1e-4, abs=1e-6)
        expected = own / (everywhere + walks.SHRINK * everywhere.mean())
        assert lift == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_walked_long_enough_it_is_personalised_pagerank(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "LONG", (walks.LONG[0], 200))
    graph = a_graph(seed)
    ranks = nx.pagerank(nx.from_numpy_array(dense(graph)), walks.LONG[0], personalization={0: 1}, tol=1e-10)
    mass = walks._walked(walks._Step(graph), np.eye(graph.size, 1, dtype=np.float32))[0][:, 0]
    assert mass == pytest.approx([ranks[account] for account in range(graph.size)], rel=1e-3, abs=1e-6)


def test_fairly_near_to_many_seeds_is_nearer_than_very_near_to_one() -> None:
    many, one = walks.nearness(np.array([[5, 5, 5, 5], [20, 0, 0, 0]], np.float32))
    assert many > one


def test_an_account_without_ties_is_near_to_nobody() -> None:
    ties = pa.table({"src": ["a", "b", "alone"], "dst": ["b", "c", "alone"]})
    graph = Graph.from_tables({"follows": ties})
    lift = walks.walks(graph, np.eye(graph.size, 1, dtype=np.float32)).long
    assert lift[graph.find(["alone"])[0], 0] == 0
    assert lift[graph.find(["b"])[0], 0] > 0
