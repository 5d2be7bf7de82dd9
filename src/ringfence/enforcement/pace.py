"""When may the next order be sent? Not sooner than the plan's rate allows, whoever asks."""

import time
from collections.abc import Callable
from threading import Lock


class Pace:
    """Slots, `per_second` of them, shared by threads. Time that nobody used is not made up for."""

    def __init__(
        self,
        per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._every, self._clock, self._sleep = 1 / per_second, clock, sleep
        self._next, self._turn = clock(), Lock()

    def wait(self) -> None:
        """Return once it is one's turn."""
        with self._turn:
            now = self._clock()
            at = max(now, self._next)
            self._next = at + self._every
        if at > now:
            self._sleep(at - now)
