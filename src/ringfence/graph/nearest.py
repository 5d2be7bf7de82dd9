"""Which accounts are most alike in what they tie to? The k nearest by cosine, found through the objects they share.

An account is like another only by an object both use, so each account asks the users of its own objects, the rarest
object first, until its budget is spent: the cost is at most accounts x budget, never accounts squared.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.graph.csr import Csr, Ids, Index, Weights, greater
from ringfence.kernels.prefetch import prefetch
from ringfence.kernels.threads import even, in_ranges

# A slot of the table that no account holds, and the multiplier that scatters ids over the slots (Knuth, 6.4).
_FREE, _SCATTER = np.uint32(0xFFFFFFFF), np.uint32(2_654_435_769)
# Rows up to this long are sorted by insertion; longer ones by numba's sort, which allocates.
_SHORT = 32


def nearest(unit: Csr, k: int, budget: int) -> Csr:
    """For each row the `k` rows of largest cosine with it, the cosine as weight: rows x rows, not symmetric.

    Rows of `unit` are of length 1, as `normalised` makes them, or shorter where a part of them is left out, which
    makes them less like any other. A row itself and rows that share nothing with it are left out; of equals the lower
    id comes first. Exact for a row whose targets have no more than `budget` users in all (itself counted). Else its
    rarest targets alone are looked up, as many as fit, so that a weight is a lower bound of the cosine.
    """
    turned = unit.transposed()
    # A user and its weight side by side, so that one fetch brings both.
    uses = np.empty((turned.ties, 2), np.uint32)
    uses[:, 0], uses[:, 1] = turned.targets, turned.weights.view(np.uint32)
    users, user_weights = uses.reshape(-1), uses.reshape(-1).view(np.float32)
    longest = int(unit.degree().max(initial=0))
    targets = np.empty((unit.rows, k), np.uint32)
    weights = np.empty((unit.rows, k), np.float32)
    counts = np.empty(unit.rows, np.int64)
    held = unit.starts, unit.targets, unit.weights, turned.starts, users, user_weights
    in_ranges(
        lambda first, last: _search(*held, budget, longest, targets, weights, counts, first, last), even(unit.rows)
    )
    there = np.arange(k) < counts[:, None]
    starts = np.concatenate(([0], np.cumsum(counts)))
    return Csr(starts, targets[there], weights[there], unit.rows)


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
    longest: int,
    out_targets: NDArray[np.uint32],
    out_weights: NDArray[np.float32],
    counts: Index,
    first: int,
    last: int,
) -> None:
    """Sums are kept in a table of twice as many slots as there are users to meet: it stays in a core's own cache."""
    slots = _slots(min(budget, len(users) // 2))
    keys, cosines = np.full(slots, _FREE, np.uint32), np.zeros(slots, np.float32)
    met, order = np.empty(slots // 2 + 1, np.uint32), np.empty(longest, np.uint64)
    for row in range(first, last):
        lists, uses = _rarest_first(targets[starts[row] : starts[row + 1]], user_starts, users, budget, order)
        shift, found = np.uint32(32 - _bits(_slots(uses))), np.uint64(0)
        mask = (np.uint32(1) << (np.uint32(32) - shift)) - np.uint32(1)
        for place in range(lists):
            tie = starts[row] + np.int64(order[place] & np.uint64(0xFFFFFFFF))
            target, weight = targets[tie], weights[tie]
            for use in range(np.uint64(2 * user_starts[target]), np.uint64(2 * user_starts[target + 1]), np.uint64(2)):
                user = users[use]
                slot = np.uint32(user * _SCATTER) >> shift
                while keys[slot] != user and keys[slot] != _FREE:
                    slot = (slot + np.uint32(1)) & mask
                met[found] = slot
                found += np.uint64(keys[slot] == _FREE)
                keys[slot] = user
                cosines[slot] += weight * user_weights[use + np.uint64(1)]
        counts[row] = _keep_best(row, met[:found], keys, cosines, out_targets[row], out_weights[row])
        for one in range(found):
            keys[met[one]], cosines[met[one]] = _FREE, 0


@njit(nogil=True, cache=True)
def _bits(slots: int) -> int:
    bits = 0
    while 1 << bits < slots:
        bits += 1
    return bits


@njit(nogil=True, cache=True)
def _slots(uses: int) -> int:
    """A power of two, twice `uses` or more."""
    return max(1 << _bits(2 * uses), 16)


@njit(nogil=True, cache=True)
def _rarest_first(
    targets: Ids, user_starts: Index, users: Ids, budget: int, order: NDArray[np.uint64]
) -> tuple[int, int]:
    """Put the places of `targets` in order, fewest users first and of equals as they come, users above places.

    Tells how many of them the budget allows, and how many users these have in all; asks memory for those.
    """
    size = len(targets)
    for place in range(size):
        target = targets[place]
        one = np.uint64(user_starts[target + 1] - user_starts[target]) << np.uint64(32) | np.uint64(place)
        at = place
        if size <= _SHORT:
            while at > 0 and order[at - 1] > one:
                order[at] = order[at - 1]
                at -= 1
        order[at] = one
    if size > _SHORT:
        order[:size].sort()
    uses = np.int64(0)
    for place in range(size):
        more = np.int64(order[place] >> np.uint64(32))
        if uses + more > budget:
            return place, int(uses)
        uses += more
        prefetch(users, 2 * user_starts[targets[np.int64(order[place] & np.uint64(0xFFFFFFFF))]])
    return size, int(uses)


@njit(nogil=True, cache=True)
def _keep_best(row: int, met: Ids, keys: Ids, cosines: Weights, targets: Ids, weights: Weights) -> int:
    """Write the largest cosines, in the order of their ids, to `targets` and `weights`; tell how many there are."""
    kept = 0
    for slot in met:
        one, cosine = keys[slot], cosines[slot]
        if cosine <= 0 or one == row:
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
