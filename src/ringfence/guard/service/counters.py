"""What has a worker counted, where every other worker can read it?

Plain 64-bit numbers in memory that all workers map, a row a worker. Adding to one is about 0.1 microseconds
(prometheus-client's own files for several processes cost a lock and a dictionary look-up each time), nothing has to
be flushed, and the counts of a worker that was killed are still there: its replacement goes on in the same row.
"""

import mmap
import os
import tempfile
from bisect import bisect_left
from collections.abc import Iterator

from ringfence.guard.policies.policy import Cause
from ringfence.model.words import Surface, Verdict

ROUTES = ("search", "autocomplete", "related", "hashtag", "tags", "suggest", "recommend", "slate", "other")
SURFACES = (*Surface, "")  # empty where a request does not get as far as to name one
STATUSES = (200, 400, 401, 403, 404, 405, 408, 413, 422, 500, 503)
VERDICTS = tuple(Verdict)
REASONS = ("none", "lexicon", "weak", "tag", "network", "media", "account", "limit", "pair", "degraded", "other")
CAUSES = tuple(Cause)
# Upper ends in microseconds; the last bucket has none.
BUCKETS = (25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000)
GAUGES = (
    "in_flight",
    "shed",
    "clock_skew",
    "log_lines_lost",
    "swaps",
    "last_swap_us",
    "snapshot_version",  # its first eight bytes as a number, 0 for none
    "snapshot_created_at",
    "snapshot_sequence",
    "beat",  # when its event loop last turned, in milliseconds of the monotonic clock
    "pid",
)

