import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cases.conftest import Room
from tests.cases.networks import FIRST, found, network, with_probability
from tests.processes import PROCESSES

from ringfence.cases import cases, deciding, members, opening, protected, queue, reports, timeline
from ringfence.cases.cases import Case, Kind, Status
from ringfence.cases.database import Database
from ringfence.cases.deciding import Outcome
from ringfence.cases.faults import Forbidden, Stale, Unknown
from ringfence.cases.found import Found
from ringfence.cases.members import Member, Standing
from ringfence.cases.opening import Opened
from ringfence.cases.people import Person, Role, at_shell
from ringfence.cases.protected import Why
from ringfence.cases.reports import Report
from ringfence.cases.tables import CASES
from ringfence.cases.timeline import Event
from ringfence.cases.transaction import Transaction
from ringfence.model.words import NetworkEvent
from ringfence.store.workspace import Workspace

SHELL = at_shell("own")


def opened(room: Room, what: Found) -> Opened:
    room.clock.later(hours=1)
    with room.database.transaction(SHELL) as within:
        return opening.open_cases(within, what, 0.5)


def everything(within: Transaction) -> dict[str, Case]:
    rows = within.connection.execute(CASES.select().where(CASES.c.tenant == within.tenant))
    told = [cases.case(row._mapping) for row in rows]
    return {one.network_id or one.account_id or "": one for one in told}


def of(room: Room, name: str) -> Case:
    with room.database.transaction(SHELL) as within:
        return everything(within)[name]


def inside(room: Room, name: str) -> dict[str, Member]:
    with room.database.transaction(SHELL) as within:
        told = members.of(within, everything(within)[name].case_id)
    return {one.account_id: one for one in told if one.left_at is None}


def events(room: Room, name: str) -> list[Event]:
    with room.database.transaction(SHELL) as within:
        return [one.event for one in timeline.of(within, everything(within)[name].case_id)]


def closed(room: Room, name: str, who: Person) -> None:
    with room.database.transaction(who) as within:
        case = queue.take(within, everything(within)[name].case_id, 10)
        deciding.close(within, case.case_id, Outcome.NOTHING, "bird watchers")


def test_a_run_opens_a_case_a_network_with_all_that_was_found(room: Room) -> None:
    made = opened(room, found(1, [network("net-1", "abcd", c="likely_minor"), network("net-2", "efg")]))
    assert made == Opened("run-1", opened=2)
    case = of(room, "net-1")
    assert (case.kind, case.status, case.size, case.run_id) == (Kind.NETWORK, Status.OPEN, 4, "run-1")
    assert case.about["harm"]["audience"] == 10
    assert case.about["first_seen"] == FIRST.isoformat()
    who = inside(room, "net-1")
    assert [who[one].standing for one in "abcd"] == ["above", "above", "likely_minor", "above"]
    assert who["a"].reasons == ("shares a link with 3 found",)
    assert who["a"].against == ("in no other network",)
    assert who["a"].contributions == (("links", 1.0),)
    assert case.facts == members.digest(who.values())


def test_a_run_is_opened_once(room: Room) -> None:
    run = found(1, [network("net-1", "abc")])
    first = opened(room, run)
    before = (room.count("cases"), room.count("members"), room.count("case_events"), room.count("audit"))
    assert opened(room, run) == Opened("run-1", opened=1, already=True)
    assert (room.count("cases"), room.count("members"), room.count("case_events"), room.count("audit")) == before
    assert not first.already


def test_a_run_opened_by_many_processes_at_once_is_opened_once(room: Room) -> None:
    room.database.close()
    with PROCESSES.Pool(3) as pool:
        told = pool.map(_open_it, [room.workspace.path] * 6)
    assert sorted(told) == [False, True, True, True, True, True]
    assert (room.count("cases"), room.count("members"), room.count("runs")) == (20, 60, 1)


def _open_it(path: Path) -> bool:
    database = Database.open(Workspace.open(path))
    networks = [network(f"net-{number}", [f"{number}{one}" for one in "abc"]) for number in range(20)]
    with database.transaction(SHELL) as within:
        made = opening.open_cases(within, found(1, networks), 0.5)
    database.close()
    return made.already


