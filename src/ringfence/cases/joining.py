"""How do the members of a case become those of its network? Who joined, left and came back, row by row."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from ringfence.cases import binding, members
from ringfence.cases.found import Network
from ringfence.cases.members import Member, Standing
from ringfence.cases.tables import MEMBERS
from ringfence.cases.transaction import Transaction

KEYS = ("tenant", "case_id", "account_id")


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides on the group of a member: who is protected, who is a likely minor by now, and the threshold."""

    protected: Collection[str]
    minors: Collection[str]
    threshold: float


@dataclass(frozen=True, slots=True)
class Joined:
    """What changed: ids of those who are new or back, and of those who left. `grown` of the new are above."""

    joined: Sequence[str]
    left: Sequence[str]
    grown: int
    facts: str


def current(network: Network, rules: Rules, at: datetime) -> tuple[Member, ...]:
    """The members of a network as discovery tells of them, as if all had joined now."""
    told = []
    for row in network.scores:
        account, why = row["account_id"], network.explanations.get(row["account_id"], {})
        told.append(
            Member(
                account_id=account,
                standing=members.standing(
                    account, row["role"], row["probability"], rules.protected, rules.minors, rules.threshold
                ),
                rank=row["rank"],
                score=row["score"],
                probability=row["probability"],
                role=row["role"],
                reasons=tuple(row["reasons"] or ()),
                against=tuple(why.get("against") or ()),
                contributions=tuple((one["words"], one["amount"]) for one in why.get("contributions") or ()),
                joined_at=at,
            )
        )
    return tuple(told)


def join(within: Transaction, case_id: str, now: Sequence[Member]) -> Joined:
    """Make `now` the members of a case. Those who left stay, with the time; those who come back keep when they came."""
    before = {one.account_id: one for one in members.of(within, case_id)}
    fresh = [one for one in now if one.account_id not in before]
    kept = [replace(one, joined_at=before[one.account_id].joined_at) for one in now if one.account_id in before]
    there = {one.account_id for one in now}
    gone = [
        replace(one, left_at=within.at)
        for one in before.values()
        if one.left_at is None and one.account_id not in there
    ]
    back = [one for one in kept if before[one.account_id].left_at is not None]
    if fresh:
        within.connection.execute(sa.insert(MEMBERS), [members.row(within, case_id, one) for one in fresh])
    changed = [one for one in (*kept, *gone) if one != before[one.account_id]]
    _update(within, case_id, changed)
    new = [*fresh, *back]
    return Joined(
        joined=[one.account_id for one in new],
        left=[one.account_id for one in gone],
        grown=sum(one.standing is Standing.ABOVE for one in new),
        facts=members.digest(now),
    )


def leave(within: Transaction, case_id: str) -> None:
    """Have every member of a case leave it."""
    still = sa.and_(MEMBERS.c.tenant == within.tenant, MEMBERS.c.case_id == case_id, MEMBERS.c.left_at.is_(None))
    within.connection.execute(sa.update(MEMBERS).where(still).values(left_at=within.at))


def cases_of(within: Transaction, accounts: Collection[str]) -> Mapping[str, int]:
    """How many of some accounts are, or were, in each case."""
    count: dict[str, int] = {}
    for some in binding.parts(sorted(accounts)):
        asked = sa.select(MEMBERS.c.case_id, sa.func.count()).where(
            MEMBERS.c.tenant == within.tenant, MEMBERS.c.account_id.in_(some)
        )
        for case_id, many in within.connection.execute(asked.group_by(MEMBERS.c.case_id)):
            count[case_id] = count.get(case_id, 0) + many
    return count


def _update(within: Transaction, case_id: str, changed: Sequence[Member]) -> None:
    if not changed:
        return
    rows = [{f"new_{name}": value for name, value in members.row(within, case_id, one).items()} for one in changed]
    statement = (
        sa.update(MEMBERS)
        .where(*(MEMBERS.c[name] == sa.bindparam(f"new_{name}") for name in KEYS))
        .values({name: sa.bindparam(f"new_{name}") for name in MEMBERS.c.keys() if name not in KEYS})  # noqa: SIM118
    )
    within.connection.execute(statement, rows)