_REQUESTS = 0
_VERDICTS = _REQUESTS + len(ROUTES) * len(SURFACES) * len(STATUSES)
_DEGRADED = _VERDICTS + len(Surface) * len(VERDICTS) * len(REASONS)
_LATENCY = _DEGRADED + len(CAUSES) * len(Surface)
_CANDIDATES = _LATENCY + len(ROUTES) * (len(BUCKETS) + 2)
_TRIAL = _CANDIDATES + len(Surface)
_GAUGES = _TRIAL + len(Surface) * len(VERDICTS) ** 2
CELLS = _GAUGES + len(GAUGES)
ROW_BYTES = -(-CELLS * 8 // mmap.PAGESIZE) * mmap.PAGESIZE
SECRET_BYTES = 64

ROUTE = {name: number for number, name in enumerate(ROUTES)}
SURFACE: dict[Surface | str, int] = {name: number for number, name in enumerate(SURFACES)}
STATUS = {code: number for number, code in enumerate(STATUSES)}
VERDICT = {word: number for number, word in enumerate(VERDICTS)}
REASON = {word: number for number, word in enumerate(REASONS)}
CAUSE: dict[str, int] = {word: number for number, word in enumerate(CAUSES)}
GAUGE = {word: _GAUGES + number for number, word in enumerate(GAUGES)}


class Counters:
    """The counts of one worker, in its row of the shared numbers."""

    __slots__ = ("_cells", "_kinds")

    def __init__(self, cells: "memoryview[int]") -> None:
        self._cells = cells
        self._kinds: dict[str, int] = {}

    def request(self, route: int, surface: int, status: int, microseconds: int) -> None:
        """One request was answered."""
        cells = self._cells
        cells[_REQUESTS + (route * len(SURFACES) + surface) * len(STATUSES) + status] += 1
        place = _LATENCY + route * (len(BUCKETS) + 2)
        cells[place + bisect_left(BUCKETS, microseconds)] += 1
        cells[place + len(BUCKETS) + 1] += microseconds

    def verdicts(self, surface: int, verdict: Verdict, reason: str, count: int) -> None:
        """So many subjects earned a verdict, for a reason of this kind."""
        kind = self._kinds.get(reason)
        if kind is None:
            kind = self._kind(reason)
        self._cells[_VERDICTS + (surface * len(VERDICTS) + VERDICT[verdict]) * len(REASONS) + kind] += count

    def degraded(self, cause: str, surface: int) -> None:
        """One answer was degraded."""
        self._cells[_DEGRADED + CAUSE[cause] * len(Surface) + surface] += 1

    def candidates(self, surface: int, count: int) -> None:
        """So many candidates stood in a slate."""
        self._cells[_CANDIDATES + surface] += count

    def trial(self, surface: int, served: Verdict, tried: Verdict, count: int) -> None:
        """A policy on trial would have said otherwise so many times."""
        place = (surface * len(VERDICTS) + VERDICT[served]) * len(VERDICTS) + VERDICT[tried]
        self._cells[_TRIAL + place] += count

    def add(self, gauge: str, count: int = 1) -> None:
        """Add to one of the single numbers."""
        self._cells[GAUGE[gauge]] += count

    def put(self, gauge: str, value: int) -> None:
        """Set one of the single numbers."""
        self._cells[GAUGE[gauge]] = value

    def get(self, gauge: str) -> int:
        """One of the single numbers."""
        return self._cells[GAUGE[gauge]]

    def _kind(self, reason: str) -> int:
        """The number of a reason's kind. Reasons are a closed list, so what is remembered stays small."""
        word = reason.partition(":")[0]
        kind = self._kinds[reason] = REASON.get(word, REASON["other"])
        return kind


class Row:
    """What one worker's row says, read as a whole."""

    __slots__ = ("_cells",)

    def __init__(self, cells: "memoryview[int]") -> None:
        self._cells = cells.tolist()

    def requests(self) -> Iterator[tuple[tuple[str, ...], int]]:
        """(route, surface, status) and how many, where there are any."""
        names = ((route, surface, str(status)) for route in ROUTES for surface in SURFACES for status in STATUSES)
        return self._counted(_REQUESTS, names)

    def verdicts(self) -> Iterator[tuple[tuple[str, ...], int]]:
        """(surface, verdict, kind of reason) and how many."""
        names = ((surface, verdict, reason) for surface in Surface for verdict in VERDICTS for reason in REASONS)
        return self._counted(_VERDICTS, names)

    def degraded(self) -> Iterator[tuple[tuple[str, ...], int]]:
        """(cause, surface) and how many."""
        return self._counted(_DEGRADED, ((cause, surface) for cause in CAUSES for surface in Surface))

    def candidates(self) -> Iterator[tuple[tuple[str, ...], int]]:
        """(surface,) and how many."""
        return self._counted(_CANDIDATES, ((surface,) for surface in Surface))

    def trial(self) -> Iterator[tuple[tuple[str, ...], int]]:
        """(surface, verdict served, verdict on trial) and how many."""
        names = ((surface, served, tried) for surface in Surface for served in VERDICTS for tried in VERDICTS)
        return self._counted(_TRIAL, names)

    def latency(self, route: str) -> tuple[list[int], int]:
        """How many requests fell in each bucket, and the sum of their microseconds."""
        place = _LATENCY + ROUTE[route] * (len(BUCKETS) + 2)
        return self._cells[place : place + len(BUCKETS) + 1], self._cells[place + len(BUCKETS) + 1]

    def gauge(self, name: str) -> int:
        """One of the single numbers."""
        return self._cells[GAUGE[name]]

    def _counted(self, place: int, names: Iterator[tuple[str, ...]]) -> Iterator[tuple[tuple[str, ...], int]]:
        return ((name, count) for name, count in zip(names, self._cells[place:], strict=False) if count)


class Board:
    """The rows of all workers and one secret, in memory that they share by its file descriptor; no file has a name."""

    __slots__ = ("_map", "fileno", "workers")

    def __init__(self, workers: int, fileno: int | None = None) -> None:
        self.workers = workers
        self.fileno = _memory() if fileno is None else fileno
        length = workers * ROW_BYTES + SECRET_BYTES
        if fileno is None:
            os.ftruncate(self.fileno, length)
        self._map = mmap.mmap(self.fileno, length)

    def counters(self, worker: int) -> Counters:
        """Where worker 0, 1, ... counts."""
        return Counters(self._cells(worker))

    def rows(self) -> list[Row]:
        """What every worker has counted so far."""
        return [Row(self._cells(worker)) for worker in range(self.workers)]

    def secret(self) -> "memoryview[int]":
        """The bytes of the secret that the workers share."""
        return memoryview(self._map)[self.workers * ROW_BYTES :]

    def _cells(self, worker: int) -> "memoryview[int]":
        start = worker * ROW_BYTES
        return memoryview(self._map)[start : start + CELLS * 8].cast("Q")


def _memory() -> int:
    """A descriptor of memory; where the system has no such thing, of a file that nobody can open."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("ringfence")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
