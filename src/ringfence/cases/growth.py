"""How did a network grow? How many members it had after each change, day by day."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from ringfence.cases.tables import MEMBERS
from ringfence.cases.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Day:
    """A day on which somebody joined or left, in UTC, and how many there were at its end."""

    day: date
    joined: int
    left: int
    members: int


def of(within: Transaction, case_id: str) -> tuple[Day, ...]:
    """The days of a case, oldest first. Whoever shows them has asked for the case, which is recorded."""
    mine = sa.and_(MEMBERS.c.tenant == within.tenant, MEMBERS.c.case_id == case_id)
    rows = within.connection.execute(sa.select(MEMBERS.c.joined_at, MEMBERS.c.left_at).where(mine)).all()
    joined = Counter(row.joined_at.date() for row in rows)
    left = Counter(row.left_at.date() for row in rows if row.left_at)
    days, members = [], 0
    for day in sorted(joined.keys() | left.keys()):
        members += joined[day] - left[day]
        days.append(Day(day, joined[day], left[day], members))
    return tuple(days)