def test_an_earlier_run_is_not_opened_after_a_later_one(room: Room) -> None:
    opened(room, found(2, [network("net-1", "abc")]))
    with pytest.raises(Stale, match="older"):
        opened(room, found(1, [network("net-1", "ab")]))


def test_a_network_that_changes_keeps_its_case(room: Room) -> None:
    opened(room, found(1, [network("net-1", "abc")]))
    first = of(room, "net-1")
    made = opened(room, found(2, [network("net-1", "bcde")]))
    assert made == Opened("run-2", updated=1)
    case = of(room, "net-1")
    assert case.case_id == first.case_id
    assert case.facts != first.facts
    assert sorted(inside(room, "net-1")) == list("bcde")
    opened(room, found(3, [network("net-1", "abcde")]))
    assert inside(room, "net-1")["b"].joined_at == first.opened_at
    assert events(room, "net-1") == [Event.OPENED, Event.UPDATED, Event.UPDATED]
    same = of(room, "net-1")
    assert opened(room, found(4, [network("net-1", "abcde")])) == Opened("run-4", same=1)
    assert of(room, "net-1").facts == same.facts


def test_whose_facts_change_changes_the_digest(room: Room) -> None:
    opened(room, found(1, [network("net-1", "abc")]))
    seen = {of(room, "net-1").facts}
    changed = [
        with_probability(network("net-1", "abc"), {"a": 0.9}),
        network("net-1", "abc", b="likely_minor"),
        network("net-1", "bac"),
        network("net-1", "abcd"),
    ]
    for day, one in enumerate(changed, 2):
        opened(room, found(day, [one]))
        seen.add(of(room, "net-1").facts)
    assert len(seen) == 5


def test_a_split_network_is_two_cases_that_name_each_other(room: Room) -> None:
    opened(room, found(1, [network("net-1", "abcdef")]))
    split = found(2, [network("net-1", "abcd"), network("net-2", "efg")], [("net-2", NetworkEvent.SPLIT_FROM, "net-1")])
    assert opened(room, split) == Opened("run-2", opened=1, updated=1)
    assert events(room, "net-2") == [Event.OPENED, Event.SPLIT_FROM]
    assert events(room, "net-1") == [Event.OPENED, Event.UPDATED, Event.SPLIT_INTO]
    assert (sorted(inside(room, "net-1")), sorted(inside(room, "net-2"))) == (list("abcd"), list("efg"))


def test_a_merged_network_is_one_case_with_all_that_both_had(room: Room) -> None:
    reviewer = room.person("wren", Role.REVIEWER)
    opened(room, found(1, [network("net-1", "abc"), network("net-2", "def")]))
    with room.database.transaction(SHELL) as within:
        reports.receive(within, [Report("r1", "e", "spam", None, FIRST)])
    with room.database.transaction(reviewer) as within:
        case = queue.take(within, everything(within)["net-2"].case_id, 10)
        deciding.mark_urgent(within, case.case_id, "a child wrote to us")
    made = opened(room, found(2, [network("net-1", "abcdef")], [("net-1", NetworkEvent.MERGED_FROM, "net-2")]))
    assert made == Opened("run-2", updated=1, merged=1)
    old, new = of(room, "net-2"), of(room, "net-1")
    assert (old.status, old.merged_into, old.lease_by, new.urgent) == (Status.MERGED, new.case_id, None, True)
    assert inside(room, "net-2") == {}
    with room.database.transaction(SHELL) as within:
        assert [one.report.report_id for one in reports.of(within, new.case_id)] == ["r1"]
    with pytest.raises(Stale, match="merged"), room.database.transaction(reviewer) as within:
        queue.take(within, old.case_id, 10)
    assert opened(room, found(3, [network("net-1", "abcdef")])) == Opened("run-3", same=1)


def test_mergers_and_splits_of_runs_that_nobody_opened_are_followed(room: Room) -> None:
    opened(room, found(1, [network("net-1", "abc"), network("net-2", "def"), network("net-3", "ghi")]))
    changes = [*found(2, [], [("net-2", NetworkEvent.MERGED_FROM, "net-1")]).changes]
    changes += found(3, [], [("net-3", NetworkEvent.MERGED_FROM, "net-2")]).changes
    made = opened(room, replace(found(4, [network("net-3", "abcdefghi")]), changes=changes))
    assert (made.merged, made.gone) == (2, 0)
    assert of(room, "net-1").merged_into == of(room, "net-2").case_id
    assert of(room, "net-2").merged_into == of(room, "net-3").case_id


