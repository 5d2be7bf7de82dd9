"""What do reviewers tell one another about a case? Text only, kept as it was written."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from ringfence.cases import cases, timeline
from ringfence.cases.audit import Act
from ringfence.cases.people import Permission
from ringfence.cases.tables import COMMENTS
from ringfence.cases.timeline import Event
from ringfence.cases.transaction import Transaction
from ringfence.cases.written import demand_text


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment. `by` is the id of its author; the text is whatever they wrote, markup and all."""

    comment_id: int
    at: datetime
    by: str
    text: str


def add(within: Transaction, case_id: str, text: str) -> None:
    """Say something about a case. One need not hold it."""
    within.demand(Permission.WORK_CASES)
    cases.lock(within, case_id)
    demand_text(text, "comment")
    row = {"tenant": within.tenant, "case_id": case_id, "at": within.at, "by": within.person.id}
    within.connection.execute(sa.insert(COMMENTS).values(**row, text=text))
    timeline.add(within, case_id, Event.COMMENTED)
    within.record(Act.COMMENT_ADDED, case_id)


def of(within: Transaction, case_id: str) -> tuple[Comment, ...]:
    """The comments on a case, oldest first. Whoever shows them has asked for the case, which is recorded."""
    mine = sa.and_(COMMENTS.c.tenant == within.tenant, COMMENTS.c.case_id == case_id)
    rows = within.connection.execute(sa.select(*COMMENTS.c).where(mine).order_by(COMMENTS.c.comment_id))
    return tuple(Comment(row.comment_id, row.at, row.by, row.text) for row in rows)
