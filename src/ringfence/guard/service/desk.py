"""What does one worker of the service hold, and what does it do beside answering?"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from ringfence.guard.current import Current
from ringfence.guard.decide import Guard
from ringfence.guard.service.access_log import AccessLog, Line, TextHash
from ringfence.guard.service.admission import Admission
from ringfence.guard.service.api_keys import Keyring
from ringfence.guard.service.counters import SURFACE, Board, Counters
from ringfence.guard.service.routes import Decider
from ringfence.model.words import Surface, Verdict

PULSE = 0.25  # seconds
Recorder = Callable[[Line, "dict[bytes, bytes]", int], None]  # a line, the request's headers, its start in nanoseconds


@dataclass(slots=True)
class Desk:
    """The parts that all paths of a worker share. `draining` turns once, when the worker is told to end."""

    current: Current
    keys: Keyring
    admission: Admission
    board: Board
    counters: Counters
    text_hash: TextHash
    deadline_ms: int
    body_limit: int
    log: AccessLog | None = None
    record_span: Recorder | None = None
    draining: bool = False
    _swaps: int = 0
    _guard: Decider | None = None
    _pulse: asyncio.Task[None] | None = None
    _differences: Counter[tuple[Surface, Verdict, Verdict]] = field(default_factory=Counter)

    def guard(self) -> Decider:
        """The guard that answers now."""
        guard = self.current.guard()
        if guard is not self._guard:
            self._swapped(guard)
        return guard

    @property
    def takes_lines(self) -> bool:
        """Whether anybody wants to know of each request."""
        return self.log is not None or self.record_span is not None

    def took(self, line: Line, headers: dict[bytes, bytes], began: float) -> None:
        """One request is about to be answered: take it down, and hand it to the tracer."""
        if self.log is not None:
            self.log.add(line)
        if self.record_span is not None:
            self.record_span(line, headers, time.time_ns() - int((time.perf_counter() - began) * 1e9))

    def skewed(self) -> None:
        """A request came with a start that cannot be."""
        self.counters.add("clock_skew")

    def drain(self) -> None:
        """Say from now on that this worker is about to end."""
        self.draining = True

    def start(self) -> None:
        """Begin the pulse; called in the worker's event loop."""
        self.counters.put("pid", os.getpid())
        self._pulse = asyncio.get_running_loop().create_task(self._beat())

    async def close(self) -> None:
        """End the pulse and write what is still to be written."""
        if self._pulse is not None:
            self._pulse.cancel()
            with suppress(asyncio.CancelledError):
                await self._pulse
        self.pulse()
        if self.log is not None:
            self.log.close()
        self.current.close()

    def pulse(self) -> None:
        """What is done four times a second, asked or not."""
        counters = self.counters
        guard = self.guard()
        counters.put("beat", int(time.monotonic() * 1000))
        counters.put("pid", os.getpid())
        counters.put("in_flight", self.admission.in_flight)
        self.keys.look()
        self.text_hash.tick()
        self._count_swaps()
        if isinstance(guard, Guard):
            self._count_trial(guard)
        if self.log is not None:
            self.log.flush()

    async def _beat(self) -> None:
        while True:
            self.pulse()
            await asyncio.sleep(PULSE)

    def _swapped(self, guard: Decider) -> None:
        """Another guard answers from now on."""
        if isinstance(self._guard, Guard):
            self._count_trial(self._guard)
        self._differences = Counter()
        self._guard = guard
        snapshot = guard.snapshot if isinstance(guard, Guard) else None
        counters = self.counters
        counters.put("snapshot_version", int(snapshot.version, 16) if snapshot else 0)
        counters.put("snapshot_created_at", int(snapshot.created_at.timestamp()) if snapshot else 0)
        counters.put("snapshot_sequence", guard.sequence if isinstance(guard, Guard) else 0)
        self._count_swaps()

    def _count_swaps(self) -> None:
        """How often the folder gave something new, which may be more often than anybody asked."""
        if more := self.current.swaps - self._swaps:
            self._swaps += more
            self.counters.add("swaps", more)
        if (last := self.current.last_swap) is not None:
            self.counters.put("last_swap_us", int(last.seconds * 1e6))

    def _count_trial(self, guard: Guard) -> None:
        """What a policy on trial would have said otherwise since the last look."""
        for key, count in guard.differences.items():
            if more := count - self._differences[key]:
                surface, served, tried = key
                self.counters.trial(SURFACE[surface], served, tried, more)
                self._differences[key] = count
