"""ringfence policy"""

from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.guard.policy import Policy
from ringfence.guard.publish import read_policy
from ringfence.model.faults import Fault

GROUP = typer.Typer(name="policy", help="What the guard does with a signal, surface by surface.", no_args_is_help=True)


@GROUP.callback()
def group() -> None:
    """What the guard does with a signal, surface by surface."""


@GROUP.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="A policy file, instead of the workspace's.")] = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Check a policy as a whole and list every fault in it.

    Example: ringfence policy check policy.toml
    """
    read = _read(file) if file else read_policy(say.workspace(workspace))
    if as_json:
        say.as_json({"version": read.version, "rules": len(read.rules)})
    else:
        typer.echo(f"Policy {read.version} is in order: {len(read.rules)} rules")


def _read(file: Path) -> Policy:
    try:
        return Policy.parse(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise Fault("it cannot be read", where=str(file), mend="name a readable UTF-8 file") from error
