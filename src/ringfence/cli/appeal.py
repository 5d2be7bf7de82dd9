"""ringfence appeal"""

from dataclasses import asdict
from typing import Annotated

import typer

from ringfence.cases import appeals, trust
from ringfence.cases.appeals import Decided, Decision
from ringfence.cases.faults import Stale
from ringfence.cli import say
from ringfence.cli.desk import By, Desk, desk
from ringfence.enforcement import configured, feedback, running
from ringfence.enforcement.enforcer import Enforcer

GROUP = typer.Typer(
    name="appeal", help="What accounts say of decisions on them, and what became of it.", no_args_is_help=True
)
AppealId = Annotated[str, typer.Argument(help="The id of an appeal, as `ringfence appeal list` has it.")]


@GROUP.command()
def receive(
    account: Annotated[str, typer.Argument(help="Who appeals.")],
    statement: Annotated[str, typer.Option(help="What they say, in their own words.")],
    plan: Annotated[str | None, typer.Option(help="Against which plan; else the last that acted on them.")] = None,
    by: Annotated[str | None, typer.Option(help="Who takes it in; else whoever is at the shell.")] = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Take in an appeal of an account that a plan acted on.

    Example: ringfence appeal receive a00000017 --statement "my own garden" --workspace platform
    """
    with desk(workspace, by) as at, at.act() as within:
        made = appeals.receive(within, account, statement, plan)
    if as_json:
        say.as_json({"appeal": made})
    else:
        typer.echo(made)


@GROUP.command("list")
def list_(
    decided: Annotated[bool, typer.Option("--decided", help="Also those that were decided.")] = False,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Show the appeals that wait, the longest first. The read is audited.

    Example: ringfence appeal list --workspace platform
    """
    with desk(workspace) as at, at.act() as within:
        found = appeals.listed(within, waiting=not decided)
    if as_json:
        say.as_json({"appeals": [asdict(one) for one in found]})
        return
    rows = [
        (one.appeal_id, one.account_id, one.plan_id, f"{one.received_at:%Y-%m-%d %H:%M}", one.decision or "waits")
        for one in found
    ]
    say.table("", ("appeal", "account", "plan", "received (UTC)", "decision"), rows)


@GROUP.command()
def show(appeal_id: AppealId, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Show an appeal with what the decision rested on, and who may not decide it. The read is audited.

    Example: ringfence appeal show appeal-0123456789abcdef --workspace platform
    """
    with desk(workspace) as at, at.act() as within:
        seen = appeals.find(within, appeal_id)
    if as_json:
        parts = {"evidence": seen.step, "done": list(seen.done), "took_part": sorted(seen.took_part)}
        say.as_json({"appeal": asdict(seen.appeal), **parts})
        return
    typer.echo(f"{seen.appeal.account_id} against {seen.appeal.plan_id}: {', '.join(seen.done)}")
    typer.echo(seen.appeal.statement)
    if seen.step:
        typer.echo(f"It rested on: {'; '.join(seen.step.evidence.reasons)}")
        typer.echo(f"Against it: {'; '.join(seen.step.evidence.against) or 'nothing'}")
    typer.echo(f"Not to be decided by {', '.join(sorted(seen.took_part))}")


@GROUP.command()
def decide(
    appeal_id: AppealId,
    decision: Annotated[Decision, typer.Argument(help="Whether the plan was right, or not.")],
    by: By,
    answer: Annotated[str, typer.Option(help="What the account is told.")],
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Decide an appeal, as a reviewer who had no part in the plan. To overturn gives back what can be, at once.

    Example: ringfence appeal decide appeal-0123456789abcdef overturn --by gull --answer "sorry" --workspace platform
    """
    with desk(workspace, by) as at:
        enforcer = configured.enforcer(at.workspace)
        with at.act() as within:
            done = appeals.decide(within, appeal_id, decision, answer, enforcer.reversible)
            plan_id = appeals.plan_of(within, appeal_id)
        ended = _given_back(at, plan_id, enforcer) if done.restoring else ""
        feedback.deliver(at.workspace, at.database)
    if as_json:
        say.as_json({"appeal": appeal_id, "decision": decision, "ended": ended, **asdict(done)})
    else:
        _say(done, decision, ended)


@GROUP.command("trust")
def trust_(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Show how far each seed is trusted on which an appealed decision rested. The read is audited.

    Example: ringfence appeal trust --workspace platform
    """
    with desk(workspace) as at, at.act() as within:
        found = trust.listed(within)
    if as_json:
        say.as_json({"seeds": [{"seed": seed, **asdict(one), "trust": one.share} for seed, one in found.items()]})
        return
    rows = [(seed, one.upheld, one.overturned, f"{one.share:.2f}") for seed, one in found.items()]
    say.table("", ("seed", "upheld", "overturned", "trust"), rows)


def _given_back(at: Desk, plan_id: str, enforcer: Enforcer) -> str:
    try:
        return running.undo(at.database, at.person, plan_id, enforcer)
    except Stale as busy:
        return f"what is to be given back waits ({busy.what}): run `ringfence plan undo {plan_id}`"


def _say(done: Decided, decision: Decision, ended: str) -> None:
    typer.echo(f"{decision}: {ended or 'nothing is given back'}")
    for one in done.lasting:
        typer.echo(f"{one.account_id} {one.action} stays: {one.why}")
    for seed, share in done.trust:
        typer.echo(f"Seed {seed} is trusted {share:.2f} now")
    say.table("\nOther decisions on the same seeds", ("seed", "plan", "account"),
              [(one.seed, one.plan_id, one.account_id) for one in done.shared])  # fmt: skip
