from math import log

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.discovery import likeness as room
from ringfence.discovery.kinds import kinds
from ringfence.discovery.likeness import DIRECTIONS, likeness, take_rows
from ringfence.graph.csr import Csr, from_pairs
from ringfence.graph.relations import Graph
from ringfence.kernels import threads

ACCOUNTS, OBJECTS = 8, 6
COUNTS = st.lists(st.sampled_from([0, 0, 0, 0, 1, 3]), min_size=ACCOUNTS * OBJECTS, max_size=ACCOUNTS * OBJECTS)
FOLLOWS = st.lists(st.booleans(), min_size=ACCOUNTS**2, max_size=ACCOUNTS**2)


def of(counts: list[int], follows: list[bool]) -> Graph:
    used = np.array(counts).reshape(ACCOUNTS, OBJECTS)
    followed = np.array(follows).reshape(ACCOUNTS, ACCOUNTS) & ~np.eye(ACCOUNTS, dtype=bool)
    return Graph.from_matrices({"follows": sp.coo_matrix(followed.astype(int)), "shares_link": sp.coo_matrix(used)})


def dense(matrix: Csr) -> np.ndarray:
    return np.asarray(matrix.to_scipy().toarray())


def random_csr(rows: int, columns: int, seed: int) -> Csr:
    chance = np.random.default_rng(seed)
    ties = chance.integers(0, 3 * rows + 1) if rows and columns else 0
    row, column = (chance.integers(0, max(high, 1), ties) for high in (rows, columns))
    return from_pairs(row, column, 1 + chance.random(ties), (rows, columns))


@settings(deadline=None, max_examples=60)
@given(COUNTS, FOLLOWS, st.sets(st.integers(0, ACCOUNTS - 1), min_size=1))
def test_a_row_is_of_length_one_with_what_an_account_alone_ties_to(
    counts: list[int], follows: list[bool], some: set[int]
) -> None:
    graph, rows = of(counts, follows), np.array(sorted(some))
    found = kinds(graph)
    whole = np.hstack([dense(kind.matrix) for kind in found])[rows].astype(np.float64)
    # A thing that one account alone uses weighs as if it were used once, and is in nobody's matrix.
    users = (np.array(counts).reshape(ACCOUNTS, OBJECTS) > 0).astype(int)
    alone = (users * (users.sum(axis=0) == 1)).sum(axis=1)[rows]
    length = np.sqrt((whole**2).sum(axis=1) + alone * (log(2) * log(ACCOUNTS)) ** 2)
    unit = np.divide(whole, length[:, None], out=np.zeros_like(whole), where=length[:, None] > 0)
    expected = unit[:, (whole > 0).sum(axis=0) > 1]
    like = likeness(found, rows, graph.size, seed=0)
    assert np.allclose(dense(like.unit), expected, atol=1e-6)
    assert np.allclose(dense(like.turned), expected.T, atol=1e-6)
    assert like.directions.shape == (len(rows), DIRECTIONS)
    near = dense(like.near)
    assert np.allclose(near, near.T)
    assert not near.diagonal().any()
    cosines = expected @ expected.T
    np.fill_diagonal(cosines, 0)
    assert np.allclose(near, cosines, atol=1e-5)  # fewer rows than NEIGHBOURS: all of them are nearest


@given(st.integers(1, 9), st.integers(0, 9), st.integers(0, 99), st.lists(st.integers(0, 8), max_size=12))
def test_rows_taken_are_those_asked_for_in_that_order_and_again_if_asked_twice(
    rows: int, columns: int, seed: int, wanted: list[int]
) -> None:
    matrix, some = random_csr(rows, columns, seed), np.array([one % rows for one in wanted], np.int64)
    taken = take_rows(matrix, some)
    assert (taken.rows, taken.columns) == (len(some), columns)
    assert np.array_equal(dense(taken), dense(matrix)[some])


@given(st.integers(0, 6), st.lists(st.integers(0, 5), min_size=1, max_size=4), st.integers(0, 99))
def test_matrices_stand_side_by_side_empty_ones_too(rows: int, widths: list[int], seed: int) -> None:
    parts = [random_csr(rows, columns, seed + number) for number, columns in enumerate(widths)]
    joined = room._side_by_side(parts)
    assert joined.columns == sum(widths)
    assert np.array_equal(dense(joined), np.hstack([dense(part) for part in parts]))
    ascending = [np.all(np.diff(joined.row(row).astype(int)) > 0) for row in range(rows)]
    assert all(ascending)


def test_what_an_account_alone_uses_makes_it_less_like_any_other() -> None:
    uses = np.array([[1, 0, 1, 1, 1], [1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 1, 0, 0, 0]])
    graph = Graph.from_matrices({"shares_link": sp.coo_matrix(uses)})
    like = likeness(kinds(graph), np.arange(4), 4, seed=0)
    lengths = np.linalg.norm(dense(like.unit), axis=1)
    assert np.allclose(lengths[1:], 1, atol=1e-6)
    one, lone = (log(2) * (log(2) + 1e-3)) ** 2, 3 * (log(2) * log(4)) ** 2
    assert np.isclose(lengths[0], (one / (one + lone)) ** 0.5, atol=1e-5)


def test_accounts_that_tie_to_nothing_are_like_nobody() -> None:
    graph = Graph.from_tables(
        {"follows": pa.table({"src": pa.array([], pa.string()), "dst": pa.array([], pa.string())})},
        features=pa.table({"account_id": ["a", "b", "c"], "known": [1.0, 2.0, 3.0]}),
    )
    like = likeness(kinds(graph), np.arange(3), 3, seed=0)
    assert not like.directions.any()
    assert like.near.ties == like.smooth.ties == like.unit.ties == 0


def test_threads_change_nothing(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, answers = np.arange(0, graph.size, 2), []
    for number in (1, 2, 3):
        monkeypatch.setattr(threads, "THREADS", number)
        monkeypatch.setattr(threads, "WORTH_A_THREAD", 1)
        answers.append(likeness(kinds(graph), rows, graph.size, seed=0))
    for other in answers[1:]:
        assert np.array_equal(answers[0].directions, other.directions)
        for name in ("unit", "turned", "near", "smooth"):
            one, two = getattr(answers[0], name), getattr(other, name)
            assert np.array_equal(one.targets, two.targets)
            assert np.array_equal(one.weights, two.weights)
