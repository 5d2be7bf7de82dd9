"""The operators on one machine: numba over compressed sparse rows, two threads, the same answer for any number.

What a row's targets hold lies all over memory, so a kernel asks for it some ties ahead of its need.
"""

import numpy as np
import scipy.sparse as sp
from numba import njit
from numpy.typing import NDArray

from ringfence.graph.csr import Csr, Ids, Index, Weights
from ringfence.kernels.prefetch import prefetch
from ringfence.kernels.threads import in_ranges, shares

Dense = NDArray[np.float32]

# How many ties ahead to ask for memory, where a target holds one number and where it holds many; floats a cache line.
_AHEAD, _AHEAD_WIDE, _LINE = 32, 8, 16


def degree(matrix: Csr) -> NDArray[np.int64]:
    """How many ties each row has."""
    return matrix.degree()


def propagate(matrix: Csr, mass: Dense) -> Dense:
    """Each row's weighted sum of its targets' `mass` (columns x k): rows x k."""
    flat, width = _flat(mass)
    out = np.empty((matrix.rows, width), np.float32)
    held = matrix.starts, matrix.targets, matrix.weights, flat
    if width == 1:
        in_ranges(lambda first, last: _sum_one(*held, out.reshape(-1), first, last), shares(matrix.starts))
    else:
        in_ranges(lambda first, last: _sum_rows(*held, out, first, last), shares(matrix.starts, width))
    return out


def aggregate(matrix: Csr, values: Dense) -> Dense:
    """Each row's unweighted mean of its targets' `values` (columns x k), zero where it has none: rows x k."""
    flat, width = _flat(values)
    out = np.empty((matrix.rows, width), np.float32)
    held = matrix.starts, matrix.targets, flat
    in_ranges(lambda first, last: _mean_rows(*held, out, first, last), shares(matrix.starts, width))
    return out


def moments(matrix: Csr, values: Dense) -> tuple[Dense, Dense, Dense]:
    """Each row's unweighted mean, standard deviation and largest of its targets' `values` (columns x k), in one pass.

    Each rows x k, zero where a row has no target. The deviation is that of the targets themselves, not of a
    population they were drawn from.
    """
    flat, width = _flat(values)
    mean, spread, largest = (np.empty((matrix.rows, width), np.float32) for _ in range(3))
    held = matrix.starts, matrix.targets, flat
    in_ranges(lambda first, last: _moment_rows(*held, mean, spread, largest, first, last), shares(matrix.starts, width))
    return mean, spread, largest


