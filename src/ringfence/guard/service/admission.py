"""Which request is read, for how long, and how late is it already?

A request's body is read only while fewer than the allowed number are waited for, only up to a size, and only for a
time. One sweep over those that wait replaces a timer for each.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from ringfence.guard.service.refusals import CUT_OFF, INVALID, OVERLOADED, TOO_LARGE, TOO_SLOW, Refusal

Receive = Callable[[], Awaitable[Any]]

LONGEST_DEADLINE_MS = 60_000
OLDEST_START = 60.0  # seconds; a request that claims to have waited longer comes from a clock that is wrong
DEADLINE_HEADER, START_HEADER = b"x-ringfence-deadline-ms", b"x-request-start"
_START = re.compile(rb"t=(\d{1,12}(?:\.\d{1,9})?)")
_MILLISECONDS = re.compile(rb"[1-9]\d{0,4}")
SWEEPS = 4  # in the time that a body may take


class Admission:
    """What one worker reads at a time."""

    __slots__ = ("_late", "_limit", "_most", "_seconds", "_sweeping", "_waiting")

    def __init__(self, *, body_limit: int, body_timeout_ms: int, max_in_flight: int) -> None:
        self._limit = body_limit
        self._seconds = body_timeout_ms / 1000
        self._most = max_in_flight
        self._waiting: dict[asyncio.Task[Any], float] = {}  # since when, by the event loop's clock
        self._late: set[asyncio.Task[Any]] = set()
        self._sweeping = False

    @property
    def in_flight(self) -> int:
        """How many requests wait for the rest of their body."""
        return len(self._waiting)

    async def body(self, receive: Receive) -> bytes:
        """The whole body, or a Refusal as soon as it is clear that there will be none."""
        task = asyncio.current_task()
        if task is None or len(self._waiting) >= self._most:
            raise Refusal(OVERLOADED)
        loop = asyncio.get_running_loop()
        self._waiting[task] = loop.time()
        if not self._sweeping:
            self._sweeping = True
            loop.call_later(self._seconds / SWEEPS, self._sweep, loop)
        try:
            return await self._read(receive)
        except asyncio.CancelledError:
            if task not in self._late:
                raise
            self._late.discard(task)
            task.uncancel()
            raise Refusal(TOO_SLOW) from None
        finally:
            del self._waiting[task]

    async def spill(self, receive: Receive) -> None:
        """Read on and throw away, for a while and up to a size: who still sends is to get to read the answer."""
        spilt = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(self._seconds):
                while spilt <= self._limit:
                    message = await receive()
                    spilt += len(message.get("body", b""))
                    if message["type"] != "http.request" or not message.get("more_body"):
                        return

    async def _read(self, receive: Receive) -> bytes:
        message = await receive()
        body: bytes = message.get("body", b"")
        if not message.get("more_body") and message["type"] == "http.request" and len(body) <= self._limit:
            return body
        parts, size = [], 0
        while True:
            if message["type"] != "http.request":
                raise Refusal(CUT_OFF)
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._limit:
                raise Refusal(TOO_LARGE)
            if not message.get("more_body"):
                return b"".join(parts)
            message = await receive()

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop waiting for bodies that take too long; go on sweeping while there are any."""
        oldest = loop.time() - self._seconds
        for task, since in self._waiting.items():
            if since <= oldest and task not in self._late:
                self._late.add(task)
                task.cancel()
        self._sweeping = bool(self._waiting)
        if self._sweeping:
            loop.call_later(self._seconds / SWEEPS, self._sweep, loop)


def deadline(headers: Mapping[bytes, bytes], default_ms: int, arrived: float, skewed: Callable[[], object]) -> float:
    """Until when an answer is of use, by `time.perf_counter`, where the request arrived at `arrived`.

    What a proxy says it has waited before counts. A start that cannot be is passed over, and `skewed` is told.
    """
    wanted = headers.get(DEADLINE_HEADER)
    milliseconds = default_ms if wanted is None else _milliseconds(wanted)
    start = headers.get(START_HEADER)
    waited = 0.0 if start is None else _waited(start, time.time())
    if waited is None:
        skewed()
        waited = 0.0
    return arrived + milliseconds / 1000 - waited


def _milliseconds(value: bytes) -> int:
    if not _MILLISECONDS.fullmatch(value) or (asked := int(value)) > LONGEST_DEADLINE_MS:
        what = f"{DEADLINE_HEADER.decode()} is no whole number from 1 to {LONGEST_DEADLINE_MS}"
        raise Refusal(INVALID, what, "send whole milliseconds, or leave it out")
    return asked


def _waited(value: bytes, now: float) -> float | None:
    match = _START.fullmatch(value)
    if match is None:
        return None
    waited = now - float(match[1])
    return waited if 0 <= waited <= OLDEST_START else None