def test_a_network_that_is_gone_stays_open_until_a_person_closes_it(room: Room) -> None:
    opened(room, found(1, [network("net-1", "abc"), network("net-2", "def")]))
    assert opened(room, found(2, [network("net-2", "def")])) == Opened("run-2", same=1, gone=1)
    case = of(room, "net-1")
    assert case.status is Status.OPEN
    assert case.gone_at == room.clock.now
    assert inside(room, "net-1") == {}
    assert opened(room, found(3, [network("net-2", "def")])) == Opened("run-3", same=1)


def test_a_network_that_regrew_says_whose_case_it_was(room: Room) -> None:
    opened(room, found(1, [network("net-1", "abcd")]))
    opened(room, found(2, []))
    opened(room, found(3, [network("net-9", "abcx"), network("net-8", "dpqr")]))
    assert events(room, "net-9") == [Event.OPENED, Event.REGROWN_FROM]
    assert events(room, "net-8") == [Event.OPENED]


def test_a_closed_case_is_open_again_only_where_somebody_new_is_above(room: Room) -> None:
    reviewer = room.person("wren", Role.REVIEWER)
    opened(room, found(1, [network("net-1", "abc")]))
    closed(room, "net-1", reviewer)
    opened(room, found(2, [network("net-1", "ab")]))
    opened(room, found(3, [network("net-1", "abz", z="likely_minor")]))
    assert of(room, "net-1").status is Status.CLOSED
    made = opened(room, found(4, [network("net-1", "abzy", z="likely_minor")]))
    assert made.reopened == 1
    case = of(room, "net-1")
    assert (case.status, case.closed_at, case.outcome) == (Status.OPEN, None, None)
    assert case.decided_at is not None


def test_members_stand_apart_who_must(room: Room) -> None:
    keeper = room.person("finch", Role.SENIOR_REVIEWER)
    with room.database.transaction(keeper) as within:
        protected.add(within, "b", Why.RESEARCHER, "of a university, confirmed by letter")
        protected.add(within, "c", Why.SURVIVORS, "a self-help group")
    made = with_probability(network("net-1", "abcdef", d="likely_minor"), {"a": 0.9, "b": 0.9, "e": 0.4, "f": 0.5})
    opened(room, found(1, [made], minors=frozenset({"c"})))
    told = {name: one.standing for name, one in inside(room, "net-1").items()}
    assert told == {
        "a": "above",
        "b": "protected",
        "c": "likely_minor",
        "d": "likely_minor",
        "e": "below",
        "f": "above",
    }


def test_whom_a_senior_reviewer_protects_is_set_apart_at_once(room: Room) -> None:
    keeper, reviewer = room.person("finch", Role.SENIOR_REVIEWER), room.person("wren", Role.REVIEWER)
    opened(room, found(1, [network("net-1", "abc", b="likely_minor"), network("net-2", "def")]))
    before, other = of(room, "net-1").facts, of(room, "net-2").facts
    with room.database.transaction(reviewer) as within, pytest.raises(Forbidden, match="may not keep protected"):
        protected.add(within, "a", Why.REPORTER, "reports every week")
    with room.database.transaction(keeper) as within:
        protected.add(within, "a", Why.REPORTER, "reports every week")
        protected.add(within, "b", Why.REPORTER, "reports every week")
    assert [one.standing for one in inside(room, "net-1").values()] == ["protected", "likely_minor", "above"]
    assert of(room, "net-1").facts != before
    assert of(room, "net-2").facts == other
    with room.database.transaction(keeper) as within:
        protected.remove(within, "a")
        assert [one.account_id for one in protected.listed(within)] == ["b"]
    assert inside(room, "net-1")["a"].standing is Standing.BELOW  # never straight back to those acted on
    opened(room, found(2, [network("net-1", "abc", b="likely_minor")]))
    assert inside(room, "net-1")["a"].standing is Standing.ABOVE


