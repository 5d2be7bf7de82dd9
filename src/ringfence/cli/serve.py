"""ringfence serve"""

from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.guard import service
from ringfence.guard.publish import read_policy


def command(
    host: Annotated[str | None, typer.Option(help="The address, instead of the config's.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port, instead of the config's.")] = None,
    workspace: say.Where = say.HERE,
) -> None:
    """Serve the guard over HTTP, with a page to try it by hand.

    Example: ringfence serve --port 8642 --workspace platform
    """
    place = say.workspace(workspace)
    service.serve(
        place.snapshots,
        read_policy(place),
        host=host or place.config.guard.host,
        port=place.config.guard.port if port is None else port,
        ready=lambda address: typer.echo(f"The guard answers at {address} (Ctrl-C ends it)", err=True),
    )
