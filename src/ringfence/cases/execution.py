"""How is a plan carried out? Order by order, each written down before it is asked and after it is answered.

Whoever runs a plan holds it by a secret token for a while. What they asked and did not settle when they died is asked
again, with the same key, by whoever runs it next. Nothing here knows what a target is: see `ringfence.enforcement`.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from ringfence.cases import approval, outbox, plan, timeline
from ringfence.cases.actions import Action, Direction, Done, Order, Outcome, State, Unsent, after, key
from ringfence.cases.audit import Act
from ringfence.cases.cases import Case
from ringfence.cases.faults import Stale
from ringfence.cases.people import Permission
from ringfence.cases.plan import Content, Phase, Plan
from ringfence.cases.plan_tables import ORDERS
from ringfence.cases.preview import Grounds
from ringfence.cases.timeline import Event
from ringfence.cases.transaction import Transaction
from ringfence.model.faults import Fault

HELD = timedelta(minutes=3)  # after its last act a run is taken for dead; longer than a target may take to answer
WORDS = 500  # characters that are kept of what a target says
ENOUGH = 20  # answers before a share of them that went wrong means anything


@dataclass(frozen=True, slots=True)
class Run:
    """The right to carry out a plan, in one direction."""

    plan_id: str
    token: str
    direction: Direction
    per_second: float


@dataclass(frozen=True, slots=True)
class Claimed:
    """Orders to ask now, written down as sent. None means that the run is over: `ended` says how, in words."""

    orders: tuple[Order, ...]
    ended: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How many orders of a direction are in each state, by stage."""

    stages: Mapping[int, Mapping[State, int]]

    @property
    def total(self) -> Mapping[State, int]:
        return {state: sum(stage.get(state, 0) for stage in self.stages.values()) for state in State}


def begin(within: Transaction, plan_id: str, through: int | None, grounds: Grounds) -> Run:
    """Start a plan that is approved, or go on with one that stopped, up to the end of a stage; None is the last.

    `grounds` are of its accounts, read now. Raises Stale where the approval or the network does not hold any more, or
    somebody else runs it.
    """
    within.demand(Permission.RUN_PLANS)
    case, found = plan.lock(within, plan_id)
    _demand_free(within, found)
    if found.status not in {Phase.APPROVED, Phase.STOPPED, Phase.RUNNING}:
        raise Stale(f"is {found.status}", where=plan_id, mend="only a plan that is approved or stopped is run")
    content = plan.content(within, found)
    if why := approval.vouched(within, found) or plan.changed(within, case, found):
        raise Stale(why, where=plan_id, mend="draft it again, and have it approved anew")
    _refuse_other_orders(within, content, found)
    _refuse_new_doubts(within, found, grounds)
    last = content.preview.steps[-1].stage
    run = _begun(within, found, Direction.DO, last if through is None else min(through, last))
    plan.change(within, plan_id, status=Phase.RUNNING)
    timeline.add(within, case.case_id, Event.PLAN_STARTED, {"plan": plan_id, "run": found.run + 1})
    return run


def begin_undo(within: Transaction, plan_id: str) -> Run:
    """Start, or go on, to carry out what undo.py has ordered. It needs no approval: it only gives back."""
    within.demand(Permission.RUN_PLANS)
    _, found = plan.lock(within, plan_id)
    _demand_free(within, found)
    if not _open(within, plan_id, Direction.UNDO):
        raise Stale("has nothing to undo", where=plan_id, mend="order it first: `ringfence cases undo`")
    return _begun(within, found, Direction.UNDO, 0)


