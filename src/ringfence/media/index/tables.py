"""How do codes stand so that those near one are found? By each of their sixteen words, with the next word beside it.

For each word the numbers of the codes are ordered by its value, so that a bucket is a slice; `starts` says where. In
the same order `beside` holds the word that follows in the code (the first after the last): what a code is judged by
before it is read, at two bytes of memory that lie in a row. Codes are ordered by the word LEAD, whose numbers need
no memory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.kernels.threads import THREADS, in_ranges
from ringfence.media.hashes import Codes
from ringfence.media.index.bits import WORD_BITS, WORDS
from ringfence.media.index.vectors import LANES

LEAD = 3  # the highest word of a row's first number, by which the rows are sorted
BUCKETS = 1 << WORD_BITS
MOST = 1 << 32  # codes; what a start can say


@dataclass(frozen=True, slots=True)
class Tables:
    """n distinct codes, mixed (see bits) and sorted, and where those of a word's value stand.

    starts: WORDS x (BUCKETS + 1), within the word's n places. beside: WORDS x n, and LANES more to be read over.
    low, high: (WORDS - 1) x n, the 16 low and the other bits of a code's number; LEAD has none.
    """

    codes: Codes
    starts: NDArray[np.uint32]
    beside: NDArray[np.uint16]
    low: NDArray[np.uint16]
    high: NDArray[np.uint8] | NDArray[np.uint16]

    @property
    def bytes(self) -> int:
        return sum(part.nbytes for part in (self.codes, self.starts, self.beside, self.low, self.high))


Made = Callable[[str, int, type[np.unsignedinteger]], NDArray[np.unsignedinteger]]


def build(codes: Codes) -> Tables:
    """Tables of distinct codes that are mixed and sorted by their first number."""
    count = len(codes)
    starts = np.zeros((WORDS, BUCKETS + 1), np.uint32)
    beside = np.zeros(WORDS * count + LANES, np.uint16)
    low = np.empty((WORDS - 1) * count, np.uint16)
    high = np.empty((WORDS - 1) * count, np.uint8 if count <= 1 << 24 else np.uint16)
    words = codes.view(np.uint16)
    task = partial(_fill, words, starts, beside, low, high)
    # Threads take words in turn; a word is the least that one can fill.
    in_ranges(task, np.linspace(0, WORDS, min(THREADS, WORDS) + 1).astype(np.int64))
    return Tables(codes, starts, beside, low, high)


@njit(nogil=True, cache=True)
def _fill(
    words: NDArray[np.uint16],
    starts: NDArray[np.uint32],
    beside: NDArray[np.uint16],
    low: NDArray[np.uint16],
    high: NDArray[np.uint8],
    first: int,
    last: int,
) -> None:
    count = len(words)
    for band in range(first, last):
        after, sizes = (band + 1) % WORDS, np.zeros(BUCKETS + 1, np.int64)
        for row in range(count):
            sizes[np.int64(words[row, band]) + 1] += 1
        free = np.cumsum(sizes)
        for bucket in range(BUCKETS + 1):
            starts[band, bucket] = free[bucket]
        base, numbers = band * count, (band - (band > LEAD)) * count
        for row in range(count):
            word = np.int64(words[row, band])
            place = free[word]
            free[word] = place + 1
            beside[base + place] = words[row, after]
            if band != LEAD:
                low[numbers + place] = row & 0xFFFF
                high[numbers + place] = row >> 16
