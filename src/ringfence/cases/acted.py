"""What was done to accounts, and how did it go? Order by order, with what the platform said where it went wrong."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from ringfence.cases.actions import Action, Direction, State
from ringfence.cases.appeals import Decision
from ringfence.cases.plan_tables import APPEALS, ORDERS, PLANS
from ringfence.cases.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Deed:
    """One order, as far as it is. `why` is what the target said, or why it was taken back; `asked` is how often."""

    plan_id: str
    case_id: str
    account_id: str
    action: Action
    direction: Direction
    state: State
    asked: int
    at: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Appealed:
    """That somebody appealed, and what came of it, without what they said."""

    appeal_id: str
    plan_id: str
    received_at: datetime
    decision: Decision | None


def to_account(within: Transaction, account_id: str) -> tuple[Deed, ...]:
    """All that plans did or will do to an account, the newest first. Whoever shows it has asked for the account."""
    mine = ORDERS.c.tenant == within.tenant, ORDERS.c.account_id == account_id
    newest = PLANS.c.at.desc(), PLANS.c.plan_id, ORDERS.c.direction, ORDERS.c.number
    return _deeds(within, _joined().where(*mine).order_by(*newest))


def of_plan(
    within: Transaction, plan_id: str, direction: Direction, states: Collection[State], most: int
) -> tuple[Deed, ...]:
    """So many orders of a plan in one of these states, in its order. Whoever shows them has asked for the plan."""
    mine = ORDERS.c.tenant == within.tenant, ORDERS.c.plan_id == plan_id, ORDERS.c.direction == direction
    some = _joined().where(*mine, ORDERS.c.state.in_([str(state) for state in states]))
    return _deeds(within, some.order_by(ORDERS.c.number).limit(most))


def appeals_of(within: Transaction, account_id: str) -> tuple[Appealed, ...]:
    """The appeals of an account, the newest first. Whoever shows it has asked for the account."""
    mine = APPEALS.c.tenant == within.tenant, APPEALS.c.account_id == account_id
    asked = sa.select(APPEALS.c.appeal_id, APPEALS.c.plan_id, APPEALS.c.received_at, APPEALS.c.decision).where(*mine)
    rows = within.connection.execute(asked.order_by(APPEALS.c.received_at.desc(), APPEALS.c.appeal_id))
    return tuple(
        Appealed(row.appeal_id, row.plan_id, row.received_at, Decision(row.decision) if row.decision else None)
        for row in rows
    )


def _joined() -> sa.Select[tuple[object, ...]]:
    same = sa.and_(PLANS.c.tenant == ORDERS.c.tenant, PLANS.c.plan_id == ORDERS.c.plan_id)
    return sa.select(*ORDERS.c, PLANS.c.case_id).select_from(ORDERS.join(PLANS, same))


def _deeds(within: Transaction, asked: sa.Select[tuple[object, ...]]) -> tuple[Deed, ...]:
    return tuple(
        Deed(
            row.plan_id,
            row.case_id,
            row.account_id,
            Action(row.action),
            Direction(row.direction),
            State(row.state),
            row.asked,
            row.changed_at,
            row.why,
        )
        for row in within.connection.execute(asked)
    )
