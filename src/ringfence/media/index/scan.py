"""Which codes are near a code? Kernels: by the tables, or one after the other.

By the tables, a code is met where a word of it differs from the query's in at most its band's radius of bits. Of those
only such are read whose next word, too, is near enough (see plan.py for why none is lost).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.kernels.prefetch import prefetch
from ringfence.media.hashes import Codes
from ringfence.media.index.bits import WORD_BITS, WORDS
from ringfence.media.index.tables import LEAD, High
from ringfence.media.index.vectors import LANES, lowest, near, ones

Numbers = NDArray[np.int64]

AHEAD = 12  # buckets asked for before they are read; from 4 to 24 about as fast, measured at ten million codes
LINE = 32  # words of 16 bits in a cache line


def _flips() -> tuple[Numbers, Numbers]:
    """All words of 16 bits by how many bits are set, fewest first; and how many have at most 0, 1, 2... bits."""
    every = np.arange(1 << WORD_BITS)
    bits = np.bitwise_count(every.astype(np.uint16))
    return every[np.argsort(bits, kind="stable")], np.cumsum(np.bincount(bits))


FLIPS, WITHIN = _flips()


@njit(nogil=True, cache=True)
def by_tables(
    queries: Codes, first: int, last: int, radius: int, radii: Numbers, codes: Codes, starts: NDArray[np.uint32],
    beside: NDArray[np.uint16], low: NDArray[np.uint16], high: High, flips: Numbers, within: Numbers,
) -> Numbers:  # fmt: skip
    """Rows of query, number of the code, distance, each pair once; for queries first..last in turn."""
    total = 0
    for band in range(WORDS):
        total += within[radii[band]] if radii[band] >= 0 else 0
    probes, met = np.empty((total, 5), np.int64), np.empty((256, 2), np.int64)
    found, size = np.empty((64, 3), np.int64), 0
    for query in range(first, last):
        _aim(queries, query, radii, starts, len(codes), flips, within, probes)
        count = _meet(probes, beside, low, high, len(codes), met)
        if count > len(met):
            met = np.empty((2 * count, 2), np.int64)
            count = _meet(probes, beside, low, high, len(codes), met)
        _number(met, count, codes, low, high)
        if size + count > len(found):
            found = _longer(found, 2 * (size + count))
        size = _keep(queries, query, radius, radii, codes, met, count, found, size)
    return found[:size].copy()


@njit(nogil=True, cache=True)
def _aim(
    queries: Codes, query: int, radii: Numbers, starts: NDArray[np.uint32], count: int, flips: Numbers,
    within: Numbers, probes: Numbers,
) -> None:  # fmt: skip
    """For each bucket to look into: its begin, its end, the next word wanted, how many bits of it, and the band."""
    probe = 0
    for band in range(WORDS):
        if radii[band] < 0:
            continue
        following = (band + 1) % WORDS
        word, after = _word(queries, query, band), _word(queries, query, following)
        spare, bits = radii[band] + radii[following] + 1, 0
        for place in range(within[radii[band]]):
            while place >= within[bits]:
                bits += 1
            bucket = word ^ flips[place]
            probes[probe, 0] = band * count + np.int64(starts[band, bucket])
            probes[probe, 1] = band * count + np.int64(starts[band, bucket + 1])
            probes[probe, 2], probes[probe, 3], probes[probe, 4] = after, spare - bits, band
            probe += 1


@njit(nogil=True, cache=True)
def _meet(
    probes: Numbers, beside: NDArray[np.uint16], low: NDArray[np.uint16], high: High, count: int,
    met: Numbers,
) -> int:  # fmt: skip
    """How many places (with their bands) pass by their next word; as many of them as there is room for are in `met`."""
    size = 0
    for probe in range(-AHEAD, len(probes)):
        later = probe + AHEAD
        if later < len(probes):
            for place in range(probes[later, 0], probes[later, 1], LINE):
                prefetch(beside, place)
        if probe < 0 or probes[probe, 3] < 0:
            continue
        begin, end, wanted, most = probes[probe, 0], probes[probe, 1], probes[probe, 2], probes[probe, 3]
        band = probes[probe, 4]
        back = count if band > LEAD else 0
        for start in range(begin, end, LANES):
            mask = near(beside, start, wanted, most)
            if end - start < LANES:
                mask &= (np.uint64(1) << np.uint64(end - start)) - np.uint64(1)
            while mask:
                place = start + lowest(mask)
                mask &= mask - np.uint64(1)
                if size < len(met):
                    met[size, 0], met[size, 1] = band, place
                    if band != LEAD:
                        prefetch(low, place - back)
                        prefetch(high, place - back)
                size += 1
    return size


@njit(nogil=True, cache=True)
def _number(met: Numbers, size: int, codes: Codes, low: NDArray[np.uint16], high: High) -> None:
    """Put the number of the code in place of where it was met, and ask for the code."""
    count, flat = len(codes), codes.reshape(-1)
    for one in range(size):
        band, place = met[one, 0], met[one, 1]
        if band == LEAD:
            met[one, 1] = place - band * count
        else:
            at = place - (count if band > LEAD else 0)
            # A damaged file must not lead out of the memory: the last code stands for what is none.
            number = np.int64(low[at]) | np.int64(high[at]) << 16
            met[one, 1] = number if number < count else count - 1
        prefetch(flat, met[one, 1] * 4)


@njit(nogil=True, cache=True)
def _keep(
    queries: Codes, query: int, radius: int, radii: Numbers, codes: Codes, met: Numbers, count: int, found: Numbers,
    size: int,
) -> int:  # fmt: skip
    for one in range(count):
        band, number = met[one, 0], met[one, 1]
        apart = distance(queries, query, codes, number)
        if apart <= radius and _first_met(queries, query, codes, number, band, radii):
            found[size, 0], found[size, 1], found[size, 2] = query, number, apart
            size += 1
    return size


@njit(nogil=True, cache=True)
def distance(these: Codes, one: int, those: Codes, other: int) -> int:
    """In how many bits two codes differ."""
    return int(
        ones(these[one, 0] ^ those[other, 0])
        + ones(these[one, 1] ^ those[other, 1])
        + ones(these[one, 2] ^ those[other, 2])
        + ones(these[one, 3] ^ those[other, 3])
    )


@njit(nogil=True, cache=True)
def _word(codes: Codes, row: int, word: int) -> int:
    return int(codes[row, word >> 2] >> np.uint64((word & 3) * WORD_BITS) & np.uint64(0xFFFF))


@njit(nogil=True, cache=True)
def _first_met(queries: Codes, query: int, codes: Codes, number: int, band: int, radii: Numbers) -> bool:
    """Whether no band before this one has led to the same code."""
    for before in range(band):
        after = (before + 1) % WORDS
        one = ones(np.uint64(_word(queries, query, before) ^ _word(codes, number, before)))
        two = ones(np.uint64(_word(queries, query, after) ^ _word(codes, number, after)))
        if one <= radii[before] and one + two <= radii[before] + radii[after] + 1:
            return False
    return True


@njit(nogil=True, cache=True)
def _longer(rows: Numbers, length: int) -> Numbers:
    longer = np.empty((length, rows.shape[1]), np.int64)
    longer[: len(rows)] = rows
    return longer


@njit(nogil=True, cache=True)
def one_by_one(queries: Codes, first: int, last: int, radius: int, codes: Codes) -> Numbers:
    """As `by_tables`, of codes in any order."""
    found, size = np.empty((64, 3), np.int64), 0
    for query in range(first, last):
        count = _compare(queries, query, radius, codes, found, size)
        if count > len(found):
            found = _longer(found, 2 * count)
            count = _compare(queries, query, radius, codes, found, size)
        size = count
    return found[:size].copy()


@njit(nogil=True, cache=True)
def _compare(queries: Codes, query: int, radius: int, codes: Codes, found: Numbers, size: int) -> int:
    """How many have been found now; as many as there is room for are in `found`."""
    for number in range(len(codes)):
        apart = distance(queries, query, codes, number)
        if apart <= radius:
            if size < len(found):
                found[size, 0], found[size, 1], found[size, 2] = query, number, apart
            size += 1
    return size
