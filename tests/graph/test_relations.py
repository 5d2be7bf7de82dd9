import numpy as np
import pyarrow as pa
import pytest

from ringfence.graph import relations
from ringfence.graph.relations import Graph
from ringfence.model.faults import Fault


def follows(*pairs: tuple[str, str]) -> dict[str, pa.Table]:
    return {"follows": pa.table({"src": [a for a, _ in pairs], "dst": [b for _, b in pairs]})}


def test_accounts_are_all_ends_and_self_loops_are_left_out() -> None:
    graph = Graph.from_tables(follows(("a", "b"), ("b", "b"), ("c", "a"), ("a", "b")))
    assert sorted(graph.accounts.to_pylist()) == ["a", "b", "c"]
    assert graph.ties == 2


def test_integer_ids_are_ids_too() -> None:
    graph = Graph.from_tables({"follows": pa.table({"src": [1, 2], "dst": [2, 3]})})
    assert graph.find(["3"]).tolist() == [graph.accounts.to_pylist().index("3")]


def test_objects_of_one_account_and_of_everybody_tie_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relations, "DEGREE_CAP", 3)
    src = ["a", "b", "a", "a", "b", "c", "d"]
    dst = ["pair", "pair", "lone", "all", "all", "all", "all"]
    graph = Graph.from_tables({"uses_hashtag": pa.table({"src": src, "dst": dst})})
    objects = graph.relations[0].objects
    assert objects is not None
    assert objects.to_pylist() == ["pair"]


def test_a_rare_object_ties_more_than_a_popular_one() -> None:
    src = ["a", "b", *"abcdefgh"]
    dst = ["rare", "rare", *["common"] * 8]
    ties = Graph.from_tables({"shares_link": pa.table({"src": src, "dst": dst})}).relations[0]
    assert ties.objects is not None
    weights = dict(
        zip(ties.objects.take(pa.array(ties.forward.row(0))).to_pylist(), ties.forward.weights, strict=False)
    )
    assert weights["rare"] > weights["common"] > 0


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"befriends": pa.table({"src": ["a"], "dst": ["b"]})}, "befriends"),
        ({"follows": pa.table({"from": ["a"], "dst": ["b"]})}, "src"),
        ({"follows": pa.table({"src": ["a", None], "dst": ["b", "c"]})}, "null"),
        ({"follows": pa.table({"src": ["a"], "dst": ["b"], "weight": [np.nan]})}, "weight"),
    ],
)
def test_what_is_no_tie_is_refused_in_one_line(tables: dict[str, pa.Table], words: str) -> None:
    with pytest.raises(Fault, match=words):
        Graph.from_tables(tables)


def test_an_unknown_account_is_named() -> None:
    with pytest.raises(Fault, match="'nobody'"):
        Graph.from_tables(follows(("a", "b"))).find(["nobody"])
