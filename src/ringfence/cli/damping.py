"""ringfence damping"""

from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.guard import damping
from ringfence.guard.decide import Guard
from ringfence.store import audit

GROUP = typer.Typer(
    name="damping", help="How much a recommender still learns from flagged accounts.", no_args_is_help=True
)


@GROUP.callback()
def group() -> None:
    """How much a recommender still learns from flagged accounts."""


@GROUP.command()
def export(
    out: Annotated[Path, typer.Argument(help="The folder to write accounts.parquet and ties.parquet into.")],
    hard: Annotated[
        bool, typer.Option("--hard", help="Weight 0 for every damped account, whatever the policy.")
    ] = False,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Write the weights of all accounts and ties that a recommender should learn less from, by the active snapshot.

    It names flagged accounts, so it is audited.

    Example: ringfence damping export weights --workspace platform
    """
    place = say.workspace(workspace)
    guard = Guard.load(place.snapshots)
    guard = damping.hard(guard) if hard else guard
    audit.record(place, audit.Action.DAMPING_READ, f"{guard.policy.damping.mode} from {guard.snapshot.version}")
    with say.bars() as bars:
        bars.start("damping")
        done = damping.export(place, guard, out)
        bars.advance(1.0)
    if as_json:
        say.as_json(
            {
                "snapshot": guard.snapshot.version,
                "mode": guard.policy.damping.mode,
                "accounts": done.accounts,
                "ties": done.ties,
            }
        )
    else:
        typer.echo(f"{done.accounts:,} accounts and {done.ties:,} ties with a weight below 1 are in {out}")
