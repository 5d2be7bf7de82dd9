"""Who holds which case, and which comes next? Two never hold one; what is not worked on in time is taken again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from ringfence.cases import cases, timeline
from ringfence.cases.audit import Act
from ringfence.cases.cases import Case, Kind, Status
from ringfence.cases.faults import Stale
from ringfence.cases.people import Permission
from ringfence.cases.tables import CASES, MEMBERS, REPORTS
from ringfence.cases.timeline import Event
from ringfence.cases.transaction import Transaction
from ringfence.model.faults import Fault

PAGE, MOST = 50, 200  # cases on a page, as a rule and at the most
COUNTED = 1_000


class Order(StrEnum):
    """What comes first. Cases that a person marked urgent stand before all others, but for age."""

    RISK = "risk"
    URGENCY = "urgency"
    AGE = "age"


# Each an index of its own, read backwards: equal ones by id, so that pages join without a gap.
_BY: dict[Order, tuple[sa.Column[object], ...]] = {
    Order.RISK: (CASES.c.urgent, CASES.c.priority, CASES.c.case_id),
    Order.URGENCY: (CASES.c.urgent, CASES.c.urgency, CASES.c.case_id),
    Order.AGE: (CASES.c.opened_at, CASES.c.case_id),
}


class Held(StrEnum):
    """Whose cases to show."""

    ANYBODY = "anybody"
    FREE = "free"
    MINE = "mine"


_NAMED = (CASES.c.case_id, CASES.c.network_id, CASES.c.account_id)
Column = Callable[[sa.ColumnElement[Any]], sa.ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which open cases to show. `about` is the id of a case, a network or an account; what is empty leaves none out."""

    order: Order = Order.RISK
    held: Held = Held.ANYBODY
    kind: Kind | None = None
    urgent: bool = False
    reported: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some open cases, the first first, and how many are open in all: counted up to COUNTED, which stands for more."""

    cases: tuple[Case, ...]
    open: int
    more: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How many cases one holds, and how many reports wait for a first decision; counted up to COUNTED."""

    mine: int
    reports: int


def page(within: Transaction, wanted: Wanted = Wanted(), after: str | None = None, most: int = PAGE) -> Page:
    """The open cases after the one named `after`, or from the first. The read is recorded."""
    within.demand(Permission.READ_CASES)
    if not 1 <= most <= MOST:
        raise Fault(f"a page of {most:,} cases", where="queue", mend=f"ask for 1 to {MOST}")
    order, few = wanted.order, _few(within, wanted)
    # SQLite would rather walk the whole queue in its order than look up a few cases and sort them.
    by = _bare if few is None else _unindexed
    asked = sa.select(*CASES.c).where(CASES.c.tenant == within.tenant, by(CASES.c.status) == Status.OPEN)
    asked = asked.where(*_chosen(within, wanted))
    if few is not None:
        asked = asked.where(CASES.c.case_id.in_(few))
    if after is not None:
        asked = asked.where(_beyond(within, order, after))
    rows = within.connection.execute(asked.order_by(*_ordered(order, by)).limit(most + 1)).all()
    total = _counted(within, sa.select(CASES.c.case_id).where(*_open(within)))
    within.record(Act.QUEUE_READ, "queue", {"order": str(order), "after": after, "cases": min(len(rows), most)})
    found = tuple(cases.case(row._mapping) for row in rows[:most])  # noqa: SLF001, SQLAlchemy's public name
    return Page(found, total, more=len(rows) > most)


def standing(within: Transaction) -> Standing:
    """What waits for the one who asks. Whoever shows it has asked for a page, which is recorded."""
    waiting = sa.and_(REPORTS.c.tenant == within.tenant, REPORTS.c.decided_at.is_(None))
    return Standing(
        mine=_counted(within, sa.select(CASES.c.case_id).where(*_open(within), *_held(within, Held.MINE))),
        reports=_counted(within, sa.select(REPORTS.c.report_id).where(waiting)),
    )


def take_next(within: Transaction, minutes: int, order: Order = Order.RISK) -> Case | None:
    """Hold the first case that nobody holds, for so many minutes. None where every open case is held."""
    within.demand(Permission.WORK_CASES)
    asked = sa.select(*CASES.c).where(*_open(within), *_held(within, Held.FREE))
    # Others who take at the same moment pass over what is locked here. SQLite lets one act write at a time anyway.
    asked = asked.order_by(*_ordered(order, _bare)).limit(1).with_for_update(skip_locked=True)
    row = within.connection.execute(asked).first()
    return _lease(within, cases.case(row._mapping), minutes) if row else None  # noqa: SLF001, as above


