"""What does one request for a decision go through, from its head to its answer?

These paths carry the load, so they are plain ASGI: no router, no request object, one look at each header. A request
that has come whole is answered without ASGI (at_once.py), by the same steps.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from ringfence.guard.answers import Decision, Slate, Viewer, degraded_answer, degraded_slate
from ringfence.guard.decide import Guard
from ringfence.guard.degraded import DegradedGuard
from ringfence.guard.policies.policy import Cause
from ringfence.guard.service import refusals, replies, wire
from ringfence.guard.service.access_log import Line
from ringfence.guard.service.admission import Receive, deadline
from ringfence.guard.service.api_keys import NOBODY, Role
from ringfence.guard.service.at_once import AtOnce, Heads, Whole
from ringfence.guard.service.counters import ROUTE, STATUS, SURFACE
from ringfence.guard.service.desk import Desk
from ringfence.guard.service.raw_slates import Answered
from ringfence.guard.service.refusals import INVALID, Kind, Refusal
from ringfence.guard.service.requests import MOST_CANDIDATES
from ringfence.guard.service.routes import SLATE_ROUTE, Decider, JsonRoute
from ringfence.model.words import Surface, Verdict

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

LOG = logging.getLogger("ringfence.guard")
ALWAYS = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
JSON = ((b"content-type", b"application/json"), *ALWAYS)
BYTES = ((b"content-type", b"application/octet-stream"), *ALWAYS)
# These are said before the body is read, or because of it: the connection is of no more use.
UNREAD = frozenset(
    {refusals.UNAUTHORISED, refusals.FORBIDDEN, refusals.WRONG_METHOD, refusals.TOO_LARGE, refusals.TOO_SLOW}
)
HOUR = 3600.0
LONGEST_LENGTH = 18  # digits; nobody sends so much
_ENCODE = msgspec.json.Encoder().encode
_ALLOWED = "none"


@dataclass(slots=True)
class Told:
    """An answer on its way out, with what is counted and taken down of it."""

    payload: bytes
    surface: Surface | str
    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = JSON
    count: int = 1
    verdicts: Mapping[str, int] | None = None
    degraded: str = ""
    text: str = ""
    policy: str = ""
    snapshot: str = ""
    lexicon: str = ""


Answer = Callable[[bytes, float], Told]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path: as ASGI, and for requests that have come whole."""

    asgi: Asgi
    at_once: AtOnce


def json_endpoint(desk: Desk, route: JsonRoute[Any]) -> Endpoint:
    """The endpoint of one path that takes JSON."""

    def answer(body: bytes, end: float) -> Told:
        guard = desk.guard()
        if (quick := _quick(guard, route, body, end)) is not None:
            return _answered(desk, quick)
        asked = route.read(body)
        said = _late(guard, route, asked) if time.perf_counter() > end else route.decide(guard, asked, end)
        told = _decided(desk, said) if isinstance(said, Decision) else _judged(desk, said)
        if route.text is not None:
            told.text = route.text(asked)
        return told

    return _endpoint(desk, route.name, route.surface, answer)


def slate_endpoint(desk: Desk) -> Endpoint:
    """The endpoint that takes and gives bytes (wire.py)."""

    def answer(body: bytes, end: float) -> Told:
        try:
            asked = wire.decode_request(body, MOST_CANDIDATES)
        except wire.WireError as error:
            raise Refusal(INVALID, f"the body is no slate: {error}", "see the reference for its layout") from None
        guard = desk.guard()
        said = _verdicts(guard, asked, late=time.perf_counter() > end)
        return _numbered(desk, guard, asked, said)

    return _endpoint(desk, SLATE_ROUTE, None, answer)


def _endpoint(desk: Desk, name: str, surface: Surface | None, answer: Answer) -> Endpoint:
    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        headers = dict(scope["headers"])
        key = NOBODY
        try:
            key = desk.keys.name_of(headers.get(b"authorization"), Role.DECIDE)
            _expected(scope["method"], headers, desk.body_limit)
            end = deadline(headers, desk.deadline_ms, began, desk.skewed)
            told = answer(await desk.admission.body(receive), end)
        except Refusal as refusal:
            told = _refused(desk, refusal, surface)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller is told what to do instead
            told = _refused(desk, _failed(error), surface)
        _take_down(desk, name, told, key, headers, began)
        await _say(desk, told, receive, send)

    def at_once(heads: Heads, body: bytes) -> Whole | None:
        if len(body) > desk.body_limit:
            return None
        began = time.perf_counter()
        headers = dict(heads)
        key = NOBODY
        try:
            key = desk.keys.name_of(headers.get(b"authorization"), Role.DECIDE)
            told = answer(body, deadline(headers, desk.deadline_ms, began, desk.skewed))
        except Refusal as refusal:
            told = _refused(desk, refusal, surface)
        except Exception as error:  # noqa: BLE001 - as above
            told = _refused(desk, _failed(error), surface)
        _take_down(desk, name, told, key, headers, began)
        return Whole(told.status, _heads(desk, told), told.payload)

    return Endpoint(asgi, at_once)


