"""ringfence init"""

from pathlib import Path
from typing import Annotated

import typer

from ringfence.guard.policy import DEFAULT_POLICY
from ringfence.store.disk import write_whole
from ringfence.store.workspace import Workspace

# The lexicon starts with one harmless term, so that every command runs before the operator's own list is imported.
LEXICON = "term,category,language,source,licence\nfirecrest-placeholder,illegal,en,example,none\n"


def command(folder: Annotated[Path, typer.Argument(help="The folder to make a workspace.")]) -> None:
    """Make a workspace: a folder with a commented config, a policy and a placeholder lexicon.

    Example: ringfence init platform
    """
    made = Workspace.create(folder)
    for file, content in ((made.policy_file, DEFAULT_POLICY), (made.lexicon_file, LEXICON)):
        if not file.exists():
            write_whole(file, content.encode())
    typer.echo(f"Made {folder}: ringfence.toml, policy.toml, lexicon.csv")
    typer.echo(f"Next: ringfence ingest FILES --workspace {folder}")
