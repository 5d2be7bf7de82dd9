"""Who is in a case, why, and what may be done about them? Four groups, of which plans may act on one."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec
import sqlalchemy as sa

from ringfence.cases.tables import MEMBERS
from ringfence.cases.transaction import Transaction
from ringfence.model.words import Role


class Standing(StrEnum):
    """Which group a member is in. Only those ABOVE are ever taken into a plan, and the rest is shown apart."""

    ABOVE = "above"
    BELOW = "below"
    LIKELY_MINOR = "likely_minor"
    PROTECTED = "protected"


@dataclass(frozen=True, slots=True)
class Member:
    """An account in a case and all that is said of it. `against` speaks against its being in the network.

    `contributions` are (words, amount), which add up to the score. `left_at` is when it was no longer in the network.
    """

    account_id: str
    standing: Standing
    rank: int
    score: float
    probability: float | None
    role: str | None
    reasons: Sequence[str]
    against: Sequence[str]
    contributions: Sequence[tuple[str, float]]
    joined_at: datetime
    left_at: datetime | None = None


def standing(
    account_id: str,
    role: str | None,
    probability: float | None,
    protected: Collection[str],
    minors: Collection[str],
    threshold: float,
) -> Standing:
    """The group of one member. When in doubt it is a child, and care comes first.

    Without a probability, which nobody has who has not reviewed enough, being in the network found is the threshold.
    """
    if role == Role.LIKELY_MINOR or account_id in minors:
        return Standing.LIKELY_MINOR
    if account_id in protected:
        return Standing.PROTECTED
    return Standing.BELOW if probability is not None and probability < threshold else Standing.ABOVE


def of(within: Transaction, case_id: str) -> tuple[Member, ...]:
    """The members of a case by rank, with those who have left. Whoever shows them has asked for the case."""
    mine = sa.and_(MEMBERS.c.tenant == within.tenant, MEMBERS.c.case_id == case_id)
    rows = within.connection.execute(sa.select(*MEMBERS.c).where(mine).order_by(MEMBERS.c.rank, MEMBERS.c.account_id))
    return tuple(member(row._mapping) for row in rows)  # noqa: SLF001, SQLAlchemy's own name for what is public


def digest(members: Iterable[Member]) -> str:
    """A digest of who is in a case and what is said of them: with another one, a plan has to be looked at again."""
    facts = sorted(
        (one.account_id, one.standing, one.score, one.probability, one.role, list(one.reasons), list(one.against))
        for one in members
        if one.left_at is None
    )
    return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()


def row(within: Transaction, case_id: str, one: Member) -> dict[str, object]:
    """A member as the table keeps it."""
    return {
        "tenant": within.tenant,
        "case_id": case_id,
        "account_id": one.account_id,
        "standing": str(one.standing),
        "rank": one.rank,
        "score": one.score,
        "probability": one.probability,
        "role": one.role,
        "reasons": list(one.reasons),
        "against": list(one.against),
        "contributions": [list(part) for part in one.contributions],
        "joined_at": one.joined_at,
        "left_at": one.left_at,
    }


def member(row: sa.RowMapping) -> Member:
    """A member from its row."""
    return Member(
        account_id=row["account_id"],
        standing=Standing(row["standing"]),
        rank=row["rank"],
        score=row["score"],
        probability=row["probability"],
        role=row["role"],
        reasons=tuple(row["reasons"]),
        against=tuple(row["against"]),
        contributions=tuple((words, amount) for words, amount in row["contributions"]),
        joined_at=row["joined_at"],
        left_at=row["left_at"],
    )
