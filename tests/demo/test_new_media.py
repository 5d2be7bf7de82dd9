"""Is the demo's judgement of new media that of a plain count, and does triage do in a world what it is for?"""

import numpy as np
import pyarrow as pa
import pytest

from ringfence.demo.new_media import figures, networks_own, ties
from ringfence.demo.trial import Trial, trial
from ringfence.discovery.new_media import NewMedia, new_media
from ringfence.media.triage import decide, kept
from ringfence.model.schemas import SCORES
from ringfence.model.words import Opinion
from ringfence.world.write import World

Made = tuple[World, Trial, pa.Table, NewMedia]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A world whose members all were found, in two networks, by somebody who knew."""
    world, tried = trial(tmp_path_factory.mktemp("world") / "trial", 2_000, 6)
    members = np.flatnonzero(tried.truth.member).tolist()
    rows = [
        {"account_id": tried.graph.accounts[one].as_py(), "rank": rank, "score": 1.0, "network_id": f"n{one % 2}"}
        for rank, one in enumerate(members, 1)
    ]
    scores = pa.Table.from_pylist(rows, SCORES)
    return world, tried, scores, new_media(tried.workspace, scores)


def test_a_networks_unseen_media_stands_above_everyone_elses(made: Made) -> None:
    world, _, scores, found = made
    told = figures(world, found, scores)
    ours, *others = told.orders
    assert ours.average_precision > 0.8
    assert ours.average_precision > 2 * max(order.average_precision for order in others)
    assert told.clusters < told.media
    assert told.theirs == networks_own(world, found).sum() > 10


def test_altered_copies_are_one_cluster_with_what_they_were_made_from(made: Made) -> None:
    _, _, _, found = made
    source = [name.split("v")[0] for name in found.seen.media["media_id"].to_pylist()]
    groups: dict[int, set[str]] = {}
    for name, cluster in zip(source, found.made.groups.of.tolist(), strict=True):
        groups.setdefault(cluster, set()).add(name)
    assert all(len(names) == 1 for names in groups.values())
    assert len(groups) == len(set(source))


def test_ties_are_those_of_a_plain_count(made: Made) -> None:
    _, _, scores, found = made
    network = dict(zip(scores["account_id"].to_pylist(), scores["network_id"].to_pylist(), strict=True))
    for one in ties(found, scores):
        for of, tied in ((found.made.groups.of[found.seen.of], one.tied), (found.seen.of, one.exactly)):
            users: dict[int, set[str]] = {}
            for thing, account in zip(of.tolist(), found.seen.account.tolist(), strict=True):
                name = found.ids[account].as_py()
                if network.get(name) == one.network_id:
                    users.setdefault(thing, set()).add(name)
            shared = [names for names in users.values() if len(names) > 1]
            assert tied == len(set().union(*shared))
        assert one.exactly <= one.tied <= one.members
        assert one.members == sum(name == one.network_id for name in network.values())


def test_nothing_found_puts_nothing_on_a_list(made: Made) -> None:
    _, tried, _, found = made
    none = new_media(tried.workspace, SCORES.empty_table())
    assert not len(none.made.listed(care=False))
    assert not len(none.made.listed(care=True))
    assert none.made.quiet == len(none.made.groups)
    assert none.made.groups.name == found.made.groups.name  # named by what was there the time before


def test_likely_children_are_uploaders_apart_and_their_media_is_for_care(made: Made) -> None:
    _, tried, scores, _ = made
    found = new_media(tried.workspace, scores)
    care = found.made.listed(care=True)
    assert len(care)
    minors = set(found.ids.filter(pa.array(found.accounts.minor)).to_pylist())
    for cluster in [*care.tolist(), *found.made.listed(care=False).tolist()]:
        group = kept.group(tried.workspace, found.made.groups.name[cluster])
        assert set(group.care) <= minors
        assert not minors & set(group.uploaders)


def test_what_is_decided_leaves_the_list_and_comes_back_when_undone(made: Made) -> None:
    _, tried, scores, _ = made
    before = new_media(tried.workspace, scores).made
    first = before.groups.name[before.listed(care=False)[0]]
    decision, _ = decide.decide(tried.workspace, first, Opinion.POSITIVE, "wren", "reviewed")
    after = new_media(tried.workspace, scores).made
    assert first not in [after.groups.name[one] for one in after.listed(care=False)]
    decide.undo(tried.workspace, decision.number, "wren", "a slip")
    again = new_media(tried.workspace, scores).made
    assert (again.listed(care=False) == before.listed(care=False)).all()
