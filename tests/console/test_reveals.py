from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cases.conftest import Room

from ringfence.cases.people import Role
from ringfence.console import reveals
from ringfence.console.reveals import Looked, Rules
from ringfence.model.faults import Fault

RULES = Rules(after=5, minutes=45)


def look(room: Room, who: str = "wren", rules: Rules = RULES, zone: str = "UTC") -> Looked:
    with room.database.transaction(room.people[who]) as within:
        return reveals.mine(within, rules, zone)


def add(room: Room, who: str = "wren", times: int = 1) -> None:
    for _ in range(times):
        with room.database.transaction(room.people[who]) as within:
            reveals.add(within)


@pytest.fixture
def staffed(room: Room) -> Room:
    room.people = {name: room.person(name, Role.REVIEWER) for name in ("wren", "finch")}
    return room


def test_each_counts_for_themselves(staffed: Room) -> None:
    add(staffed, times=3)
    assert (look(staffed).today, look(staffed).week, look(staffed).run) == (3, 3, 3)
    other = look(staffed, "finch")
    assert (other.today, other.week, other.run, other.since, other.due) == (0, 0, 0, None, False)


def test_a_break_is_proposed_after_so_many_and_can_be_put_off_or_taken(staffed: Room) -> None:
    add(staffed, times=4)
    assert not look(staffed).due
    add(staffed)
    assert look(staffed).due
    assert not look(staffed, rules=Rules(0, 0)).due
    with staffed.database.transaction(staffed.people["wren"]) as within:
        reveals.put_off(within)
    assert not look(staffed).due
    for _ in range(2):
        staffed.clock.later(minutes=8)
        add(staffed)
    assert look(staffed).due
    with staffed.database.transaction(staffed.people["wren"]) as within:
        reveals.rest(within)
    assert (look(staffed).due, look(staffed).run, look(staffed).today) == (False, 0, 7)


def test_a_break_is_proposed_after_so_long(staffed: Room) -> None:
    for _ in range(6):
        add(staffed)
        staffed.clock.later(minutes=9)
    assert look(staffed, rules=Rules(0, 45)).due
    assert not look(staffed, rules=Rules(0, 60)).due
    staffed.clock.later(minutes=1)
    assert look(staffed).run == 0


def test_own_rules_stand_above_those_of_the_config_until_they_are_let_go(staffed: Room) -> None:
    add(staffed, times=2)
    with staffed.database.transaction(staffed.people["wren"]) as within:
        reveals.choose(within, Rules(2, 0))
    assert look(staffed).due
    assert not look(staffed, "finch").own
    with staffed.database.transaction(staffed.people["wren"]) as within:
        reveals.choose(within, None)
    assert not look(staffed).due
    with pytest.raises(Fault), staffed.database.transaction(staffed.people["wren"]) as within:
        reveals.choose(within, Rules(-1, 0))


def test_what_is_old_is_removed(staffed: Room) -> None:
    add(staffed, times=3)
    add(staffed, "finch")  # who never looks again
    staffed.clock.later(days=9)
    add(staffed)
    assert staffed.count("reveals") == 1


def test_a_day_is_that_of_the_zone(staffed: Room) -> None:
    staffed.clock.now = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)
    add(staffed)
    staffed.clock.later(hours=1)
    assert look(staffed).today == 0
    assert look(staffed, zone="Europe/Berlin").today == 1
    assert look(staffed).week == 1


@given(st.lists(st.integers(0, 40), max_size=30), st.integers(0, 40), st.integers(0, 6), st.integers(0, 90))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_runs_are_as_a_walk_along_time_has_them(gaps: list[int], last: int, after: int, minutes: int) -> None:
    """The twin walks forward and begins anew at each rest."""
    at, times = datetime(2026, 11, 2, tzinfo=UTC), []
    run: list[datetime] = []
    for gap in gaps:
        at += timedelta(minutes=gap)
        run = [] if gap >= 10 else run
        run = [*run, at]
        times.append(at)
    at += timedelta(minutes=last)
    run = [] if last >= 10 else run
    assert sorted(reveals._run(times[::-1], at, None)) == run
    due = bool(run) and (
        (after > 0 and len(run) >= after) or (minutes > 0 and at - run[0] >= timedelta(minutes=minutes))
    )
    assert reveals._due(reveals._run(times[::-1], at, None), at, Rules(after, minutes)) == due
