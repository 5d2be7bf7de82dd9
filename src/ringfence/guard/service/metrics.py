"""What does a monitoring system read at /metrics? The counts of all workers, in Prometheus's text format.

No label is ever a text, a term or an id; docs/service.md lists every series.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ringfence.guard.service.counters import BUCKETS, ROUTES, Board, Row

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Counted = Callable[[Row], Iterator[tuple[tuple[str, ...], int]]]
# Name, what it says, labels, and where it is counted.
SERIES: tuple[tuple[str, str, tuple[str, ...], Counted], ...] = (
    ("requests", "Requests answered.", ("route", "surface", "status"), Row.requests),
    ("candidates", "Candidates in the slates that were judged.", ("surface",), Row.candidates),
    (
        "verdicts",
        "Subjects by verdict, and by the kind of signal that earned it.",
        ("surface", "verdict", "reason"),
        Row.verdicts,
    ),
    ("degraded", "Answers that were not decided from a snapshot as asked.", ("cause", "surface"), Row.degraded),
    (
        "trial_differences",
        "Subjects on which a policy on trial would have said otherwise.",
        ("surface", "served", "tried"),
        Row.trial,
    ),
)
TOTALS = (
    ("shed", "Requests that were told to come again, because too many were being read."),
    ("clock_skew", "Requests whose x-request-start could not be believed."),
    ("log_lines_lost", "Lines of the access log that could not be written."),
    ("swaps", "Times that a worker went over to another snapshot."),
)


def text(board: Board) -> bytes:
    """Everything, as it is scraped."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Workers(board.rows(), time.time()))
    return generate_latest(registry)


class _Workers(Collector):
    """The rows of the workers as metrics."""

    def __init__(self, rows: Sequence[Row], now: float) -> None:
        self._all = rows  # what a worker counted before it died counts
        self._rows = [row for row in rows if row.gauge("pid")]
        self._now = now

    def collect(self) -> Iterable[Metric]:
        for name, told, labels, counted in SERIES:
            yield _summed(f"ringfence_guard_{name}", told, labels, self._all, counted)
        for name, told in TOTALS:
            yield CounterMetricFamily(f"ringfence_guard_{name}", told, sum(row.gauge(name) for row in self._all))
        yield _latency(self._all)
        yield from self._gauges()
        yield from self._snapshots()

    def _gauges(self) -> Iterator[Metric]:
        rows = self._rows
        in_flight = sum(row.gauge("in_flight") for row in rows)
        swap = max((row.gauge("last_swap_us") for row in rows), default=0) / 1e6
        yield GaugeMetricFamily("ringfence_guard_workers", "Workers that answer.", len(rows))
        yield GaugeMetricFamily("ringfence_guard_in_flight", "Requests that are being read.", in_flight)
        yield GaugeMetricFamily(
            "ringfence_guard_last_swap_seconds", "How long the last change of snapshot took a worker.", swap
        )

    def _snapshots(self) -> Iterator[Metric]:
        info = GaugeMetricFamily(
            "ringfence_guard_snapshot_workers", "Workers that answer from a version; empty is none.", labels=["version"]
        )
        for version, count in Counter(_version(row) for row in self._rows).items():
            info.add_metric([version], count)
        yield info
        created = [at for row in self._rows if (at := row.gauge("snapshot_created_at"))]
        sequences = [row.gauge("snapshot_sequence") for row in self._rows]
        if created:
            yield GaugeMetricFamily(
                "ringfence_guard_snapshot_age_seconds", "Age of the oldest snapshot in use.", self._now - min(created)
            )
        yield GaugeMetricFamily(
            "ringfence_guard_snapshot_sequence", "The lowest sequence in use.", min(sequences, default=0)
        )


def _summed(name: str, told: str, labels: Sequence[str], rows: Sequence[Row], counted: Counted) -> Metric:
    total: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        total.update(dict(counted(row)))
    family = CounterMetricFamily(name, told, labels=labels)
    for values, count in total.items():
        family.add_metric(values, count)
    return family


def _latency(rows: Sequence[Row]) -> Metric:
    family = HistogramMetricFamily(
        "ringfence_guard_request_seconds", "From the head of a request to its answer.", labels=["route"]
    )
    for route in ROUTES:
        counts, micros = [0] * (len(BUCKETS) + 1), 0
        for row in rows:
            found, spent = row.latency(route)
            counts = [have + more for have, more in zip(counts, found, strict=True)]
            micros += spent
        if any(counts):
            family.add_metric([route], _cumulative(counts), micros / 1e6)
    return family


def _cumulative(counts: Sequence[int]) -> list[tuple[str, float]]:
    ends = [*(str(end / 1e6) for end in BUCKETS), "+Inf"]
    return [(end, sum(counts[: place + 1])) for place, end in enumerate(ends)]


def _version(row: Row) -> str:
    number = row.gauge("snapshot_version")
    return f"{number:016x}" if number else ""
