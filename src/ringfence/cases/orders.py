"""Which orders of a plan are still to be carried out, and how far is each? One row an order, changed in place."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ringfence.cases import binding
from ringfence.cases.actions import Action, Direction, Order, Outcome, State, after, key
from ringfence.cases.plan import Content, Plan
from ringfence.cases.plan_tables import ORDERS
from ringfence.cases.preview import staged
from ringfence.cases.transaction import Transaction

MANY = 500  # new orders, after which PostgreSQL counts them
# What was asked for and has no clear answer, or was not asked for yet.
LIVE = (State.PENDING, State.SENT, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Progress:
    """How many orders of a direction are in each state, by stage."""

    stages: Mapping[int, Mapping[State, int]]

    @property
    def total(self) -> Mapping[State, int]:
        """The same of all stages."""
        return {state: sum(stage.get(state, 0) for stage in self.stages.values()) for state in State}


def write_down(within: Transaction, content: Content, digest: str) -> None:
    """Write down every order there will be: what is carried out is what was frozen, no more and no less."""
    steps = content.preview.steps
    pairs = [(step.account_id, action, step.stage) for step in steps for action in step.actions]
    _insert(within, content.plan_id, digest, Direction.DO, pairs)


def write_back(within: Transaction, found: Plan, pairs: Sequence[tuple[str, Action]]) -> None:
    """Write down orders that take these back, in the order given and in the stages of the plan's terms."""
    stages = staged(len(pairs), found.terms.stages)
    before = sum(progress(within, found.plan_id, Direction.UNDO).total.values())
    told = [(account, action, stage) for (account, action), stage in zip(pairs, stages, strict=True)]
    _insert(within, found.plan_id, str(found.digest), Direction.UNDO, told, before)


def progress(within: Transaction, plan_id: str, direction: Direction) -> Progress:
    """How far it is. Whoever shows it has asked for the plan."""
    count = sa.func.count()
    asked = sa.select(ORDERS.c.stage, ORDERS.c.state, count).where(*of_plan(within, plan_id, direction))
    stages: dict[int, dict[State, int]] = {}
    for stage, state, many in within.connection.execute(asked.group_by(ORDERS.c.stage, ORDERS.c.state)):
        stages.setdefault(stage, {})[State(state)] = many
    return Progress(dict(sorted(stages.items())))


def frozen(content: Content, digest: str) -> set[tuple[str, str, int, str]]:
    """Account, action, stage and key of every order that a frozen plan stands for."""
    return {
        (step.account_id, str(action), step.stage, key(digest, step.account_id, action, Direction.DO))
        for step in content.preview.steps
        for action in step.actions
    }


def written(within: Transaction, plan_id: str) -> set[tuple[str, str, int, str]]:
    """The same of the orders that are there."""
    asked = sa.select(ORDERS.c.account_id, ORDERS.c.action, ORDERS.c.stage, ORDERS.c.key)
    rows = within.connection.execute(asked.where(*of_plan(within, plan_id, Direction.DO)))
    return {(row.account_id, row.action, row.stage, row.key) for row in rows}


def of_plan(within: Transaction, plan_id: str, direction: Direction) -> tuple[sa.ColumnElement[bool], ...]:
    """The orders of a plan in one direction."""
    return ORDERS.c.tenant == within.tenant, ORDERS.c.plan_id == plan_id, ORDERS.c.direction == direction


def unsettled(within: Transaction, plan_id: str, direction: Direction) -> tuple[sa.ColumnElement[bool], ...]:
    """What is still to be asked, or asked again. To give back is tried again even where it was refused."""
    if direction is Direction.UNDO:
        return *of_plan(within, plan_id, direction), ORDERS.c.state.in_([*LIVE, State.FAILED])
    mine = *of_plan(within, plan_id, direction), ORDERS.c.state.in_(LIVE)
    # Of a plan of which nothing is taken back, which is most of them, no order need be looked for among those.
    any_back = sa.select(ORDERS.c.key).where(*of_plan(within, plan_id, Direction.UNDO)).limit(1)
    return (*mine, ~taken_back()) if within.connection.execute(any_back).first() else mine


def perhaps_done() -> sa.ColumnElement[bool]:
    """Whether an order was done, or may have been: one that was asked twice and then refused, the first time."""
    asked_twice = sa.and_(ORDERS.c.state == State.FAILED, ORDERS.c.asked > 1)
    return sa.or_(ORDERS.c.state.in_((State.DONE, State.SENT, State.UNKNOWN)), asked_twice)


