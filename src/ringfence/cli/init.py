"""ringfence init"""

from pathlib import Path
from typing import Annotated

import typer

from ringfence.guard.policies.policy import DEFAULT_POLICY
from ringfence.store.disk import write_whole
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.term import Term
from ringfence.terms.versions import keep

# The lexicon starts with one harmless term, so that every command runs before the operator's own list is imported.
PLACEHOLDER = Term("example", "firecrest-placeholder", language="en", source="example", licence="none")


def command(folder: Annotated[Path, typer.Argument(help="The folder to make a workspace.")]) -> None:
    """Make a workspace: a folder with a commented config, a policy and a placeholder lexicon.

    Example: ringfence init platform
    """
    made = Workspace.create(folder)
    if not made.policy_file.exists():
        write_whole(made.policy_file, DEFAULT_POLICY.encode())
    if not made.lexicon_file.exists():
        keep(made, Lexicon.of([PLACEHOLDER]))
    typer.echo(f"Made {folder}: ringfence.toml, policy.toml, lexicon.csv")
    typer.echo(f"Next: ringfence ingest FILES --workspace {folder}")
