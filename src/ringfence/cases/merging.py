"""How does one case live on in another? With its reports, its urgency, and a line in both timelines."""

from dataclasses import replace

import sqlalchemy as sa

from ringfence.cases import cases, joining, timeline
from ringfence.cases.cases import Kind, Status
from ringfence.cases.priority import Harm, priority
from ringfence.cases.tables import CASES, REPORTS
from ringfence.cases.timeline import Event
from ringfence.cases.transaction import Transaction


def merge(within: Transaction, case_id: str, into: str) -> None:
    """Have a case live on in another, which is urgent where it was. Its comments and events stay with it."""
    old = cases.lock(within, case_id)
    state = {"status": Status.MERGED, "merged_into": into, "lease_by": None, "lease_until": None}
    cases.change(within, case_id, **state, updated_at=within.at)
    joining.leave(within, case_id)
    theirs = sa.and_(REPORTS.c.tenant == within.tenant, REPORTS.c.case_id == case_id)
    within.connection.execute(sa.update(REPORTS).where(theirs).values(case_id=into))
    if old.urgent and old.status is Status.OPEN:
        cases.change(within, into, urgent=True)
    timeline.add(within, case_id, Event.MERGED_INTO, {"case": into})
    timeline.add(within, into, Event.MERGED_FROM, {"case": case_id, "account": old.account_id})
    rank(within, into)


def alone(within: Transaction) -> dict[str, str]:
    """The open cases of single accounts, by account."""
    asked = sa.select(CASES.c.account_id, CASES.c.case_id).where(
        CASES.c.tenant == within.tenant, CASES.c.kind == Kind.ACCOUNT, CASES.c.status == Status.OPEN
    )
    return {row.account_id: row.case_id for row in within.connection.execute(asked)}


def rank(within: Transaction, case_id: str) -> None:
    """Reckon the priority of a case anew, by its harm and whether a report that nobody decided on tells of danger."""
    case = cases.lock(within, case_id)
    waiting = sa.exists().where(
        REPORTS.c.tenant == within.tenant,
        REPORTS.c.case_id == case_id,
        REPORTS.c.urgent,
        REPORTS.c.decided_at.is_(None),
    )
    danger = bool(within.connection.execute(sa.select(waiting)).scalar())
    harm = replace(Harm(**case.about["harm"]), danger=danger)
    made = priority(harm)
    if (made.total, made.urgency, danger) != (case.priority, case.urgency, case.about["harm"]["danger"]):
        values = {"priority": made.total, "urgency": made.urgency, "parts": dict(made.parts)}
        cases.change(within, case_id, **values, about={**case.about, "harm": harm.kept()})
