import os
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from ringfence.guard.policies.policy import Cause
from ringfence.guard.service import metrics
from ringfence.guard.service.counters import BUCKETS, CAUSES, GAUGES, REASONS, ROUTES, STATUSES, SURFACES, Board, Row
from ringfence.guard.service.refusals import KINDS
from ringfence.model.words import Surface, Verdict

SAMPLES = st.tuples(
    st.integers(0, len(ROUTES) - 1),
    st.integers(0, len(SURFACES) - 1),
    st.integers(0, len(STATUSES) - 1),
    st.integers(0, 3_000_000),
)


def scraped(board: Board) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.text(board).decode())
        for sample in family.samples
    }


def of(board: Board, name: str, **labels: str) -> float:
    return scraped(board).get((f"ringfence_guard_{name}", tuple(sorted(labels.items()))), 0.0)


def test_every_status_that_is_answered_can_be_counted() -> None:
    head_only = {"not_http", "head_too_large", "head_too_slow"}  # no request, so no route
    assert {int(kind.status) for kind in KINDS if kind.code not in head_only} <= set(STATUSES)
    assert set(CAUSES) == set(Cause)


@given(st.lists(st.tuples(st.integers(0, 2), SAMPLES), max_size=40))
def test_the_workers_add_up(samples: list[tuple[int, tuple[int, int, int, int]]]) -> None:
    board = Board(3)
    for worker in range(3):
        board.counters(worker).put("pid", 1)
    for worker, sample in samples:
        board.counters(worker).request(*sample)
    told = scraped(board)
    for route, name in enumerate(ROUTES):
        mine = [sample for _, sample in samples if sample[0] == route]
        of_route = {key: value for key, value in told.items() if ("route", name) in key[1]}
        counted = sum(value for (series, _), value in of_route.items() if series == "ringfence_guard_requests_total")
        assert counted == len(mine)
        for end in BUCKETS:
            series = ("ringfence_guard_request_seconds_bucket", (("le", str(end / 1e6)), ("route", name)))
            assert told.get(series, 0) == sum(sample[3] <= end for sample in mine)
        total = ("ringfence_guard_request_seconds_sum", (("route", name),))
        assert abs(told.get(total, 0) - sum(sample[3] for sample in mine) / 1e6) < 1e-6


@given(
    st.lists(
        st.tuples(st.sampled_from(list(Surface)), st.sampled_from(list(Verdict)), st.sampled_from(REASONS)), max_size=30
    )
)
def test_no_two_series_share_a_number(samples: list[tuple[Surface, Verdict, str]]) -> None:
    board = Board(1)
    counters = board.counters(0)
    for surface, verdict, reason in samples:
        counters.verdicts(SURFACES.index(surface), verdict, f"{reason}:x", 1)
    (row,) = board.rows()
    assert dict(row.verdicts()) == {
        (surface, verdict, reason): samples.count((surface, verdict, reason))
        for surface, verdict, reason in set(samples)
    }
    for other in (Row.requests, Row.degraded, Row.candidates, Row.trial):
        assert not dict(other(row))


def test_the_last_cells_of_each_series_are_its_own() -> None:
    board = Board(2)
    counters = board.counters(0)
    counters.request(len(ROUTES) - 1, len(SURFACES) - 1, len(STATUSES) - 1, 2**40)
    counters.verdicts(len(Surface) - 1, Verdict.BLOCK, "strange", 3)
    counters.degraded(CAUSES[-1], len(Surface) - 1)
    counters.candidates(len(Surface) - 1, 5)
    counters.trial(len(Surface) - 1, Verdict.BLOCK, Verdict.BLOCK, 6)
    for number, gauge in enumerate(GAUGES):
        counters.put(gauge, number + 10)
    row, empty = board.rows()
    assert list(row.requests()) == [((ROUTES[-1], "", str(STATUSES[-1])), 1)]
    assert row.latency(ROUTES[-1]) == ([0] * len(BUCKETS) + [1], 2**40)
    assert list(row.verdicts()) == [((list(Surface)[-1], Verdict.BLOCK, "other"), 3)]
    assert list(row.degraded()) == [((CAUSES[-1], list(Surface)[-1]), 1)]
    assert list(row.candidates()) == [((list(Surface)[-1],), 5)]
    assert list(row.trial()) == [((list(Surface)[-1], "block", "block"), 6)]
    assert [row.gauge(gauge) for gauge in GAUGES] == [number + 10 for number in range(len(GAUGES))]
    assert not any(list(series(empty)) for series in (Row.requests, Row.verdicts, Row.degraded, Row.trial))


def test_snapshots_are_told_by_version_with_the_oldest_age() -> None:
    board = Board(3)
    for worker, (version, created, sequence) in enumerate([(0xAB, 100, 7), (0xAB, 50, 6), (0, 0, 0)]):
        counters = board.counters(worker)
        counters.put("pid", 1)
        counters.put("snapshot_version", version)
        counters.put("snapshot_created_at", created)
        counters.put("snapshot_sequence", sequence)
    assert of(board, "snapshot_workers", version="00000000000000ab") == 2
    assert of(board, "snapshot_workers", version="") == 1
    assert of(board, "workers") == 3
    assert of(board, "snapshot_age_seconds") > 1_000_000_000
    assert of(board, "snapshot_sequence") == 0


def test_a_worker_that_is_not_there_counts_for_nothing_but_what_it_counted() -> None:
    board = Board(2)
    board.counters(0).put("pid", 1)
    board.counters(1).add("shed", 4)
    assert of(board, "workers") == 1
    assert of(board, "shed_total") == 4


def test_another_process_counts_in_the_same_memory() -> None:
    board = Board(2)
    board.counters(0).put("pid", 1)
    board.counters(1).put("pid", 1)
    program = (
        "import sys; from ringfence.guard.service.counters import Board; "
        "Board(2, int(sys.argv[1])).counters(1).request(0, 0, 0, 30)"
    )
    inheritable = True
    os.set_inheritable(board.fileno, inheritable)
    subprocess.run([sys.executable, "-c", program, str(board.fileno)], check=True, close_fds=False)
    assert of(board, "requests_total", route="search", surface="search", status="200") == 1
