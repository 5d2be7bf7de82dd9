"""ringfence plan"""

from typing import Annotated

import typer

from ringfence.cases import execution, plans, undo
from ringfence.cases import plan as plan_
from ringfence.cases.actions import Action
from ringfence.cases.plan import Phase
from ringfence.cases.plans import Shown
from ringfence.cases.preview import Wish
from ringfence.cli import plan_said as said
from ringfence.cli import say
from ringfence.cli.desk import By, Desk, Why, desk
from ringfence.enforcement import configured, feedback, running
from ringfence.enforcement.enforcer import Enforcer
from ringfence.enforcement.feedback import Delivered

GROUP = typer.Typer(
    name="plan", help="What is done about a network: previewed, approved by a second person, run, undone.",
    no_args_is_help=True,
)  # fmt: skip
CaseId = Annotated[str, typer.Argument(help="The id of a case, as `ringfence cases list` has it.")]
PlanId = Annotated[str, typer.Argument(help="The id of a plan, as `ringfence plan list` has it.")]
Actions = Annotated[list[Action], typer.Option("--action", help="What to do; give it again for more than one.")]
Accounts = Annotated[
    list[str] | None, typer.Option("--account", help="Only this member; give it again for more. Without it, all.")
]
RESUME = """Go on with a plan that stopped, or whose process died. What has no clear answer is asked again with its key.

Example: ringfence plan resume plan-0123456789abcdef --by wren --workspace platform
"""
Stage = Annotated[int | None, typer.Option(help="Go on up to the end of this stage; without it, as the plan says.")]


