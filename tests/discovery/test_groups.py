import numpy as np
import pyarrow as pa
import pytest

from ringfence.discovery.groups import groups
from ringfence.discovery.last_results import Group
from ringfence.discovery.networks import Networks, networks
from ringfence.discovery.seeds import Seeds, seeds
from ringfence.discovery.walks import walks
from ringfence.graph.relations import Graph

WRENS, TERNS = ([f"{name}{number:02}" for number in range(12)] for name in ("wren", "tern"))


@pytest.fixture(scope="module")
def pair() -> Graph:
    """Two rings that have nothing in common, and a crowd."""
    chance = np.random.default_rng(3)
    crowd = [f"o{number:04}" for number in range(1_500)]
    follows = [(one, str(other)) for one in crowd for other in chance.choice(crowd, 5)]
    links = [(one, f"page{page}") for one in crowd for page in chance.choice(600, 3)]
    for ring, perch in ((WRENS, "hedge"), (TERNS, "beach")):
        follows += [(one, str(other)) for one in ring for other in chance.choice(ring, 6)]
        follows += [(one, str(chance.choice(crowd))) for one in ring]
        links += [(one, f"{perch}{number}") for one in ring for number in chance.choice(5, 3)]
    pairs = {"follows": follows, "shares_link": links}
    return Graph.from_tables({name: pa.table(dict(zip(("src", "dst"), zip(*ties, strict=True), strict=True)))
                              for name, ties in pairs.items()})  # fmt: skip


@pytest.fixture(scope="module")
def both(pair: Graph) -> Networks:
    found = networks(pair, np.sort(pair.find([*WRENS, *TERNS])), 0)
    assert len(found.ids) == 2
    return found


def told(graph: Graph, start: Seeds, found: Networks) -> tuple[tuple[Group, ...], frozenset[str]]:
    lift = walks(graph, start.restarts).long
    lift[start.accounts, start.columns] = 0.0
    return groups(graph, start, lift, found)


def network_of(graph: Graph, account: str, found: Networks) -> str:
    return found.ids[int(found.member_of[graph.find([account])[0]])]


def test_each_of_two_rings_rests_on_its_own_seeds(pair: Graph, both: Networks) -> None:
    found, held = told(pair, seeds(pair, [*TERNS[:3], *WRENS[:4]]), both)
    by_accounts = {group.accounts: group for group in found}
    assert set(by_accounts) == {tuple(TERNS[:3]), tuple(WRENS[:4])}
    for group in found:
        assert group.rest == (network_of(pair, group.accounts[0], both),)
        assert group.resting == 12
        assert group.things == 0
        assert not group.doubted
    assert held == frozenset()


def test_a_seed_that_no_other_supports_is_a_group_that_nothing_rests_on(pair: Graph, both: Networks) -> None:
    found, _ = told(pair, seeds(pair, [*TERNS[:3], *WRENS[:3], "o0007"]), both)
    alone = found[-1]
    assert alone == Group(("o0007",), things=0, rest=(), resting=0)
    assert [group.resting for group in found] == [12, 12, 0]


def test_a_single_seed_is_one_group_on_which_all_rests(pair: Graph, both: Networks) -> None:
    (group,), held = told(pair, seeds(pair, WRENS[:1]), both)
    assert group.accounts == (WRENS[0],)
    assert set(group.rest) == set(both.ids)
    assert group.resting == 24
    assert held == frozenset()


def test_terms_alone_make_groups_of_things_that_are_never_doubted(pair: Graph, both: Networks) -> None:
    terms = [np.sort(pair.find(some)) for some in (TERNS[:4], TERNS[2:8], WRENS[:5])]
    found, held = told(pair, seeds(pair, [], shared=terms), both)
    assert sorted(group.things for group in found) == [1, 2]
    assert all(group.accounts == () for group in found)
    assert not any(group.doubted for group in found)
    assert {name for group in found for name in group.rest} == set(both.ids)
    assert held == frozenset()


def test_only_what_rests_on_one_persons_seeds_is_held(pair: Graph, both: Networks) -> None:
    start = seeds(pair, [*TERNS[:3], *WRENS[:3]], doubted=TERNS[:3])
    found, held = told(pair, start, both)
    assert {group.accounts[0]: group.doubted for group in found} == {TERNS[0]: True, WRENS[0]: False}
    assert held == {network_of(pair, TERNS[0], both)}


def test_one_seed_that_more_people_vouch_for_lifts_the_doubt_of_its_group(pair: Graph, both: Networks) -> None:
    _, held = told(pair, seeds(pair, [*TERNS[:3], *WRENS[:3]], doubted=TERNS[:2]), both)
    assert held == frozenset()


def test_without_networks_nothing_rests_on_anybody(pair: Graph) -> None:
    nothing = networks(pair, np.empty(0, np.int64), 0)
    found, held = told(pair, seeds(pair, [*TERNS[:3], *WRENS[:3]], doubted=TERNS[:3]), nothing)
    assert [group.rest for group in found] == [(), ()]
    assert [group.accounts for group in found] == [tuple(TERNS[:3]), tuple(WRENS[:3])]
    assert held == frozenset()


def test_more_seeds_than_columns_each_belong_to_one_group(graph: Graph, members: list[str]) -> None:
    many = [*members, *(f"o{number:04}" for number in range(10))]
    found, _ = told(graph, seeds(graph, many), networks(graph, np.sort(graph.find(members)), 0))
    assert sorted(one for group in found for one in group.accounts) == sorted(many)
