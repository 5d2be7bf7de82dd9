"""In which cases is an account, and what was said of it there? All of its history, open or not."""

from dataclasses import dataclass

import sqlalchemy as sa

from ringfence.cases import cases, members, protected, reports
from ringfence.cases.audit import Act
from ringfence.cases.cases import Case
from ringfence.cases.faults import Unknown
from ringfence.cases.members import Member
from ringfence.cases.people import Permission
from ringfence.cases.protected import Protected
from ringfence.cases.reports import Attached
from ringfence.cases.tables import CASES, MEMBERS
from ringfence.cases.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Appearance:
    """A case that an account is or was in. `member` is what was said of it; None where it was reported and no more."""

    case: Case
    member: Member | None


@dataclass(frozen=True, slots=True)
class Account:
    """One account: its cases, the newest first, what was reported of it, and whether it is protected."""

    account_id: str
    appearances: tuple[Appearance, ...]
    reports: tuple[Attached, ...]
    protected: Protected | None


def find(within: Transaction, account_id: str) -> Account:
    """All of an account; the read is recorded. Raises Unknown for one that no case has."""
    within.demand(Permission.READ_CASES)
    seen, told = _appearances(within, account_id), reports.about(within, account_id)
    found = Account(account_id, seen, told, protected.of(within, account_id))
    if not (found.appearances or found.reports or found.protected):
        raise Unknown("no case has this account", where=repr(account_id[:63]), mend="see that the id is right")
    within.record(Act.ACCOUNT_READ, account_id)
    return found


def _appearances(within: Transaction, account_id: str) -> tuple[Appearance, ...]:
    mine = sa.and_(MEMBERS.c.tenant == within.tenant, MEMBERS.c.account_id == account_id)
    told = {
        row.case_id: members.member(row._mapping)  # noqa: SLF001, SQLAlchemy's public name
        for row in within.connection.execute(sa.select(*MEMBERS.c).where(mine))
    }
    there = sa.or_(CASES.c.account_id == account_id, CASES.c.case_id.in_(sa.select(MEMBERS.c.case_id).where(mine)))
    asked = sa.select(*CASES.c).where(CASES.c.tenant == within.tenant, there)
    rows = within.connection.execute(asked.order_by(CASES.c.updated_at.desc(), CASES.c.case_id))
    found = (cases.case(row._mapping) for row in rows)  # noqa: SLF001, as above
    return tuple(Appearance(case, told.get(case.case_id)) for case in found)
