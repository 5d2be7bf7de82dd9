"""How is somebody told that it did not work? As a page, as a part of one, or as JSON, and never with a trace."""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ringfence.cases.faults import Forbidden, Stale, Unknown
from ringfence.console import drawing
from ringfence.console.asking import ProofNeeded, SignedOut, is_fragment
from ringfence.console.limits import TooOften
from ringfence.model.faults import Fault

LOG = logging.getLogger("ringfence.console")
VERBS = frozenset({"may", "is", "has", "was", "does", "are", "cannot", "needs"})
TITLES: Mapping[int, str] = {
    400: "That cannot be done as it was asked",
    401: "Sign in first",
    403: "That is not yours to do",
    404: "There is nothing here",
    405: "That is no way to ask for this page",
    409: "Something has changed meanwhile",
    413: "That is too much at once",
    429: "Slow down a little",
    500: "Something went wrong on our side",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What the page says: what is wrong and what to do. `number` is what the log has it under."""

    status: int
    what: str
    mend: str
    number: str = ""

    @property
    def title(self) -> str:
        """The headline."""
        return TITLES.get(self.status, TITLES[500 if self.status >= 500 else 400])  # noqa: PLR2004


def register(app: FastAPI) -> None:
    """Have the application tell of faults this way."""
    app.add_exception_handler(Fault, _fault)
    app.add_exception_handler(SignedOut, _signed_out)
    app.add_exception_handler(ProofNeeded, _proof_needed)
    app.add_exception_handler(TooOften, _too_often)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _unreadable)


def answer(request: Request, told: Told, headers: Mapping[str, str] | None = None) -> Response:
    """The fault in the form that was asked for."""
    if is_fragment(request):
        made: Response = drawing.refusing(drawing.for_anybody("fault_part.html", told=told), told.status)
    elif "text/html" in request.headers.get("accept", "text/html") or "*/*" in request.headers.get("accept", ""):
        made = _page(request, told)
    else:
        made = JSONResponse({"fault": told.what, "mend": told.mend, "number": told.number}, told.status)
    made.headers.update(headers or {})
    return made


class Unforeseen:
    """Answer what nobody foresaw with a number that the log has it under, so that the headers are on it as well."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, sent)
        except Exception:
            number = secrets.token_hex(4)
            LOG.exception("fault %s at %s %s", number, scope.get("method", ""), scope.get("path", ""))
            if begun:
                raise
            told = Told(500, "It is not what you did.", "Try again; if it stays, tell whoever runs this", number)
            await answer(Request(scope), told)(scope, receive, send)


def _page(request: Request, told: Told) -> HTMLResponse:
    asking = getattr(request.state, "asking", None)
    if asking is None:
        return drawing.refusing(drawing.for_anybody("fault.html", told=told), told.status)
    return drawing.refusing(drawing.drawn(asking, "fault.html", told=told), told.status)


def _fault(request: Request, error: Exception) -> Response:
    if not isinstance(error, Fault):
        raise error
    statuses = ((Forbidden, 403), (Unknown, 404), (Stale, 409))
    status = next((number for kind, number in statuses if isinstance(error, kind)), 400)
    # A fault is of something, and says what is wrong with it: most often that is a sentence as it stands.
    between = " " if error.what.split()[0] in VERBS else ": "
    return answer(request, Told(status, f"{error.where}{between}{error.what}", error.mend))


def _signed_out(request: Request, error: Exception) -> Response:
    back = error.back if isinstance(error, SignedOut) else "/"
    return _elsewhere(request, "/sign-in", back, Told(401, "Nobody is signed in here, or no longer.", "sign in"))


def _proof_needed(request: Request, error: Exception) -> Response:
    back = error.back if isinstance(error, ProofNeeded) else "/"
    return _elsewhere(request, "/confirm", back, Told(401, "This asks for a fresh code.", "give one"))


def _elsewhere(request: Request, path: str, back: str, told: Told) -> Response:
    """People are led there; a script is told, and a part of a page has the whole page go there."""
    target = path if back == "/" else f"{path}?back={quote(back)}"
    if is_fragment(request):
        return answer(request, told, {"hx-redirect": target})
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(target, 303)
    return answer(request, told)


def _too_often(request: Request, error: Exception) -> Response:
    wait = int(error.wait) + 1 if isinstance(error, TooOften) else 1
    told = Told(429, "That was asked more often than is let through.", f"wait {wait} seconds, then go on")
    return answer(request, told, {"retry-after": str(wait)})


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:  # noqa: PLR2004
        return answer(request, Told(404, "No page has this address.", "go to the queue, or search by Ctrl K"))
    return answer(request, Told(status, "This cannot be asked for this way.", "go back and try from there"))


def _unreadable(request: Request, error: Exception) -> Response:
    """The names of the fields and nothing of what was in them."""
    fields = {str(one["loc"][-1]) for one in error.errors()} if isinstance(error, RequestValidationError) else set()
    what = f"{', '.join(sorted(fields)) or 'a field'}: missing, or not what it should be"
    return answer(request, Told(400, what, "go back and mend it"))
