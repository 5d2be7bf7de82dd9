from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.graph import local
from ringfence.graph.csr import Csr, from_pairs
from ringfence.kernels import threads

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


@settings(deadline=None)
@given(PAIRS, st.integers(1, 40))
def test_moments_are_those_of_each_rows_targets(pairs: list[tuple[int, int]], width: int) -> None:
    ties, values = matrix(pairs), np.random.default_rng(0).normal(1_000, 1, (SIZE, width)).astype(np.float32)
    mean, spread, largest = local.moments(ties, values)
    for row in range(SIZE):
        there = values[ties.row(row)].astype(np.float64) if len(ties.row(row)) else np.zeros((1, width))
        assert np.allclose(mean[row], there.mean(axis=0), rtol=1e-6)
        assert np.allclose(spread[row], there.std(axis=0), atol=1e-4)
        assert (largest[row] == there.max(axis=0)).all()


def test_equal_values_have_no_spread() -> None:
    ties = from_pairs(np.zeros(50, int), np.arange(50), np.ones(50), (1, 50))
    mean, spread, largest = local.moments(ties, np.full((50, 3), 1e7 / 3, np.float32))
    assert (spread == 0).all()
    assert (mean == largest).all()


def random_ties(size: int, count: int) -> Csr:
    rng = np.random.default_rng(1)
    return from_pairs(rng.integers(0, size, count), rng.integers(0, size, count), rng.random(count), (size, size))


@pytest.mark.parametrize("width", [1, 3, 32])
def test_the_answer_does_not_hang_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    ties = random_ties(5_000, 200_000)
    mass = np.random.default_rng(1).random((5_000, width)).astype(np.float32)
    answers = []
    for count in (1, 2, 5):
        monkeypatch.setattr(threads, "THREADS", count)
        parts = local.propagate(ties, mass), local.aggregate(ties, mass), *local.moments(ties, mass)
        answers.append(b"".join(part.tobytes() for part in parts))
    assert len(set(answers)) == 1


def test_each_column_is_propagated_as_if_alone() -> None:
    ties, mass = random_ties(500, 9_000), np.random.default_rng(1).random((500, 3)).astype(np.float32)
    alone = [local.propagate(ties, mass[:, [column]]) for column in range(3)]
    assert local.propagate(ties, mass).tobytes() == np.hstack(alone).tobytes()


def test_no_ties_no_rows_and_no_columns_are_no_trouble() -> None:
    none = np.empty(0, np.int64)
    for rows, columns, width in ((0, 3, 2), (3, 0, 2), (3, 3, 0), (3, 3, 1)):
        ties, values = from_pairs(none, none, np.empty(0), (rows, columns)), np.ones((columns, width), np.float32)
        for part in (local.propagate(ties, values), local.aggregate(ties, values), *local.moments(ties, values)):
            assert part.shape == (rows, width)
            assert (part == 0).all()


@settings(deadline=None)
@given(PAIRS, PAIRS, st.integers(1, 2))
def test_cooccur_counts_shared_targets(first: list[tuple[int, int]], second: list[tuple[int, int]], least: int) -> None:
    matrices, rows = [matrix(first), matrix(second)], np.array([0, 2, 3, 5, 7])
    used = [{(n, t) for n, ties in enumerate(matrices) for t in ties.row(int(row)).tolist()} for row in rows]
    expected = [(a, b, len(used[a] & used[b])) for a, b in combinations(range(5), 2) if len(used[a] & used[b]) >= least]
    assert list(zip(*(part.tolist() for part in local.cooccur(matrices, rows, least)), strict=True)) == expected


@settings(deadline=None)
@given(PAIRS)
def test_components_are_networkx_components(pairs: list[tuple[int, int]]) -> None:
    graph = nx.Graph(pairs)
    graph.add_nodes_from(range(SIZE))
    first, second = np.array(pairs, dtype=int).reshape(-1, 2).T
    found = local.components(first, second, SIZE)
    groups = {frozenset(np.flatnonzero(found == number).tolist()) for number in set(found.tolist())}
    assert groups == {frozenset(group) for group in nx.connected_components(graph)}
    assert found[0] == 0
