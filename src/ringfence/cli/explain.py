"""ringfence explain"""

from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.discovery import results


def command(
    account: Annotated[str, typer.Argument(help="The account's id.")],
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Say what an account's score rests on. The read is audited.

    Example: ringfence explain a00000017 --workspace platform
    """
    row = results.explain(say.workspace(workspace), account)
    if as_json:
        say.as_json(row)
        return
    typer.echo(f"{account}: rank {row['rank']}, score {row['score']:.2f} (uncalibrated)")
    typer.echo(f"  network {row['network_id'] or 'none'}, role {row['role'] or 'none'}")
    reasons = row["reasons"]
    for reason in reasons if isinstance(reasons, list) else ["no reasons: it is not on the short list"]:
        typer.echo(f"  - {reason}")
