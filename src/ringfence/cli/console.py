"""ringfence console"""

from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.console import serving, settings


def command(
    host: Annotated[str | None, typer.Option(help="The address to listen on, instead of the config's.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="The port, instead of the config's.")] = None,
    database: Annotated[
        str | None, typer.Option(help="Where the cases are, instead of the config's, as postgresql://person@host/name.")
    ] = None,
    secure_cookies: Annotated[
        bool | None,
        typer.Option(help="Whether cookies go over TLS only; without it, where the config's address is https."),
    ] = None,
    workspace: say.Where = say.HERE,
) -> None:
    """Serve the reviewers' console: the queue, cases, plans and their approval, in a browser. Ctrl-C ends it.

    Example: ringfence console --port 8788 --workspace platform
    """
    place = serving.with_database(say.workspace(workspace), database)
    wanted = place.config.console
    listen = (host or wanted.host, wanted.port if port is None else port)
    made = settings.read(place, *listen, secure=secure_cookies)
    serving.serve(
        made,
        *listen,
        proxies=wanted.proxies,
        ready=lambda: typer.echo(f"The console answers at {made.address} (Ctrl-C ends it)", err=True),
        nobody=lambda: typer.echo(serving.NOBODY, err=True),
    )
