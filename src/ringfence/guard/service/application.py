"""Which paths does the service have, and what stands behind each?"""

import asyncio
import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ringfence.guard.current import Current
from ringfence.guard.decide import Guard
from ringfence.guard.policies.policy import Policy
from ringfence.guard.service import metrics, openapi, refusals
from ringfence.guard.service.access_log import AccessLog, TextHash
from ringfence.guard.service.admission import Admission, Receive
from ringfence.guard.service.api_keys import Keyring, Role
from ringfence.guard.service.at_once import AtOnce
from ringfence.guard.service.counters import Board
from ringfence.guard.service.desk import Desk, Recorder
from ringfence.guard.service.endpoints import Asgi, Endpoint, Scope, Send, json_endpoint, safely, slate_endpoint
from ringfence.guard.service.media.desk import MediaDesk
from ringfence.guard.service.media.routes import routes
from ringfence.guard.service.page import Examples, render
from ringfence.guard.service.refusals import Kind, Refusal
from ringfence.guard.service.requests import HEADERS
from ringfence.guard.service.routes import JSON_ROUTES, SLATE_ROUTE
from ringfence.model.faults import Fault
from ringfence.store import config
from ringfence.store.workspace import Workspace

NO_EXAMPLES = Examples()
DECISIONS = "/v1/"
COLLECTOR = "OTEL_EXPORTER_OTLP_ENDPOINT"
_TELEMETRY = "ringfence.guard.service.traces"


@dataclass(frozen=True, slots=True)
class Place:
    """What a service is about: its snapshots, the policy until one is active, and where its keys and its log are."""

    snapshots: Path
    policy: Policy
    settings: config.Guard
    keys_file: Path | None = None
    log_file: Path | None = None
    examples: Examples = NO_EXAMPLES
    open_without_keys: bool = True
    workspace: Workspace | None = None  # whose banks of known media are asked; none is that no path asks them


@dataclass(frozen=True, slots=True)
class Application:
    """The service as one ASGI application, and the desk behind it."""

    desk: Desk
    paths: Mapping[str, Endpoint]
    others: Asgi
    media: MediaDesk | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":
            endpoint = self.paths.get(scope["path"])
            await (endpoint.asgi if endpoint else self.others)(scope, receive, send)
        elif kind == "lifespan":
            await _lifespan(self.desk, self.media, receive, send)

    def at_once(self) -> dict[bytes, AtOnce]:
        """What answers requests that have come whole, by their path."""
        return {path.encode(): endpoint.at_once for path, endpoint in self.paths.items()}


def application(place: Place, board: Board, worker: int) -> Application:
    """The service as one worker of several runs it; `board` is what they share."""
    desk = _desk(place, board, worker)
    media = MediaDesk(place.workspace) if place.workspace else None
    paths = {f"{DECISIONS}{route.name}": json_endpoint(desk, route) for route in JSON_ROUTES}
    paths[f"{DECISIONS}{SLATE_ROUTE}"] = slate_endpoint(desk)
    return Application(desk, paths, safely(_others(desk, place.examples, media), desk), media)


def _desk(place: Place, board: Board, worker: int) -> Desk:
    settings = place.settings
    counters = board.counters(worker)
    lost = _adder(counters.add, "log_lines_lost")
    return Desk(
        current=Current(place.snapshots, place.policy),
        keys=Keyring(place.keys_file, open_without=place.open_without_keys),
        admission=Admission(
            body_limit=settings.body_limit,
            body_timeout_ms=settings.body_timeout_ms,
            max_in_flight=settings.max_in_flight,
        ),
        board=board,
        counters=counters,
        text_hash=TextHash(board.secret(), settings.log_key_hours, owner=worker == 0),
        deadline_ms=settings.deadline_ms,
        body_limit=settings.body_limit,
        log=AccessLog(place.log_file, settings.access_log_bytes, lost) if place.log_file else None,
        record_span=_recorder(settings.traces),
    )