def claim(within: Transaction, run: Run, most: int) -> Claimed:
    """Take the next orders and write them down as sent. Nothing is taken where anything has changed since the start."""
    case, found = _held(within, run)
    if run.direction is Direction.DO:
        within.demand(Permission.RUN_PLANS)
        if why := _stands(within, case, found):
            plan.change(within, found.plan_id, token=None)
            return Claimed((), _stop(within, case, found, why))
    rows = within.connection.execute(_next(within, found, run.direction, most)).all()
    if not rows:
        plan.change(within, found.plan_id, token=None)
        return Claimed((), _finish(within, case, found, run.direction))
    plan.change(within, found.plan_id, token_until=within.at + HELD)
    mine = ORDERS.c.tenant == within.tenant, ORDERS.c.key == sa.bindparam("of")
    sent = {"state": State.SENT, "asked": ORDERS.c.asked + 1, "run": found.run, "changed_at": within.at}
    within.connection.execute(sa.update(ORDERS).where(*mine).values(**sent), [{"of": row.key} for row in rows])
    told = {"direction": run.direction, "run": found.run, "accounts": [row.account_id for row in rows],
            "keys": [row.key for row in rows]}  # fmt: skip
    within.record(Act.ORDERS_SENT, found.plan_id, told)
    return Claimed(tuple(_order(row._mapping, run.direction) for row in rows))  # noqa: SLF001, its public name


def settle(within: Transaction, run: Run, outcomes: Mapping[str, Outcome]) -> str:
    """Write down what became of orders, by key. Returns why the run has to stop now, empty where it goes on.

    It asks for no permission: what has happened is written down, whoever may do what by now.
    """
    case, found = _held(within, run)
    rows = _of_keys(within, found, list(outcomes))
    _write(within, [(row.key, outcomes[row.key]) for row in rows])
    answered = [row for row in rows if not isinstance(outcomes[row.key], Unsent)]
    for row in answered:
        state, why = after(outcomes[row.key])
        more = {"account": row.account_id, "action": row.action, "direction": row.direction, "state": state}
        within.record(Act.ORDER_ANSWERED, found.plan_id, {**more, "key": row.key, "why": why[:WORDS]})
    well = [row.account_id for row in answered if isinstance(outcomes[row.key], Done) and _tells(Action(row.action))]
    outbox.of_orders(within, found, run.direction, well)
    return _judged(within, case, found, [isinstance(outcomes[row.key], Done) for row in answered])


def stop(within: Transaction, plan_id: str, why: str) -> None:
    """Have a run stop before its next orders, for a reason. What was sent already is still settled."""
    within.demand(Permission.RUN_PLANS)
    case, found = plan.lock(within, plan_id)
    if not why.strip():
        raise Fault("no reason is given", where=plan_id, mend="say why, so that others can check it")
    if found.status is not Phase.RUNNING:
        raise Stale(f"is {found.status}", where=plan_id, mend="only a plan that runs is stopped")
    _stop(within, case, found, f"stopped by {within.person.id}: {why}")


def let_go(within: Transaction, run: Run, why: str) -> None:
    """End a run that cannot go on, once all that it sent is settled, so that another may begin at once."""
    case, found = _held(within, run)
    _stop(within, case, found, why)
    plan.change(within, found.plan_id, token=None)


def progress(within: Transaction, plan_id: str, direction: Direction) -> Progress:
    """How far it is. Whoever shows it has asked for the plan."""
    count = sa.func.count()
    asked = sa.select(ORDERS.c.stage, ORDERS.c.state, count).where(*_all(within, plan_id, direction))
    stages: dict[int, dict[State, int]] = {}
    for stage, state, many in within.connection.execute(asked.group_by(ORDERS.c.stage, ORDERS.c.state)):
        stages.setdefault(stage, {})[State(state)] = many
    return Progress(stages)


def _begun(within: Transaction, found: Plan, direction: Direction, through: int) -> Run:
    token, count = secrets.token_hex(16), {"settled": 0, "failed": 0, "in_a_row": 0, "stopped": ""}
    held = {"token": token, "token_until": within.at + HELD, "run": found.run + 1}
    plan.change(within, found.plan_id, **held, **count, direction=str(direction), through=through)
    told = {"run": found.run + 1, "direction": direction, "through": through, "digest": found.digest}
    within.record(Act.PLAN_STARTED, found.plan_id, told)
    return Run(found.plan_id, token, direction, plan.terms(found).per_second)


def _demand_free(within: Transaction, found: Plan) -> None:
    if found.token and found.token_until and found.token_until > within.at:
        what = f"is being run, until {found.token_until:%H:%M:%S} (UTC) if nothing more is heard of that"
        raise Stale(what, where=found.plan_id, mend="wait, or stop it")


