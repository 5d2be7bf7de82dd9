"""Which entries have exactly this digest? Digests in the order of their bytes, found by halving."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from ringfence.media.index.matches import Ids, Values
from ringfence.media.index.order import by_columns


@dataclass(frozen=True, slots=True)
class Digests:
    """n digests of one kind (n x bytes), sorted; and the n entries that have them, the smallest of one digest first."""

    values: Values
    entries: Ids

    def equal(self, wanted: Values) -> tuple[Ids, Ids, Values]:
        """Query, entry and distance (0) of all pairs."""
        wanted = np.ascontiguousarray(wanted)
        start, stop = _ranges(self.values, wanted)
        counts = stop - start
        query = np.repeat(np.arange(len(wanted)), counts)
        places = np.arange(len(query)) - np.repeat(np.cumsum(counts) - counts, counts) + start[query]
        return query, self.entries[places].astype(np.int64), np.zeros(len(query), np.uint8)


def sorted_digests(values: Values, entries: Ids) -> Digests:
    """Of n x bytes and n entries."""
    numbers = -(-values.shape[1] // 8)
    padded = np.zeros((len(values), numbers * 8), np.uint8)
    padded[:, : values.shape[1]] = values
    order = by_columns(padded.view(">u8").astype(np.uint64), entries)
    return Digests(np.ascontiguousarray(values[order]), entries[order])


@njit(nogil=True, cache=True)
def _ranges(values: Values, wanted: Values) -> tuple[Ids, Ids]:
    starts, stops = np.empty(len(wanted), np.int64), np.empty(len(wanted), np.int64)
    for query in range(len(wanted)):
        low, high = 0, len(values)
        while low < high:
            middle = (low + high) // 2
            if _order(values, middle, wanted, query) < 0:
                low = middle + 1
            else:
                high = middle
        stop = low
        while stop < len(values) and _order(values, stop, wanted, query) == 0:
            stop += 1
        starts[query], stops[query] = low, stop
    return starts, stops


@njit(nogil=True, cache=True)
def _order(values: Values, row: int, wanted: Values, query: int) -> int:
    for byte in range(wanted.shape[1]):
        if values[row, byte] != wanted[query, byte]:
            return -1 if values[row, byte] < wanted[query, byte] else 1
    return 0
