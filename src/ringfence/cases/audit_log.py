"""Who did what, the newest first? Looking at the audit is recorded in it."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from ringfence.cases.audit import Act, Row
from ringfence.cases.people import Permission
from ringfence.cases.tables import AUDIT
from ringfence.cases.transaction import Transaction

PAGE = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows: of one person, one act, one subject, a time (`until` excluded), or before a number; None is any."""

    who: str | None = None
    act: Act | None = None
    subject: str | None = None
    before: int | None = None
    since: datetime | None = None
    until: datetime | None = None


def read(within: Transaction, wanted: Wanted = Wanted(), most: int = PAGE) -> tuple[Row, ...]:
    """At most `most` rows, the newest first. For the next page, ask for those before the last one's number."""
    within.demand(Permission.READ_AUDIT)
    asked = sa.select(*AUDIT.c).where(AUDIT.c.tenant == within.tenant)
    for column, value in ((AUDIT.c.who, wanted.who), (AUDIT.c.act, wanted.act), (AUDIT.c.subject, wanted.subject)):
        if value is not None:
            asked = asked.where(column == str(value))
    if wanted.before is not None:
        asked = asked.where(AUDIT.c.number < wanted.before)
    if wanted.since is not None:
        asked = asked.where(AUDIT.c.at >= wanted.since)
    if wanted.until is not None:
        asked = asked.where(AUDIT.c.at < wanted.until)
    found = within.connection.execute(asked.order_by(AUDIT.c.number.desc()).limit(most)).all()
    within.record(Act.AUDIT_READ, "audit", {"who": wanted.who, "act": wanted.act, "subject": wanted.subject})
    return tuple(Row(**row._mapping) for row in found)  # noqa: SLF001, SQLAlchemy's own name for what is public
