"""ringfence lexicon"""

from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.store import audit
from ringfence.terms.lexicon import Lexicon

GROUP = typer.Typer(name="lexicon", help="The vetted terms of a workspace.", no_args_is_help=True)


@GROUP.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A UTF-8 CSV file with at least a `term` column.")],
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Replace the workspace's lexicon with a CSV file, once all of it is found to be in order.

    Example: ringfence lexicon import terms.csv --workspace platform
    """
    place = say.workspace(workspace)
    read = Lexicon.read(file)
    audit.record(place, audit.Action.LEXICON_CHANGED, read.version)
    read.write(place.lexicon_file)
    if as_json:
        say.as_json({"terms": len(read), "version": read.version})
    else:
        typer.echo(f"{len(read):,} terms, version {read.version}")
