"""How do the pages become an application? Each is mounted from the table of pages, with the checks that it asks for."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.middleware import Middleware
from starlette.staticfiles import StaticFiles

from ringfence.cases import people
from ringfence.cases.database import Clock, Database
from ringfence.cases.people import Permission
from ringfence.console import cookies, csrf, faults, fields
from ringfence.console.asking import Asker, Console, ProofNeeded, shared, where
from ringfence.console.bodies import Bodies
from ringfence.console.drawing import STATIC
from ringfence.console.faults import Unforeseen
from ringfence.console.headers import Headers
from ringfence.console.limits import Limits
from ringfence.console.page import GET, OPEN, Page
from ringfence.console.pages import ALL
from ringfence.console.settings import Settings


def application(settings: Settings, clock: Clock | None = None, pages: Sequence[Page] = ALL) -> FastAPI:
    """The console over the workspace that the settings name. `clock` is for tests, as that of `Database.open`."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.console.runs.end()
        app.state.console.database.close()

    app = FastAPI(
        title="ringfence console",
        openapi_url=None,  # nothing about the pages is told to whoever has not signed in
        lifespan=lifespan,
        middleware=[
            Middleware(Headers, hosts=settings.hosts, secure=settings.secure, viewer=settings.viewer),
            Middleware(Unforeseen),
            Middleware(Bodies),
        ],
    )
    database = Database.open(settings.workspace, clock)
    app.state.console = Console(settings, database, Limits.of(settings.rates), tuple(pages))
    faults.register(app)
    for page in pages:
        mount(app, page)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


def mount(app: FastAPI, page: Page) -> None:
    """Put one page into the application. The checks run in this order, before the page itself."""
    checks: list[Callable[..., Any]] = [_not_too_often]
    if page.permission is not OPEN:
        checks.append(_signed_in)
    if page.method != GET:
        checks.append(_from_our_page(cookies.DOOR if page.permission is OPEN else cookies.SESSION))
    if isinstance(page.permission, Permission):
        checks.append(_permitted(page.permission))
    checks.append(fields.storable)
    if page.proof:
        checks.append(_proved)
    app.add_api_route(
        page.path,
        page.endpoint,
        methods=[page.method],
        name=page.name,
        dependencies=[Depends(check) for check in checks],
        response_class=HTMLResponse,
        response_model=None,
    )


def _not_too_often(request: Request) -> None:
    limits, address = shared(request).limits, request.client.host if request.client else ""
    limits.address.take(address)


def _from_our_page(which: str) -> Callable[[Request], Awaitable[None]]:
    async def check(request: Request) -> None:
        settings = shared(request).settings
        await csrf.check(request, cookies.given(request, settings, which), settings.origins)

    return check


def _signed_in(asking: Asker) -> None:
    """Having somebody who asks is the check."""


def _permitted(permission: Permission) -> Callable[[Asker], None]:
    """A refusal names a role that may. What the page does is checked once more, where it is done."""

    def check(asking: Asker) -> None:
        people.demand(asking.person, permission)

    return check


def _proved(request: Request, asking: Asker) -> None:
    if not asking.session.proved(asking.at, asking.settings.proof):
        raise ProofNeeded(where(request))
