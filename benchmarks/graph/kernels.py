"""How fast do weights flow along ten million ties, beside scipy and beside what the memory can give?

    python benchmarks/graph/kernels.py

Ten million random ties over a million accounts. Each measure takes the kernels in turn, ours and scipy's, and the
median of seven turns. The bandwidth is that of adding up a large array on as many threads. Writes
benchmarks/results/kernels.md.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numba
import numpy as np
import scipy
import scipy.sparse as sp
from numba import njit
from numpy.typing import NDArray

from ringfence.graph import local
from ringfence.graph.csr import Csr, from_pairs
from ringfence.kernels.threads import THREADS, even, in_ranges

RESULT = Path(__file__).parents[1] / "results" / "kernels.md"
ACCOUNTS, TIES, FEATURES, TURNS = 1_000_000, 10_000_000, 32, 7
Kernel = Callable[[], Any]
STREAMED = 200_000_000  # float32: far larger than any cache


def main() -> None:
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, ACCOUNTS, (2, TIES))
    weights = rng.random(TIES)
    matrix = from_pairs(rows, columns, weights, (ACCOUNTS, ACCOUNTS))
    theirs = sp.csr_matrix((matrix.weights, matrix.targets.astype(np.int32), matrix.starts.astype(np.int32)))
    pattern = sp.csr_matrix((np.ones(matrix.ties, np.float32), theirs.indices, theirs.indptr))
    ties = np.maximum(matrix.degree(), 1).astype(np.float32)[:, None]
    mass = rng.random((ACCOUNTS, 1)).astype(np.float32)
    values = rng.random((ACCOUNTS, FEATURES)).astype(np.float32)
    stream = bandwidth()
    wide, shape = moved(matrix, FEATURES, 8), (ACCOUNTS, ACCOUNTS)
    means = moved(matrix, FEATURES, 4)
    measured = [
        (
            "propagate, 1 column",
            moved(matrix, 1, 8),
            lambda: local.propagate(matrix, mass),
            lambda: theirs @ mass[:, 0],
        ),
        (f"propagate, {FEATURES} columns", wide, lambda: local.propagate(matrix, values), lambda: theirs @ values),
        (f"mean, {FEATURES} columns", means, lambda: local.aggregate(matrix, values), lambda: pattern @ values / ties),
        (
            f"mean, deviation and largest, {FEATURES} columns",
            means + 8 * FEATURES * ACCOUNTS,
            lambda: local.moments(matrix, values),
            None,
        ),
        (
            "build from pairs",
            None,
            lambda: from_pairs(rows, columns, weights, shape),
            lambda: sp.coo_matrix((weights, (rows, columns)), shape).tocsr(),
        ),
        ("transpose", None, matrix.transposed, theirs.T.tocsr),
    ]
    report([row(*each, stream) for each in measured], stream)


def moved(matrix: Csr, width: int, tie: int) -> int:
    """Bytes: the ties once, a number for each tie and column, and the answer once; caches may save some of it."""
    return matrix.ties * (tie + 4 * width) + matrix.rows * (8 + 4 * width)


def row(name: str, size: int | None, ours: Kernel, theirs: Kernel | None, stream: float) -> str:
    seconds = turns(ours) if theirs is None else turns(ours, theirs)
    mine = seconds[0]
    beside = f"{seconds[1] * 1000:.0f} | {seconds[1] / mine:.1f}" if theirs else " | "
    return f"| {name} | {mine * 1000:.0f} | {beside} | {f'{size / mine / stream:.0%}' if size else ''} |"


def turns(*kernels: Kernel) -> list[float]:
    """The median seconds of each, after one call to compile; they take turns, so that a slow spell meets all."""
    seconds: list[list[float]] = [[] for _ in kernels]
    for turn in range(TURNS + 1):
        for kernel, spent in zip(kernels, seconds, strict=True):
            began = time.perf_counter()
            kernel()
            if turn:
                spent.append(time.perf_counter() - began)
    return [statistics.median(spent) for spent in seconds]


def bandwidth() -> float:
    """Bytes a second at which as many threads as the kernels have read a large array."""
    numbers, cuts = np.ones(STREAMED, np.float32), even(STREAMED)
    return 4 * STREAMED / turns(lambda: in_ranges(lambda first, last: _add(numbers[first:last]), cuts))[0]


@njit(nogil=True, fastmath=True, cache=True)
def _add(numbers: NDArray[np.float32]) -> float:
    total = np.float32(0)
    for number in numbers:
        total += number
    return float(total)


def report(rows: list[str], stream: float) -> None:
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    lines = [
        "# Kernels of the graph",
        "",
        f"{TIES:,} random ties over {ACCOUNTS:,} accounts. Median of {TURNS} turns, ours on {THREADS} threads.",
        "",
        "| kernel | ringfence ms | scipy ms | times as fast | share of bandwidth |",
        "|---|---|---|---|---|",
        *rows,
        "",
        (
            f"Read bandwidth, {THREADS} threads adding up one array: {stream / 1e9:.1f} GB/s. The share is of the "
            "bytes of the ties, of what each tie fetches, and of the answer; what a cache holds need not be fetched, "
            "so a share may pass 100%."
        ),
        "",
        (
            f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {gigabytes:.0f} GB, "
            f"Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}, "
            f"numba {numba.__version__}. Command: `python benchmarks/graph/kernels.py`"
        ),
    ]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