def take(within: Transaction, case_id: str, minutes: int) -> Case:
    """Hold a case, or hold it longer. Raises Stale where somebody else does, or it is not open."""
    within.demand(Permission.WORK_CASES)
    case = cases.lock(within, case_id)
    if case.status is not Status.OPEN:
        raise Stale(f"is {case.status}", where=case_id, mend="reopen it, or take what it was merged into")
    if case.lease_by not in {None, within.person.id} and case.lease_until and case.lease_until > within.at:
        what = f"is held by {case.lease_by} until {case.lease_until:%H:%M} (UTC)"
        raise Stale(what, where=case_id, mend="wait, or ask them to release it")
    return _lease(within, case, minutes)


def release(within: Transaction, case_id: str) -> None:
    """Let go of a case that one holds."""
    cases.held(within, case_id)
    cases.change(within, case_id, lease_by=None, lease_until=None)
    timeline.add(within, case_id, Event.RELEASED)
    within.record(Act.CASE_RELEASED, case_id)


def _lease(within: Transaction, case: Case, minutes: int) -> Case:
    if not 1 <= minutes <= 24 * 60:
        raise Fault(f"a lease of {minutes:,} minutes", where="queue", mend="hold a case for a minute to a day")
    if case.lease_by not in {None, within.person.id}:
        timeline.add(within, case.case_id, Event.LEASE_RAN_OUT, {"by": case.lease_by})
    until = within.at + timedelta(minutes=minutes)
    cases.change(within, case.case_id, lease_by=within.person.id, lease_until=until)
    timeline.add(within, case.case_id, Event.LEASED, {"minutes": minutes})
    within.record(Act.CASE_LEASED, case.case_id, {"minutes": minutes})
    return cases.lock(within, case.case_id)


def _open(within: Transaction) -> tuple[sa.ColumnElement[bool], ...]:
    return CASES.c.tenant == within.tenant, CASES.c.status == Status.OPEN


def _held(within: Transaction, held: Held) -> tuple[sa.ColumnElement[bool], ...]:
    if held is Held.FREE:
        return (sa.or_(CASES.c.lease_until.is_(None), CASES.c.lease_until <= within.at),)
    return (CASES.c.lease_by == within.person.id, CASES.c.lease_until > within.at) if held is Held.MINE else ()


def _chosen(within: Transaction, wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    yield from _held(within, wanted.held)
    if wanted.kind is not None:
        yield CASES.c.kind == wanted.kind
    if wanted.urgent:
        yield CASES.c.urgent
    if wanted.reported:
        waits = sa.and_(REPORTS.c.tenant == within.tenant, REPORTS.c.decided_at.is_(None))
        yield CASES.c.case_id.in_(sa.select(REPORTS.c.case_id).where(waits))


def _few(within: Transaction, wanted: Wanted) -> Sequence[str] | None:
    """The ids of the cases that can be meant, where that is a few that an index finds; None for any."""
    ours, account = CASES.c.tenant == within.tenant, MEMBERS.c.account_id == wanted.about
    inside = sa.select(MEMBERS.c.case_id).where(MEMBERS.c.tenant == within.tenant, account, MEMBERS.c.left_at.is_(None))
    ways = [sa.select(CASES.c.case_id).where(ours, CASES.c.lease_by == within.person.id)]
    if wanted.about:
        ways = [sa.select(CASES.c.case_id).where(ours, column == wanted.about) for column in _NAMED]
        ways.append(inside)
    elif wanted.held is not Held.MINE:
        return None
    return within.connection.execute(sa.union(*ways).limit(COUNTED)).scalars().all()


def _counted(within: Transaction, asked: sa.Select[tuple[str]]) -> int:
    """How many rows there are, but no further than COUNTED: nobody waits for a number that nobody needs."""
    some = sa.select(sa.func.count()).select_from(asked.limit(COUNTED).subquery())
    return within.connection.execute(some).scalar_one()


def _ordered(order: Order, by: Column) -> list[sa.ColumnElement[object]]:
    return [by(column).asc() if order is Order.AGE else by(column).desc() for column in _BY[order]]


def _bare(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return column


def _unindexed(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The same values, and no index has them."""
    return sa.func.coalesce(column, column)


def _beyond(within: Transaction, order: Order, after: str) -> sa.ColumnElement[bool]:
    """That a case comes after another: by the same columns, as one value."""
    case = cases.seen(within, after)
    there = sa.tuple_(*(sa.literal(getattr(case, column.name), column.type) for column in _BY[order]))
    here = sa.tuple_(*_BY[order])
    return here > there if order is Order.AGE else here < there
