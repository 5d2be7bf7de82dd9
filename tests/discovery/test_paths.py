import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.discovery.kinds import Kind, kinds
from ringfence.discovery.paths import MOST_STEPS, Ways, ways
from ringfence.graph.relations import Graph

PAIRS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), min_size=1, max_size=40)
Node = tuple[str, int]  # ("account" or a relation, number)


def built(follows: list[tuple[int, int]], tags: list[tuple[int, int]]) -> Graph:
    tables = {"follows": follows, "uses_hashtag": tags}
    return Graph.from_tables(
        {
            name: pa.table({"src": [f"a{one:02}" for one, _ in ties], "dst": [f"a{one:02}" for _, one in ties]})
            for name, ties in tables.items()
        }
    )


def drawn(found: tuple[Kind, ...], accounts: int) -> nx.Graph:
    """The same ties as one undirected graph, each node with how many ties of all kinds lead to it."""
    every = nx.Graph()
    every.add_nodes_from((("account", number) for number in range(accounts)), tied=0)
    for kind in found:
        for source, target in zip(kind.matrix.sources().tolist(), kind.matrix.targets.tolist(), strict=True):
            end = ("account" if kind.company else kind.name, target)
            every.add_edge(("account", source), end)
            every.nodes[end]["tied"] = every.nodes[end].get("tied", 0) + 1
    return every


def named(found: tuple[Kind, ...], search: Ways, accounts: int, way: list[tuple[int, int]]) -> list[Node]:
    return [
        ("account", node) if node < accounts else (found[kind].name, node - search.offset[kind]) for kind, node in way
    ]


@settings(deadline=None)  # the first example compiles
@given(PAIRS, PAIRS, st.sets(st.integers(0, 11), min_size=1, max_size=3))
def test_each_path_is_one_of_the_shortest_and_goes_through_the_rarest(
    follows: list[tuple[int, int]], tags: list[tuple[int, int]], some: set[int]
) -> None:
    graph = built(follows, tags)
    sources = np.array(sorted(one % graph.size for one in some))
    found = kinds(graph)
    search, every = ways(found, graph.size, sources), drawn(found, graph.size)
    ends = {("account", int(one)) for one in sources}
    for account in range(graph.size):
        start = ("account", account)
        lengths = nx.single_source_shortest_path_length(every, start)
        nearest = min((lengths[end] for end in ends if end in lengths), default=-1)
        if nearest > MOST_STEPS:
            nearest = -1
        assert search.steps[account] == nearest
        way = [start, *named(found, search, graph.size, search.to_source(account))]
        if nearest < 0:
            assert way == [start]
            continue
        assert nx.is_path(every, way)
        assert (len(way) - 1, way[-1] in ends) == (nearest, True)
        short = [
            path
            for end in sorted(ends)
            if lengths.get(end) == nearest
            for path in nx.all_shortest_paths(every, start, end)
        ]
        passed = [sum(every.nodes[node]["tied"] for node in path[1:-1]) for path in short]
        assert sum(every.nodes[node]["tied"] for node in way[1:-1]) == min(passed)


def test_every_step_is_a_tie_in_the_direction_it_is_told(graph: Graph, members: list[str]) -> None:
    found = kinds(graph)
    search = ways(found, graph.size, graph.find(members[:2]))
    walked = 0
    for account in range(graph.size):
        here = account
        for number, node in search.to_source(account):
            kind, begin = found[number], search.offset[number]
            if here < graph.size:
                assert node - begin in kind.matrix.row(here)
            else:
                assert node in kind.back.row(here - begin)
            here = node
            walked += 1
    assert walked > graph.size


@pytest.mark.parametrize("most", [1, 2, 5])
def test_no_way_is_longer_than_what_is_asked_for(graph: Graph, members: list[str], most: int) -> None:
    every = ways(kinds(graph), graph.size, graph.find(members[:1]))
    bound = ways(kinds(graph), graph.size, graph.find(members[:1]), most)
    assert np.array_equal(bound.steps, np.where(every.steps > most, -1, every.steps))


def test_without_a_source_there_is_no_way(graph: Graph) -> None:
    search = ways(kinds(graph), graph.size, np.empty(0, np.int64))
    assert (search.steps == -1).all()
    assert search.to_source(3) == []


def test_of_equally_short_ways_the_rarer_thing_is_told() -> None:
    tags = [(0, 1), (1, 1), (0, 2), (1, 2), (2, 1), (3, 1)]
    graph = built([(4, 5)], tags)
    found = kinds(graph)
    search = ways(found, graph.size, np.array([0]))
    tie, (_, seed) = search.to_source(1)
    assert seed == 0
    assert found[tie[0]].ties.name(tie[1] - search.offset[tie[0]], graph.accounts) == "a02"
