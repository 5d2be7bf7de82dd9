"""Who may look at which evidence? Of accounts in a case of theirs, by role; each look and each reveal is recorded.

Nobody looks through the platform from here: of an account that no case has, there is nothing to see.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from ringfence.cases import cases
from ringfence.cases.audit import Act
from ringfence.cases.cases import Status
from ringfence.cases.evidence_store import Kind
from ringfence.cases.faults import Unknown
from ringfence.cases.people import Permission
from ringfence.cases.tables import CASES, MEMBERS
from ringfence.cases.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose evidence: of one account, or of a whole case where `account_id` is None. `members` are the case's."""

    case_id: str
    account_id: str | None
    members: tuple[str, ...]

    @property
    def subject(self) -> str:
        """What the audit names."""
        return self.account_id or self.case_id


def of_account(within: Transaction, account_id: str) -> Scope:
    """That of an account, in its open case, else in the last one. Raises Unknown for one that no case has."""
    within.demand(Permission.READ_EVIDENCE)
    inside = sa.select(MEMBERS.c.case_id).where(MEMBERS.c.tenant == within.tenant, MEMBERS.c.account_id == account_id)
    asked = sa.select(CASES.c.case_id).where(
        CASES.c.tenant == within.tenant, sa.or_(CASES.c.account_id == account_id, CASES.c.case_id.in_(inside))
    )
    order = (CASES.c.status != Status.OPEN, CASES.c.kind.desc(), CASES.c.updated_at.desc(), CASES.c.case_id)
    case_id = within.connection.execute(asked.order_by(*order).limit(1)).scalar()
    if case_id is None:
        mend = "see that the id is right; evidence is there to look at for accounts in a case only"
        raise Unknown("no case has this account", where=repr(account_id[:63]), mend=mend)
    return Scope(case_id, account_id, _members(within, case_id))


def of_case(within: Transaction, case_id: str) -> Scope:
    """That which members of a case have in common. Raises Unknown for a case that is not this tenant's."""
    within.demand(Permission.READ_EVIDENCE)
    return Scope(cases.seen(within, case_id).case_id, None, _members(within, case_id))


def read(within: Transaction, scope: Scope) -> None:
    """Record that the list of pieces is looked at, nothing of which is told yet."""
    within.record(Act.EVIDENCE_READ, scope.subject, {"case": scope.case_id})


def reveal(within: Transaction, scope: Scope, kind: Kind, key: str) -> None:
    """Record that one piece is shown."""
    within.demand(Permission.READ_EVIDENCE)
    within.record(Act.EVIDENCE_REVEALED, scope.subject, {"case": scope.case_id, "kind": str(kind), "piece": key})


def reveal_media(within: Transaction, scope: Scope, key: str, media_id: str) -> None:
    """Record that one media is shown by the platform's own viewer."""
    within.demand(Permission.READ_EVIDENCE)
    within.record(Act.MEDIA_REVEALED, scope.subject, {"case": scope.case_id, "piece": key, "media": media_id})


def _members(within: Transaction, case_id: str) -> tuple[str, ...]:
    asked = sa.select(MEMBERS.c.account_id).where(
        MEMBERS.c.tenant == within.tenant, MEMBERS.c.case_id == case_id, MEMBERS.c.left_at.is_(None)
    )
    return tuple(within.connection.execute(asked.order_by(MEMBERS.c.rank)).scalars())
