import numpy as np
import pyarrow as pa
import pytest

from ringfence.discovery.expand import expand, expansion
from ringfence.discovery.seeds import Seeds
from ringfence.graph.relations import Graph
from ringfence.model.faults import Fault
from ringfence.model.schemas import SCORES


def by_account(scores: pa.Table) -> dict[str, float]:
    return dict(zip(scores["account_id"].to_pylist(), scores["score"].to_pylist(), strict=True))


def named(scores: pa.Table) -> set[str]:
    return {row["account_id"] for row in scores.to_pylist() if row["network_id"] is not None}


def of(relation: str, pairs: list[tuple[str, str]]) -> Graph:
    return Graph.from_tables({relation: pa.table({"src": [a for a, _ in pairs], "dst": [b for _, b in pairs]})})


def test_the_planted_network_is_found_again(graph: Graph, members: list[str]) -> None:
    scores = expand(graph, members[:4])
    assert scores.schema == SCORES
    assert scores["rank"].to_pylist() == list(range(1, graph.size + 1))
    assert set(scores["account_id"].to_pylist()[: len(members)]) == set(members)
    assert named(scores) <= set(members)
    assert len(named(scores)) >= 0.9 * len(members)
    assert all(row["reasons"] for row in scores.to_pylist() if row["network_id"] is not None)


def test_seeds_come_first(graph: Graph, members: list[str], watchers: list[str]) -> None:
    start = [members[3], watchers[8], "o0100"]
    assert set(expand(graph, start)["account_id"].to_pylist()[:3]) == set(start)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_events_changes_no_score(
    tables: dict[str, pa.Table], graph: Graph, members: list[str], seed: int
) -> None:
    chance = np.random.default_rng(seed)
    shuffled = Graph.from_tables(
        {name: tables[name].take(chance.permutation(tables[name].num_rows)) for name in reversed(tables)}
    )
    one, other = expand(graph, members[:4]), expand(shuffled, members[:4])
    assert other.equals(one)


def test_other_names_change_only_what_chance_draws(
    tables: dict[str, pa.Table], graph: Graph, members: list[str]
) -> None:
    def renamed(column: list[str]) -> list[str]:
        return [name[::-1] for name in column]

    other = Graph.from_tables(
        {
            name: pa.table({end: renamed(rows[end].to_pylist()) for end in rows.column_names})
            for name, rows in tables.items()
        }
    )
    assert {name[::-1] for name in named(expand(other, renamed(members[:4])))} == named(expand(graph, members[:4]))


@pytest.mark.parametrize(
    ("graph", "seeds"),
    [
        pytest.param(of("follows", [("a", "b"), ("b", "c"), ("c", "d")]), ["a"], id="one seed"),
        pytest.param(of("follows", [("a", "b"), ("b", "c"), ("x", "x")]), ["x"], id="isolated seed"),
        pytest.param(of("follows", [("a", "a"), ("b", "b")]), ["a"], id="self-loops only"),
        pytest.param(of("follows", [("a", "b")]), ["a", "b"], id="everybody is a seed"),
        pytest.param(of("shares_link", [("a", "1"), ("b", "1"), ("c", "2"), ("a", "2")]), ["a"], id="one relation"),
        pytest.param(of("shares_link", [(name, "1") for name in "abcde"]), ["a"], id="an object that everybody uses"),
        pytest.param(of("shares_link", [(name, name) for name in "abcde"]), ["a"], id="objects that nobody shares"),
        pytest.param(of("follows", [("a", "a")]), ["a"], id="one account"),
    ],
)
def test_small_and_odd_graphs_have_a_result(graph: Graph, seeds: list[str]) -> None:
    scores = expand(graph, seeds)
    assert sorted(scores["account_id"].to_pylist()) == sorted(graph.accounts.to_pylist())
    assert set(scores["account_id"].to_pylist()[: len(seeds)]) == set(seeds)
    assert np.isfinite(scores["score"].to_numpy()).all()
    assert named(scores) == set()


def test_terms_alone_are_enough_even_where_everybody_uses_them() -> None:
    pair = pa.table({"src": ["a", "b"], "dst": ["b", "a"]})
    tags = pa.table({"src": ["a", "b"], "dst": ["lake", "lake"]})
    graph = Graph.from_tables({"follows": pair, "uses_hashtag": tags})
    start = Seeds(np.empty(0, np.int64), np.full((2, 1), 0.5, np.float32))
    found = expansion(graph, start, np.zeros(2, bool), seed=0)
    assert np.isfinite(found.score).all()
    assert not found.members.any()


def test_a_graph_of_nobody_is_refused_too() -> None:
    with pytest.raises(Fault, match="nothing to start from"):
        expand(Graph.from_tables({}), [])
