"""In which order do hashes stand? By their bytes; of equal ones, the smallest entry first."""

from functools import partial

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.kernels.prefetch import prefetch
from ringfence.kernels.threads import even, in_ranges
from ringfence.media.hashes import Codes

AHEAD = 16  # rows asked for before they are copied


def by_columns(columns: Codes, entries: NDArray[np.int64]) -> NDArray[np.int64]:
    """The order of rows (n x k) by their numbers from the first on, then by their entries."""
    key = np.ascontiguousarray(columns[:, 0])
    order = np.argsort(key)
    key = key[order]
    same = key[1:] == key[:-1]
    if same.any():
        # Few rows share their first 64 bits, unless they are equal. Runs of them keep their places among the others.
        run = np.zeros(len(key), np.bool_)
        run[1:] |= same
        run[:-1] |= same
        rows = order[run]
        keys = (entries[rows], *(columns[rows, column] for column in reversed(range(columns.shape[1]))))
        order[run] = rows[np.lexsort(keys)]
    return order


def new_rows(codes: Codes) -> NDArray[np.bool_]:
    """Which of ordered rows (n x k) differ from the row before them."""
    new = np.ones(len(codes), np.bool_)
    # Where the first numbers differ nothing else is read.
    same = np.flatnonzero(codes[1:, 0] == codes[:-1, 0]) + 1
    new[same] = (codes[same] != codes[same - 1]).any(axis=1)
    return new


def taken(codes: Codes, order: NDArray[np.int64]) -> Codes:
    """The rows (n x 4) in this order."""
    out = np.empty((len(order), codes.shape[1]), np.uint64)
    in_ranges(partial(_take, codes, order, out), even(len(order)))
    return out


@njit(nogil=True, cache=True)
def _take(codes: Codes, order: NDArray[np.int64], out: Codes, first: int, last: int) -> None:
    flat, columns = codes.reshape(-1), codes.shape[1]
    for place in range(first, last):
        if place + AHEAD < last:
            prefetch(flat, order[place + AHEAD] * columns)
        for column in range(columns):
            out[place, column] = codes[order[place], column]
