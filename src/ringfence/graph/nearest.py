"""Which accounts are most alike in what they tie to? The k nearest by cosine, found through the objects they share.

An account is like another only by an object both use, so each account asks the users of its own objects, the rarest
object first, until its budget is spent: the cost is at most accounts x budget, never accounts squared.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.graph.csr import Csr, Ids, Index, Weights, greater
from ringfence.graph.threads import even, in_ranges


def nearest(matrix: Csr, k: int, budget: int) -> Csr:
    """For each row the `k` rows of largest cosine with it, the cosine as weight: rows x rows, not symmetric.

    A row itself and rows that share nothing with it are left out; of equals the lower id comes first. Exact for a row
    whose targets have no more than `budget` users in all (itself counted). Else its rarest targets alone are looked
    up, as many as fit, so that a weight is a lower bound of the cosine.
    """
    unit = normalised(matrix)
    turned = unit.transposed()
    targets = np.empty((matrix.rows, k), np.uint32)
    weights = np.empty((matrix.rows, k), np.float32)
    counts = np.empty(matrix.rows, np.int64)
    rows, columns = (unit.starts, unit.targets, unit.weights), (turned.starts, turned.targets, turned.weights)
    in_ranges(
        lambda first, last: _search(*rows, *columns, budget, targets, weights, counts, first, last), even(matrix.rows)
    )
    there = np.arange(k) < counts[:, None]
    starts = np.concatenate(([0], np.cumsum(counts)))
    return Csr(starts, targets[there], weights[there], matrix.rows)


def symmetrised(matrix: Csr) -> Csr:
    """A square matrix with the larger of its two weights between any two rows."""
    return greater(matrix, matrix.transposed())


def balanced(matrix: Csr) -> Csr:
    """A symmetric matrix K as D^-1/2 K D^-1/2, where D holds the row sums: its largest eigenvalue is at most 1."""
    sums = np.bincount(matrix.sources(), matrix.weights, minlength=matrix.rows)
    scale = (1 / np.sqrt(np.where(sums > 0, sums, 1))).astype(np.float32)
    weights = matrix.weights * np.repeat(scale, matrix.degree()) * scale[matrix.targets]
    return Csr(matrix.starts, matrix.targets, weights, matrix.columns)


def normalised(matrix: Csr) -> Csr:
    """Each row divided by its length, so that the product of two rows is their cosine."""
    weights = np.empty_like(matrix.weights)
    in_ranges(lambda first, last: _normalise(matrix.starts, matrix.weights, weights, first, last), even(matrix.rows))
    return Csr(matrix.starts, matrix.targets, weights, matrix.columns)


@njit(nogil=True, cache=True)
def _normalise(starts: Index, weights: Weights, out: Weights, first: int, last: int) -> None:
    for row in range(first, last):
        squares = 0.0
        for tie in range(starts[row], starts[row + 1]):
            squares += np.float64(weights[tie]) ** 2
        scale = 1 / np.sqrt(squares) if squares > 0 else 0.0
        for tie in range(starts[row], starts[row + 1]):
            out[tie] = weights[tie] * scale


@njit(nogil=True, cache=True)
def _search(
    starts: Index,
    targets: Ids,
    weights: Weights,
    user_starts: Index,
    users: Ids,
    user_weights: Weights,
    budget: int,
    out_targets: NDArray[np.uint32],
    out_weights: NDArray[np.float32],
    counts: Index,
    first: int,
    last: int,
) -> None:
    cosines = np.zeros(len(starts) - 1, np.float32)
    met = np.empty(min(budget, len(starts) - 1), np.uint32)
    for row in range(first, last):
        order = _rarest_first(targets[starts[row] : starts[row + 1]], user_starts)
        spent, found = 0, 0
        for place in order:
            tie = starts[row] + place
            target, weight = targets[tie], weights[tie]
            spent += user_starts[target + 1] - user_starts[target]
            if spent > budget:
                break
            for use in range(user_starts[target], user_starts[target + 1]):
                user = users[use]
                if cosines[user] == 0:
                    met[found] = user
                    found += 1
                cosines[user] += weight * user_weights[use]
        cosines[row] = 0
        counts[row] = _keep_best(met[:found], cosines, out_targets[row], out_weights[row])
        for one in range(found):
            cosines[met[one]] = 0


@njit(nogil=True, cache=True)
def _rarest_first(targets: Ids, user_starts: Index) -> Index:
    """The places of `targets` from the fewest users to the most, and of equals as they come."""
    order = np.arange(len(targets))
    users = np.empty(len(targets), np.int64)
    for place in range(len(targets)):
        users[place] = user_starts[targets[place] + 1] - user_starts[targets[place]]
    return order[np.argsort(users, kind="mergesort")] if len(targets) > 1 else order


@njit(nogil=True, cache=True)
def _keep_best(met: Ids, cosines: Weights, targets: Ids, weights: Weights) -> int:
    """Write the largest cosines, in the order of their ids, to `targets` and `weights`; tell how many there are."""
    kept = 0
    for one in met:
        cosine = cosines[one]
        if cosine <= 0:
            continue
        place = kept if kept < len(targets) else kept - 1
        if kept == len(targets) and not _before(cosine, one, weights[place], targets[place]):
            continue
        while place > 0 and _before(cosine, one, weights[place - 1], targets[place - 1]):
            targets[place], weights[place] = targets[place - 1], weights[place - 1]
            place -= 1
        targets[place], weights[place] = one, cosine
        kept = min(kept + 1, len(targets))
    for last in range(1, kept):
        target, weight, place = targets[last], weights[last], last
        while place > 0 and targets[place - 1] > target:
            targets[place], weights[place] = targets[place - 1], weights[place - 1]
            place -= 1
        targets[place], weights[place] = target, weight
    return kept


@njit(nogil=True, cache=True)
def _before(cosine: float, one: int, other_cosine: float, other: int) -> bool:
    return cosine > other_cosine or (cosine == other_cosine and one < other)
