"""To whom do most paths lead from the followed accounts? The sum that friend-of-friend and item-based share.

score(c) = sum over followed i with a tie to c of the tie's worth; worths are whole grains, so sums are exact.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.exposure.recommenders.ranking import Grains, Scratch, bar, best, clear, in_range
from ringfence.graph.csr import Csr, Ids, Index

Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Worth:
    """What a path counts, in grains: a figure of its row, or one of its tie.

    Of a row with more than `reads` ties, `reads` spread evenly over it are read. With `weights` (one from 0 to 1 an
    account), a path through i to c counts with the weights of its two ties: w(i) and min(w(i), w(c)), rounded.
    """

    rows: Grains | None = None
    ties: Grains | None = None
    weights: Weights | None = None
    reads: int = np.iinfo(np.int64).max


class Paths:
    """Ranks accounts by the worth of the paths that lead to them. May be asked from several threads."""

    __slots__ = ("_scratch", "_starts", "_targets", "_worth")

    def __init__(self, ties: Csr, worth: Worth) -> None:
        none, unweighted = np.empty(0, np.int64), np.empty(0)
        self._starts, self._targets = ties.starts, ties.targets
        self._worth = (
            none if worth.rows is None else worth.rows,
            none if worth.ties is None else worth.ties,
            unweighted if worth.weights is None else worth.weights,
            worth.reads,
        )
        self._scratch = Scratch(ties.columns)

    def best(self, followed: Ids, wanted: int, viewer: int) -> Ids:
        """The `wanted` accounts with the highest scores above 0, neither followed nor the viewer.

        Raises IndexError for a followed id that is no row.
        """
        in_range(followed, len(self._starts) - 1)
        scores, touched = self._scratch.scores, self._scratch.touched
        out = np.empty(min(wanted, len(scores)), np.uint32)
        held = _best(self._starts, self._targets, *self._worth, followed, viewer, scores, touched, out)
        return out[:held]


@njit(nogil=True, cache=True)
def _best(
    starts: Index,
    targets: Ids,
    row_worth: Grains,
    tie_worth: Grains,
    weights: Weights,
    reads: int,
    followed: Ids,
    viewer: int,
    scores: Grains,
    touched: Ids,
    out: Ids,
) -> int:
    count = 0
    for one in followed:
        begin, degree = starts[one], starts[one + 1] - starts[one]
        read = min(degree, reads)
        for place in range(read):
            # place * degree // read is the identity for a row read whole, and an even stride over one that is capped.
            tie = begin + (place if read == degree else place * degree // read)
            reached = targets[tie]
            worth = tie_worth[tie] if len(tie_worth) else row_worth[one]
            if len(weights):
                weight = weights[one] * min(weights[one], weights[reached])
                worth = np.int64(np.floor(worth * weight + 0.5))
            if worth > 0:
                if scores[reached] == 0:
                    touched[count] = reached
                    count += 1
                scores[reached] += worth
    bar(scores, followed, viewer)
    held = best(scores, touched, count, out)
    clear(scores, touched, count)
    return held
