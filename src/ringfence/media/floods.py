"""Does a content suddenly match far too much? Then it is more likely wrong, or a picture of nothing, than everywhere.

The rule: its last `matches` matches all fell within `window` seconds, made up `share` of the queries since the first
of them or more, and came from `uploaders` or more uploaders. A match whose uploader nobody told counts as one of its
own. So one person who sends one picture again and again cannot have it held.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass

MOST_WATCHED = 100_000  # contents; of more the one that matched longest ago is forgotten


@dataclass(frozen=True, slots=True)
class Limits:
    """The thresholds: a count, seconds, a share of 1, a count."""

    matches: int
    window: float
    share: float
    uploaders: int


class Floods:
    """The last matches of each content, as this process and those it hears of met them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._queries = 0
        self._met: OrderedDict[int, deque[tuple[float, int, str | None]]] = OrderedDict()

    def asked(self, count: int = 1) -> None:
        """Count queries, before their matches."""
        self._queries += count

    def met(self, content: int, uploader: str | None, at: float) -> bool:
        """Whether this match, at `at` seconds, is the one too many."""
        last = self._met.setdefault(content, deque(maxlen=self._limits.matches))
        self._met.move_to_end(content)
        last.append((at, self._queries, uploader))
        if len(self._met) > MOST_WATCHED:
            self._met.popitem(last=False)
        if len(last) < self._limits.matches or at - last[0][0] > self._limits.window:
            return False
        queries = self._queries - last[0][1] + 1
        told = {uploader for _, _, uploader in last if uploader is not None}
        untold = sum(uploader is None for _, _, uploader in last)
        return len(last) >= self._limits.share * queries and len(told) + untold >= self._limits.uploaders
