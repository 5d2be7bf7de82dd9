"""Which paths about media are there, who may ask each, and how is a refusal told in its caller's own words?"""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ringfence.guard.service.api_keys import Role
from ringfence.guard.service.media import curation, hashing, lookup, match
from ringfence.guard.service.media.desk import MediaDesk
from ringfence.guard.service.refusals import Refusal
from ringfence.guard.service.requests import HEADERS
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind

LOG = logging.getLogger("ringfence.guard")
ALIVE = "I-AM-ALIVE"
Allow = Callable[[Request, Role], None]
Handler = Callable[[MediaDesk, Request], Awaitable[Any]]

# Path, method, what answers, who may ask, the status of success.
_BANK, _CONTENT = "/c/bank/{bank}", "/c/bank/{bank}/content/{content:int}"
TABLE: tuple[tuple[str, str, Handler, Role, int], ...] = (
    ("/h/hash", "GET", hashing.answer, Role.DECIDE, 200),
    ("/h/hash", "POST", hashing.answer, Role.DECIDE, 200),
    ("/m/lookup", "GET", lookup.lookup, Role.DECIDE, 200),
    ("/m/lookup", "POST", lookup.lookup, Role.DECIDE, 200),
    ("/m/raw_lookup", "GET", lookup.raw_lookup, Role.DECIDE, 200),
    ("/m/compare", "POST", lookup.compare, Role.DECIDE, 200),
    ("/m/index/status", "GET", lookup.status, Role.DECIDE, 200),
    ("/c/banks", "GET", curation.banks, Role.BANKS, 200),
    ("/c/banks", "POST", curation.add, Role.BANKS, 201),
    (_BANK, "GET", curation.show, Role.BANKS, 200),
    (_BANK, "PUT", curation.change, Role.BANKS, 200),
    (_BANK, "DELETE", curation.remove, Role.BANKS, 200),
    ("/c/bank/{bank}/content", "POST", curation.add_content, Role.BANKS, 200),
    ("/c/bank/{bank}/signal", "POST", curation.add_signals, Role.BANKS, 200),
    (_CONTENT, "GET", curation.content, Role.BANKS, 200),
    (_CONTENT, "PUT", curation.change_content, Role.BANKS, 200),
    (_CONTENT, "DELETE", curation.remove_content, Role.BANKS, 200),
)
SIGNAL_TYPES = [{"name": name, "enabled_ratio": 1.0} for name in (*HashKind, hashing.VIDEO_MD5)]
CONTENT_TYPES = [{"name": name, "enabled": True} for name in ("photo", "video")]
SHAPES = {"{bank}": "<bank_name>", "{content:int}": "<int:content_id>"}


def routes(desk: MediaDesk, allow: Allow) -> list[Route]:
    """The paths, as Starlette takes them; `allow` raises Refusal where a request's key is for something else."""

    async def alive(_: Request) -> Response:
        return PlainTextResponse(ALIVE, headers=HEADERS)

    async def one(request: Request) -> Response:
        allow(request, Role.DECIDE)
        return await match.match(desk, request)

    fixed = {"/site-map": _site_map(), "/c/signal_type": SIGNAL_TYPES, "/c/content_type": CONTENT_TYPES}
    return [
        Route("/v1/match", one, methods=["POST"]),
        Route("/status", alive),
        *(Route(path, _fixed(value, allow)) for path, value in fixed.items()),
        *(Route(path, _told(desk, handler, allow, role, status), methods=[method])
          for path, method, handler, role, status in TABLE),
    ]  # fmt: skip


def _fixed(value: Any, allow: Allow) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        allow(request, Role.DECIDE)
        return JSONResponse(value, headers=HEADERS)

    return answer


def _told(
    desk: MediaDesk, handler: Handler, allow: Allow, role: Role, status: int
) -> Callable[[Request], Awaitable[Response]]:
    """A handler whose refusals are {"message": ...}, as clients of these paths read them."""

    async def answer(request: Request) -> Response:
        try:
            allow(request, role)
            return JSONResponse(await handler(desk, request), status, headers=HEADERS)
        except Refusal as refusal:
            return _message(refusal.kind.status, f"{refusal.kind.what}; {refusal.kind.mend}")
        except HTTPException as error:
            return _message(error.status_code, error.detail)
        except Fault as fault:
            return _message(_status(fault, desk), f"{fault.what}; {fault.mend}")

    return answer


def _status(fault: Fault, desk: MediaDesk) -> int:
    """Banks or an index that cannot be read are no fault of the caller's, and no match is not what is answered."""
    ours = fault.where.startswith((str(desk.workspace.path), "media index"))
    return HTTPStatus.SERVICE_UNAVAILABLE if ours else HTTPStatus.BAD_REQUEST


def _message(status: int, message: str) -> Response:
    return JSONResponse({"message": message}, status, headers=HEADERS)


def _site_map() -> list[str]:
    paths = {path for path, *_ in TABLE} | {"/status", "/site-map", "/c/signal_type", "/c/content_type", "/v1/match"}
    for ours, theirs in SHAPES.items():
        paths = {path.replace(ours, theirs) for path in paths}
    return sorted(paths)
