from datetime import timedelta
from pathlib import Path

import pytest
from tests.cases.conftest import Room
from tests.cases.networks import FIRST, found, network

from ringfence.cases import cases, deciding, incoming, opening, queue, reports
from ringfence.cases.deciding import Outcome
from ringfence.cases.faults import Stale, Unknown
from ringfence.cases.people import Person, Role, at_shell, service
from ringfence.cases.reports import Attached, Decision, Received, Report
from ringfence.model.faults import Fault
from ringfence.store import events
from ringfence.store.load import load

INTAKE = service("own", "reports")


@pytest.fixture
def reviewer(room: Room) -> Person:
    return room.person("wren", Role.REVIEWER)


def receive(room: Room, *given: Report, urgent: tuple[str, ...] = ()) -> Received:
    with room.database.transaction(INTAKE) as within:
        return reports.receive(within, given, urgent)


def report(name: str, account: str, reason: str = "spam", minutes: int = 0) -> Report:
    return Report(name, account, reason, "p1", FIRST + timedelta(minutes=minutes))


def attached(room: Room, name: str) -> Attached:
    case_id = str(room.run("SELECT case_id FROM user_reports WHERE report_id = :name", name=name)[0][0])
    with room.database.transaction(INTAKE) as within:
        return next(one for one in reports.of(within, case_id) if one.report.report_id == name)


def test_a_report_goes_to_the_case_that_has_the_account(room: Room) -> None:
    with room.database.transaction(at_shell("own")) as within:
        opening.open_cases(within, found(1, [network("net-1", "abc")]), 0.5)
    told = receive(room, report("r1", "b"), report("r2", "z"), report("r3", "z"), report("r1", "b"))
    assert told == Received(new=3, opened=1)
    assert receive(room, report("r1", "b"), report("r2", "z")) == Received(new=0, opened=0)
    network_case, own = attached(room, "r1").case_id, attached(room, "r2").case_id
    assert room.run("SELECT network_id FROM cases WHERE case_id = :one", one=network_case) == [("net-1",)]
    assert room.run("SELECT account_id FROM cases WHERE case_id = :one", one=own) == [("z",)]
    assert attached(room, "r3").case_id == own


def test_how_often_an_account_is_reported_moves_no_case(room: Room) -> None:
    receive(room, report("r0", "z"))
    before = room.run("SELECT priority FROM cases")
    receive(room, *(report(f"r{number}", "z") for number in range(1, 200)))
    assert room.run("SELECT priority FROM cases") == before


def test_a_report_of_danger_puts_its_case_forward_until_it_is_decided(room: Room, reviewer: Person) -> None:
    receive(room, report("r1", "y"), report("r2", "z", "in danger"), urgent=("in danger",))
    with room.database.transaction(reviewer) as within:
        case = queue.take_next(within, 30)
        assert case is not None
        assert (case.account_id, case.urgency, case.parts["urgency"]) == ("z", 1.0, 1.0)
        reports.answer(within, "r2", Decision.NOTHING_FOUND, "thank you; we looked, and nobody is in danger")
        assert cases.seen(within, case.case_id).urgency == 0.0


def test_a_report_is_answered_once_by_who_holds_its_case(room: Room, reviewer: Person) -> None:
    receive(room, report("r1", "z"))
    case_id = attached(room, "r1").case_id

    def answer(name: str = "r1", text: str = "thank you") -> None:
        with room.database.transaction(reviewer) as within:
            reports.answer(within, name, Decision.ACTED, text)

    with pytest.raises(Stale, match="not held by you"):
        answer()
    with room.database.transaction(reviewer) as within:
        queue.take(within, case_id, 30)
    with pytest.raises(Unknown):
        answer("r9")
    with pytest.raises(Fault, match="empty or too long"):
        answer(text="")
    answer()
    with pytest.raises(Stale, match="answered already"):
        answer()
    told = attached(room, "r1")
    assert (told.decision, told.answer, told.answered_by) == (Decision.ACTED, "thank you", "wren")
    assert told.decided_at == room.clock.now


def test_closing_a_case_decides_on_all_its_reports(room: Room, reviewer: Person) -> None:
    receive(room, report("r1", "z"), report("r2", "z"))
    with room.database.transaction(reviewer) as within:
        case = queue.take_next(within, 30)
        assert case is not None
        reports.answer(within, "r1", Decision.ACTED, "thank you")
    first = room.clock.now
    room.clock.later(minutes=5)
    with room.database.transaction(reviewer) as within:
        deciding.close(within, case.case_id, Outcome.ACTED, "as planned")
    assert (attached(room, "r1").decided_at, attached(room, "r2").decided_at) == (first, room.clock.now)
    receive(room, report("r3", "z"))
    assert attached(room, "r3").case_id != case.case_id


def test_how_long_people_wait_is_measured(room: Room, reviewer: Person) -> None:
    room.clock.now = FIRST + timedelta(minutes=100)
    receive(room, *(report(f"r{minutes}", f"z{minutes}", minutes=minutes) for minutes in range(100)))
    room.clock.later(minutes=100)
    case_id = attached(room, "r99").case_id
    with room.database.transaction(reviewer) as within:
        queue.take(within, case_id, 5)
        reports.answer(within, "r99", Decision.ACTED, "thank you")
        told = incoming.waiting(within)
    assert (told.reports, told.undecided, told.longest) == (100, 99, 200 * 60)
    assert (told.to_queue_median, told.to_queue_p95) == (50 * 60, 95 * 60)
    assert (told.to_decision_median, told.to_decision_p95) == (101 * 60, 101 * 60)


def test_an_open_report_of_another_tenant_is_nobodys(room: Room, reviewer: Person) -> None:
    room.database.welcome("reef")
    with room.database.transaction(service("reef", "reports")) as within:
        reports.receive(within, [report("r1", "z")])
    with pytest.raises(Unknown), room.database.transaction(reviewer) as within:
        reports.answer(within, "r1", Decision.ACTED, "thank you")
    assert receive(room, report("r1", "z")) == Received(new=1, opened=1)


def test_reports_come_from_the_store_about_accounts_and_their_posts(room: Room, tmp_path: Path) -> None:
    source = tmp_path / "events"
    source.mkdir()
    (source / "accounts.jsonl").write_text('{"account_id": "a"}\n{"account_id": "b"}\n')
    (source / "posts.jsonl").write_text('{"post_id": "p1", "account_id": "b", "at": "2026-11-01T00:00:00Z"}\n')
    (source / "reports.jsonl").write_text(
        '{"report_id": "r1", "target": "a", "reason": "spam", "at": "2026-11-01T00:00:00Z", "reporter": "b"}\n'
        '{"report_id": "r2", "target": "p1", "reason": "spam", "at": "2026-11-01T10:30:00Z"}\n'
        '{"report_id": "r3", "target": "nobody", "reason": "spam", "at": "2026-11-01T10:30:00Z"}\n'
    )
    load(room.workspace, [source])
    with room.database.transaction(INTAKE) as within, events.connect(room.workspace) as store:
        told = incoming.reported(store, incoming.newest(within))
        assert reports.receive(within, told) == Received(new=2, opened=2)
        assert reports.receive(within, incoming.reported(store, incoming.newest(within))).new == 0
    assert told[0] == Report("r1", "a", "spam", "b", FIRST)
    assert (told[1].account_id, told[1].at) == ("b", FIRST + timedelta(hours=10, minutes=30))
