import random
import threading
from collections import Counter
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.cases.conftest import Room
from tests.cases.networks import found, network
from tests.processes import PROCESSES

from ringfence.cases import cases, comments, deciding, members, opening, queue, reports, timeline
from ringfence.cases.cases import Case, Kind, Status
from ringfence.cases.database import Database
from ringfence.cases.deciding import Outcome
from ringfence.cases.faults import Forbidden, Stale
from ringfence.cases.people import Person, Role, at_shell
from ringfence.cases.queue import Held, Order, Wanted
from ringfence.cases.reports import Report
from ringfence.cases.tables import CASES
from ringfence.cases.timeline import Event
from ringfence.cases.transaction import Transaction
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace

REVIEWERS = ("wren", "finch", "gull")


@pytest.fixture
def reviewers(room: Room) -> list[Person]:
    return [room.person(name, Role.REVIEWER) for name in REVIEWERS]


def fill(room: Room, many: int) -> None:
    """So many open cases, with priorities by chance and some alike."""
    chance = random.Random(7)
    with room.database.transaction(at_shell("own")) as within:
        opening.open_cases(within, found(1, [network("net-0", "abc")]), 0.5)
        one = dict(within.connection.execute(CASES.select()).mappings().one())
        rows = [
            {**one, "case_id": f"case-{number:04}", "network_id": f"net-{number}", "priority": chance.randrange(5) / 10,
             "urgency": chance.randrange(3) / 2, "urgent": chance.random() < 0.1}
            for number in range(1, many)
        ]  # fmt: skip
        if rows:
            within.connection.execute(sa.insert(CASES), rows)


def take(room: Room, who: Person) -> str | None:
    with room.database.transaction(who) as within:
        case = queue.take_next(within, 30)
    return case.case_id if case else None


def test_two_who_take_in_turn_never_hold_one_case(room: Room, reviewers: list[Person]) -> None:
    fill(room, 7)
    taken = [take(room, reviewers[turn % 2]) for turn in range(8)]
    assert taken[7] is None
    assert len(set(taken[:7])) == 7


def test_threads_that_pull_at_once_never_share_a_case(room: Room, reviewers: list[Person]) -> None:
    fill(room, 40)
    taken: list[tuple[str, str]] = []

    def pull(who: Person) -> None:
        while case_id := take(room, who):
            taken.append((case_id, who.id))

    workers = [threading.Thread(target=pull, args=(who,)) for who in reviewers]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(taken) == len({case_id for case_id, _ in taken}) == 40


def test_two_processes_that_pull_a_hundred_cases_never_share_one(room: Room, reviewers: list[Person]) -> None:
    assert reviewers
    fill(room, 100)
    room.database.close()
    with PROCESSES.Pool(2) as pool:
        told = pool.starmap(_pull, [(room.workspace.path, name) for name in REVIEWERS[:2]], chunksize=1)
    taken = Counter(case_id for one in told for case_id in one)
    assert len(taken) == 100
    assert set(taken.values()) == {1}


def _pull(path: Path, name: str) -> list[str]:
    database = Database.open(Workspace.open(path))
    taken: list[str] = []
    while True:
        with database.transaction(Person(name, "own", name, frozenset())) as within:
            case = queue.take_next(within, 30)
        if case is None:
            break
        taken.append(case.case_id)
    database.close()
    return taken


def test_many_who_want_one_case_get_it_once(room: Room, reviewers: list[Person]) -> None:
    fill(room, 2)
    got: list[str] = []
    refused: list[Stale] = []

    def want(who: Person) -> None:
        try:
            with room.database.transaction(who) as within:
                queue.take(within, "case-0001", 30)
            got.append(who.id)
        except Stale as fault:
            refused.append(fault)

    workers = [threading.Thread(target=want, args=(who,)) for who in reviewers]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(got) == 1
    assert all(f"is held by {got[0]}" in str(one) for one in refused)
    assert len(refused) == 2


