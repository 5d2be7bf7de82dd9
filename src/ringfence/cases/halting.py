"""When does a run of a plan end? When all is done, a stage is, too much went wrong, or somebody says so."""

from collections.abc import Sequence

from ringfence.cases import orders, plan, timeline
from ringfence.cases.actions import Direction
from ringfence.cases.audit import Act
from ringfence.cases.cases import Case
from ringfence.cases.plan import Phase, Plan
from ringfence.cases.timeline import Event
from ringfence.cases.transaction import Transaction

ENOUGH = 20  # answers before a share of them that went wrong means anything


def judge(within: Transaction, case: Case, found: Plan, well: Sequence[bool]) -> str:
    """Count how orders were answered, and stop where too many went wrong. Returns why, empty where it goes on."""
    in_a_row = worst = found.in_a_row
    for one in well:
        in_a_row = 0 if one else in_a_row + 1
        worst = max(worst, in_a_row)
    settled, failed = found.settled + len(well), found.failed + well.count(False)
    plan.change(within, found.plan_id, settled=settled, failed=failed, in_a_row=in_a_row)
    why = ""
    if worst >= found.terms.most_in_a_row:
        why = f"{worst} orders one after the other went wrong"
    elif settled >= ENOUGH and failed > found.terms.most_failed * settled:
        why = f"{failed:,} of {settled:,} orders went wrong"
    if why:
        stop(within, case, found, why)
        plan.change(within, found.plan_id, token=None)
    return why


def stop(within: Transaction, case: Case, found: Plan, why: str) -> str:
    """Have a run stand still, and say why."""
    status = {"status": Phase.STOPPED} if found.status is Phase.RUNNING else {}
    plan.change(within, found.plan_id, stopped=why, **status)
    timeline.add(within, case.case_id, Event.PLAN_STOPPED, {"plan": found.plan_id, "why": why})
    within.record(Act.PLAN_STOPPED, found.plan_id, {"run": found.run, "why": why})
    return why


def finish(within: Transaction, case: Case, found: Plan, direction: Direction) -> str:
    """Nothing is left to ask in this run: all is done, or a stage, or some must be asked again in another run."""
    left, again, _ = orders.left(within, found.plan_id, direction)
    if again:
        return stop(within, case, found, f"{again:,} orders have no clear answer: run it again")
    if left:
        return stop(within, case, found, f"stage {found.through} is done")
    if direction is Direction.UNDO and found.status is not Phase.UNDOING:
        plan.change(within, found.plan_id, stopped="")
        return "what was to be given back is given back"
    done = direction is Direction.DO
    plan.change(within, found.plan_id, status=Phase.DONE if done else Phase.UNDONE, stopped="")
    timeline.add(within, case.case_id, Event.PLAN_DONE if done else Event.PLAN_UNDONE, {"plan": found.plan_id})
    within.record(Act.PLAN_DONE if done else Act.PLAN_UNDONE, found.plan_id, {"run": found.run})
    return "done" if done else "undone"
