"""ringfence exposure verify, diff and history: measurements that are kept"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.cli.figures import told
from ringfence.exposure import change, history
from ringfence.exposure.audit import Audit
from ringfence.exposure.pooled import FEW, means
from ringfence.guard.files import signer_of
from ringfence.guard.snapshots.signing import Trusted
from ringfence.model.faults import Fault

File = Annotated[Path, typer.Argument(help="A measurement that `ringfence exposure` wrote, or its page.")]


def verify(
    file: File,
    key: Annotated[
        list[str] | None, typer.Option(help="A public key to trust; without one, the key that the file names.")
    ] = None,
    as_json: say.AsJson = False,
) -> None:
    """Check that a measurement, or its page, is whole and signed, by a key you trust.

    Without --key it is only shown that nobody changed the file since whoever holds its key signed it.

    Example: ringfence exposure verify platform/exposure/exposure.json --key ed25519:...
    """
    trusted = Trusted.of(key, "--key") if key else None
    made = history.read(read(file), trusted, str(file))
    if as_json:
        say.as_json({"trusted": bool(key), "audit": made})
        return
    typer.echo(f"Signed, and not changed since. Measured {made.recipe.at} by ringfence {made.recipe.ringfence}")
    if not key:
        typer.echo("Nobody said whose key to trust: give it with --key")
    typer.echo(f"To repeat it: {made.recipe.command}, seed {made.recipe.seed}")


def diff(before: File, after: File, as_json: say.AsJson = False) -> None:
    """Say what differs between two measurements, and whether more than luck does.

    Example: ringfence exposure diff monday.json tuesday.json
    """
    old, new = (history.read(read(file), None, str(file)) for file in (before, after))
    found, alone = change.changes(old, new), change.missing(old, new)
    if as_json:
        say.as_json({"changes": found, "only_in_one": alone})
        return
    rows = [
        (
            one.recommender,
            one.stratum,
            one.arm,
            one.figure,
            told(one.before),
            told(one.after),
            f"{one.difference:+.1%}",
            one.direction,
        )
        for one in found
    ]
    say.table("", ("recommender", "who starts", "arm", "figure", "before", "after", "difference", ""), rows)
    if old.recipe.command != new.recipe.command:
        typer.echo(f"Not measured alike: `{old.recipe.command}` and `{new.recipe.command}`")
    for name in alone:
        typer.echo(f"Only in one of both: {name}")


def past(
    pooled: Annotated[
        bool, typer.Option("--pooled", help="The mean over all made by the same command as the last, and its interval.")
    ] = False,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """List the measurements of a workspace, the oldest first.

    Example: ringfence exposure history --workspace platform
    """
    place = say.workspace(workspace)
    kept = list(history.every(place, Trusted(frozenset({signer_of(place).public}))))
    if pooled:
        _say_pooled([one for one in kept if one.recipe.command == kept[-1].recipe.command], as_json=as_json)
    elif as_json:
        say.as_json({"measurements": [_judged(one) for one in kept]})
    else:
        rows = [
            (one.recipe.at[:16], asked.recommender, arm.name, told(arm.summary.ever), told(arm.summary.leak))
            for one in kept
            for asked in one.measured
            for arm in asked.exposure.strata[0].arms
        ]
        say.table("", ("at", "recommender", "arm", "shown a member", "an unknown one"), rows)


def _say_pooled(alike: Sequence[Audit], *, as_json: bool) -> None:
    found = means(alike, alike[-1].recipe.seed if alike else 0)
    if as_json:
        say.as_json({"command": alike[-1].recipe.command, "measurements": len(alike), "figures": found})
        return
    rows = [(one.recommender, one.stratum, one.arm, one.figure, told(one.mean)) for one in found]
    say.table("", ("recommender", "who starts", "arm", "figure", f"mean of {len(alike)}"), rows)
    if len(alike) < FEW:
        typer.echo(f"Of fewer than {FEW} measurements the intervals are likelier too narrow than too wide")


def _judged(made: Audit) -> dict[str, object]:
    """What a history says of one measurement."""
    findings = [{"recommender": one.recommender, "findings": one.findings} for one in made.measured]
    return {"recipe": made.recipe, "measured": findings}


def read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Fault(f"cannot be read ({error.strerror})", where=str(file), mend="check its name and rights") from error
