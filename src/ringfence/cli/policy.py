"""ringfence policy"""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli import policy_trial, policy_versions, say
from ringfence.guard.policies.check import Check, Noted, check
from ringfence.guard.policies.diff import Diff, diff
from ringfence.guard.policies.faults import faults_of
from ringfence.guard.policies.policy import Policy, read_toml
from ringfence.guard.rehearsal.examples import Outcome, outcomes, told
from ringfence.guard.rehearsal.judge import judge_of
from ringfence.model.faults import Exit, Fault
from ringfence.terms.lexicon import Lexicon

GROUP = typer.Typer(name="policy", help="What the guard does with a signal, surface by surface.", no_args_is_help=True)

File = Annotated[Path | None, typer.Argument(help="A policy file, instead of the workspace's.")]


@GROUP.callback()
def group() -> None:
    """What the guard does with a signal, surface by surface."""


@GROUP.command("check")
def check_(file: File = None, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Check a policy as a whole: every fault in it, one a line, or else which of its rules hold only sometimes.

    Example: ringfence policy check policy.toml
    """
    path = file or say.workspace(workspace).policy_file
    text = policy_versions.text_of(path)
    if faults := faults_of(read_toml(text, str(path))):
        _refuse(path, faults, as_json=as_json)
    found = check(Policy.parse(text, str(path)), datetime.now(UTC).date())
    if as_json:
        say.as_json(asdict(found))
    else:
        _say_check(found)


@GROUP.command("diff")
def diff_(
    old: Annotated[Path, typer.Argument(help="A policy file.")],
    new: Annotated[Path, typer.Argument(help="The policy file that would take its place.")],
    as_json: say.AsJson = False,
) -> None:
    """Show which verdicts would get stricter or milder, be new or gone, and what else differs. Ends with 0 either way.

    Example: ringfence policy diff policy.toml next.toml
    """
    found = diff(policy_versions.read(old), policy_versions.read(new), datetime.now(UTC).date())
    if as_json:
        say.as_json({"same": not found, **asdict(found)})
    else:
        say_diff(found)


@GROUP.command("test")
def run_examples(file: File = None, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Run the examples that are stored in a policy, against the workspace's lexicon. Ends with 3 when one fails.

    Example: ringfence policy test next.toml
    """
    place = say.workspace(workspace)
    policy = policy_versions.read(file or place.policy_file)
    judge = judge_of(policy, Lexicon.load(place.lexicon_file))
    found = list(outcomes(policy, judge, datetime.now(UTC).date()))
    if as_json:
        say.as_json({"version": policy.version, "examples": [_as_dict(outcome) for outcome in found]})
    else:
        for outcome in found:
            typer.echo(line_of(outcome))
        failed = sum(not outcome.passed for outcome in found)
        typer.echo(f"Policy {policy.version}: {len(found) - failed} of {len(found)} examples pass")
    if not all(outcome.passed for outcome in found):
        raise typer.Exit(Exit.QUARANTINED)


for name, command in (
    ("rehearse", policy_trial.rehearse_),
    ("try", policy_trial.try_),
    ("promote", policy_trial.promote),
    ("withdraw", policy_trial.withdraw),
    ("activate", policy_versions.activate),
    ("rollback", policy_versions.rollback),
):
    GROUP.command(name)(command)


def _refuse(path: Path, faults: list[str], *, as_json: bool) -> None:
    if as_json:
        say.as_json({"file": str(path), "faults": faults})
    for fault in faults:
        say.fault_line(Fault(fault, where=str(path), mend="mend this and check it again"))
    raise typer.Exit(Exit.REFUSED)


def _say_check(found: Check) -> None:
    typer.echo(f"Policy {found.version} is in order: {found.rules} rules, {found.examples} examples")
    _say_noted("Hold no more, remove them or change until:", found.expired)
    _say_noted("Hold only sometimes:", found.conditional)
    if found.unnamed:
        typer.echo("Named by no rule for everybody and for good, so that publishing is refused once there is one:")
    for unnamed in found.unnamed:
        typer.echo(f"  {unnamed}")
    if found.open_when_degraded:
        typer.echo(f"Shows something in a degraded mode: {', '.join(found.open_when_degraded)}")


def _say_noted(title: str, rules: tuple[Noted, ...]) -> None:
    if rules:
        typer.echo(title)
    for noted in rules:
        typer.echo(f"  rule {noted.number:<3} {noted.rule}")


def say_diff(found: Diff) -> None:
    if not found:
        typer.echo("No difference: the same verdicts and settings")
    if found.verdicts:
        columns = ("surface", "signal", "viewer", "strength from", "since", "was", "now", "gets")
        rows = [(*asdict(one).values(),) for one in found.verdicts]
        say.table("", columns, rows)
    if found.settings:
        say.table("", ("setting", "was", "now"), [(one.name, one.was, one.now) for one in found.settings])


def line_of(outcome: Outcome) -> str:
    """An outcome in one line."""
    expected = f"{told(outcome.example)} earns {outcome.example.verdict}"
    if outcome.passed:
        return f"pass  example {outcome.number}: {expected}"
    return f"FAIL  example {outcome.number}: {expected}, but got {outcome.got} ({outcome.reason})"


def _as_dict(outcome: Outcome) -> dict[str, object]:
    return {**asdict(outcome), "passed": outcome.passed}
