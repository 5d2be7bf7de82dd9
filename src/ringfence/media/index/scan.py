"""Which codes are near a code? Kernels: by the tables, or one after the other."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.kernels.prefetch import prefetch
from ringfence.media.hashes import Codes
from ringfence.media.index.bits import WORD_BITS, WORDS
from ringfence.media.index.tables import LEAD
from ringfence.media.index.vectors import LANES, lowest, near, ones

AHEAD = 6  # buckets asked for before they are read: enough to hide the memory's delay, measured at ten million
LINE = 32  # words of 16 bits in a cache line


def _flips() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All words of 16 bits by how many bits are set, fewest first; and how many have at most 0, 1, 2... bits."""
    every = np.arange(1 << WORD_BITS)
    bits = np.bitwise_count(every.astype(np.uint16))
    return every[np.argsort(bits, kind="stable")], np.cumsum(np.bincount(bits))


FLIPS, WITHIN = _flips()


@njit(nogil=True, cache=True)
def by_tables(
    queries: Codes, first: int, last: int, radius: int, radii: NDArray[np.int64], codes: Codes,
    starts: NDArray[np.uint32], beside: NDArray[np.uint16], low: NDArray[np.uint16], high: NDArray[np.uint8],
    flips: NDArray[np.int64], within: NDArray[np.int64],
) -> NDArray[np.int64]:  # fmt: skip
    """Rows of query, number of the code, distance: for queries first..last, by number of the query only sorted."""
    count, flat = len(codes), codes.reshape(-1)
    probes = 0
    for band in range(WORDS):
        probes += within[radii[band]] if radii[band] >= 0 else 0
    begin, end, wanted = np.empty(probes, np.int64), np.empty(probes, np.int64), np.empty(probes, np.int64)
    most, bands = np.empty(probes, np.int64), np.empty(probes, np.int64)
    pending, found, size = np.empty((256, 2), np.int64), np.empty((64, 3), np.int64), 0
    for query in range(first, last):
        probe = 0
        for band in range(WORDS):
            if radii[band] < 0:
                continue
            word, after = _word(queries, query, band), _word(queries, query, (band + 1) % WORDS)
            spare = radii[band] + radii[(band + 1) % WORDS] + 1
            bits = 0
            for place in range(within[radii[band]]):
                while place >= within[bits]:
                    bits += 1
                bucket = word ^ flips[place]
                begin[probe] = band * count + np.int64(starts[band, bucket])
                end[probe] = band * count + np.int64(starts[band, bucket + 1])
                wanted[probe], most[probe], bands[probe] = after, spare - bits, band
                probe += 1
        waiting = 0
        for probe in range(min(AHEAD, probes)):
            for place in range(begin[probe], end[probe], LINE):
                prefetch(beside, place)
        for probe in range(probes):
            if probe + AHEAD < probes:
                for place in range(begin[probe + AHEAD], end[probe + AHEAD] + LINE, LINE):
                    prefetch(beside, min(place, len(beside) - 1))
            if most[probe] < 0:
                continue
            for start in range(begin[probe], end[probe], LANES):
                mask = near(beside, start, wanted[probe], most[probe])
                left = end[probe] - start
                if left < LANES:
                    mask &= (np.uint64(1) << np.uint64(left)) - np.uint64(1)
                while mask:
                    place = start + lowest(mask)
                    mask &= mask - np.uint64(1)
                    if waiting == len(pending):
                        pending = _longer(pending)
                    band = bands[probe]
                    if band != LEAD:
                        at = place - (count if band > LEAD else 0)
                        prefetch(low, at)
                        prefetch(high, at)
                    pending[waiting, 0], pending[waiting, 1] = band, place
                    waiting += 1
        for one in range(waiting):
            band, place = pending[one]
            at = place - (count if band > LEAD else 0)
            number = place - band * count if band == LEAD else np.int64(low[at]) | np.int64(high[at]) << 16
            pending[one, 1] = number
            prefetch(flat, number * 4)
        for one in range(waiting):
            band, number = pending[one]
            apart = distance(queries, query, codes, number)
            if apart <= radius and _first_seen(queries, query, codes, number, band, radii):
                if size == len(found):
                    found = _longer(found)
                found[size, 0], found[size, 1], found[size, 2] = query, number, apart
                size += 1
    return found[:size]


@njit(nogil=True, cache=True)
def distance(ones_of: Codes, one: int, others: Codes, other: int) -> int:
    """In how many bits two codes differ."""
    return (
        ones(ones_of[one, 0] ^ others[other, 0])
        + ones(ones_of[one, 1] ^ others[other, 1])
        + ones(ones_of[one, 2] ^ others[other, 2])
        + ones(ones_of[one, 3] ^ others[other, 3])
    )


@njit(nogil=True, cache=True)
def _word(codes: Codes, row: int, word: int) -> int:
    return np.int64(codes[row, word >> 2] >> np.uint64((word & 3) * WORD_BITS) & np.uint64(0xFFFF))


@njit(nogil=True, cache=True)
def _first_seen(queries: Codes, query: int, codes: Codes, number: int, band: int, radii: NDArray[np.int64]) -> bool:
    """Whether no band before this one has led to the same code: each pair is told once."""
    for before in range(band):
        after = (before + 1) % WORDS
        one = ones(np.uint64(_word(queries, query, before) ^ _word(codes, number, before)))
        two = ones(np.uint64(_word(queries, query, after) ^ _word(codes, number, after)))
        if one <= radii[before] and one + two <= radii[before] + radii[after] + 1:
            return False
    return True


@njit(nogil=True, cache=True)
def _longer(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    longer = np.empty((2 * len(rows), rows.shape[1]), np.int64)
    longer[: len(rows)] = rows
    return longer