def taken_back() -> sa.ColumnElement[bool]:
    """Whether there is an order that takes this one back."""
    back = ORDERS.alias()
    same = (back.c[name] == ORDERS.c[name] for name in ("tenant", "plan_id", "account_id", "action"))
    return sa.exists().where(*same, back.c.direction == Direction.UNDO)


def left(within: Transaction, plan_id: str, direction: Direction) -> tuple[int, int, int | None]:
    """How many are unsettled, how many of these were asked before, and the first stage that has any."""
    asked_before = sa.func.sum(sa.case((ORDERS.c.state != State.PENDING, 1), else_=0))
    asked = sa.select(sa.func.count(), asked_before, sa.func.min(ORDERS.c.stage))
    many, again, stage = within.connection.execute(asked.where(*unsettled(within, plan_id, direction))).one()
    return int(many), int(again or 0), stage


def following(within: Transaction, found: Plan, direction: Direction, most: int) -> Sequence[sa.Row[Any]]:
    """Those not yet asked in this run, in the order of the plan, and of no later stage than it goes through."""
    fresh = sa.or_(ORDERS.c.state == State.PENDING, ORDERS.c.run < found.run)
    asked = sa.select(*ORDERS.c).where(
        *unsettled(within, found.plan_id, direction), fresh, ORDERS.c.stage <= found.through
    )
    return within.connection.execute(asked.order_by(ORDERS.c.number).limit(most)).all()


def mark_sent(within: Transaction, found: Plan, keys: Sequence[str]) -> None:
    """Write down that these are about to be asked, in this run."""
    sent = {"state": str(State.SENT), "asked": ORDERS.c.asked + 1, "run": found.run, "changed_at": within.at}
    for mine in _of_keys(within, keys):
        within.connection.execute(sa.update(ORDERS).where(*mine).values(**sent))


def sent(within: Transaction, found: Plan, keys: Sequence[str]) -> list[sa.Row[Any]]:
    """Those of these keys that were sent and are not settled, in the order of the plan."""
    mine = *of_plan(within, found.plan_id, found.direction), ORDERS.c.state == State.SENT
    rows = [row for those in _of_keys(within, keys)
            for row in within.connection.execute(sa.select(*ORDERS.c).where(*mine, *those))]  # fmt: skip
    return sorted(rows, key=lambda row: int(row.number))


def write_answers(within: Transaction, told: Iterable[tuple[str, Outcome]]) -> None:
    """Write down what became of each. One that was not asked after all is as before: perhaps done, or not asked."""
    alike: dict[tuple[State, str], list[str]] = {}
    for one, outcome in told:
        state, why = after(outcome)
        alike.setdefault((state, why), []).append(one)
    for (state, why), keys in alike.items():
        less = int(state is State.PENDING)
        before = sa.case((ORDERS.c.asked > 1, str(State.UNKNOWN)), else_=str(State.PENDING))
        now = before if less else str(state)
        new = {"state": now, "why": why, "asked": ORDERS.c.asked - less, "changed_at": within.at}
        for mine in _of_keys(within, keys):
            within.connection.execute(sa.update(ORDERS).where(*mine).values(**new))


def order(row: sa.Row[Any], digest: str) -> Order:
    """An order as a target gets it."""
    direction, action = Direction(row.direction), Action(row.action)
    undoes = key(digest, row.account_id, action, Direction.DO) if direction is Direction.UNDO else ""
    return Order(row.key, row.account_id, action, direction, row.plan_id, undoes)


def _insert(
    within: Transaction,
    plan_id: str,
    digest: str,
    direction: Direction,
    told: Sequence[tuple[str, Action, int]],
    before: int = 0,
) -> None:
    whole = {"tenant": within.tenant, "plan_id": plan_id, "direction": str(direction), "state": str(State.PENDING)}
    none: dict[str, object] = {"asked": 0, "run": 0, "why": ""}
    rows = [
        {**whole, **none, "account_id": account, "action": str(action), "stage": stage, "number": number,
         "key": key(digest, account, action, direction)}
        for number, (account, action, stage) in enumerate(told, before + 1)
    ]  # fmt: skip
    if rows:
        within.connection.execute(sa.insert(ORDERS), rows)
    if len(rows) >= MANY and within.connection.dialect.name == "postgresql":
        # It knows nothing of rows that have just come, and would look for some by their keys among all of them.
        within.connection.execute(sa.text("ANALYZE plan_orders"))


def _of_keys(within: Transaction, keys: Sequence[str]) -> list[tuple[sa.ColumnElement[bool], ...]]:
    return [(ORDERS.c.tenant == within.tenant, ORDERS.c.key.in_(some)) for some in binding.parts(keys)]
