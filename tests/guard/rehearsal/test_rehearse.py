import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ringfence.guard.decide import Guard
from ringfence.guard.policies.policy import DEFAULT_POLICY, Policy
from ringfence.guard.rehearsal import rehearse as rehearsing
from ringfence.guard.rehearsal.rehearse import rehearse
from ringfence.guard.snapshots.snapshot import Built, Snapshot
from ringfence.model.words import Surface, Verdict
from ringfence.store import events
from ringfence.store.load import load
from ringfence.store.workspace import Workspace

DAY = "2026-11-20T00:00:00Z"
MEMBERS, NEARBY = ("a1", "a2", "a3"), ("a4", "a5")
QUERIES = ("firecrest", "kitt*wake", "weather", "a walk", "firecrest nest", "#robin")
POLICY = Policy.parse(DEFAULT_POLICY, "x")
SOFTER = Policy.parse(
    DEFAULT_POLICY.replace('version = "1"', 'version = "2"')
    .replace('signal = "network:member"\nverdict = "drop"', 'signal = "network:member"\nverdict = "demote"', 1)
    .replace('signal = "network:nearby"\nverdict = "demote"', 'signal = "network:nearby"\nverdict = "drop"')
    .replace('verdict = "block"', 'verdict = "drop"', 1),
    "y",
)
Row = dict[str, object]
Make = Callable[..., Built]
Read = Callable[[Built], Snapshot]


def traffic() -> tuple[list[Row], list[Row]]:
    draw = random.Random(7)
    searches: list[Row] = [
        {
            "at": DAY,
            "query": draw.choice(QUERIES),
            "surface": draw.choice(["search", "autocomplete", "hashtag", "suggestion"]),
        }
        for _ in range(400)
    ]
    impressions: list[Row] = [
        {
            "at": DAY,
            "surface": draw.choice(["suggestion", "recommendation", "recommendation", "search"]),
            "viewer_id": f"a{draw.randrange(40)}",
            "shown_id": f"a{draw.randrange(12)}",
            "position": draw.randrange(5),
        }
        for _ in range(900)
    ]
    return searches, impressions


SEARCHES, IMPRESSIONS = traffic()


@pytest.fixture(scope="module")
def guard(make: Make, read_back: Read) -> Guard:
    accounts = {"network:member": MEMBERS, "network:nearby": NEARBY}
    return Guard(read_back(make(["firecrest", "kittiwake"], accounts, policy=POLICY)))


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("platform")
    accounts: list[Row] = [{"account_id": f"a{number}"} for number in range(40)]
    for name, rows in (("accounts", accounts), ("searches", SEARCHES), ("impressions", IMPRESSIONS)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    workspace = Workspace.create(folder / "workspace")
    load(workspace, sorted(folder.glob("*.jsonl")))
    return workspace


def one_by_one(guard: Guard) -> Counter[tuple[str, str, str]]:
    """What each row alone gets from each guard: the plain way."""
    counts: Counter[tuple[str, str, str]] = Counter()
    guards = (guard, guard.under(SOFTER))
    for row in SEARCHES:
        query, surface = str(row["query"]), str(row["surface"])
        if surface == "autocomplete":
            was, now = (next(one.autocomplete("", [query]).decisions).verdict for one in guards)
            counts[surface, was, now] += 1
        elif surface != "suggestion":
            was, now = ((one.search if surface == "search" else one.hashtag)(query).verdict for one in guards)
            counts[surface, was, now] += 1
    for row in IMPRESSIONS:
        surface, viewer, shown = (str(row[name]) for name in ("surface", "viewer_id", "shown_id"))
        was, now = (next(one.recommend(viewer, surface, [shown]).decisions).verdict for one in guards)
        counts[surface, was, now] += 1
    return counts


@pytest.mark.parametrize("batch", [1, 7, 100_000])
def test_it_counts_what_each_row_alone_would_get(
    guard: Guard, platform: Workspace, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(rehearsing, "BATCH", batch)
    done: list[float] = []
    with events.connect(platform) as connection:
        found = rehearse(connection, guard, guard.under(SOFTER), advance=done.append)
    expected = one_by_one(guard)
    assert {(one.surface, one.was, one.now): one.decisions for one in found.moves} == expected
    assert found.decisions == expected.total()
    assert found.changed == sum(count for (_, was, now), count in expected.items() if was != now)
    assert 0 < found.changed < found.decisions
    assert found.skipped == len(SEARCHES) + len(IMPRESSIONS) - found.decisions > 0
    for surface in Surface:
        assert sum(one.share for one in found.moves if one.surface is surface) == pytest.approx(1)
    assert done == sorted(done)
    assert done[-1] == 1.0
    assert found.examples == ()


def test_the_reasons_that_change_the_most_come_first(guard: Guard, platform: Workspace) -> None:
    with events.connect(platform) as connection:
        found = rehearse(connection, guard, guard.under(SOFTER))
    counts = [cause.decisions for cause in found.causes]
    assert counts == sorted(counts, reverse=True)
    assert sum(counts) == found.changed
    assert {(cause.surface, cause.was, cause.now) for cause in found.causes} == {
        (Surface.SEARCH, "lexicon:illegal", "lexicon:illegal"),
        (Surface.SUGGESTION, "network:member", "network:member"),
        (Surface.SUGGESTION, "network:nearby", "network:nearby"),
        (Surface.RECOMMENDATION, "network:nearby", "network:nearby"),
    }


def test_the_same_policy_changes_nothing(guard: Guard, platform: Workspace) -> None:
    with events.connect(platform) as connection:
        found = rehearse(connection, guard, guard.under(replace(POLICY, version="9")), most_shown=5)
    assert (found.changed, found.causes, found.examples) == (0, (), ())


def test_examples_are_kept_only_when_asked_and_only_of_changes(guard: Guard, platform: Workspace) -> None:
    with events.connect(platform) as connection:
        found = rehearse(connection, guard, guard.under(SOFTER), most_shown=4)
    assert len(found.examples) == 4
    for one in found.examples:
        assert one.was is not one.now
        assert one.subject in {*MEMBERS, *NEARBY, *QUERIES}
    assert {one.was for one in found.examples} <= {Verdict.BLOCK, Verdict.DROP, Verdict.DEMOTE}


def test_a_platform_without_traffic_changes_nothing(guard: Guard, tmp_path: Path) -> None:
    with events.connect(Workspace.create(tmp_path / "new")) as connection:
        found = rehearse(connection, guard, guard.under(SOFTER))
    assert (found.decisions, found.moves) == (0, ())