@GROUP.command()
def preview(
    case_id: CaseId,
    action: Actions,
    by: By,
    why: Why,
    account: Accounts = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Show what a plan would do: to whom and why, who is set aside, and how far it reaches. Nothing is done.

    Example: ringfence plan preview case-0123456789abcdef --action limit --by wren --why "sells" --workspace platform
    """
    with desk(workspace, by) as at:
        seen = plans.preview(at.database, at.workspace, at.person, case_id, _wish(action, why, account))
    if as_json:
        say.as_json(seen)
    else:
        said.preview(seen)


@GROUP.command()
def propose(
    case_id: CaseId,
    action: Actions,
    by: By,
    why: Why,
    account: Accounts = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Freeze a plan for a case that one holds. Somebody who had no part in it approves it by its digest.

    Example: ringfence plan propose case-0123456789abcdef --action suspend --by wren --why "sells" --workspace platform
    """
    with desk(workspace, by) as at:
        made = plans.propose(at.database, at.workspace, at.person, case_id, _wish(action, why, account))
    if as_json:
        say.as_json({"plan": said.told(made)})
    else:
        typer.echo(f"{made.plan_id}: {made.accounts:,} accounts, frozen under {made.digest}")


@GROUP.command()
def approve(
    plan_id: PlanId,
    digest: Annotated[str, typer.Option(help="The digest of what was seen, as `ringfence plan show` has it.")],
    by: By,
    why: Why,
    refuse: Annotated[bool, typer.Option("--refuse", help="Turn it down instead, for good.")] = False,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Agree to a frozen plan, as a senior reviewer who had no part in it. Its evidence is held from now on.

    Example: ringfence plan approve plan-0123456789abcdef --digest 12ab --by finch --why "agreed" --workspace platform
    """
    with desk(workspace, by) as at:
        if refuse:
            plans.refuse(at.database, at.person, plan_id, digest, why)
        else:
            plans.approve(at.database, at.workspace, at.person, plan_id, digest, why)
    _done({"plan": plan_id, "decision": "refused" if refuse else "approved"}, as_json)


@GROUP.command("resume", help=RESUME)
@GROUP.command()
def run(
    plan_id: PlanId,
    by: By,
    stage: Stage = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Carry an approved plan out, up to the end of a stage. It stops where too much goes wrong.

    Example: ringfence plan run plan-0123456789abcdef --by wren --workspace platform
    """
    with desk(workspace, by) as at:
        enforcer = configured.enforcer(at.workspace)
        ended, delivered = _carried_out(at, plan_id, enforcer, stage)
    if as_json:
        say.as_json({"plan": plan_id, "ended": ended, "told": delivered})
        return
    typer.echo(f"{plan_id}: {ended}")
    said.delivered(delivered)


@GROUP.command()
def stop(plan_id: PlanId, by: By, why: Why, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Have a plan that runs stop before its next orders.

    Example: ringfence plan stop plan-0123456789abcdef --by finch --why "let me look" --workspace platform
    """
    with desk(workspace, by) as at, at.act() as within:
        execution.stop(within, plan_id, why)
    _done({"plan": plan_id, "stopped": why}, as_json)


@GROUP.command("undo")
def undo_(
    plan_id: PlanId,
    by: By,
    why: Annotated[str, typer.Option(help="Why; without it, go on with what was ordered to be taken back.")] = "",
    stage: Stage = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Take back what a plan did, the last thing first, and name what cannot be. Run again, it goes on.

    Example: ringfence plan undo plan-0123456789abcdef --by wren --why "the wrong network" --workspace platform
    """
    with desk(workspace, by) as at:
        enforcer = configured.enforcer(at.workspace)
        if why:
            with at.act() as within:
                undo.order(within, plan_id, why, enforcer.reversible)
        with at.act() as within:
            seen = plans.show(within, plan_id, enforcer.reversible)
        ended = str(seen.plan.status)
        if seen.plan.status is not Phase.UNDONE:
            ended = running.undo(at.database, at.person, plan_id, enforcer, stage)
        delivered = feedback.deliver(at.workspace, at.database)
    lasting = _lasting(seen)
    if as_json:
        say.as_json({"plan": plan_id, "ended": ended, "lasting": lasting, "told": delivered})
        return
    typer.echo(f"{plan_id}: {ended}")
    say.table("", ("not taken back", "action", "why"), [tuple(one.values()) for one in lasting])
    said.delivered(delivered)


@GROUP.command()
def show(plan_id: PlanId, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Show a plan: who it acts on and why, who is set aside, who decided, how far it is. The read is audited.

    Example: ringfence plan show plan-0123456789abcdef --workspace platform
    """
    with desk(workspace) as at, at.act() as within:
        seen = plans.show(within, plan_id, configured.reversible(at.workspace))
    if as_json:
        parts = {"content": seen.content, "proposed_by": sorted(seen.proposed_by), "troubles": seen.troubles}
        done = {"done": said.counted(seen.done), "undone": said.counted(seen.undone)}
        say.as_json({"plan": said.told(seen.plan), **parts, **done, "lasting": _lasting(seen)})
        return
    about = seen.plan
    typer.echo(f"{plan_id} for {about.case_id}: {about.status}{f' ({about.stopped})' if about.stopped else ''}")
    typer.echo(f"digest {about.digest or 'none yet'}; proposed by {', '.join(sorted(seen.proposed_by))}")
    if about.decided_by:
        typer.echo(f"decided by {about.decided_by}: {about.decision}")
    if seen.content:
        said.preview(seen.content.preview)
    for title, progress in (("done", seen.done), ("taken back", seen.undone)):
        rows = [(stage, ", ".join(f"{many:,} {state}" for state, many in states.items()))
                for stage, states in progress.stages.items()]  # fmt: skip
        say.table(f"\nOrders {title}, by stage", ("stage", "orders"), rows)
    for subject, trouble in seen.troubles.items():
        typer.echo(f"{subject} could not be used as {trouble}")


@GROUP.command("list")
def list_(
    status: Annotated[Phase | None, typer.Option(help="Only plans in this state.")] = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Show the plans, the newest first. The read is audited.

    Example: ringfence plan list --status frozen --workspace platform
    """
    with desk(workspace) as at, at.act() as within:
        found = plan_.listed(within, status)
    if as_json:
        say.as_json({"plans": [said.told(one) for one in found]})
        return
    rows = [
        (one.plan_id, one.case_id, one.status, one.accounts, one.by, one.decided_by or "", f"{one.at:%Y-%m-%d %H:%M}")
        for one in found
    ]
    say.table("", ("plan", "case", "status", "accounts", "by", "decided by", "at (UTC)"), rows)


@GROUP.command()
def deliver(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Tell discovery and the guard what was decided and not told yet. `run` and `undo` do it as well.

    Example: ringfence plan deliver --workspace platform
    """
    with desk(workspace) as at:
        done = feedback.deliver(at.workspace, at.database)
    if as_json:
        say.as_json(done)
    else:
        said.delivered(done)


def _carried_out(at: Desk, plan_id: str, enforcer: Enforcer, stage: int | None) -> tuple[str, Delivered]:
    with at.act() as within:
        many = plan_.seen(within, plan_id).accounts
    with say.bars() as bars:
        bars.start("plan")
        ended = running.start(
            at.database, at.workspace, at.person, plan_id, enforcer, stage,
            lambda answered: bars.advance(answered / max(many, 1)),
        )  # fmt: skip
        bars.advance(1.0)
    return ended, feedback.deliver(at.workspace, at.database)


def _lasting(seen: Shown) -> list[dict[str, str]]:
    return [{"account": one.account_id, "action": one.action, "why": one.why} for one in seen.lasting]


def _wish(actions: list[Action], why: str, accounts: list[str] | None) -> Wish:
    return Wish(tuple(actions), why, tuple(accounts) if accounts else None)


def _done(answer: dict[str, str], as_json: bool) -> None:
    if as_json:
        say.as_json(answer)
    else:
        typer.echo(": ".join(answer.values()))
