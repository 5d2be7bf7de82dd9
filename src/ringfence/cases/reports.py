"""What did people report, which case has it, and what were they told? Every report is in a case from the start."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from ringfence.cases import binding, cases, timeline
from ringfence.cases.audit import Act
from ringfence.cases.cases import Kind, Status
from ringfence.cases.faults import Stale, Unknown
from ringfence.cases.merging import rank
from ringfence.cases.people import Permission
from ringfence.cases.priority import Harm, priority
from ringfence.cases.tables import CASES, MEMBERS, REPORTS
from ringfence.cases.timeline import Event
from ringfence.cases.transaction import Transaction
from ringfence.cases.written import demand_text

# What is known of the harm that a single account does, which no discovery has found.
_UNKNOWN = Harm(viewers=None, audience=0, minors_reached=0, minors_inside=0, growth=None, quiet=None)


class Decision(StrEnum):
    """What came of a report."""

    ACTED = "acted"
    NOTHING_FOUND = "nothing_found"
    KNOWN_BEFORE = "known_before"
    NOT_OURS = "not_ours"


@dataclass(frozen=True, slots=True)
class Report:
    """A report as the platform has it: about whom, why, by whom where that is known, and when."""

    report_id: str
    account_id: str
    reason: str
    reporter: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Attached:
    """A report in a case. `decided_at` is when a person first decided on it, or on its case."""

    report: Report
    urgent: bool
    case_id: str
    queued_at: datetime
    decided_at: datetime | None
    answered_at: datetime | None
    answered_by: str | None
    decision: Decision | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class Received:
    """How many reports were new, and how many cases of single accounts were opened for them."""

    new: int
    opened: int


def receive(within: Transaction, given: Sequence[Report], urgent_reasons: Collection[str] = ()) -> Received:
    """Put reports into the case that has the account, else into a new one of its own; those known are skipped."""
    within.demand(Permission.OPEN_CASES)
    cases.one_opener(within)
    known = _known(within, [one.report_id for one in given])
    new = {one.report_id: one for one in given if one.report_id not in known}
    opened = 0
    for report in new.values():
        case_id = _case_of(within, report.account_id)
        if case_id is None:
            case_id = _open(within, report.account_id)
            opened += 1
        urgent = report.reason in urgent_reasons
        row = {"tenant": within.tenant, "report_id": report.report_id, "account_id": report.account_id}
        told = {"reason": report.reason, "reporter": report.reporter, "reported_at": report.at, "urgent": urgent}
        within.connection.execute(sa.insert(REPORTS).values(**row, **told, queued_at=within.at, case_id=case_id))
        timeline.add(within, case_id, Event.REPORTED, {"report": report.report_id, "urgent": urgent})
        within.record(Act.REPORT_RECEIVED, report.report_id, {"case": case_id, "urgent": urgent})
        if urgent:
            rank(within, case_id)
    return Received(len(new), opened)


def answer(within: Transaction, report_id: str, decision: Decision, text: str) -> None:
    """Decide on a report in a case that one holds, and keep what its reporter is told. It is answered once."""
    mine = sa.and_(REPORTS.c.tenant == within.tenant, REPORTS.c.report_id == report_id)
    row = within.connection.execute(sa.select(REPORTS.c.case_id).where(mine)).first()
    if row is None:
        raise Unknown("there is no such report", where=repr(report_id[:63]), mend="see the case")
    case = cases.held(within, row.case_id)  # before the report, as whoever merges cases does
    row = within.connection.execute(sa.select(*REPORTS.c).where(mine).with_for_update()).one()
    if row.case_id != case.case_id:
        raise Stale("was moved to another case", where=report_id, mend="take that one")
    if row.answered_at is not None:
        raise Stale("is answered already", where=report_id, mend="write to the reporter yourself")
    demand_text(text, "answer")
    values = {"answered_at": within.at, "answered_by": within.person.id, "decision": str(decision), "answer": text}
    decided = row.decided_at or within.at
    within.connection.execute(sa.update(REPORTS).where(mine).values(**values, decided_at=decided))
    cases.change(within, row.case_id, decided_at=case.decided_at or within.at)
    rank(within, row.case_id)
    timeline.add(within, row.case_id, Event.ANSWERED, {"report": report_id, "decision": str(decision)})
    within.record(Act.REPORT_ANSWERED, report_id, {"case": row.case_id, "decision": str(decision)})


def of(within: Transaction, case_id: str) -> tuple[Attached, ...]:
    """The reports in a case, oldest first. Whoever shows them has asked for the case, which is recorded."""
    return _attached(within, REPORTS.c.case_id == case_id)


def about(within: Transaction, account_id: str) -> tuple[Attached, ...]:
    """The reports about an account, oldest first. As above, the account has been asked for."""
    return _attached(within, REPORTS.c.account_id == account_id)


def waiting(within: Transaction, case_ids: Collection[str]) -> dict[str, int]:
    """How many reports wait for a first decision in each of some cases, which have been asked for."""
    mine = sa.and_(REPORTS.c.tenant == within.tenant, REPORTS.c.case_id.in_(case_ids), REPORTS.c.decided_at.is_(None))
    asked = sa.select(REPORTS.c.case_id, sa.func.count()).where(mine).group_by(REPORTS.c.case_id)
    return {case_id: number for case_id, number in within.connection.execute(asked)}  # noqa: C416, rows to a dict


def _attached(within: Transaction, which: sa.ColumnElement[bool]) -> tuple[Attached, ...]:
    asked = sa.select(*REPORTS.c).where(REPORTS.c.tenant == within.tenant, which)
    rows = within.connection.execute(asked.order_by(REPORTS.c.reported_at, REPORTS.c.report_id))
    return tuple(
        Attached(
            Report(row.report_id, row.account_id, row.reason, row.reporter, row.reported_at),
            row.urgent,
            row.case_id,
            row.queued_at,
            row.decided_at,
            row.answered_at,
            row.answered_by,
            Decision(row.decision) if row.decision else None,
            row.answer,
        )
        for row in rows
    )


def _known(within: Transaction, report_ids: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for some in binding.parts(report_ids):
        asked = sa.select(REPORTS.c.report_id).where(REPORTS.c.tenant == within.tenant, REPORTS.c.report_id.in_(some))
        known.update(within.connection.execute(asked).scalars())
    return known


def _case_of(within: Transaction, account_id: str) -> str | None:
    """The open case that an account is in; of several the first in the queue."""
    inside = sa.exists().where(
        MEMBERS.c.tenant == CASES.c.tenant,
        MEMBERS.c.case_id == CASES.c.case_id,
        MEMBERS.c.account_id == account_id,
        MEMBERS.c.left_at.is_(None),
    )
    asked = sa.select(CASES.c.case_id).where(
        CASES.c.tenant == within.tenant,
        CASES.c.status == Status.OPEN,
        sa.or_(CASES.c.account_id == account_id, inside),
    )
    return within.connection.execute(asked.order_by(CASES.c.priority.desc(), CASES.c.case_id).limit(1)).scalar()


def _open(within: Transaction, account_id: str) -> str:
    """A case of a single account. Nothing is said of it but what is reported."""
    case_id, harm = cases.new_id(), priority(_UNKNOWN)
    row = {"tenant": within.tenant, "case_id": case_id, "kind": Kind.ACCOUNT, "account_id": account_id}
    state = {"status": Status.OPEN, "opened_at": within.at, "updated_at": within.at, "urgent": False, "facts": ""}
    told = {"priority": harm.total, "urgency": harm.urgency, "parts": dict(harm.parts), "size": 1}
    within.connection.execute(sa.insert(CASES).values(**row, **state, **told, about={"harm": _UNKNOWN.kept()}))
    timeline.add(within, case_id, Event.OPENED, {"account": account_id})
    return case_id
