import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.graph import csr
from ringfence.graph.csr import Csr, empty_columns, from_pairs, keep_columns, merged
from ringfence.kernels import threads
from ringfence.model.faults import Fault

ROWS, COLUMNS = 6, 9
PAIRS = st.lists(st.tuples(st.integers(0, ROWS - 1), st.integers(0, COLUMNS - 1), st.integers(1, 5)), max_size=40)


def dense(pairs: list[tuple[int, int, int]], shape: tuple[int, int] = (ROWS, COLUMNS)) -> np.ndarray:
    table = np.zeros(shape)
    for row, column, weight in pairs:
        table[row, column] += weight
    return table


def built(pairs: list[tuple[int, int, int]], shape: tuple[int, int] = (ROWS, COLUMNS)) -> Csr:
    rows, columns, weights = np.array(pairs, dtype=float).reshape(-1, 3).T
    return from_pairs(rows.astype(int), columns.astype(int), weights, shape)


def is_sound(matrix: Csr) -> bool:
    rows = [matrix.row(row).tolist() for row in range(matrix.rows)]
    return all(row == sorted(set(row)) for row in rows) and len(matrix.targets) == len(matrix.weights)


@settings(deadline=None)  # the first call compiles
@given(PAIRS)
def test_a_matrix_holds_the_ties_it_was_built_from_seen_from_both_ends(pairs: list[tuple[int, int, int]]) -> None:
    matrix = built(pairs)
    assert is_sound(matrix)
    assert (matrix.to_scipy().toarray() == dense(pairs)).all()
    assert is_sound(matrix.transposed())
    assert (matrix.transposed().to_scipy().toarray() == dense(pairs).T).all()
    assert (matrix.degree() == (dense(pairs) > 0).sum(axis=1)).all()


@settings(deadline=None)
@given(PAIRS, st.lists(st.booleans(), min_size=COLUMNS, max_size=COLUMNS))
def test_columns_left_out_take_their_ties_with_them(pairs: list[tuple[int, int, int]], kept: list[bool]) -> None:
    matrix, there = built(pairs), np.array(kept)
    assert (keep_columns(matrix, there).to_scipy().toarray() == dense(pairs)[:, there]).all()
    assert (empty_columns(matrix, there).to_scipy().toarray() == dense(pairs) * there).all()


@settings(deadline=None)
@given(PAIRS, PAIRS, st.integers(ROWS, ROWS + 2), st.integers(COLUMNS, COLUMNS + 2))
def test_a_merge_is_the_sum_in_the_larger_shape(
    first: list[tuple[int, int, int]], second: list[tuple[int, int, int]], rows: int, columns: int
) -> None:
    tall, wide = built(first, (rows, COLUMNS)), built(second, (ROWS, columns))
    for one, other in ((tall, wide), (wide, tall)):
        both = merged(one, other)
        assert is_sound(both)
        expected = dense(first, (rows, columns)) + dense(second, (rows, columns))
        assert (both.to_scipy().toarray() == expected).all()


def many(size: int) -> Csr:
    """Ties enough for many pieces, many buckets and long rows; some given twice; row 3 tied to nearly everything."""
    rng = np.random.default_rng(2)
    rows = np.where(rng.random(size) < 0.1, 3, rng.integers(0, 40_000, size))
    return from_pairs(rows, rng.integers(0, 30_000, size), rng.integers(1, 9, size) / 4, (50_000, 30_001))


def test_many_ties_are_dealt_out_as_scipy_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csr, "_PIECE", 10_007)
    monkeypatch.setattr(csr, "_BUCKET", 512)
    matrix = many(200_000)
    assert is_sound(matrix)
    table = matrix.to_scipy()
    monkeypatch.undo()
    assert (many(200_000).to_scipy() != table).nnz == 0
    turned = matrix.transposed()
    assert is_sound(turned)
    assert (turned.to_scipy() != table.T.tocsr()).nnz == 0
    assert (merged(matrix, matrix).to_scipy() != table + table).nnz == 0


def test_no_builder_hangs_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []
    for count in (1, 2, 5):
        monkeypatch.setattr(threads, "THREADS", count)
        matrix = many(200_000)
        turned = matrix.transposed()
        some = keep_columns(merged(matrix, matrix), np.arange(30_001) % 3 > 0)
        answers.append(b"".join(part.weights.tobytes() + part.targets.tobytes() for part in (matrix, turned, some)))
    assert len(set(answers)) == 1


@pytest.mark.parametrize(("row", "column"), [(ROWS, 0), (0, COLUMNS), (-1, 0), (0, -1)])
def test_a_tie_outside_of_the_shape_is_refused_in_one_line(row: int, column: int) -> None:
    with pytest.raises(Fault, match="outside of the 6 rows and 9 columns"):
        from_pairs(np.array([row]), np.array([column]), np.ones(1), (ROWS, COLUMNS))


def test_a_matrix_may_be_empty_in_every_way() -> None:
    none = np.empty(0, np.int64)
    for shape in ((0, 0), (0, 5), (5, 0)):
        matrix = from_pairs(none, none, np.empty(0), shape)
        assert (matrix.rows, matrix.columns, matrix.ties) == (*shape, 0)
        assert matrix.transposed().rows == shape[1]
        assert merged(matrix, built([(0, 1, 2)])).ties == 1
