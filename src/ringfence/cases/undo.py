"""How is what a plan did taken back? The last thing done first; what cannot be taken back is named, with the reason."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from ringfence.cases import orders, plan, timeline
from ringfence.cases.actions import REVERSIBLE, WORDS, Action, Direction, State
from ringfence.cases.audit import Act, Fact
from ringfence.cases.faults import Stale
from ringfence.cases.people import Permission
from ringfence.cases.plan import Part, Phase, Plan
from ringfence.cases.plan_tables import ORDERS
from ringfence.cases.timeline import Event
from ringfence.cases.transaction import Transaction
from ringfence.cases.written import demand_reason

LASTING: Mapping[Action, str] = MappingProxyType(
    {
        Action.REMOVE_CONTENT: "what was removed is gone: ask the platform whether it has a copy",
        Action.REPORT_TO_AUTHORITY: "what was handed over cannot be called back: tell those who got it",
        Action.CARE: "care goes on until those who care end it",
    }
)
NOT_THERE = "the platform cannot take it back"
_ABLE = frozenset({Phase.APPROVED, Phase.RUNNING, Phase.STOPPED, Phase.DONE, Phase.UNDOING})


@dataclass(frozen=True, slots=True)
class Lasting:
    """Something that was done, perhaps, and stays."""

    account_id: str
    action: Action
    why: str


@dataclass(frozen=True, slots=True)
class Undoing:
    """How many orders will be taken back, and how many were never asked. `lasting` stays as it is."""

    ordered: int
    withheld: int
    lasting: tuple[Lasting, ...]


def order(within: Transaction, plan_id: str, why: str, reversible: Collection[Action] = REVERSIBLE) -> Undoing:
    """Have all of a plan taken back; `execution.begin_undo` then does it. `reversible` is what the platform can.

    Nothing more of the plan is carried out from now on. Asked for twice, it is done once.
    """
    within.demand(Permission.RUN_PLANS)
    case, found = plan.lock(within, plan_id)
    demand_reason(why, plan_id)
    if found.status not in _ABLE:
        raise Stale(f"is {found.status}", where=plan_id, mend="only what was approved can be undone")
    made = _taken_back(within, found, why, reversible, None)
    plan.lend_hand(within, plan_id, Part.UNDID)
    waits = orders.left(within, plan_id, Direction.UNDO)[0]
    plan.change(within, plan_id, status=Phase.UNDOING if waits else Phase.UNDONE, stopped="")
    timeline.add(within, case.case_id, Event.PLAN_UNDO_ORDERED, {"plan": plan_id, "why": why})
    told: dict[str, Fact] = {
        "why": why,
        "ordered": made.ordered,
        "withheld": made.withheld,
        "lasting": len(made.lasting),
    }
    within.record(Act.PLAN_UNDO_ORDERED, plan_id, told)
    return made


def restore(
    within: Transaction, found: Plan, account_id: str, why: str, reversible: Collection[Action] = REVERSIBLE
) -> Undoing:
    """Have all that a plan did to one account taken back, in a plan that `lock` has returned. Who may is asked before.

    What has not been done to it yet is not done any more.
    """
    made = _taken_back(within, found, why, reversible, account_id)
    told: dict[str, Fact] = {"plan": found.plan_id, "why": why, "ordered": made.ordered, "withheld": made.withheld}
    within.record(Act.ACCOUNT_RESTORED, account_id, told)
    return made


def lasting(within: Transaction, plan_id: str, reversible: Collection[Action]) -> tuple[Lasting, ...]:
    """What a plan did, or perhaps did, that an undo would not take back. Whoever shows it has asked for the plan."""
    return _lasting(_perhaps_done(within, plan_id, None), reversible)


def _taken_back(
    within: Transaction, found: Plan, why: str, reversible: Collection[Action], account_id: str | None
) -> Undoing:
    withheld = _withhold(within, found.plan_id, why, account_id)
    rows = _perhaps_done(within, found.plan_id, account_id)
    able = [
        (row.account_id, Action(row.action)) for row in rows if row.action in REVERSIBLE and row.action in reversible
    ]
    orders.write_back(within, found, able)
    return Undoing(len(able), withheld, _lasting(rows, reversible))


def _withhold(within: Transaction, plan_id: str, why: str, account_id: str | None) -> int:
    mine = *orders.of_plan(within, plan_id, Direction.DO), ORDERS.c.state == State.PENDING
    if account_id is not None:
        mine = *mine, ORDERS.c.account_id == account_id
    new = {"state": str(State.WITHHELD), "why": why[:WORDS], "changed_at": within.at}
    return within.connection.execute(sa.update(ORDERS).where(*mine).values(**new)).rowcount


def _perhaps_done(within: Transaction, plan_id: str, account_id: str | None) -> Sequence[sa.Row[Any]]:
    """What may have been done and nobody has had taken back, the last one first."""
    mine = *orders.of_plan(within, plan_id, Direction.DO), orders.perhaps_done(), ~orders.taken_back()
    if account_id is not None:
        mine = *mine, ORDERS.c.account_id == account_id
    return within.connection.execute(sa.select(*ORDERS.c).where(*mine).order_by(ORDERS.c.number.desc())).all()


def _lasting(rows: Sequence[sa.Row[Any]], reversible: Collection[Action]) -> tuple[Lasting, ...]:
    told = [(row.account_id, Action(row.action)) for row in rows]
    return tuple(
        Lasting(account, action, LASTING.get(action, NOT_THERE))
        for account, action in told
        if action not in REVERSIBLE or action not in reversible
    )
