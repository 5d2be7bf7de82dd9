"""What must others be told of what was done? Labels for discovery, limits for the guard, doubts about seeds.

A row is written in the act that it is about, once a plan, account and kind. Who delivers takes a parcel of rows, hands
it over, and writes down that it arrived; a parcel that was taken and not written down is looked for where it was to go
before it is handed over again (`ringfence.enforcement.feedback`).
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ringfence.cases.actions import Action, Direction
from ringfence.cases.audit import Act, Fact
from ringfence.cases.people import SERVICE, Permission
from ringfence.cases.plan import Plan
from ringfence.cases.plan_tables import OUTBOX
from ringfence.cases.transaction import Transaction

PARCEL = 1_000  # rows


class Kind(StrEnum):
    """What is told, and to whom."""

    BELONGS = "belongs"  # discovery: two people have decided so
    DOES_NOT_BELONG = "does_not_belong"  # discovery: an appeal was right
    OPEN_AGAIN = "open_again"  # discovery: a plan was undone, and nothing is decided
    LIMIT = "limit"  # the guard
    LIFT = "lift"  # the guard
    DOUBT = "doubt"  # discovery: a seed has led to decisions that were wrong


@dataclass(frozen=True, slots=True)
class Told:
    """One row. `subject` is an account or a seed, `by` whoever decided."""

    number: int
    kind: Kind
    subject: str
    plan_id: str
    by: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Parcel:
    """Rows of one kind and one plan, decided by one person."""

    parcel_id: str
    kind: Kind
    by: str
    rows: Sequence[Told]


def put(within: Transaction, kind: Kind, plan_id: str, by: str, why: str, subjects: Iterable[str]) -> None:
    """Have others told, of those subjects of which this plan has not had them told yet."""
    whole = {"tenant": within.tenant, "kind": str(kind), "plan_id": plan_id, "by": by, "why": why, "at": within.at}
    rows = [{**whole, "subject": one, "receipt": "", "trouble": ""} for one in sorted(set(subjects))]
    dialect = postgresql if within.connection.dialect.name == "postgresql" else sqlite
    if rows:
        within.connection.execute(dialect.insert(OUTBOX).on_conflict_do_nothing(), rows)


def of_orders(within: Transaction, found: Plan, direction: Direction, done: Sequence[tuple[str, Action]]) -> None:
    """What follows from orders that were carried out. Care tells nothing of anybody."""
    by, why = found.decided_by or found.by, found.plan_id
    accounts = [account for account, action in done if action is not Action.CARE]
    limited = [account for account, action in done if action is Action.LIMIT]
    if direction is Direction.DO:
        put(within, Kind.BELONGS, found.plan_id, by, why, accounts)
        put(within, Kind.LIMIT, found.plan_id, by, why, limited)
        return
    mine = OUTBOX.c.tenant == within.tenant, OUTBOX.c.plan_id == found.plan_id, OUTBOX.c.kind == Kind.DOES_NOT_BELONG
    settled = set(within.connection.execute(sa.select(OUTBOX.c.subject).where(*mine)).scalars())
    put(within, Kind.OPEN_AGAIN, found.plan_id, by, why, [one for one in accounts if one not in settled])
    put(within, Kind.LIFT, found.plan_id, by, why, limited)


def take(within: Transaction, most: int = PARCEL) -> Parcel | None:
    """The next parcel, in the order in which things were decided; the one that was taken last, where it is not settled.

    None where nothing waits.
    """
    _demand(within)
    waiting = sa.select(*OUTBOX.c).where(OUTBOX.c.tenant == within.tenant, OUTBOX.c.delivered_at.is_(None))
    rows = within.connection.execute(waiting.order_by(OUTBOX.c.number).limit(most).with_for_update()).all()
    if not rows:
        return None
    first = rows[0]
    alike = []
    for row in rows:
        if (row.kind, row.by, row.plan_id, row.parcel) != (first.kind, first.by, first.plan_id, first.parcel):
            break
        alike.append(row)
    parcel_id = first.parcel or f"parcel-{secrets.token_hex(8)}"
    if first.parcel is None:
        numbers = [row.number for row in alike]
        mine = OUTBOX.c.tenant == within.tenant, OUTBOX.c.number.in_(numbers)
        within.connection.execute(sa.update(OUTBOX).where(*mine).values(parcel=parcel_id))
    told = [Told(row.number, Kind(row.kind), row.subject, row.plan_id, row.by, row.why, row.at) for row in alike]
    return Parcel(parcel_id, Kind(first.kind), first.by, told)


def delivered(within: Transaction, parcel: Parcel, receipt: str, trouble: dict[int, str]) -> None:
    """Write down that a parcel arrived. `trouble` says by number which rows could not be used, and why."""
    _demand(within)
    mine = OUTBOX.c.tenant == within.tenant, OUTBOX.c.parcel == parcel.parcel_id
    arrived = {"delivered_at": within.at, "receipt": receipt}
    within.connection.execute(sa.update(OUTBOX).where(*mine).values(**arrived))
    for number, why in trouble.items():
        one = OUTBOX.c.tenant == within.tenant, OUTBOX.c.number == number
        within.connection.execute(sa.update(OUTBOX).where(*one).values(trouble=why))
    told: dict[str, Fact] = {
        "kind": parcel.kind,
        "rows": len(parcel.rows),
        "receipt": receipt,
        "unusable": len(trouble),
    }
    within.record(Act.OUTBOX_DELIVERED, parcel.parcel_id, told)


def waiting(within: Transaction) -> int:
    """How many rows are not delivered yet."""
    asked = sa.select(sa.func.count()).select_from(OUTBOX)
    here = OUTBOX.c.tenant == within.tenant, OUTBOX.c.delivered_at.is_(None)
    return within.connection.execute(asked.where(*here)).scalar_one()


def troubles(within: Transaction, plan_id: str) -> dict[str, str]:
    """By subject, why something that was decided could not be used. Whoever shows it has asked for the plan."""
    mine = OUTBOX.c.tenant == within.tenant, OUTBOX.c.plan_id == plan_id, OUTBOX.c.trouble != ""
    asked = sa.select(OUTBOX.c.subject, OUTBOX.c.kind, OUTBOX.c.trouble).where(*mine).order_by(OUTBOX.c.number)
    return {row.subject: f"{row.kind}: {row.trouble}" for row in within.connection.execute(asked)}


def _demand(within: Transaction) -> None:
    """A part of ringfence that acts by itself may deliver, and whoever runs plans."""
    if not within.person.id.startswith(SERVICE):
        within.demand(Permission.RUN_PLANS)
