"""What became of a case, and when? One event a change, in the same transaction as the change; none is ever altered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from ringfence.cases.audit import Fact
from ringfence.cases.tables import EVENTS
from ringfence.cases.transaction import Transaction


class Event(StrEnum):
    """Everything that may become of a case."""

    OPENED = "opened"
    UPDATED = "updated"
    SPLIT_FROM = "split_from"
    SPLIT_INTO = "split_into"
    MERGED_FROM = "merged_from"
    MERGED_INTO = "merged_into"
    GONE = "gone"
    REGROWN_FROM = "regrown_from"
    LEASED = "leased"
    LEASE_RAN_OUT = "lease_ran_out"
    RELEASED = "released"
    COMMENTED = "commented"
    REPORTED = "reported"
    ANSWERED = "answered"
    MARKED_URGENT = "marked_urgent"
    UNMARKED = "unmarked"
    REGROUPED = "regrouped"
    CLOSED = "closed"
    REOPENED = "reopened"
    PLAN_DRAFTED = "plan_drafted"
    PLAN_DROPPED = "plan_dropped"
    PLAN_FROZEN = "plan_frozen"
    PLAN_APPROVED = "plan_approved"
    PLAN_REFUSED = "plan_refused"
    PLAN_STARTED = "plan_started"
    PLAN_STOPPED = "plan_stopped"
    PLAN_DONE = "plan_done"
    PLAN_UNDO_ORDERED = "plan_undo_ordered"
    PLAN_UNDONE = "plan_undone"
    APPEALED = "appealed"
    APPEAL_DECIDED = "appeal_decided"
    HELD = "held"
    PURGED = "purged"


@dataclass(frozen=True, slots=True)
class Moment:
    """One event of a case. `by` is the id of whoever acted."""

    at: datetime
    event: Event
    by: str
    detail: Mapping[str, Fact]


def add(within: Transaction, case_id: str, event: Event, detail: Mapping[str, Fact] | None = None) -> None:
    """Note what becomes of a case in this act."""
    row = {"tenant": within.tenant, "case_id": case_id, "at": within.at, "kind": str(event), "by": within.person.id}
    within.connection.execute(sa.insert(EVENTS).values(**row, detail=dict(detail or {})))


def of(within: Transaction, case_id: str) -> tuple[Moment, ...]:
    """All that became of a case, oldest first. Whoever shows it has asked for the case, which is recorded."""
    mine = sa.and_(EVENTS.c.tenant == within.tenant, EVENTS.c.case_id == case_id)
    rows = within.connection.execute(sa.select(*EVENTS.c).where(mine).order_by(EVENTS.c.event_id))
    return tuple(Moment(row.at, Event(row.kind), row.by, row.detail) for row in rows)
