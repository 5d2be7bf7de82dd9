"""Which accounts are never acted on by a plan? Survivors' groups, researchers, moderators and those who report."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from ringfence.cases import cases, members, timeline
from ringfence.cases.audit import Act
from ringfence.cases.faults import Unknown
from ringfence.cases.members import Standing
from ringfence.cases.people import Permission
from ringfence.cases.tables import MEMBERS, PROTECTED
from ringfence.cases.timeline import Event
from ringfence.cases.transaction import Transaction
from ringfence.cases.written import demand_reason
from ringfence.model.faults import Fault


class Why(StrEnum):
    """Why an account that looks as if it belonged does not."""

    SURVIVORS = "survivors"
    RESEARCHER = "researcher"
    MODERATOR = "moderator"
    REPORTER = "reporter"


@dataclass(frozen=True, slots=True)
class Protected:
    """One account on the list, and who put it there."""

    account_id: str
    kind: Why
    why: str
    by: str
    at: datetime


def listed(within: Transaction) -> tuple[Protected, ...]:
    """The list, by account."""
    within.demand(Permission.READ_CASES)
    within.record(Act.PROTECTED_READ, "protected")
    rows = within.connection.execute(
        sa.select(*PROTECTED.c).where(PROTECTED.c.tenant == within.tenant).order_by(PROTECTED.c.account_id)
    )
    return tuple(Protected(row.account_id, Why(row.kind), row.why, row.by, row.at) for row in rows)


def of(within: Transaction, account_id: str) -> Protected | None:
    """One account of the list, if it is there. Whoever shows it has asked for the account, which is recorded."""
    mine = sa.and_(PROTECTED.c.tenant == within.tenant, PROTECTED.c.account_id == account_id)
    row = within.connection.execute(sa.select(*PROTECTED.c).where(mine)).first()
    return Protected(row.account_id, Why(row.kind), row.why, row.by, row.at) if row else None


def ids(within: Transaction) -> frozenset[str]:
    """The accounts on the list."""
    asked = sa.select(PROTECTED.c.account_id).where(PROTECTED.c.tenant == within.tenant)
    return frozenset(within.connection.execute(asked).scalars())


def add(within: Transaction, account_id: str, kind: Why, why: str) -> None:
    """Put an account on the list, in words that others can check. It is set apart in every case at once."""
    within.demand(Permission.KEEP_PROTECTED)
    cases.one_opener(within)
    demand_reason(why, account_id)
    if account_id in ids(within):
        raise Fault("is on the list already", where=account_id, mend="take it off first")
    row = {"tenant": within.tenant, "account_id": account_id, "kind": str(kind), "why": why}
    within.connection.execute(sa.insert(PROTECTED).values(**row, by=within.person.id, at=within.at))
    _regroup(within, account_id, {Standing.ABOVE: Standing.PROTECTED, Standing.BELOW: Standing.PROTECTED})
    within.record(Act.PROTECTED_ADDED, account_id, {"kind": str(kind), "why": why})


def remove(within: Transaction, account_id: str) -> None:
    """Take an account off the list. It stays apart, as below the threshold, until the next discovery says more."""
    within.demand(Permission.KEEP_PROTECTED)
    cases.one_opener(within)
    mine = sa.and_(PROTECTED.c.tenant == within.tenant, PROTECTED.c.account_id == account_id)
    if not within.connection.execute(sa.delete(PROTECTED).where(mine)).rowcount:
        raise Unknown("is not on the list", where=account_id, mend="see the list")
    _regroup(within, account_id, {Standing.PROTECTED: Standing.BELOW})
    within.record(Act.PROTECTED_REMOVED, account_id)


def _regroup(within: Transaction, account_id: str, moves: Mapping[Standing, Standing]) -> None:
    """Move an account to another group in every case, which changes what any plan for that case rests on."""
    mine = sa.and_(MEMBERS.c.tenant == within.tenant, MEMBERS.c.account_id == account_id)
    for row in within.connection.execute(sa.select(MEMBERS.c.case_id, MEMBERS.c.standing).where(mine)).all():
        if to := moves.get(Standing(row.standing)):
            cases.lock(within, row.case_id)
            there = sa.and_(mine, MEMBERS.c.case_id == row.case_id)
            within.connection.execute(sa.update(MEMBERS).where(there).values(standing=str(to)))
            facts = members.digest(members.of(within, row.case_id))
            cases.change(within, row.case_id, facts=facts, updated_at=within.at)
            detail = {"account": account_id, "before": row.standing, "after": str(to)}
            timeline.add(within, row.case_id, Event.REGROUPED, detail)
