"""How does a person end a case, begin it again, or put it first? With a reason each time, and undone the same."""

from enum import StrEnum

import sqlalchemy as sa

from ringfence.cases import cases, merging, timeline
from ringfence.cases.audit import Act
from ringfence.cases.cases import Status
from ringfence.cases.faults import Stale
from ringfence.cases.people import Permission
from ringfence.cases.tables import REPORTS
from ringfence.cases.timeline import Event
from ringfence.cases.transaction import Transaction
from ringfence.cases.written import demand_reason


class Outcome(StrEnum):
    """What came of a case."""

    ACTED = "acted"
    CARE = "care"
    HANDED_OVER = "handed_over"
    NOTHING = "nothing"


def close(within: Transaction, case_id: str, outcome: Outcome, why: str) -> None:
    """End a case that one holds. That is a decision on every report that is attached and waits for one."""
    case = cases.held(within, case_id)
    demand_reason(why, case_id)
    state = {"status": Status.CLOSED, "closed_at": within.at, "closed_by": within.person.id, "outcome": str(outcome)}
    first = case.decided_at or within.at
    cases.change(within, case_id, **state, decided_at=first, urgent=False, lease_by=None, lease_until=None)
    waiting = sa.and_(REPORTS.c.tenant == within.tenant, REPORTS.c.case_id == case_id, REPORTS.c.decided_at.is_(None))
    within.connection.execute(sa.update(REPORTS).where(waiting).values(decided_at=within.at))
    merging.rank(within, case_id)
    timeline.add(within, case_id, Event.CLOSED, {"outcome": str(outcome), "why": why})
    within.record(Act.CASE_CLOSED, case_id, {"outcome": str(outcome), "why": why, "facts": case.facts})


def reopen(within: Transaction, case_id: str, why: str) -> None:
    """Begin a closed case again."""
    within.demand(Permission.WORK_CASES)
    case = cases.lock(within, case_id)
    demand_reason(why, case_id)
    if case.status is not Status.CLOSED:
        raise Stale(f"is {case.status}", where=case_id, mend="only a closed case is reopened")
    cases.change(within, case_id, status=Status.OPEN, closed_at=None, closed_by=None, outcome=None)
    timeline.add(within, case_id, Event.REOPENED, {"was": case.outcome, "why": why})
    within.record(Act.CASE_REOPENED, case_id, {"why": why})


def mark_urgent(within: Transaction, case_id: str, why: str) -> None:
    """Put a case before all that are not: somebody may be in danger now."""
    _mark(within, case_id, why, Event.MARKED_URGENT, urgent=True)


def unmark(within: Transaction, case_id: str, why: str) -> None:
    """Let a case stand where its priority puts it."""
    _mark(within, case_id, why, Event.UNMARKED, urgent=False)


def _mark(within: Transaction, case_id: str, why: str, event: Event, *, urgent: bool) -> None:
    within.demand(Permission.WORK_CASES)
    case = cases.lock(within, case_id)
    demand_reason(why, case_id)
    if case.status is not Status.OPEN:
        raise Stale(f"is {case.status}", where=case_id, mend="only an open case stands in the queue")
    cases.change(within, case_id, urgent=urgent)
    timeline.add(within, case_id, event, {"why": why})
    within.record(Act.CASE_MARKED, case_id, {"urgent": urgent, "why": why})
