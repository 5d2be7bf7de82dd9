import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from ringfence.graph.relations import Graph
from ringfence.model.faults import Fault

FOLLOWS = {"follows": pa.table({"src": ["2", "0"], "dst": ["1", "2"]})}


def test_row_i_of_a_matrix_describes_account_i_whether_it_is_tied_or_not() -> None:
    graph = Graph.from_tables(FOLLOWS, features=np.arange(8.0).reshape(4, 2))
    assert graph.features is not None
    assert graph.accounts.to_pylist() == ["0", "1", "2", "3"]
    assert graph.features[:, 0].tolist() == [0, 2, 4, 6]


def test_a_table_of_features_may_be_in_any_order_and_short() -> None:
    table = pa.table({"account_id": ["1", "0"], "age": [10, 20], "verified": [True, False]})
    graph = Graph.from_tables(FOLLOWS, features=table)
    assert graph.features is not None
    known = dict(zip(graph.accounts.to_pylist(), graph.features.tolist(), strict=True))
    assert known == {"1": [10, 1], "0": [20, 0], "2": [15, 0.5]}


def test_matrices_and_tables_give_the_same_graph() -> None:
    matrix = sp.csr_array(np.array([[0, 2, 0], [0, 0, 1], [1, 0, 0]]))
    graph = Graph.from_matrices({"follows": matrix}, accounts=["a", "b", "c"])
    table = pa.table({"src": ["a", "b", "c"], "dst": ["b", "c", "a"], "weight": [2, 1, 1]})
    other = Graph.from_tables({"follows": table})
    assert graph.accounts == other.accounts
    assert (graph.relations[0].forward.to_scipy() != other.relations[0].forward.to_scipy()).nnz == 0


@pytest.mark.parametrize(
    ("features", "words"),
    [
        (np.array([[1.0, np.nan]]), "row 0, column 1"),
        (np.array([1.0, 2.0]), "shape"),
        (pa.table({"id": ["a"]}), "account_id"),
        (pa.table({"account_id": ["a", "a"], "x": [1, 2]}), "twice"),
        (pa.table({"account_id": ["a"], "x": ["one"]}), "column x"),
        (pa.table({"account_id": ["a"], "x": pa.array([None], pa.int64())}), "nulls"),
    ],
)
def test_features_that_say_nothing_are_refused_in_one_line(features: pa.Table | np.ndarray, words: str) -> None:
    with pytest.raises(Fault, match=words):
        Graph.from_tables(FOLLOWS, features=features)


@pytest.mark.parametrize(
    ("matrices", "features", "words"),
    [
        ({"follows": sp.csr_array((2, 3))}, None, "square"),
        ({"follows": sp.csr_array((2, 2)), "uses_hashtag": sp.csr_array((3, 9))}, None, "rows"),
        ({"follows": sp.csr_array((2, 2))}, np.zeros((3, 1)), "rows"),
        ({"uses_hashtag": sp.csr_array(np.array([[-1.0]]))}, None, "positive"),
    ],
)
def test_matrices_that_do_not_fit_are_refused_in_one_line(
    matrices: dict[str, sp.csr_array], features: np.ndarray | None, words: str
) -> None:
    with pytest.raises(Fault, match=words):
        Graph.from_matrices(matrices, features)
