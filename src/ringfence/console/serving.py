"""How is the console served? By one process, until it is told to end."""

import signal
from collections.abc import Callable, Sequence
from dataclasses import replace

import uvicorn
from fastapi import FastAPI

from ringfence.cases import credentials
from ringfence.console.application import application
from ringfence.console.settings import Settings
from ringfence.store.workspace import Workspace

KEPT_ALIVE, LAST_SECONDS, MOST_AT_ONCE = 30, 5, 200
NOBODY = (
    "Nobody can sign in yet: `ringfence people add NAME --role reviewer`, then `ringfence people password NAME`, "
    "in another terminal"
)


def with_database(workspace: Workspace, address: str | None) -> Workspace:
    """The workspace with its cases at another address, where one is given."""
    if address is None:
        return workspace
    cases = workspace.config.cases.model_copy(update={"database": address})
    return replace(workspace, config=workspace.config.model_copy(update={"cases": cases}))


def serve(
    settings: Settings,
    host: str,
    port: int,
    *,
    proxies: Sequence[str],
    ready: Callable[[], object],
    nobody: Callable[[], object],
) -> None:
    """Answer until SIGTERM or SIGINT. `ready` is called first, and before it `nobody` where nobody can sign in."""
    app = application(settings)
    if settings.provider is None and not credentials.anybody(app.state.console.database, settings.tenant):
        nobody()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, _told_to_end)
    ready()
    uvicorn.Server(config(app, host, port, proxies)).run()


def _told_to_end(*_: object) -> None:
    """What uvicorn does for a signal is enough: once done it sends the signal to itself again, which would kill it."""


def config(app: FastAPI, host: str, port: int, proxies: Sequence[str] = ()) -> uvicorn.Config:
    """How uvicorn serves it. It keeps no log of requests: the audit is who read what, and addresses are nobody's."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="error",
        log_config=None,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        server_header=False,
        date_header=True,
        limit_concurrency=MOST_AT_ONCE,
        timeout_keep_alive=KEPT_ALIVE,
        timeout_graceful_shutdown=LAST_SECONDS,
    )