def _held(within: Transaction, run: Run) -> tuple[Case, Plan]:
    case, found = plan.lock(within, run.plan_id)
    if found.token is None or not secrets.compare_digest(found.token, run.token):
        raise Stale("is run by somebody else by now", where=run.plan_id, mend="leave it to them")
    return case, found


def _stands(within: Transaction, case: Case, found: Plan) -> str:
    """Why the next orders may not be sent; empty where they may."""
    if found.status is not Phase.RUNNING:
        return found.stopped or f"is {found.status}"
    return approval.vouched(within, found) or plan.moved(within, case, found)


def _refuse_other_orders(within: Transaction, content: Content, found: Plan) -> None:
    """What is carried out is what was frozen: whoever put another order into the database is found out here."""
    asked = sa.select(ORDERS.c.account_id, ORDERS.c.action, ORDERS.c.stage, ORDERS.c.key)
    rows = within.connection.execute(asked.where(*_all(within, found.plan_id, Direction.DO)))
    frozen = {
        (step.account_id, str(action), step.stage, key(str(found.digest), step.account_id, action, Direction.DO))
        for step in content.preview.steps
        for action in step.actions
    }
    if {tuple(row) for row in rows} != frozen:
        mend = "find out who changed the database: run `ringfence audit verify`"
        raise Fault("has other orders than were frozen", where=found.plan_id, mend=mend)


def _refuse_new_doubts(within: Transaction, found: Plan, grounds: Grounds) -> None:
    asked = sa.select(ORDERS.c.account_id, ORDERS.c.action).where(*_unsettled(within, found.plan_id, Direction.DO))
    for account_id, action in within.connection.execute(asked):
        minor = account_id in grounds.minors and action != Action.CARE
        if minor or account_id in grounds.opposed:
            what = "may be a child's by now" if minor else "was reviewed since, and does not belong"
            raise Stale(f"account {account_id!r} {what}", where=found.plan_id, mend="draft it again")


def _all(within: Transaction, plan_id: str, direction: Direction) -> tuple[sa.ColumnElement[bool], ...]:
    return ORDERS.c.tenant == within.tenant, ORDERS.c.plan_id == plan_id, ORDERS.c.direction == direction


def _unsettled(within: Transaction, plan_id: str, direction: Direction) -> tuple[sa.ColumnElement[bool], ...]:
    """What is still to be asked, or asked again. To give back is tried again even where it was refused."""
    states = [State.PENDING, State.SENT, State.UNKNOWN]
    if direction is Direction.UNDO:
        return *_all(within, plan_id, direction), ORDERS.c.state.in_([*states, State.FAILED])
    back = ORDERS.alias()
    taken_back = sa.exists().where(
        *(back.c[name] == ORDERS.c[name] for name in ("tenant", "plan_id", "account_id", "action")),
        back.c.direction == Direction.UNDO,
    )
    return *_all(within, plan_id, direction), ORDERS.c.state.in_(states), ~taken_back


def _open(within: Transaction, plan_id: str, direction: Direction) -> int:
    asked = sa.select(sa.func.count()).select_from(ORDERS).where(*_unsettled(within, plan_id, direction))
    return within.connection.execute(asked).scalar_one()


def _next(within: Transaction, found: Plan, direction: Direction, most: int) -> sa.Select[Any]:
    """Those not yet asked in this run, in the order of the plan, and of no later stage than it goes through."""
    fresh = sa.or_(ORDERS.c.state == State.PENDING, ORDERS.c.run < found.run)
    asked = sa.select(*ORDERS.c).where(*_unsettled(within, found.plan_id, direction), fresh)
    if direction is Direction.DO:
        asked = asked.where(ORDERS.c.stage <= found.through)
    return asked.order_by(ORDERS.c.number).limit(most)


def _order(row: sa.RowMapping, direction: Direction) -> Order:
    undoes = row["why"] if direction is Direction.UNDO else ""
    return Order(row["key"], row["account_id"], Action(row["action"]), direction, row["plan_id"], undoes)