def _adder(add: Callable[[str, int], object], gauge: str) -> Callable[[int], object]:
    return lambda count: add(gauge, count)


def _recorder(wanted: bool) -> Recorder | None:  # noqa: FBT001 - the setting as it is
    """What sends spans, when the setting or OpenTelemetry's own environment asks for it."""
    if not (wanted or os.environ.get(COLLECTOR)):
        return None
    if find_spec("opentelemetry.sdk") is None:
        mend = 'pip install "ringfence[telemetry]", or turn guard.traces off'
        raise Fault("OpenTelemetry is not installed", where="guard.traces", mend=mend)
    recorder: Recorder = importlib.import_module(_TELEMETRY).recorder()  # a second to import, so only on demand
    return recorder


async def _lifespan(desk: Desk, media: MediaDesk | None, receive: Receive, send: Send) -> None:
    warm: asyncio.Future[None] | None = None
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            desk.start()
            if media is not None:
                warm = asyncio.get_running_loop().run_in_executor(None, media.warm)
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await desk.close()
            if warm is not None and media is not None:
                await asyncio.wait([warm])  # it has open what is closed next
                media.close()
            await send({"type": "lifespan.shutdown.complete"})
            return


def _others(desk: Desk, examples: Examples, media: MediaDesk | None) -> Asgi:
    """All that is not asked a thousand times a second."""

    async def alive(_: Request) -> Response:
        return _json({"ok": True})

    async def ready(_: Request) -> Response:
        return _readiness(desk)

    async def scrape(request: Request) -> Response:
        _allow(desk, request, Role.METRICS)
        desk.pulse()
        return Response(metrics.text(desk.board), headers=HEADERS, media_type=metrics.CONTENT_TYPE)

    async def described(_: Request) -> Response:
        return _json(openapi.document())

    async def try_it(request: Request) -> Response:
        _allow(desk, request, Role.DECIDE)
        return render(examples)

    async def refuse(request: Request, error: Exception) -> Response:
        return _refuse(desk, request, error)

    return Starlette(
        routes=[
            Route("/healthz", alive),
            Route("/readyz", ready),
            Route("/metrics", scrape),
            Route("/openapi.json", described),
            Route("/", try_it),
            *(routes(media, partial(_allow, desk)) if media else ()),
        ],
        exception_handlers={Refusal: refuse, HTTPException: refuse},
    )


def _readiness(desk: Desk) -> Response:
    guard = desk.guard()
    serving = isinstance(guard, Guard)
    trouble = "draining" if desk.draining else desk.keys.trouble or desk.current.trouble
    is_ready = serving and not desk.draining and not desk.keys.trouble
    answer = {
        "ready": is_ready,
        "trouble": trouble,
        "policy_version": guard.policy.version,
        "snapshot_version": guard.snapshot.version if isinstance(guard, Guard) else "",
    }
    return _json(answer, HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE)


def _allow(desk: Desk, request: Request, role: Role) -> None:
    shown = request.headers.get("authorization")
    desk.keys.name_of(shown.encode("latin-1") if shown else None, role)


def _refuse(desk: Desk, request: Request, error: Exception) -> Response:
    refusal = error if isinstance(error, Refusal) else Refusal(_kind(error))
    decides = request.url.path.startswith(DECISIONS)
    body = refusals.refused_decision(refusal, desk.guard().policy, None) if decides else refusals.refused(refusal)
    headers = {name.decode(): value.decode() for name, value in refusal.kind.headers}
    if isinstance(error, HTTPException) and error.headers:
        headers.update({name.lower(): value for name, value in error.headers.items()})
    return _json(body, refusal.kind.status, headers)


def _kind(error: Exception) -> Kind:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    return next((kind for kind in refusals.KINDS if kind.status == status), refusals.INTERNAL)


def _json(answer: Any, status: HTTPStatus = HTTPStatus.OK, more: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(answer), status, {**HEADERS, **(more or {})}, "application/json")
