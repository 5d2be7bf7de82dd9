"""How does a platform ask the guard over HTTP?"""

import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ringfence.guard.answers import Decision, Outcome, Slate
from ringfence.guard.current import Current
from ringfence.guard.decide import Guard
from ringfence.guard.degraded import DegradedGuard
from ringfence.guard.page import Examples, render
from ringfence.guard.policy import Policy
from ringfence.guard.requests import (
    HEADERS,
    Autocomplete,
    Hashtag,
    Recommend,
    Refusal,
    Search,
    Suggest,
    body_of,
    decode,
    refuse,
)
from ringfence.model.faults import Fault

Decider = Guard | DegradedGuard
Endpoint = Callable[[Request], Awaitable[Response]]
Asked = TypeVar("Asked")
NO_EXAMPLES = Examples()


def build_app(folder: Path | str, policy_fallback: Policy, examples: Examples = NO_EXAMPLES) -> Starlette:
    """The service over a folder of snapshots. Until one is active it answers by the fallback policy's degraded mode."""
    current = Current(folder, policy_fallback)

    async def try_it(_: Request) -> Response:
        return render(examples)

    return Starlette(
        routes=[
            _ask("/v1/search", current, Search, lambda guard, it: guard.search(it.query, it.viewer)),
            _ask(
                "/v1/autocomplete",
                current,
                Autocomplete,
                lambda guard, it: guard.autocomplete(it.prefix, it.candidates),
            ),
            _ask("/v1/hashtag", current, Hashtag, lambda guard, it: guard.hashtag(it.tag)),
            _ask("/v1/suggest", current, Suggest, lambda guard, it: guard.suggest(it.viewer, it.candidates)),
            _ask(
                "/v1/recommend",
                current,
                Recommend,
                lambda guard, it: guard.recommend(it.viewer, it.surface, it.candidates),
            ),
            Route("/healthz", _alive),
            Route("/readyz", _readiness(current)),
            Route("/", try_it),
        ],
        exception_handlers={Refusal: refuse, HTTPException: refuse, Exception: refuse},
    )


def serve(
    folder: Path | str,
    policy_fallback: Policy,
    *,
    host: str = "127.0.0.1",
    port: int = 8100,
    examples: Examples = NO_EXAMPLES,
    ready: Callable[[str], object] = print,
) -> None:
    """Serve until interrupted. `ready` gets the address once requests are taken; port 0 picks a free one.

    There is no sign-in yet, so it listens on this machine only unless `host` says otherwise.
    """
    try:
        listener = socket.create_server((host, port), backlog=1024)
    except OSError as error:
        raise Fault(
            f"the service cannot listen there ({error.strerror})", where=f"{host}:{port}", mend="choose another port"
        ) from error
    # Neither queries nor addresses are to be logged, so there is no access log.
    settings = uvicorn.Config(
        build_app(folder, policy_fallback, examples), access_log=False, log_level="warning", server_header=False
    )
    with listener, suppress(KeyboardInterrupt):  # Ctrl-C is how a person stops it; uvicorn has shut down by then
        ready(f"http://{host}:{listener.getsockname()[1]}/")
        uvicorn.Server(settings).run(sockets=[listener])


def _ask(path: str, current: Current, kind: type[Asked], ask: Callable[[Decider, Asked], Decision | Slate]) -> Route:
    """A route that takes requests of one kind and hands them to the guard."""
    decoder = msgspec.json.Decoder(kind)

    async def endpoint(request: Request) -> Response:
        asked = decode(decoder, await body_of(request))
        answer = ask(current.guard(), asked)
        return _json(_slate(answer) if isinstance(answer, Slate) else answer)

    return Route(path, endpoint, methods=["POST"])


def _slate(slate: Slate) -> dict[str, object]:
    """A slate as it is sent: what to show, and a decision on each candidate that met a rule. The others are allowed."""
    judged = [{"subject": name, **_said(outcome)} for name, outcome in slate.judged.items()]
    return {
        "surface": slate.surface,
        "kept": slate.kept,
        "judged": judged,
        "backfill": slate.backfill,
        "degraded": slate.degraded,
        "policy_version": slate.versions.policy,
        "snapshot_version": slate.versions.snapshot,
        "lexicon_version": slate.versions.lexicon,
    }


def _said(outcome: Outcome) -> dict[str, object]:
    return {"verdict": outcome.verdict, "reason": outcome.reason, "message": outcome.message}


async def _alive(_: Request) -> Response:
    return _json({"ok": True})


def _readiness(current: Current) -> Endpoint:
    async def endpoint(_: Request) -> Response:
        guard = current.guard()
        ready = isinstance(guard, Guard)
        answer = {
            "ready": ready,
            "trouble": current.trouble,
            "policy_version": guard.policy.version,
            "snapshot_version": guard.snapshot.version if isinstance(guard, Guard) else "",
        }
        return _json(answer, HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)

    return endpoint


def _json(answer: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(msgspec.json.encode(answer), status, HEADERS, "application/json")
