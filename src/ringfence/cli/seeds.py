"""ringfence seeds"""

from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.discovery import vetted
from ringfence.model.words import Opinion
from ringfence.store import audit

GROUP = typer.Typer(
    name="seeds", help="Accounts that a person has vetted, from which discovery starts.", no_args_is_help=True
)
Accounts = Annotated[list[str], typer.Argument(help="Account ids.")]


@GROUP.command()
def add(
    accounts: Accounts,
    opinion: Annotated[Opinion, typer.Option(help="Only positive seeds are started from.")] = Opinion.POSITIVE,
    source: Annotated[str, typer.Option(help="Where this is known from.")] = "cli",
    workspace: say.Where = say.HERE,
) -> None:
    """Put accounts on the list of seeds.

    Example: ringfence seeds add a00000017 --source report-12
    """
    typer.echo(f"{vetted.add(say.workspace(workspace), accounts, opinion, source)} seeds")


@GROUP.command()
def retract(accounts: Accounts, workspace: say.Where = say.HERE) -> None:
    """Take accounts off the list. What rested on them changes with the next discovery.

    Example: ringfence seeds retract a00000017
    """
    typer.echo(f"{vetted.retract(say.workspace(workspace), accounts)} seeds left")


@GROUP.command("list")
def list_(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Show every seed with its opinion and source. The read is audited.

    Example: ringfence seeds list --json
    """
    place = say.workspace(workspace)
    audit.record(place, audit.Action.SEEDS_READ, "seeds.parquet")
    rows = vetted.read(place).to_pylist()
    if as_json:
        say.as_json({"seeds": rows})
    else:
        say.table("", ("account", "opinion", "source", "at"), [tuple(row.values()) for row in rows])
