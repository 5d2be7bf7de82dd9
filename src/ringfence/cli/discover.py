"""ringfence discover"""

from collections.abc import Iterator
from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.discovery import last_results, results
from ringfence.discovery.last_results import Run

NAMED = 5  # seeds of a group that are named


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
    left_out: list[str] = []
    with say.bars() as bars:
        bars.start("terms")
        if place.lexicon_file.exists():
            results.scan(place)
        bars.advance(1.0)
        bars.start("discovery")
        results.discover(place, seed or [], left_out.append)
        bars.advance(1.0)
    for line in left_out:
        typer.echo(f"ringfence: {line}", err=True)
    run = last_results.last_run(place)
    best = last_results.read_scores(place).slice(0, top).to_pylist()
    if as_json:
        say.as_json({"run": run, "top": best})
        return
    typer.echo(
        f"{run.networks} networks with {run.members:,} accounts, of {run.accounts:,} accounts and {run.ties:,} ties"
    )
    for line in _beside(run):
        typer.echo(line)
    rows = [
        (row["rank"], row["account_id"], f"{row['score']:.2f}", row["role"], row["network_id"], _first(row))
        for row in best
    ]
    say.table("", ("rank", "account", "score", "role", "network", "strongest reason"), rows)


def _beside(run: Run) -> Iterator[str]:
    """What a reader should know beside what was found."""
    yield from (f"nothing of this platform: {one}" for one in run.unknown_seeds)
    if not run.agreed:
        yield "what speaks for most seeds is of one family of ties alone: accounts are ranked, and nobody is found"
    if run.beside is not None and run.beside.found:
        found, keyword = run.beside.found, run.beside.keyword
        words = "" if keyword is None else f"the keyword rule has {keyword:,} among its first {found:,}, "
        yield f"of the {found:,} found that are no seeds {words}what accounts do without the graph {_alone(run)}"
    if run.held:
        yield f"{run.held:,} accounts are held: they rest on seeds that one person alone vouches for"
    if len(run.groups) > 1:
        yield f"the seeds are {len(run.groups)} groups, none of which another supports"
    for group in run.groups:
        if group.resting and (len(run.groups) > 1 or group.doubted):
            named = ", ".join([*group.accounts[:NAMED], *([f"{group.things} terms or things"] if group.things else [])])
            yield f"  {group.resting:,} accounts rest on this one alone{' and are held' * group.doubted}: {named}"


def _alone(run: Run) -> str:
    return f"{run.beside.without_graph:,}" if run.beside else ""


def _first(row: dict[str, list[str] | None]) -> str:
    return (row["reasons"] or [""])[0]