def cooccur(
    matrices: list[Csr], rows: NDArray[np.int64], least: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of `rows` (by their position, first < second) that share at least `least` targets, and how many."""
    used = sp.hstack([_pattern(matrix)[rows] for matrix in matrices], format="csr")
    shared = sp.triu(used @ used.T, k=1).tocoo()
    enough = shared.data >= least
    order = np.lexsort((shared.col[enough], shared.row[enough]))
    return (
        shared.row[enough][order].astype(np.int64),
        shared.col[enough][order].astype(np.int64),
        shared.data[enough][order].astype(np.int64),
    )


def components(first: NDArray[np.int64], second: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """For each of `size` nodes the number of its connected component, counted in order of first appearance."""
    joined = sp.coo_matrix((np.ones(len(first), np.int8), (first, second)), (size, size))
    _, found = sp.csgraph.connected_components(joined, directed=False)
    _, positions, numbers = np.unique(found, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(positions))[numbers], dtype=np.int64)


def _pattern(matrix: Csr) -> sp.csr_matrix:
    ones = np.ones(matrix.ties, np.int32)
    return sp.csr_matrix((ones, matrix.targets.astype(np.int64), matrix.starts), (matrix.rows, matrix.columns))


def _flat(values: Dense) -> tuple[Dense, int]:
    return np.ascontiguousarray(values, np.float32).reshape(-1), values.shape[1]


@njit(nogil=True, cache=True)
def _span(starts: Index, row: int, ties: int, furthest: int) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Where a row's ties begin and end, and how far ahead of them to ask: not at all where the last ties are near.

    Unsigned, because numba asks of every signed index whether it counts from the end.
    """
    ahead = furthest if starts[row + 1] + furthest <= ties else 0
    return np.uint64(starts[row]), np.uint64(starts[row + 1]), np.uint64(ahead)


@njit(nogil=True, cache=True)
def _ask(values: Dense, begin: np.uint64, width: np.uint64) -> None:
    for column in range(np.uint64(0), width, np.uint64(_LINE)):
        prefetch(values, begin + column)
    prefetch(values, begin + width - np.uint64(1))


@njit(nogil=True, cache=True)
def _sum_one(starts: Index, targets: Ids, weights: Weights, mass: Dense, out: Dense, first: int, last: int) -> None:
    for row in range(first, last):
        begin, end, ahead = _span(starts, row, len(targets), _AHEAD)
        total = np.float32(0)
        for tie in range(begin, end):
            prefetch(mass, np.uint64(targets[tie + ahead]))
            total += weights[tie] * mass[np.uint64(targets[tie])]
        out[row] = total


@njit(nogil=True, cache=True)
def _sum_rows(starts: Index, targets: Ids, weights: Weights, mass: Dense, out: Dense, first: int, last: int) -> None:
    width = np.uint64(out.shape[1])
    for row in range(first, last):
        begin, end, ahead = _span(starts, row, len(targets), _AHEAD_WIDE)
        total = out[row]
        total[:] = 0
        for tie in range(begin, end):
            _ask(mass, np.uint64(targets[tie + ahead]) * width, width)
            place, weight = np.uint64(targets[tie]) * width, weights[tie]
            for column in range(width):
                total[column] += weight * mass[place + column]


@njit(nogil=True, cache=True)
def _mean_rows(starts: Index, targets: Ids, values: Dense, out: Dense, first: int, last: int) -> None:
    width = np.uint64(out.shape[1])
    for row in range(first, last):
        begin, end, ahead = _span(starts, row, len(targets), _AHEAD_WIDE)
        total = out[row]
        total[:] = 0
        for tie in range(begin, end):
            _ask(values, np.uint64(targets[tie + ahead]) * width, width)
            place = np.uint64(targets[tie]) * width
            for column in range(width):
                total[column] += values[place + column]
        ties = np.float32(max(end - begin, np.uint64(1)))
        for column in range(width):
            total[column] /= ties


@njit(nogil=True, cache=True)
def _moment_rows(
    starts: Index, targets: Ids, values: Dense, mean: Dense, spread: Dense, largest: Dense, first: int, last: int
) -> None:
    """Sums are of the differences from the row's first target: so equal values have no spread, however large."""
    width = np.uint64(mean.shape[1])
    total, squares = np.empty(width), np.empty(width)
    for row in range(first, last):
        begin, end, ahead = _span(starts, row, len(targets), _AHEAD_WIDE)
        if begin == end:
            mean[row], spread[row], largest[row] = 0, 0, 0
            continue
        base, most, ties = np.uint64(targets[begin]) * width, largest[row], np.float64(end - begin)
        total[:] = 0
        squares[:] = 0
        for column in range(width):
            most[column] = values[base + column]
        for tie in range(begin + np.uint64(1), end):
            _ask(values, np.uint64(targets[tie + ahead]) * width, width)
            place = np.uint64(targets[tie]) * width
            for column in range(width):
                value = values[place + column]
                apart = np.float64(value) - np.float64(values[base + column])
                total[column] += apart
                squares[column] += apart * apart
                most[column] = max(most[column], value)
        for column in range(width):
            shift = total[column] / ties
            mean[row, column] = values[base + column] + shift
            spread[row, column] = np.sqrt(max(squares[column] / ties - shift * shift, 0.0))
