"""How far is a seed to be trusted? As far as what rested on it stood when somebody appealed.

    trust = (1 + upheld) / (1 + upheld + overturned)

It begins at 1, every overturned decision lowers it, and every upheld one raises it again. The form is a judgement, not
a measurement. Under DOUBTED a seed is put before those who keep the seeds, and starts nothing until they settle it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from ringfence.cases import orders
from ringfence.cases.actions import Direction
from ringfence.cases.audit import Act
from ringfence.cases.people import Permission
from ringfence.cases.plan_tables import APPEALS, ORDERS, RESTS
from ringfence.cases.transaction import Transaction

DOUBTED = 0.5


@dataclass(frozen=True, slots=True)
class Trust:
    """How many decisions that rested on a seed were appealed against, and stood or did not."""

    upheld: int
    overturned: int

    @property
    def share(self) -> float:
        """From 0 to 1; 1 where nothing was overturned."""
        return (1 + self.upheld) / (1 + self.upheld + self.overturned)


@dataclass(frozen=True, slots=True)
class Shared:
    """A decision that stands and rests on a seed."""

    seed: str
    plan_id: str
    account_id: str


def listed(within: Transaction) -> Mapping[str, Trust]:
    """The trust in every seed on which an appealed decision rested, to show it. The read is recorded."""
    within.demand(Permission.READ_EVIDENCE)
    within.record(Act.APPEALS_READ, "trust")
    return of(within)


def of(within: Transaction) -> Mapping[str, Trust]:
    """The same for whoever has asked for appeals. Seeds are account ids; the others have trust 1."""
    same = [APPEALS.c[name] == RESTS.c[name] for name in ("tenant", "plan_id", "account_id")]
    asked = (
        sa.select(RESTS.c.seed, APPEALS.c.decision, sa.func.count())
        .select_from(RESTS.join(APPEALS, sa.and_(*same)))
        .where(RESTS.c.tenant == within.tenant, APPEALS.c.decision.is_not(None))
    )
    told: dict[str, dict[str, int]] = {}
    for seed, decision, many in within.connection.execute(asked.group_by(RESTS.c.seed, APPEALS.c.decision)):
        told.setdefault(seed, {})[decision] = many
    return {seed: Trust(of.get("uphold", 0), of.get("overturn", 0)) for seed, of in sorted(told.items())}


def seeds_of(within: Transaction, plan_id: str, account_id: str) -> tuple[str, ...]:
    """The seeds that the decision on an account rests on."""
    mine = RESTS.c.tenant == within.tenant, RESTS.c.plan_id == plan_id, RESTS.c.account_id == account_id
    return tuple(within.connection.execute(sa.select(RESTS.c.seed).where(*mine).order_by(RESTS.c.seed)).scalars())


def sharing(within: Transaction, seeds: Collection[str]) -> tuple[Shared, ...]:
    """Every decision that rests on one of these, was carried out or perhaps was, and was not taken back."""
    stands = sa.exists().where(
        *(ORDERS.c[name] == RESTS.c[name] for name in ("tenant", "plan_id", "account_id")),
        ORDERS.c.direction == Direction.DO,
        orders.perhaps_done(),
        ~orders.taken_back(),
    )
    asked = sa.select(RESTS.c.seed, RESTS.c.plan_id, RESTS.c.account_id)
    mine = RESTS.c.tenant == within.tenant, RESTS.c.seed.in_(sorted(seeds)), stands
    rows = within.connection.execute(asked.where(*mine).order_by(*RESTS.c))
    return tuple(Shared(row.seed, row.plan_id, row.account_id) for row in rows)
