from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.graph import local
from ringfence.graph.csr import Csr, from_pairs

SIZE = 8
PAIRS = st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)), max_size=30)


def matrix(pairs: list[tuple[int, int]]) -> Csr:
    rows, columns = np.array(pairs, dtype=int).reshape(-1, 2).T
    return from_pairs(rows, columns, 1.0 + np.arange(len(pairs)) % 3, (SIZE, SIZE))


@settings(deadline=None)  # the first call compiles
@given(PAIRS, st.integers(1, 3))
def test_propagate_and_aggregate_are_the_dense_products(pairs: list[tuple[int, int]], width: int) -> None:
    ties, mass = matrix(pairs), np.random.default_rng(0).random((SIZE, width)).astype(np.float32)
    table = ties.to_scipy().toarray()
    assert np.allclose(local.propagate(ties, mass), table @ mass, rtol=1e-5)
    there = (table > 0).astype(float)
    mean = there @ mass / np.maximum(there.sum(axis=1), 1)[:, None]
    assert np.allclose(local.aggregate(ties, mass), mean, rtol=1e-5)


def test_the_answer_does_not_hang_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    ties = from_pairs(rng.integers(0, 500, 9_000), rng.integers(0, 500, 9_000), rng.random(9_000), (500, 500))
    mass = rng.random((500, 4)).astype(np.float32)
    answers = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(local, "THREADS", threads)
        answers.append(local.propagate(ties, mass).tobytes())
    assert len(set(answers)) == 1


@settings(deadline=None)
@given(PAIRS, PAIRS, st.integers(1, 2))
def test_cooccur_counts_shared_targets(first: list[tuple[int, int]], second: list[tuple[int, int]], least: int) -> None:
    matrices, rows = [matrix(first), matrix(second)], np.array([0, 2, 3, 5, 7])
    used = [{(n, t) for n, ties in enumerate(matrices) for t in ties.row(int(row)).tolist()} for row in rows]
    expected = [(a, b, len(used[a] & used[b])) for a, b in combinations(range(5), 2) if len(used[a] & used[b]) >= least]
    assert list(zip(*(part.tolist() for part in local.cooccur(matrices, rows, least)), strict=True)) == expected


@given(PAIRS)
def test_components_are_networkx_components(pairs: list[tuple[int, int]]) -> None:
    graph = nx.Graph(pairs)
    graph.add_nodes_from(range(SIZE))
    first, second = np.array(pairs, dtype=int).reshape(-1, 2).T
    found = local.components(first, second, SIZE)
    groups = {frozenset(np.flatnonzero(found == number).tolist()) for number in set(found.tolist())}
    assert groups == {frozenset(group) for group in nx.connected_components(graph)}
    assert found[0] == 0