def test_a_lease_runs_out_and_the_case_is_taken_again(room: Room, reviewers: list[Person]) -> None:
    wren, finch, _ = reviewers
    fill(room, 1)
    case_id = take(room, wren)
    assert case_id
    assert take(room, finch) is None
    room.clock.later(minutes=29, seconds=59)
    assert take(room, finch) is None
    room.clock.later(seconds=1)
    assert take(room, finch) == case_id
    with pytest.raises(Stale, match="not held by you"), room.database.transaction(wren) as within:
        queue.release(within, case_id)
    with room.database.transaction(finch) as within:
        told = [one.event for one in timeline.of(within, case_id)]
    assert told == [Event.OPENED, Event.LEASED, Event.LEASE_RAN_OUT, Event.LEASED]


def test_who_holds_a_case_may_hold_it_longer_and_let_it_go(room: Room, reviewers: list[Person]) -> None:
    wren, finch, _ = reviewers
    fill(room, 1)
    case_id = take(room, wren) or ""
    room.clock.later(minutes=20)
    with room.database.transaction(wren) as within:
        queue.take(within, case_id, 30)
    room.clock.later(minutes=20)
    assert take(room, finch) is None
    with room.database.transaction(wren) as within:
        queue.release(within, case_id)
    assert take(room, finch) == case_id


@pytest.mark.parametrize("order", Order)
def test_pages_join_without_a_gap_in_the_order_asked_for(room: Room, order: Order) -> None:
    fill(room, 60)
    after: str | None = None
    seen: list[Case] = []
    with room.database.transaction(at_shell("own")) as within:
        while (page := queue.page(within, Wanted(order), after, 7)).cases:
            assert page.open == 60
            seen += page.cases
            after = seen[-1].case_id
    assert len({one.case_id for one in seen}) == len(seen) == 60
    keys: dict[Order, Callable[[Case], Any]] = {
        Order.RISK: lambda one: (-one.urgent, -one.priority),
        Order.URGENCY: lambda one: (-one.urgent, -one.urgency),
        Order.AGE: lambda one: one.opened_at,
    }
    assert [keys[order](one) for one in seen] == sorted(keys[order](one) for one in seen)


def test_what_is_taken_first_is_what_stands_first(room: Room, reviewers: list[Person]) -> None:
    fill(room, 20)
    with room.database.transaction(at_shell("own")) as within:
        first = [one.case_id for one in queue.page(within).cases]
    assert [take(room, reviewers[0]) for _ in first] == first


def test_an_urgent_case_stands_first_and_a_closed_one_nowhere(room: Room, reviewers: list[Person]) -> None:
    fill(room, 20)
    wren = reviewers[0]
    with room.database.transaction(wren) as within:
        last = queue.page(within).cases[-1].case_id
        deciding.mark_urgent(within, last, "a child wrote to us")
        deciding.mark_urgent(within, "case-0001", "as above")
        queue.take(within, last, 5)
        assert last in [one.case_id for one in queue.page(within).cases if one.urgent]
        deciding.close(within, last, Outcome.CARE, "handed to the care team")
        assert last not in [one.case_id for one in queue.page(within).cases]
        with pytest.raises(Stale, match="is closed"):
            queue.take(within, last, 5)
        deciding.reopen(within, last, "more came in")
        case = cases.seen(within, last)
    assert (case.status, case.urgent, case.outcome) == (Status.OPEN, False, None)


