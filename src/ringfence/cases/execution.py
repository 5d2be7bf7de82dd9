"""How is a plan carried out? Order by order, each written down before it is asked and after it is answered.

Whoever runs a plan holds it by a secret token for a while. What they asked and did not settle when they died is asked
again, with the same key, by whoever runs it next. Nothing here knows what a target is: see `ringfence.enforcement`.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from ringfence.cases import approval, halting, orders, outbox, plan, timeline
from ringfence.cases.actions import Action, Direction, Done, Order, Outcome, Unsent, after
from ringfence.cases.audit import Act, Fact
from ringfence.cases.cases import Case
from ringfence.cases.faults import Stale
from ringfence.cases.people import Permission
from ringfence.cases.plan import Part, Phase, Plan
from ringfence.cases.plan_tables import ORDERS
from ringfence.cases.preview import Grounds
from ringfence.cases.timeline import Event
from ringfence.cases.transaction import Transaction
from ringfence.cases.written import demand_reason
from ringfence.model.faults import Fault

HELD = timedelta(minutes=3)  # after its last act a run is taken for dead; longer than a target may take to answer
_STARTED = frozenset({Phase.APPROVED, Phase.STOPPED, Phase.RUNNING})


@dataclass(frozen=True, slots=True)
class Run:
    """The right to carry out a plan, in one direction."""

    plan_id: str
    token: str
    direction: Direction
    per_second: float
    most_in_a_row: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """Orders to ask now, written down as sent. None means that the run is over: `ended` says how, in words."""

    orders: tuple[Order, ...]
    ended: str = ""


def begin(within: Transaction, plan_id: str, grounds: Grounds, through: int | None = None) -> Run:
    """Start a plan that is approved, or go on with one that stopped, up to the end of a stage.

    Without `through` that is the next stage where the plan pauses after each, else the last one. `grounds` are of its
    accounts, read now. Raises Stale where the approval or the network does not hold any more, or somebody else runs it.
    """
    within.demand(Permission.RUN_PLANS)
    case, found = plan.lock(within, plan_id)
    _demand_free(within, found)
    if found.status not in _STARTED:
        raise Stale(f"is {found.status}", where=plan_id, mend="only a plan that is approved or stopped is run")
    content = plan.content(within, found)
    if why := approval.vouched(within, found) or plan.changed(within, case, found):
        raise Stale(why, where=plan_id, mend="propose it again, and have it approved anew")
    if orders.written(within, plan_id) != orders.frozen(content, str(found.digest)):
        mend = "find out who changed the database: run `ringfence audit verify`"
        raise Fault("has other orders than were frozen", where=plan_id, mend=mend)
    _refuse_new_doubts(within, found, grounds)
    run = _begun(within, found, Direction.DO, through)
    plan.change(within, plan_id, status=Phase.RUNNING)
    plan.lend_hand(within, plan_id, Part.RAN)
    timeline.add(within, case.case_id, Event.PLAN_STARTED, {"plan": plan_id, "run": found.run + 1})
    return run


def begin_undo(within: Transaction, plan_id: str, through: int | None = None) -> Run:
    """Start, or go on, to carry out what undo.py has ordered, up to the end of a stage; None is the last.

    It needs no approval: it only gives back.
    """
    within.demand(Permission.RUN_PLANS)
    _, found = plan.lock(within, plan_id)
    _demand_free(within, found)
    if not orders.left(within, plan_id, Direction.UNDO)[0]:
        raise Stale("has nothing to undo", where=plan_id, mend="order it first: `ringfence plan undo --why ...`")
    if found.status is Phase.UNDOING:  # to give back what an appeal asks for is no part in what others appeal against
        plan.lend_hand(within, plan_id, Part.UNDID)
    return _begun(within, found, Direction.UNDO, through)


def claim(within: Transaction, run: Run, most: int) -> Claimed:
    """Take the next orders and write them down as sent. Nothing is taken where anything has changed since the start."""
    case, found = _held(within, run)
    within.demand(Permission.RUN_PLANS)
    if why := found.stopped or _stands(within, case, found):
        plan.change(within, found.plan_id, token=None)
        return Claimed((), why if found.stopped else halting.stop(within, case, found, why))
    rows = orders.following(within, found, run.direction, most)
    if not rows:
        plan.change(within, found.plan_id, token=None)
        return Claimed((), halting.finish(within, case, found, run.direction))
    plan.change(within, found.plan_id, token_until=within.at + HELD)
    keys = [row.key for row in rows]
    orders.mark_sent(within, found, keys)
    told: dict[str, Fact] = {"direction": run.direction, "run": found.run, "keys": keys}
    within.record(Act.ORDERS_SENT, found.plan_id, {**told, "accounts": [row.account_id for row in rows]})
    return Claimed(tuple(orders.order(row, str(found.digest)) for row in rows))


def settle(within: Transaction, run: Run, outcomes: Mapping[str, Outcome]) -> str:
    """Write down what became of orders, by key. Returns why the run has to stop now, empty where it goes on.

    It asks for no permission: what has happened is written down, whoever may do what by now.
    """
    case, found = _held(within, run)
    rows = orders.sent(within, found, list(outcomes))
    orders.write_answers(within, [(row.key, outcomes[row.key]) for row in rows])
    answered = [row for row in rows if not isinstance(outcomes[row.key], Unsent)]
    for row in answered:
        state, why = after(outcomes[row.key])
        told: dict[str, Fact] = {"account": row.account_id, "action": row.action, "direction": row.direction}
        more: dict[str, Fact] = {"state": state, "key": row.key, "why": why}
        within.record(Act.ORDER_ANSWERED, found.plan_id, told | more)
    done = [(row.account_id, Action(row.action)) for row in answered if isinstance(outcomes[row.key], Done)]
    outbox.of_orders(within, found, run.direction, done)
    return halting.judge(within, case, found, [isinstance(outcomes[row.key], Done) for row in answered])


def stop(within: Transaction, plan_id: str, why: str) -> None:
    """Have a run stop before its next orders, for a reason. What was sent already is still settled."""
    within.demand(Permission.RUN_PLANS)
    case, found = plan.lock(within, plan_id)
    demand_reason(why, plan_id)
    if found.status is not Phase.RUNNING and found.token is None:
        raise Stale(f"is {found.status}", where=plan_id, mend="only a plan that runs is stopped")
    halting.stop(within, case, found, f"stopped by {within.person.id}: {why}")


def let_go(within: Transaction, run: Run, why: str) -> None:
    """End a run that cannot go on, once all that it sent is settled, so that another may begin at once."""
    case, found = _held(within, run)
    halting.stop(within, case, found, why)
    plan.change(within, found.plan_id, token=None)


def _begun(within: Transaction, found: Plan, direction: Direction, through: int | None) -> Run:
    """Hold the plan for a new run that ends with a stage."""
    following = orders.left(within, found.plan_id, direction)[2] or 1
    last = max(orders.progress(within, found.plan_id, direction).stages, default=1)
    pauses = found.terms.pauses and direction is Direction.DO  # what is given back waits for nobody
    end = min(through or (following if pauses else last), last)
    token, count = secrets.token_hex(16), {"settled": 0, "failed": 0, "in_a_row": 0, "stopped": ""}
    held = {"token": token, "token_until": within.at + HELD, "run": found.run + 1}
    plan.change(within, found.plan_id, **held, **count, direction=str(direction), through=end)
    told: dict[str, Fact] = {"run": found.run + 1, "direction": direction, "through": end, "digest": found.digest}
    within.record(Act.PLAN_STARTED, found.plan_id, told)
    return Run(found.plan_id, token, direction, found.terms.per_second, found.terms.most_in_a_row)


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
    """Why the next orders may not be sent; empty where they may. To give back rests on nothing but the order to."""
    if found.direction is Direction.UNDO:
        return ""
    if found.status is not Phase.RUNNING:
        return f"is {found.status}"
    return approval.vouched(within, found) or plan.moved(within, case, found)


def _refuse_new_doubts(within: Transaction, found: Plan, grounds: Grounds) -> None:
    asked = sa.select(ORDERS.c.account_id, ORDERS.c.action)
    rows = within.connection.execute(asked.where(*orders.unsettled(within, found.plan_id, Direction.DO)))
    for account_id, action in rows:
        minor = account_id in grounds.minors and action != Action.CARE
        opposed = account_id in grounds.opposed and action != Action.CARE
        if minor or opposed:
            what = "may be a child's by now" if minor else "was reviewed since, and does not belong"
            raise Stale(f"account {account_id!r} {what}", where=found.plan_id, mend="propose it again without it")
