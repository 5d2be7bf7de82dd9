"""Names that rest on one person's word alone wait for a second person, where the platform asks for that."""

import numpy as np
import pyarrow as pa
import pytest

from ringfence.demo import evaluate
from ringfence.discovery import last_results, results, vetted
from ringfence.discovery.expand import Expansion, expansion
from ringfence.discovery.networks import Networks, without
from ringfence.discovery.seeds import seeds
from ringfence.graph.relations import Graph
from ringfence.model.words import Opinion
from ringfence.store.load import load
from ringfence.store.workspace import Workspace
from ringfence.world.write import World, write

RINGS = {ring: [f"{ring}{number:02}" for number in range(20)] for ring in ("plover", "siskin")}


@pytest.fixture(scope="module")
def two_rings() -> Graph:
    """Two rings that have nothing to do with each other, on a platform of 3,000."""
    chance = np.random.default_rng(3)
    everybody = [*RINGS["plover"], *RINGS["siskin"], *(f"o{number:04}" for number in range(2_960))]
    follows = [(one, str(other)) for one in everybody for other in chance.choice(everybody[40:], 8)]
    links = [(one, f"page{page}") for one in everybody for page in chance.choice(1_000, 4)]
    for ring, members in RINGS.items():
        for member in members:
            follows += [(member, str(other)) for other in chance.choice(members, 8)]
            links += [(member, f"{ring}-perch{number}") for number in chance.choice(8, 4)]
    pairs = {"follows": follows, "shares_link": links}
    return Graph.from_tables({name: pa.table(dict(zip(("src", "dst"), zip(*ties, strict=True), strict=True)))
                              for name, ties in pairs.items()})  # fmt: skip


def found_of(graph: Graph, doubted: list[str]) -> Expansion:
    start = seeds(graph, [*RINGS["plover"][:3], *RINGS["siskin"][:3]], doubted=doubted)
    return expansion(graph, start, np.zeros(graph.size, bool), seed=0)


def named(graph: Graph, which: np.ndarray) -> set[str]:
    return set(graph.accounts.filter(pa.array(which)).to_pylist())


def test_a_ring_that_rests_on_doubted_seeds_alone_is_held_and_the_other_is_not(two_rings: Graph) -> None:
    free, holding = found_of(two_rings, []), found_of(two_rings, RINGS["siskin"][:3])
    assert named(two_rings, free.members) == {*RINGS["plover"], *RINGS["siskin"]}
    assert not free.held.any()
    assert named(two_rings, holding.members) == set(RINGS["plover"])
    assert named(two_rings, holding.held) == set(RINGS["siskin"])
    assert holding.order().tolist() == free.order().tolist()  # a ranking is no verdict: nobody moves
    assert [role for role, held in zip(holding.roles, holding.held, strict=True) if held and role == "promoter"] == []


def test_one_seed_that_a_second_person_vouches_for_is_enough(two_rings: Graph) -> None:
    assert not found_of(two_rings, RINGS["siskin"][:2]).held.any()


def test_networks_without_some_are_numbered_anew() -> None:
    none = np.empty(0, np.int64)
    found = Networks(np.array([0, 1, 2, -1, 1]), ("a", "b", "c"), np.array([0, 1]), np.array([2, 4]), np.array([3, 2]))
    left = without(found, {"a"})
    assert (left.member_of.tolist(), left.ids) == ([-1, 0, 1, -1, 0], ("b", "c"))
    assert (left.first.tolist(), left.second.tolist(), left.pieces.tolist()) == ([1], [4], [2])
    assert without(Networks(np.array([-1]), (), none, none, none), {"a"}).member_of.tolist() == [-1]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Workspace]:
    folder = tmp_path_factory.mktemp("holding")
    world = write(folder / "world", 5_000, 7)
    workspace = Workspace.create(folder / "workspace")
    load(workspace, [world.folder])
    return world, workspace


def test_the_platform_decides_and_a_second_person_lets_go(place: tuple[World, Workspace]) -> None:
    world, workspace = place
    truth = evaluate.truth(world.folder, pa.array([f"a{number:08}" for number in range(world.accounts)]))
    members = [f"a{account:08}" for account in np.flatnonzero(truth.member)[::7]]
    vetted.add(workspace, members, Opinion.POSITIVE, "report", by="wren")
    assert results.discover(workspace).members.any()
    assert last_results.last_run(workspace).held == 0
    config = workspace.path / "ringfence.toml"
    config.write_text(config.read_text().replace("unconfirmed_groups = false", "unconfirmed_groups = true"))
    holding = Workspace.open(workspace.path)
    assert not results.discover(holding).members.any()
    run = last_results.last_run(holding)
    assert run.held > 0
    assert run.groups[0].doubted
    vetted.add(workspace, members, Opinion.POSITIVE, "looked at them", by="dunlin")
    assert results.discover(holding).members.any()
    assert last_results.last_run(holding).held == 0


def test_the_same_person_twice_is_one_person(place: tuple[World, Workspace]) -> None:
    _, workspace = place
    vetted.add(workspace, ["a00000001"], Opinion.POSITIVE, "report", by="wren")
    vetted.add(workspace, ["a00000001"], Opinion.POSITIVE, "again", by="wren")
    assert {one.seed: one.people for one in vetted.read(workspace)}["a00000001"] == 1
