"""Is it worth asking again? Not for a while after many failures in a row; then once, to see."""

from collections.abc import Callable
from enum import StrEnum


class State(StrEnum):
    """Whether questions go through: all, none, or one to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Opens after `failures` in a row; after `pause` seconds by `clock` it lets one question through."""

    __slots__ = ("_clock", "_failures", "_in_a_row", "_opened", "_pause", "_trying")

    def __init__(self, failures: int, pause: float, clock: Callable[[], float]) -> None:
        self._failures, self._pause, self._clock = failures, pause, clock
        self._in_a_row = 0
        self._opened: float | None = None
        self._trying = False

    @property
    def state(self) -> State:
        """How it stands now."""
        if self._opened is None:
            return State.CLOSED
        return State.HALF_OPEN if self._clock() - self._opened >= self._pause else State.OPEN

    def admits(self) -> bool:
        """Whether a question may be asked now. While the one to see is under way, no other is."""
        state = self.state
        if state is not State.HALF_OPEN:
            return state is State.CLOSED
        if self._trying:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """An answer came: questions go through again."""
        self._in_a_row, self._opened, self._trying = 0, None, False

    def failed(self) -> None:
        """No answer came. The one to see opens it at once; else so many in a row do."""
        self._in_a_row += 1
        self._trying = False
        if self._opened is not None or self._in_a_row >= self._failures:
            self._opened = self._clock()
