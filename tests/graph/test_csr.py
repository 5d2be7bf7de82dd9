import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ringfence.graph.csr import from_pairs, keep_columns

ROWS, COLUMNS = 6, 9
PAIRS = st.lists(st.tuples(st.integers(0, ROWS - 1), st.integers(0, COLUMNS - 1), st.integers(1, 5)), max_size=40)


def dense(pairs: list[tuple[int, int, int]]) -> np.ndarray:
    table = np.zeros((ROWS, COLUMNS))
    for row, column, weight in pairs:
        table[row, column] += weight
    return table


@given(PAIRS)
def test_a_matrix_holds_the_ties_it_was_built_from_seen_from_both_ends(pairs: list[tuple[int, int, int]]) -> None:
    rows, columns, weights = np.array(pairs, dtype=float).reshape(-1, 3).T
    matrix = from_pairs(rows.astype(int), columns.astype(int), weights, (ROWS, COLUMNS))
    assert (matrix.to_scipy().toarray() == dense(pairs)).all()
    assert (matrix.transposed().to_scipy().toarray() == dense(pairs).T).all()
    assert (matrix.degree() == (dense(pairs) > 0).sum(axis=1)).all()


@given(PAIRS, st.lists(st.booleans(), min_size=COLUMNS, max_size=COLUMNS))
def test_columns_left_out_take_their_ties_with_them(pairs: list[tuple[int, int, int]], kept: list[bool]) -> None:
    rows, columns, weights = np.array(pairs, dtype=float).reshape(-1, 3).T
    matrix = from_pairs(rows.astype(int), columns.astype(int), weights, (ROWS, COLUMNS))
    assert (keep_columns(matrix, np.array(kept)).to_scipy().toarray() == dense(pairs)[:, kept]).all()
