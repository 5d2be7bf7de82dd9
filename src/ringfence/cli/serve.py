"""ringfence serve"""

from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.guard.files import read_policy
from ringfence.guard.service import api_keys
from ringfence.guard.service import settings as service


def command(
    host: Annotated[str | None, typer.Option(help="The address, instead of the config's.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port, instead of the config's.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="How many processes answer, instead of the config's.")
    ] = None,
    workspace: say.Where = say.HERE,
) -> None:
    """Serve the guard over HTTP, with a page to try it by hand. SIGTERM ends it without dropping a request.

    Example: ringfence serve --port 8642 --workers 2 --workspace platform
    """
    place = say.workspace(workspace)
    settings = place.config.guard
    if workers is not None:
        settings = settings.model_copy(update={"workers": workers})
    if not api_keys.read(place.guard_keys_file) and not settings.client_ca:
        typer.echo("No key is asked for: anybody on this machine may ask. `ringfence keys add` ends that.", err=True)
    code = service.serve(
        place.snapshots,
        read_policy(place),
        host=host or settings.host,
        port=settings.port if port is None else port,
        settings=settings,
        home=place.path,
        ready=lambda address: typer.echo(f"The guard answers at {address} (Ctrl-C ends it)", err=True),
    )
    raise typer.Exit(code)
