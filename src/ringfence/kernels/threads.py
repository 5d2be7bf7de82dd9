"""How is work on rows shared among threads? Each has a range of rows and writes nothing else.

So no sum depends on who was first, and the answer is the same for any number of threads.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from os import cpu_count

import numpy as np
from numpy.typing import NDArray

THREADS = min(4, cpu_count() or 1)

# To start and join threads costs about as much as this many steps of a kernel.
WORTH_A_THREAD = 100_000


def in_ranges(task: Callable[[int, int], object], cuts: NDArray[np.int64]) -> None:
    """Do `task(first, last)` for each range between neighbouring `cuts`, each in a thread of its own.

    The task must let go of the interpreter's lock, as compiled kernels do. What a task raises is raised here.
    """
    ranges = [(int(first), int(last)) for first, last in pairwise(cuts) if first < last]
    if len(ranges) <= 1:
        for first, last in ranges:
            task(first, last)
        return
    with ThreadPoolExecutor(len(ranges)) as pool:
        for done in [pool.submit(task, first, last) for first, last in ranges]:
            done.result()


def shares(starts: NDArray[np.int64], steps_each: int = 1) -> NDArray[np.int64]:
    """Cuts between rows that give each thread as many ties: row i has those from starts[i] to starts[i + 1].

    A hub's row is as long as a thousand others, so shares are of ties and not of rows. Work of few steps, at
    `steps_each` a tie, stays in one thread.
    """
    rows, ties = len(starts) - 1, int(starts[-1])
    if THREADS == 1 or ties * steps_each + rows < WORTH_A_THREAD:
        return np.array([0, rows])
    cuts = np.searchsorted(starts, np.linspace(0, ties, THREADS + 1))
    cuts[0], cuts[-1] = 0, rows
    return cuts


def even(size: int) -> NDArray[np.int64]:
    """Cuts of `size` like things into one share a thread."""
    return np.linspace(0, size, THREADS + 1).astype(np.int64)