def test_what_takes_a_lease_or_a_reason_is_refused_without(room: Room, reviewers: list[Person]) -> None:
    fill(room, 2)
    wren = reviewers[0]

    def refused(kind: type[Fault], match: str, act: object) -> None:
        with pytest.raises(kind, match=match), room.database.transaction(wren) as within:
            act(within)  # type: ignore[operator]

    def close(within: Transaction) -> None:
        deciding.close(within, "case-0001", Outcome.NOTHING, "birds")

    refused(Stale, "not held by you", close)
    refused(Fault, "no reason", lambda within: deciding.mark_urgent(within, "case-0001", " "))
    refused(Stale, "only a closed case", lambda within: deciding.reopen(within, "case-0001", "why"))
    refused(Fault, "empty or too long", lambda within: comments.add(within, "case-0001", "\n"))
    refused(Fault, "empty or too long", lambda within: comments.add(within, "case-0001", "a\0b"))
    refused(Fault, "a minute to a day", lambda within: queue.take_next(within, 0))
    refused(Fault, "ask for 1 to", lambda within: queue.page(within, most=10**6))
    assert room.run("SELECT lease_by FROM cases WHERE lease_by IS NOT NULL") == []


def test_who_only_reads_takes_nothing(room: Room) -> None:
    fill(room, 2)
    for role in set(Role) - {Role.REVIEWER, Role.SENIOR_REVIEWER}:
        person = room.person(str(role), role)
        with pytest.raises(Forbidden, match="may not work cases"):
            take(room, person)


def test_comments_are_kept_as_they_were_written(room: Room, reviewers: list[Person]) -> None:
    fill(room, 2)
    texts = ["<script>alert('kittiwake')</script>", "'; DROP TABLE cases; --", "\u202egull\u2066 🐦", "a" * 10_000]
    with room.database.transaction(reviewers[0]) as within:
        for text in texts:
            comments.add(within, "case-0001", text)
        assert [one.text for one in comments.of(within, "case-0001")] == texts
    assert room.count("comments") == 4
    assert all(text not in str(room.run("SELECT * FROM audit")) for text in texts)


def fits(one: Case, wanted: Wanted, holder: str | None, names: set[str | None], *, waits: bool) -> bool:
    """Whether a filter leaves a case in, by what it says."""
    return (
        {Held.ANYBODY: True, Held.FREE: holder is None, Held.MINE: holder == "wren"}[wanted.held]
        and wanted.kind in {None, one.kind}
        and (one.urgent or not wanted.urgent)
        and (waits or not wanted.reported)
        and (wanted.about in names or not wanted.about)
    )


def test_a_filter_leaves_in_what_a_look_at_every_case_would(room: Room, reviewers: list[Person]) -> None:
    fill(room, 40)
    wren, finch = reviewers[0], reviewers[1]
    at = room.clock.now
    with room.database.transaction(at_shell("own")) as within:
        reports.receive(within, [Report("r-1", "b", "spam", None, at), Report("r-2", "alone", "spam", None, at)])
    taken = [take(room, who) for who in (wren, finch, wren)]
    room.clock.later(minutes=31)  # these ran out
    taken += [take(room, wren), take(room, finch)]
    with room.database.transaction(wren) as within:
        every = queue.page(within, most=queue.MOST).cases
        waiting = reports.waiting(within, [one.case_id for one in every])
        holds = [one for one in every if one.lease_until and one.lease_until > within.at]
        holders = {one.case_id: one.lease_by for one in holds}
        names = {
            one.case_id: {one.case_id, one.network_id, one.account_id}
            | {member.account_id for member in members.of(within, one.case_id)}
            for one in every
        }
        abouts = ("", "b", "alone", "net-7", taken[3] or "")
        for chosen in product(Order, Held, (None, *Kind), (False, True), (False, True), abouts):
            wanted = Wanted(*chosen)
            found = {one.case_id for one in queue.page(within, wanted, most=queue.MOST).cases}
            told = {
                one.case_id
                for one in every
                if fits(one, wanted, holders.get(one.case_id), names[one.case_id], waits=one.case_id in waiting)
            }
            assert found == told, wanted


def test_a_count_ends_where_nobody_needs_it_any_further(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(room, 12)
    monkeypatch.setattr(queue, "COUNTED", 5)
    with room.database.transaction(at_shell("own")) as within:
        page = queue.page(within, most=10)
    assert (page.open, len(page.cases), page.more) == (5, 10, True)
