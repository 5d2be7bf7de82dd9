"""ringfence policy: before it is active"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.cli.policy_versions import NEXT, read, refuse_failed
from ringfence.guard.decide import Guard
from ringfence.guard.policies import trial_files, versions
from ringfence.guard.policies.trial import Mode
from ringfence.guard.rehearsal.rehearse import Rehearsal, rehearse
from ringfence.model.faults import Fault
from ringfence.store import audit, events

MOST = 20

File = Annotated[Path, typer.Argument(help="The policy file.")]


def rehearse_(
    file: File,
    show: Annotated[bool, typer.Option(help=f"Name up to {MOST} of the decisions that change. Audited.")] = False,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Decide the recorded searches and impressions again, by the active snapshot, and say what a policy would change.

    Example: ringfence policy rehearse next.toml
    """
    place = say.workspace(workspace)
    other = read(file)
    guard = Guard.load(place.snapshots)
    if show:
        audit.record(place, audit.Action.TRAFFIC_READ, f"rehearsal of {other.version}")
    with say.bars() as bars, events.connect(place) as connection:
        bars.start("traffic")
        most = MOST if show else 0
        found = rehearse(connection, guard, guard.under(other), most_shown=most, advance=bars.advance)
    if as_json:
        say.as_json({"present": guard.policy.version, "other": other.version, **asdict(found)})
    else:
        _say_rehearsal(found, guard.policy.version, other.version)


def try_(
    file: File,
    shadow: Annotated[bool, typer.Option("--shadow", help="It answers nobody; what it would say is counted.")] = False,
    percent: Annotated[float, typer.Option(min=0, max=100, help="It answers this share of all viewers.")] = 0.0,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Put a policy on trial beside the active one: in its shadow, or for a share of viewers, always the same ones.

    Example: ringfence policy try next.toml --percent 5
    """
    place = say.workspace(workspace)
    if shadow == (percent > 0):
        what = "a trial is either in shadow or for a share of viewers"
        raise Fault(what, where="policy try", mend="give --shadow, or --percent above 0")
    policy = read(file)
    refuse_failed(place, policy, str(file))
    trial = trial_files.start(place, policy, Mode.SHADOW if shadow else Mode.PERCENT, percent / 100)
    if as_json:
        say.as_json({"version": policy.version, "mode": trial.mode, "share": trial.share})
        return
    typer.echo(f"Policy {policy.version} is on trial, {'in shadow' if shadow else f'for {percent:g} % of viewers'}")
    typer.echo(NEXT)


def promote(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Make the policy on trial the workspace's, and end the trial.

    Example: ringfence policy promote --workspace platform
    """
    place = say.workspace(workspace)
    trial = trial_files.read(place)
    if trial is None:
        raise trial_files.no_trial(place)
    refuse_failed(place, trial.policy, "the policy on trial")
    event = versions.promote(place, trial.policy)
    if as_json:
        say.as_json(event)
        return
    typer.echo(f"Policy {trial.policy.version} is active, and no longer on trial")
    typer.echo(NEXT)


def withdraw(workspace: say.Where = say.HERE) -> None:
    """End the trial: the active policy answers everybody.

    Example: ringfence policy withdraw --workspace platform
    """
    trial_files.end(say.workspace(workspace))
    typer.echo("No policy is on trial")
    typer.echo("Next: ringfence publish, so that the guard knows")


def _say_rehearsal(found: Rehearsal, present: str, other: str) -> None:
    share = found.changed / found.decisions if found.decisions else 0.0
    typer.echo(f"{found.changed:,} of {found.decisions:,} decisions change ({share:.2%}), policy {present} to {other}")
    if found.skipped:
        typer.echo(f"{found.skipped:,} searches were on a surface where nobody types")
    moves = [(one.surface, one.was, one.now, f"{one.decisions:,}", f"{one.share:.2%}") for one in found.moves]
    say.table("", ("surface", "was", "now", "decisions", "of the surface"), moves)
    if found.causes:
        causes = [(one.surface, one.was, one.now, f"{one.decisions:,}") for one in found.causes[:MOST]]
        say.table("", ("surface", "reason was", "reason now", "decisions"), causes)
    if found.examples:
        rows = [(one.surface, one.subject, one.was, one.now) for one in found.examples]
        say.table("", ("surface", "for example", "was", "now"), rows)