def _take_down(desk: Desk, name: str, told: Told, key: str, headers: dict[bytes, bytes], began: float) -> None:
    """Count the request, and write a line about it where one is wanted."""
    microseconds = int((time.perf_counter() - began) * 1e6)
    desk.counters.request(ROUTE[name], SURFACE[told.surface], STATUS[told.status], microseconds)
    if desk.takes_lines:
        desk.took(_line(desk, name, told, key, microseconds), headers, began)


def _heads(desk: Desk, told: Told) -> tuple[tuple[bytes, bytes], ...]:
    """All headers but the one that tells the length."""
    return (*told.headers, *refusals.CLOSE) if desk.draining else told.headers


async def _say(desk: Desk, told: Told, receive: Receive, send: Send) -> None:
    headers = [*_heads(desk, told), (b"content-length", str(len(told.payload)).encode())]
    await send({"type": "http.response.start", "status": told.status, "headers": headers})
    too_large = told.status == refusals.TOO_LARGE.status
    await send({"type": "http.response.body", "body": told.payload, "more_body": too_large})
    if too_large:
        await desk.admission.spill(receive)
        await send({"type": "http.response.body", "body": b""})


def _expected(method: str, headers: Mapping[bytes, bytes], limit: int) -> None:
    """A Refusal when it is no POST, or its body is too large by its own account, before any of it is read."""
    if method != "POST":
        raise Refusal(refusals.WRONG_METHOD)
    length = headers.get(b"content-length", b"")
    if len(length) > LONGEST_LENGTH or (length.isdigit() and int(length) > limit):
        raise Refusal(refusals.TOO_LARGE)


def _quick(guard: Decider, route: JsonRoute[Any], body: bytes, end: float) -> Answered | None:
    """The answer without an object for each candidate, where there is one; see raw_slates.py."""
    if route.quick is None or not isinstance(guard, Guard) or time.perf_counter() > end:
        return None
    return route.quick(guard, body)


def _answered(desk: Desk, said: Answered) -> Told:
    versions = said.versions
    return Told(
        said.payload,
        said.surface,
        count=said.subjects,
        verdicts=_count(desk, said.surface, said.subjects, said.tally, said.degraded),
        degraded=said.degraded,
        policy=versions.policy,
        snapshot=versions.snapshot,
        lexicon=versions.lexicon,
    )


def _late(guard: Decider, route: JsonRoute[Any], asked: Any) -> Decision | Slate:
    """The policy's answer to a request that nobody may be waiting for any more."""
    surface = route.surface_of(asked) if route.surface_of else route.surface
    about = route.late(asked)
    if isinstance(about, str):
        return degraded_answer(guard.policy, surface, about, Cause.DEADLINE)
    return degraded_slate(guard.policy, surface, about, Cause.DEADLINE)


def _decided(desk: Desk, said: Decision) -> Told:
    surface = SURFACE[said.surface]
    desk.counters.verdicts(surface, said.verdict, said.reason, 1)
    if said.degraded:
        desk.counters.degraded(said.degraded, surface)
    return Told(
        _ENCODE(replies.told(said)),
        said.surface,
        verdicts={said.verdict: 1},
        degraded=said.degraded,
        policy=said.policy_version,
        snapshot=said.snapshot_version,
        lexicon=said.lexicon_version,
    )


def _judged(desk: Desk, said: Slate) -> Told:
    count, versions = len(said.candidates), said.versions
    verdicts = _count(desk, said.surface, count, replies.tally(said) if said.judged else {}, said.degraded)
    return Told(
        _ENCODE(replies.sent(said)),
        said.surface,
        count=count,
        verdicts=verdicts,
        degraded=said.degraded,
        policy=versions.policy,
        snapshot=versions.snapshot,
        lexicon=versions.lexicon,
    )


