"""How often may one ask? A bucket a session, and one an address, that fills slowly; signing in is slower still."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

MOST_KEYS = 20_000  # remembered at a time; the one that asked longest ago is forgotten


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, and then so many a second."""

    burst: float
    per_second: float


@dataclass(frozen=True, slots=True)
class Rates:
    """By session, by address, and by address for signing in or giving a code. An office shares one address."""

    session: Rate = Rate(200, 10)
    address: Rate = Rate(600, 30)
    door: Rate = Rate(10, 1 / 6)


class TooOften(Exception):
    """Asked more often than is let through. `wait` is in seconds."""

    def __init__(self, wait: float) -> None:
        super().__init__(f"wait {wait:.0f} seconds")
        self.wait = wait


class Buckets:
    """What is left to each key. One process's own: a console is one process."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, now: float | None = None) -> None:
        """Count one request. Raises TooOften where nothing is left."""
        at = time.monotonic() if now is None else now
        with self._lock:
            left, before = self._left.pop(key, (self._rate.burst, at))
            left = min(self._rate.burst, left + (at - before) * self._rate.per_second)
            self._left[key] = (max(left - 1, 0.0) if left >= 1 else left, at)
            if len(self._left) > MOST_KEYS:
                self._left.popitem(last=False)
        if left < 1:
            raise TooOften((1 - left) / self._rate.per_second)


@dataclass(frozen=True, slots=True)
class Limits:
    """The buckets of one console."""

    session: Buckets
    address: Buckets
    door: Buckets

    @classmethod
    def of(cls, rates: Rates) -> "Limits":
        """Full ones."""
        return cls(Buckets(rates.session), Buckets(rates.address), Buckets(rates.door))
