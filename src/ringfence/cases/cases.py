"""What is a case? A network, or an account that was reported, before a reviewer."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from ringfence.cases.audit import Act
from ringfence.cases.faults import Stale, Unknown
from ringfence.cases.people import Permission
from ringfence.cases.tables import CASES, TENANTS
from ringfence.cases.transaction import Transaction


class Kind(StrEnum):
    """What a case is about."""

    NETWORK = "network"
    ACCOUNT = "account"


class Status(StrEnum):
    """Whether a case waits for anybody. One that was merged lives on in another."""

    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it stands.

    `facts` is the digest of its members: what was decided on another digest has to be looked at again. `parts` are what
    `priority` rests on (priority.py), `about` is what discovery tells of the network, with the harm it does. `gone_at`
    is when the network was no longer found; the case stays open until a person closes it.
    """

    case_id: str
    kind: Kind
    network_id: str | None
    account_id: str | None
    status: Status
    opened_at: datetime
    updated_at: datetime
    run_id: str | None
    merged_into: str | None
    gone_at: datetime | None
    urgent: bool
    priority: float
    urgency: float
    parts: Mapping[str, float]
    about: Mapping[str, Any]
    size: int
    facts: str
    lease_by: str | None
    lease_until: datetime | None
    decided_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    outcome: str | None


def new_id() -> str:
    """An id that tells nothing and cannot be guessed."""
    return f"case-{secrets.token_hex(8)}"


def case(row: sa.RowMapping) -> Case:
    """A case from its row."""
    told: dict[str, Any] = {str(name): value for name, value in row.items() if name != "tenant"}
    return Case(**{**told, "kind": Kind(told["kind"]), "status": Status(told["status"])})


def find(within: Transaction, case_id: str) -> Case:
    """A case as it stands, to show it; the read is recorded. Raises Unknown for one that is not this tenant's."""
    within.demand(Permission.READ_CASES)
    found = seen(within, case_id)
    within.record(Act.CASE_READ, case_id)
    return found


def seen(within: Transaction, case_id: str) -> Case:
    """The same, for an act that shows nobody the case."""
    return _fetched(within, sa.select(*CASES.c).where(*mine(within, case_id)), case_id)


def lock(within: Transaction, case_id: str) -> Case:
    """The same, to change it: nobody else does until this act ends."""
    # Others may still add rows that only name the case, such as a comment.
    return _fetched(within, sa.select(*CASES.c).where(*mine(within, case_id)).with_for_update(key_share=True), case_id)


def held(within: Transaction, case_id: str) -> Case:
    """The same, and only for a reviewer who holds it. Raises Stale where the lease ran out or another has it."""
    within.demand(Permission.WORK_CASES)
    found = lock(within, case_id)
    if found.lease_by != within.person.id or found.lease_until is None or found.lease_until <= within.at:
        raise Stale("is not held by you", where=case_id, mend="take it first: `ringfence cases lease`")
    return found


def change(within: Transaction, case_id: str, **values: object) -> None:
    """Set columns of a case that `lock` or `held` has returned."""
    within.connection.execute(sa.update(CASES).where(*mine(within, case_id)).values(**values))


def mine(within: Transaction, case_id: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """One case, of this tenant."""
    return CASES.c.tenant == within.tenant, CASES.c.case_id == case_id


def one_opener(within: Transaction) -> None:
    """Wait for others who open or merge cases of this tenant, and keep them waiting until this act ends."""
    row = sa.select(TENANTS.c.tenant).where(TENANTS.c.tenant == within.tenant)
    within.connection.execute(row.with_for_update(key_share=True))


def _fetched(within: Transaction, asked: sa.Select[Any], case_id: str) -> Case:
    row = within.connection.execute(asked).first()
    if row is None:
        raise Unknown("there is no such case", where=repr(case_id[:63]), mend="see `ringfence cases list`")
    return case(row._mapping)  # noqa: SLF001, SQLAlchemy's own name for what is public