def _count(
    desk: Desk, surface: Surface, count: int, tally: Mapping[tuple[Verdict, str], int], degraded: str
) -> dict[str, int]:
    """Count a slate's verdicts, and give them as the log has them."""
    counters, place = desk.counters, SURFACE[surface]
    counters.candidates(place, count)
    if degraded:
        counters.degraded(degraded, place)
    verdicts: dict[str, int] = {}
    for (verdict, reason), many in tally.items():
        counters.verdicts(place, verdict, reason, many)
        verdicts[verdict] = verdicts.get(verdict, 0) + many
        count -= many
    if count > 0:
        counters.verdicts(place, Verdict.ALLOW, _ALLOWED, count)
        verdicts[Verdict.ALLOW] = verdicts.get(Verdict.ALLOW, 0) + count
    return verdicts


def _verdicts(guard: Decider, asked: wire.SlateRequest, *, late: bool) -> wire.SlateVerdicts:
    viewer = Viewer("" if asked.viewer is None else asked.viewer, asked.minor)
    if late:
        verdict = refusals.verdict(guard.policy, Cause.DEADLINE, asked.surface)
        codes = np.full(asked.ids.shape[0], wire.VERDICTS.index(verdict), np.uint8)
        return wire.SlateVerdicts(codes, wire.NO_VERSION, Cause.DEADLINE)
    version, cause = _rests_on(guard)
    return wire.SlateVerdicts(guard.verdicts(asked.surface, viewer, asked.ids), version, cause)


def _rests_on(guard: Decider) -> tuple[bytes, str]:
    """The version that bytes are answered from, and why they are degraded, if they are."""
    if isinstance(guard, DegradedGuard):
        return wire.NO_VERSION, guard.cause
    snapshot = guard.snapshot
    age = time.time() - snapshot.created_at.timestamp()
    stale = age >= snapshot.policy.max_age_hours * HOUR
    return bytes.fromhex(snapshot.version)[:8].ljust(8, b"\0"), Cause.STALE_SNAPSHOT if stale else ""


def _numbered(desk: Desk, guard: Decider, asked: wire.SlateRequest, said: wire.SlateVerdicts) -> Told:
    raw = said.verdicts.tobytes()
    reason = "degraded" if said.degraded else "other"  # bytes have no room for reasons
    tally = {
        (verdict, reason): many for code, verdict in enumerate(wire.VERDICTS) if code and (many := raw.count(code))
    }
    count = int(said.verdicts.shape[0])
    return Told(
        wire.encode_answer(said),
        asked.surface,
        headers=BYTES,
        count=count,
        verdicts=_count(desk, asked.surface, count, tally, said.degraded),
        degraded=said.degraded,
        policy=guard.policy.version,
        snapshot=said.version.hex() if any(said.version) else "",
    )


def _refused(desk: Desk, refusal: Refusal, surface: Surface | None) -> Told:
    policy, kind = desk.guard().policy, refusal.kind
    body = refusals.refused_decision(refusal, policy, surface)
    if surface is not None:
        desk.counters.degraded(kind.cause, SURFACE[surface])
    if kind is refusals.OVERLOADED:
        desk.counters.add("shed")
    headers = (*JSON, *kind.headers, *(refusals.CLOSE if kind in UNREAD else ()))
    return Told(_ENCODE(body), surface or "", kind.status, headers, count=0, degraded=kind.cause, policy=policy.version)


def _failed(error: Exception) -> Refusal:
    """What a fault of the guard's own becomes. Its message may hold what was asked, so only its place is logged."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "nowhere"
    LOG.error("the guard failed on a request: %s at %s", type(error).__name__, where)
    return Refusal(refusals.INTERNAL)


def _line(desk: Desk, name: str, told: Told, key: str, microseconds: int) -> Line:
    text = desk.text_hash(told.text) if told.text and desk.log is not None else ""
    return Line(
        time.time(),
        name,
        told.surface,
        told.status,
        told.count,
        told.verdicts or {},
        told.degraded,
        microseconds,
        text,
        told.policy,
        told.snapshot,
        told.lexicon,
        key,
    )


def safely(app: Asgi, desk: Desk) -> Asgi:
    """The same, with a failure of the path's own becoming an answer that says nothing of what was asked."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watch(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await app(scope, receive, watch)
        except Exception as error:  # noqa: BLE001 - nothing of a request may reach the server's own log
            refusal = error if isinstance(error, Refusal) else _failed(error)
            if not begun:
                await _say(desk, _plain(refusal), receive, send)

    return guarded


def _plain(refusal: Refusal) -> Told:
    kind: Kind = refusal.kind
    headers = (*JSON, *kind.headers, *(refusals.CLOSE if kind in UNREAD else ()))
    return Told(_ENCODE(refusals.refused(refusal)), "", kind.status, headers, count=0)