def test_an_account_that_was_reported_alone_comes_into_its_network(room: Room) -> None:
    with room.database.transaction(SHELL) as within:
        told = reports.receive(within, [Report("r1", "b", "in danger", "p", FIRST)], ["in danger"])
    assert (told.new, told.opened) == (1, 1)
    assert of(room, "b").urgency == 1.0
    opened(room, found(1, [network("net-1", "abc")]))
    alone, case = of(room, "b"), of(room, "net-1")
    assert (alone.status, alone.merged_into) == (Status.MERGED, case.case_id)
    assert case.urgency == 1.0
    assert case.about["harm"]["danger"] is True
    opened(room, found(2, [network("net-1", "abcd")]))
    assert of(room, "net-1").urgency == 1.0


def test_who_may_not_open_opens_nothing(room: Room) -> None:
    for role in (Role.VIEWER, Role.REVIEWER, Role.AUDITOR, Role.ADMINISTRATOR):
        person = room.person(str(role), role)
        with pytest.raises(Forbidden), room.database.transaction(person) as within:
            opening.open_cases(within, found(1, [network("net-1", "abc")]), 0.5)
    assert room.count("cases") == 0


def test_one_tenant_never_reaches_the_cases_of_another(room: Room) -> None:
    room.database.welcome("reef")
    opened(room, found(1, [network("net-1", "abc")]))
    ours = of(room, "net-1")
    with room.database.transaction(at_shell("reef")) as within:
        assert everything(within) == {}
        opening.open_cases(within, found(1, [network("net-1", "xyz")]), 0.5)
    stranger = room.person("gull", *Role, tenant="reef")
    acts: list[Callable[[Transaction], object]] = [
        lambda within: cases.find(within, ours.case_id),
        lambda within: queue.take(within, ours.case_id, 5),
        lambda within: queue.release(within, ours.case_id),
        lambda within: queue.page(within, after=ours.case_id),
        lambda within: deciding.mark_urgent(within, ours.case_id, "why"),
        lambda within: deciding.close(within, ours.case_id, Outcome.NOTHING, "why"),
        lambda within: deciding.reopen(within, ours.case_id, "why"),
    ]
    for act in acts:
        with pytest.raises(Unknown), room.database.transaction(stranger) as within:
            act(within)
    with room.database.transaction(stranger) as within:
        assert members.of(within, ours.case_id) == ()
        assert timeline.of(within, ours.case_id) == ()
        assert len(queue.page(within).cases) == 1
    assert of(room, "net-1") == ours


TENANTS = count()
NAMES = [f"net-{number}" for number in range(5)]


@settings(max_examples=6, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.randoms(use_true_random=False))
def test_whatever_discovery_finds_the_cases_are_those_of_its_networks(room: Room, chance: random.Random) -> None:
    """Against a plain twin: networks by name, and who is in them now."""
    tenant = f"t{next(TENANTS)}"
    room.database.welcome(tenant)
    shell, twin, lost = at_shell(tenant), dict[str, Sequence[str]](), set[str]()
    for day in range(1, 6):
        pool = list("abcdefghijklmnop")
        chance.shuffle(pool)
        names = [name for name in NAMES if name not in lost and chance.random() < 0.7]
        now = {name: sorted(pool.pop() for _ in range(3)) for name in names}
        merged = [name for name in twin if name not in now and name not in lost and now and chance.random() < 0.5]
        lost |= {name for name in twin if name not in now}
        changes = [(chance.choice(list(now)), NetworkEvent.MERGED_FROM, name) for name in merged]
        with room.database.transaction(shell) as within:
            opening.open_cases(within, found(day, [network(*one) for one in now.items()], changes), 0.5)
            told = everything(within)
            inside = {
                name: sorted(one.account_id for one in members.of(within, case.case_id) if one.left_at is None)
                for name, case in told.items()
            }
        twin |= now
        assert {name: accounts for name, accounts in inside.items() if accounts} == now
        assert set(told) == set(twin)
        assert all(told[name].status is Status.OPEN for name in now)
        assert all(told[name].gone_at or told[name].status is Status.MERGED for name in lost)