def _of_keys(within: Transaction, found: Plan, keys: Sequence[str]) -> list[sa.Row[Any]]:
    """The orders of these keys that were sent and are not settled, in the order of the plan."""
    mine = *_all(within, found.plan_id, found.direction), ORDERS.c.state == State.SENT
    rows: list[sa.Row[Any]] = []
    for start in range(0, len(keys), 500):
        asked = sa.select(*ORDERS.c).where(*mine, ORDERS.c.key.in_(keys[start : start + 500]))
        rows += within.connection.execute(asked)
    return sorted(rows, key=lambda row: int(row.number))


def _write(within: Transaction, told: Sequence[tuple[str, Outcome]]) -> None:
    if not told:
        return
    states = [(key, *after(outcome)) for key, outcome in told]
    rows = [
        {"of": key, "to": str(state), "said": why[:WORDS], "less": int(state is State.PENDING)}
        for key, state, why in states
    ]
    new = {"state": sa.bindparam("to"), "why": sa.bindparam("said"), "changed_at": within.at}
    less = ORDERS.c.asked - sa.bindparam("less", type_=sa.Integer)
    mine = ORDERS.c.tenant == within.tenant, ORDERS.c.key == sa.bindparam("of")
    within.connection.execute(sa.update(ORDERS).where(*mine).values(**new, asked=less), rows)


def _judged(within: Transaction, case: Case, found: Plan, well: Sequence[bool]) -> str:
    """Count how orders were answered, and stop where too many went wrong."""
    in_a_row = found.in_a_row
    worst = in_a_row
    for one in well:
        in_a_row = 0 if one else in_a_row + 1
        worst = max(worst, in_a_row)
    settled, failed = found.settled + len(well), found.failed + well.count(False)
    plan.change(within, found.plan_id, settled=settled, failed=failed, in_a_row=in_a_row)
    terms, why = plan.terms(found), ""
    if worst >= terms.most_in_a_row:
        why = f"{worst} orders one after the other went wrong"
    elif settled >= ENOUGH and failed > terms.most_failed * settled:
        why = f"{failed:,} of {settled:,} orders went wrong"
    if why:
        _stop(within, case, found, why)
        plan.change(within, found.plan_id, token=None)
    return why


def _stop(within: Transaction, case: Case, found: Plan, why: str) -> str:
    if found.status is Phase.RUNNING:
        plan.change(within, found.plan_id, status=Phase.STOPPED, stopped=why)
    else:
        plan.change(within, found.plan_id, stopped=why)
    timeline.add(within, case.case_id, Event.PLAN_STOPPED, {"plan": found.plan_id, "why": why})
    within.record(Act.PLAN_STOPPED, found.plan_id, {"run": found.run, "why": why})
    return why


def _finish(within: Transaction, case: Case, found: Plan, direction: Direction) -> str:
    """Nothing is left to ask in this run: all is done, or a stage, or some must be asked again in another run."""
    left = _open(within, found.plan_id, direction)
    unclear = sa.select(sa.func.count()).select_from(ORDERS).where(
        *_unsettled(within, found.plan_id, direction), ORDERS.c.state != State.PENDING
    )  # fmt: skip
    if again := within.connection.execute(unclear).scalar_one():
        return _stop(within, case, found, f"{again:,} orders have no clear answer: run it again")
    if left:
        return _stop(within, case, found, f"stage {found.through} is done")
    if direction is Direction.UNDO and found.status is not Phase.UNDOING:
        return "what was to be given back is given back"
    done = direction is Direction.DO
    plan.change(within, found.plan_id, status=Phase.DONE if done else Phase.UNDONE, stopped="")
    timeline.add(within, case.case_id, Event.PLAN_DONE if done else Event.PLAN_UNDONE, {"plan": found.plan_id})
    within.record(Act.PLAN_DONE if done else Act.PLAN_UNDONE, found.plan_id, {"run": found.run})
    return "done" if done else "undone"


def _tells(action: Action) -> bool:
    """Whether an account that it is done to belongs: everything but care says so."""
    return action is not Action.CARE
