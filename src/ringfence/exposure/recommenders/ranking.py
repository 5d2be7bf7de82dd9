"""Which of the accounts that were reached score highest? Best first; equal scores go by id.

Compiled code that calls these functions is kept on disk by the caller's file: touch the callers after a change here.
"""

import threading

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.graph.csr import Ids

# Scores are whole multiples of this, so that sums are exact and a tie never hangs on the order of addition.
GRAIN = 2.0**-20

Grains = NDArray[np.int64]


class Scratch(threading.local):
    """Room for one score an account, used again by every question; each thread has its own.

    `scores` is zero everywhere between two questions; `touched` lists where it is not during one.
    """

    def __init__(self, accounts: int) -> None:
        self.scores: Grains = np.zeros(accounts, np.int64)
        self.touched: Ids = np.empty(accounts, np.uint32)


def in_grains(values: NDArray[np.floating]) -> Grains:
    """The nearest whole number of grains."""
    return np.round(values / GRAIN).astype(np.int64)


def in_range(followed: Ids, accounts: int) -> None:
    """Raises IndexError for an id that is no account's: compiled code would read whatever lies there."""
    if len(followed) and int(followed.max()) >= accounts:
        raise IndexError(f"account {int(followed.max())} of {accounts}")


@njit(nogil=True, cache=True)
def bar(scores: Grains, followed: Ids, viewer: int) -> None:
    """Let neither the followed nor the viewer be shown."""
    for one in followed:
        scores[one] = 0
    if 0 <= viewer < len(scores):
        scores[viewer] = 0


@njit(nogil=True, cache=True)
def clear(scores: Grains, touched: Ids, count: int) -> None:
    """Zero the scores that were touched."""
    for place in range(count):
        scores[touched[place]] = 0


@njit(nogil=True, cache=True)
def best(scores: Grains, touched: Ids, count: int, out: Ids) -> int:
    """Put those of `touched[:count]` with the highest scores above 0 into `out`, best first; returns how many.

    A heap of the size of `out` with the worst on top: one comparison for each account that is not among the best.
    """
    held = 0
    for place in range(count):
        one = touched[place]
        if scores[one] <= 0:
            continue
        if held < len(out):
            _rise(scores, out, held, one)
            held += 1
        elif held and _before(scores, one, out[0]):
            _sink(scores, out, held, one)
    for last in range(held - 1, 0, -1):
        worst, moved = out[0], out[last]
        _sink(scores, out, last, moved)
        out[last] = worst
    return held


@njit(nogil=True, cache=True)
def _before(scores: Grains, one: int, other: int) -> bool:
    return bool(scores[one] > scores[other] or (scores[one] == scores[other] and one < other))


@njit(nogil=True, cache=True)
def _rise(scores: Grains, heap: Ids, place: int, one: int) -> None:
    while place > 0 and _before(scores, heap[(place - 1) // 2], one):
        heap[place] = heap[(place - 1) // 2]
        place = (place - 1) // 2
    heap[place] = one


@njit(nogil=True, cache=True)
def _sink(scores: Grains, heap: Ids, size: int, one: int) -> None:
    """Put `one` in place of the top."""
    place = 0
    while 2 * place + 1 < size:
        below = 2 * place + 1
        if below + 1 < size and _before(scores, heap[below], heap[below + 1]):
            below += 1
        if not _before(scores, one, heap[below]):
            break
        heap[place] = heap[below]
        place = below
    heap[place] = one
