"""Do the simpler rules rank as their names say?"""

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest

from ringfence.demo import rules
from ringfence.discovery.seeds import seeds
from ringfence.graph.relations import Graph


@pytest.fixture(scope="module")
def graph() -> Graph:
    rng = np.random.default_rng(0)
    follows = pa.table({"src": rng.integers(0, 40, 200), "dst": rng.integers(0, 40, 200)})
    uses = pa.table({"src": rng.integers(0, 40, 120), "dst": [f"t{n}" for n in rng.integers(0, 15, 120)]})
    return Graph.from_tables({"follows": follows, "uses_hashtag": uses})


def test_pagerank_is_networkxs_over_accounts_and_objects(graph: Graph) -> None:
    start = np.zeros((graph.size, 2))
    start[3, 0], start[[5, 9], 1] = 1.0, 2.0
    walked = nx.MultiGraph()
    for ties in graph.relations:
        for src, dst in zip(ties.forward.sources().tolist(), ties.forward.targets.tolist(), strict=True):
            walked.add_edge(src, dst if ties.objects is None else f"o{dst}")
    raw, ratio = rules.pagerank(graph, start)
    everywhere = nx.pagerank(walked, alpha=rules.DAMPING, personalization=dict.fromkeys(range(graph.size), 1.0))
    for column, chosen in enumerate(([3], [5, 9])):
        expected = nx.pagerank(walked, alpha=rules.DAMPING, personalization=dict.fromkeys(chosen, 1.0))
        assert np.allclose(raw[:, column], [expected[n] for n in range(graph.size)], atol=0.01)
        ratios = [expected[n] / everywhere[n] for n in range(graph.size)]
        assert np.corrcoef(ratio[:, column], ratios)[0, 1] > 0.999


def test_co_action_counts_shared_objects_by_hand(graph: Graph) -> None:
    start = seeds(graph, [str(graph.accounts[2]), str(graph.accounts[7])])
    uses = next(ties for ties in graph.relations if ties.objects is not None)
    used = [set(uses.forward.row(n).tolist()) for n in range(graph.size)]
    expected = [len(one & used[2]) + len(one & used[7]) for one in used]
    assert rules.co_action(graph, rules.mass(start)).tolist() == expected


def test_a_graph_of_one_family_is_walked_too() -> None:
    graph = Graph.from_tables({"follows": pa.table({"src": ["a", "b"], "dst": ["b", "c"]})})
    raw, _ = rules.pagerank(graph, np.eye(graph.size)[:, :1])
    assert raw[0, 0] > raw[2, 0] > 0
    assert rules.co_action(graph, np.ones(graph.size)).tolist() == [0, 0, 0]
