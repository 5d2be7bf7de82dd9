import numpy as np
import pyarrow as pa
import pytest

import ringfence
from ringfence.discovery import corroborate, networks
from ringfence.discovery.expand import expansion
from ringfence.discovery.minors import CHILD
from ringfence.discovery.seeds import seeds
from ringfence.graph.relations import Graph
from ringfence.model.faults import Fault
from ringfence.model.schemas import SCORES
from ringfence.model.words import Role

MEMBERS = [f"m{n}" for n in range(12)]
WATCHERS = [f"w{n}" for n in range(40)]
OTHERS = [f"o{n}" for n in range(600)]


def platform(seed: int) -> dict[str, pa.Table]:
    """A ring of members that follow each other and share links, watchers who share only a hashtag with it, a crowd."""
    rng = np.random.default_rng(seed)
    everybody = MEMBERS + WATCHERS + OTHERS
    follows = [(a, str(b)) for a in everybody for b in rng.choice(OTHERS, 6, replace=False)]
    follows += [(a, str(b)) for a in MEMBERS for b in rng.choice(MEMBERS, 5, replace=False)]
    tags = [(a, f"t{rng.integers(40)}") for a in everybody for _ in range(3)]
    tags += [(a, "firecrest") for a in MEMBERS + WATCHERS]
    links = [(a, f"l{rng.integers(60)}") for a in everybody]
    links += [(a, f"ring{rng.integers(3)}") for a in MEMBERS for _ in range(2)]
    return {name: table(rng.permutation(pairs)) for name, pairs in
            (("follows", follows), ("uses_hashtag", tags), ("shares_link", links))}  # fmt: skip


def table(pairs: np.ndarray) -> pa.Table:
    return pa.table({"src": pairs[:, 0].tolist(), "dst": pairs[:, 1].tolist()})


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_planted_ring_comes_back_and_those_who_share_a_word_do_not(seed: int) -> None:
    scores = ringfence.expand(Graph.from_tables(platform(seed)), seeds=["m0", "m1"])
    assert scores.schema.equals(SCORES)
    best = scores["account_id"].slice(0, 12).to_pylist()
    assert set(best[:2]) == {"m0", "m1"}
    assert len(set(best) & set(MEMBERS)) >= 10
    found = {row["account_id"] for row in scores.to_pylist() if row["network_id"]}
    assert len(found & set(MEMBERS)) >= 6
    assert not found & set(WATCHERS)
    assert scores["probability"].null_count == scores.num_rows


def test_the_same_input_gives_the_same_table() -> None:
    first, second = (ringfence.expand(Graph.from_tables(platform(2)), ["m0", "m3"]) for _ in range(2))
    assert first.equals(second)


def test_an_account_is_never_evidence_against_itself() -> None:
    graph = Graph.from_tables(platform(3))
    suspects = np.zeros(graph.size)
    alone = graph.find(["m5"])[0]
    suspects[alone] = 1.0
    kinds = corroborate.corroborate(graph, suspects + 1e-6, np.array([alone])).kinds
    for kind in kinds:
        own = kind.matrix.sources() == alone
        assert corroborate.leanings(kind, suspects)[own].max(initial=0) == 0


@pytest.mark.parametrize(
    "tables",
    [
        {"follows": pa.table({"src": ["a"], "dst": ["b"]})},
        {"follows": pa.table({"src": ["a"], "dst": ["a"]})},
        {"uses_hashtag": pa.table({"src": ["a", "b", "c"], "dst": ["t", "t", "t"]})},
        {
            "follows": pa.table({"src": ["a", "c"], "dst": ["b", "d"]}),
            "shares_link": pa.table({"src": ["c"], "dst": ["x"]}),
        },
    ],
)
def test_the_smallest_graphs_have_a_defined_result(tables: dict[str, pa.Table]) -> None:
    scores = ringfence.expand(Graph.from_tables(tables), ["a"])
    assert scores["account_id"][0].as_py() == "a"
    assert np.isfinite(scores["score"].to_numpy()).all()


def test_seeds_that_are_no_accounts_or_none_at_all_are_refused() -> None:
    graph = Graph.from_tables(platform(1))
    with pytest.raises(Fault, match="'nobody'"):
        ringfence.expand(graph, ["m0", "nobody"])
    with pytest.raises(Fault, match="nothing to start from"):
        ringfence.expand(graph, [])


def test_a_likely_minor_is_a_likely_minor_whatever_else_it_is() -> None:
    graph = Graph.from_tables(platform(1))
    minors = np.ones(graph.size, dtype=bool)
    found = expansion(graph, seeds(graph, ["m0", "m1"]), minors, 0)
    assert found.members.any()
    assert {found.roles[account] for account in np.flatnonzero(found.members)} == {Role.LIKELY_MINOR}


def test_every_member_is_joined_to_its_network_and_ids_differ() -> None:
    graph = Graph.from_tables(platform(2))
    found = networks.networks(graph, graph.find(MEMBERS + WATCHERS[:5]), 0)
    assert len(set(found.ids)) == len(found.ids)
    assert all(len(found.members(number)) >= networks.SMALLEST for number in range(len(found.ids)))
    nobody = networks.networks(graph, np.empty(0, np.int64), 0)
    assert nobody.ids == ()


@pytest.mark.parametrize(
    ("bio", "child"),
    [("year 8, school band", True), ("turning 14 soon", True), ("class 7b", True), ("coffee first", False),
     ("posting since 2014", False)],
)  # fmt: skip
def test_a_childs_profile_is_told_from_others(bio: str, child: bool) -> None:  # noqa: FBT001 - a column of the table
    assert bool(CHILD.search(bio)) is child
