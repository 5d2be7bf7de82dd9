"""The five operators on one machine: numba over compressed sparse rows, two threads, the same answer for any number.

Each thread owns a range of rows and writes nothing else, so no sum depends on who was first.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from os import cpu_count

import numpy as np
import scipy.sparse as sp
from numba import njit
from numpy.typing import NDArray

from ringfence.graph.csr import Csr, Ids, Index, Weights

THREADS = min(4, cpu_count() or 1)


def degree(matrix: Csr) -> NDArray[np.int64]:
    """How many ties each row has."""
    return matrix.degree()


def propagate(matrix: Csr, mass: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row's weighted sum of its targets' `mass` (columns x k): rows x k."""
    return _by_rows(matrix, matrix.weights, mass)


def aggregate(matrix: Csr, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row's unweighted mean of its targets' `values` (columns x k), zero where it has none: rows x k."""
    sums = _by_rows(matrix, np.ones(matrix.ties, np.float32), values)
    return np.asarray(sums / np.maximum(matrix.degree(), 1)[:, None], dtype=np.float32)


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


def _by_rows(matrix: Csr, weights: Weights, mass: NDArray[np.float32]) -> NDArray[np.float32]:
    out = np.zeros((matrix.rows, mass.shape[1]), np.float32)
    mass = np.ascontiguousarray(mass, np.float32)
    # Equal shares of ties, not of rows: a hub's row is as long as a thousand others.
    cuts = np.searchsorted(matrix.starts, np.linspace(0, matrix.ties, THREADS + 1))
    cuts[0], cuts[-1] = 0, matrix.rows
    with ThreadPoolExecutor(THREADS) as pool:
        for done in [
            pool.submit(_sum_rows, matrix.starts, matrix.targets, weights, mass, out, first, last)
            for first, last in pairwise(cuts)
        ]:
            done.result()
    return out


@njit(nogil=True, cache=True)
def _sum_rows(
    starts: Index,
    targets: Ids,
    weights: Weights,
    mass: NDArray[np.float32],
    out: NDArray[np.float32],
    first: int,
    last: int,
) -> None:
    for row in range(first, last):
        for tie in range(starts[row], starts[row + 1]):
            target, weight = targets[tie], weights[tie]
            for column in range(mass.shape[1]):
                out[row, column] += weight * mass[target, column]
