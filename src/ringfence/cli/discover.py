"""ringfence discover"""

from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.discovery import results


def command(
    seed: Annotated[list[str] | None, typer.Option("--seed", help="An account to start from; may be repeated.")] = None,
    top: Annotated[int, typer.Option(min=0, help="How many of the best accounts to print.")] = 10,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """From the vetted seeds, find the networks around them. Scores rank; they are no probabilities and no verdicts.

    Example: ringfence discover --seed a00000017 --workspace platform
    """
    place = say.workspace(workspace)
    with say.bars() as bars:
        bars.start("terms")
        if place.lexicon_file.exists():
            results.scan(place)
        bars.advance(1.0)
        bars.start("discovery")
        results.discover(place, seed or [])
        bars.advance(1.0)
    run = results.last_run(place)
    best = results.read_scores(place).slice(0, top).to_pylist()
    if as_json:
        say.as_json({"run": run, "top": best})
        return
    typer.echo(
        f"{run.networks} networks with {run.members:,} accounts, of {run.accounts:,} accounts and {run.ties:,} ties"
    )
    rows = [
        (row["rank"], row["account_id"], f"{row['score']:.2f}", row["role"], row["network_id"], _first(row))
        for row in best
    ]
    say.table("", ("rank", "account", "score", "role", "network", "strongest reason"), rows)


def _first(row: dict[str, list[str] | None]) -> str:
    return (row["reasons"] or [""])[0]
