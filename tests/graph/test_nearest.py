import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.graph.csr import Csr, from_pairs
from ringfence.graph.nearest import balanced, nearest, normalised, symmetrised
from ringfence.kernels import threads

ROWS, COLUMNS = 7, 6
EVERYTHING = 1_000_000
PAIRS = st.lists(st.tuples(st.integers(0, ROWS - 1), st.integers(0, COLUMNS - 1), st.integers(1, 5)), max_size=30)


def built(pairs: list[tuple[int, int, int]]) -> Csr:
    rows, columns, weights = np.array(pairs, dtype=float).reshape(-1, 3).T
    return from_pairs(rows.astype(int), columns.astype(int), weights, (ROWS, COLUMNS))


def cosines(matrix: Csr) -> np.ndarray:
    table = matrix.to_scipy().toarray().astype(np.float64)
    unit = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-30)
    product = unit @ unit.T
    np.fill_diagonal(product, 0)
    return np.asarray(product)


def wide(rows: int = 2_000, columns: int = 500, ties: int = 20_000) -> Csr:
    rng = np.random.default_rng(0)
    popular = (rng.random(ties) ** 2 * columns).astype(int)
    return from_pairs(rng.integers(0, rows, ties), popular, 1 + rng.random(ties), (rows, columns))


@settings(deadline=None)  # the first call compiles
@given(PAIRS, st.integers(1, ROWS))
def test_the_nearest_are_the_largest_of_all_cosines(pairs: list[tuple[int, int, int]], k: int) -> None:
    matrix = built(pairs)
    found, expected = nearest(normalised(matrix), k, EVERYTHING), cosines(matrix)
    for row in range(ROWS):
        weights = found.weights[found.starts[row] : found.starts[row + 1]]
        there = expected[row] > 0
        assert len(weights) == min(k, there.sum())
        assert np.allclose(weights, expected[row, found.row(row)], atol=1e-6)
        left_out = np.delete(expected[row], found.row(row))
        assert row not in found.row(row)
        assert not len(weights) or weights.min() >= left_out.max(initial=0) - 1e-6


def test_of_equals_the_lower_id_comes_first() -> None:
    matrix = from_pairs(np.arange(6), np.zeros(6, int), np.ones(6), (6, 1))
    found = nearest(normalised(matrix), 2, EVERYTHING)
    assert [found.row(row).tolist() for row in range(6)] == [[1, 2], [0, 2], [0, 1], [0, 1], [0, 1], [0, 1]]


def test_the_budget_is_spent_on_the_rarest_objects() -> None:
    # Accounts 0 and 1 share a rare object; 0 and all others share a popular one, with a weight ten times as large.
    matrix = from_pairs(np.array([0, 1, *range(8)]), np.array([0, 0, *[1] * 8]), np.array([1, 1, *[10] * 8]), (8, 2))
    assert nearest(normalised(matrix), 8, 10).row(0).tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert nearest(normalised(matrix), 8, 9).row(0).tolist() == [1]
    assert nearest(normalised(matrix), 8, 7).row(2).tolist() == []


def test_a_budget_that_covers_a_row_makes_it_exact() -> None:
    matrix, budget = wide(), 400
    users = np.bincount(matrix.targets, minlength=matrix.columns)
    needed = np.add.reduceat(users[matrix.targets], matrix.starts[:-1])
    part, whole = nearest(normalised(matrix), 5, budget), nearest(normalised(matrix), 5, EVERYTHING)
    covered = np.flatnonzero(needed <= budget)
    assert 0 < len(covered) < matrix.rows
    for row in covered.tolist():
        assert part.row(row).tolist() == whole.row(row).tolist()


def test_the_answer_does_not_hang_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []
    for count in (1, 2, 5):
        monkeypatch.setattr(threads, "THREADS", count)
        found = symmetrised(nearest(normalised(wide()), 5, 1_000))
        answers.append(found.targets.tobytes() + found.weights.tobytes())
    assert len(set(answers)) == 1


@settings(deadline=None)
@given(PAIRS)
def test_a_symmetrised_matrix_has_the_larger_of_both_directions(pairs: list[tuple[int, int, int]]) -> None:
    one_way = nearest(normalised(built(pairs)), 2, EVERYTHING)
    table = one_way.to_scipy().toarray()
    both = symmetrised(one_way)
    assert (both.to_scipy().toarray() == np.maximum(table, table.T)).all()
    values = np.linalg.eigvalsh(balanced(both).to_scipy().toarray())
    assert values.max() <= 1 + 1e-5
