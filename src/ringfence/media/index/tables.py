"""How do codes stand so that those near one are found? By each of their sixteen words, with the next word beside it.

For each word the numbers of the codes are ordered by its value, so that a bucket is a slice; `starts` says where. In
the same order `beside` holds the word that follows in the code (the first after the last): what a code is judged by
before it is read, at two bytes of memory that lie in a row. Codes are ordered by the word LEAD, whose numbers need
no memory.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.kernels.threads import THREADS, in_ranges
from ringfence.media.hashes import Codes
from ringfence.media.index.bits import WORD_BITS, WORDS
from ringfence.media.index.vectors import LANES

LEAD = 3  # the highest word of a row's first number, by which the rows are sorted
BUCKETS = 1 << WORD_BITS
MOST = (1 << 32) - 1  # codes; what a start can say


High = NDArray[Any]  # 8 bits, or 16 for more than 16 million codes


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
    high: High

    @property
    def bytes(self) -> int:
        return sum(part.nbytes for part in (self.codes, self.starts, self.beside, self.low, self.high))


def build(codes: Codes) -> Tables:
    """Tables of distinct codes that are mixed and sorted by their first number. At most MOST, or ValueError."""
    count = len(codes)
    if count > MOST:
        raise ValueError(f"{count:,} codes are more than {MOST:,}, which tables can number")
    starts = np.zeros((WORDS, BUCKETS + 1), np.uint32)
    beside = np.zeros(WORDS * count + LANES, np.uint16)
    low = np.empty((WORDS - 1) * count, np.uint16)
    high: High = np.empty((WORDS - 1) * count, np.uint8 if count <= 1 << 24 else np.uint16)
    words = codes.view(np.uint16)
    task = partial(_fill, words, starts, beside, low, high)
    # Threads take words in turn; a word is the least that one can fill.
    in_ranges(task, np.linspace(0, WORDS, min(THREADS, WORDS) + 1).astype(np.int64))
    return Tables(codes, starts, beside, low, high)


@njit(nogil=True, cache=True)
def _fill(
    words: NDArray[np.uint16], starts: NDArray[np.uint32], beside: NDArray[np.uint16], low: NDArray[np.uint16],
    high: High, first: int, last: int,
) -> None:  # fmt: skip
    """The tables of the words first..last.

    A word's places are found in two steps, by its high byte and then by its low one: memory is then written to in few
    places at a time.
    """
    count = len(words)
    for row in range(count):
        for band in range(first, last):
            starts[band, np.int64(words[row, band]) + 1] += np.uint32(1)
    rows = np.empty(count, np.uint64)
    for band in range(first, last):
        for bucket in range(BUCKETS):
            starts[band, bucket + 1] += starts[band, bucket]
        _by_high_byte(words, band, starts, rows)
        _by_low_byte(band, starts, rows, beside, low, high)


@njit(nogil=True, cache=True)
def _by_high_byte(words: NDArray[np.uint16], band: int, starts: NDArray[np.uint32], rows: NDArray[np.uint64]) -> None:
    """Of each row its number, the word's low byte and the next word: in one number, ordered by the word's high byte."""
    after, free = (band + 1) % WORDS, starts[band, ::256].astype(np.int64)
    for row in range(len(words)):
        word = np.int64(words[row, band])
        place = free[word >> 8]
        free[word >> 8] = place + 1
        rows[place] = np.uint64(row << 24 | (word & 0xFF) << 16 | np.int64(words[row, after]))


@njit(nogil=True, cache=True)
def _by_low_byte(
    band: int, starts: NDArray[np.uint32], rows: NDArray[np.uint64], beside: NDArray[np.uint16],
    low: NDArray[np.uint16], high: High,
) -> None:  # fmt: skip
    count, free = len(rows), starts[band].astype(np.int64)
    base, numbers = band * count, (band - (band > LEAD)) * count
    for byte in range(256):
        for at in range(starts[band, byte * 256], starts[band, byte * 256 + 256]):
            packed = rows[at]
            bucket = byte << 8 | np.int64(packed >> np.uint64(16) & np.uint64(0xFF))
            place = free[bucket]
            free[bucket] = place + 1
            beside[base + place] = packed & np.uint64(0xFFFF)
            if band != LEAD:
                low[numbers + place] = packed >> np.uint64(24) & np.uint64(0xFFFF)
                high[numbers + place] = packed >> np.uint64(40)
