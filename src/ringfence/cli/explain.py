"""ringfence explain"""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from ringfence.cli import say
from ringfence.discovery import last_results
from ringfence.discovery.explanations import NOTHING
from ringfence.discovery.plain_words import step

WIDEST = 24  # characters of the longest bar


def command(
    account: Annotated[str, typer.Argument(help="The account's id.")],
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Say what an account's score rests on, and what speaks against it. The read is audited.

    Example: ringfence explain a00000017 --workspace platform
    """
    row: dict[str, Any] = last_results.explain(say.workspace(workspace), account)
    if as_json:
        say.as_json(row)
        return
    typer.echo(f"{account}: rank {row['rank']:,}, score {row['score']:.2f} (uncalibrated)")
    typer.echo(f"  network {row['network_id'] or 'none'}, role {row['role'] or 'none'}")
    for reason in row["reasons"] or ["nothing to show: it is not on the short list"]:
        typer.echo(f"  - {reason}")
    if row["explanation"]:
        _told(account, row["explanation"])


def _told(account: str, told: dict[str, Any]) -> None:
    """The parts of an explanation, each under its own heading."""
    say.table("\nWhat the score adds up from", ("", "amount", ""), list(_bars(told["contributions"])))
    if not told["shared"] and not told["path"]:
        typer.echo(f"\n{NOTHING}")
    if told["shared"]:
        more = f", and {told['more_shared']:,} more" if told["more_shared"] else ""
        rows = [(one["relation"].replace("_", " "), one["name"], one["found"], one["others"]) for one in told["shared"]]
        say.table(f"\nWhat it shares with accounts found{more}", ("tie", "name", "found", "of others"), rows)
    if told["path"]:
        typer.echo(f"\nThe shortest way to {told['path_to']}\n  {account}")
        for one in told["path"]:
            typer.echo(f"  {step(one['relation'], back=one['back'])} {one['name']}")
    if told["against"]:
        typer.echo("\nWhat speaks against it")
        for line in told["against"]:
            typer.echo(f"  - {line}")


def _bars(contributions: list[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    largest = max((abs(one["amount"]) for one in contributions), default=1.0) or 1.0
    for one in contributions:
        bar = ("█" if one["amount"] > 0 else "░") * round(WIDEST * abs(one["amount"]) / largest)
        yield one["words"], f"{one['amount']:+.2f}", bar
        for moved in one["beneath"]:
            yield f"  {moved['words']}", "", f"{moved['amount']:+.2f} of its vote"
