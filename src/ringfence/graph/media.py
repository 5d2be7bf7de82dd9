"""Which media are near-duplicates? Those whose PDQ hashes differ in at most 31 of 256 bits.

The bound is the one that PDQ was published with (Facebook, 2019: "The TMK+PDQF video-hashing algorithm and the PDQ
image-hashing algorithm"). Of sixteen words of 16 bits at least one then differs in at most one bit, so only hashes in
such neighbouring buckets are compared.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.kernels.threads import THREADS
from ringfence.kernels.union import settle, unite, unite_all

FURTHEST = 31
LEAST_QUALITY = 50  # below it a hash says little about the picture, its authors say
# About half of the bits of any real picture's hash are set. Hashes of blank ones are near one another by accident.
LEAST_SET, MOST_SET = 64, 192
# A code is compared with so many of one bucket at most. More are there only when somebody floods a platform with
# altered copies, which other buckets join as well.
LONGEST = 4_096
BANDS, BAND_BITS = 16, 16

# Neighbouring bits of a PDQ hash go together, so words of neighbouring bits would fill few buckets.
_ORDER = np.random.default_rng(31).permutation(BANDS * BAND_BITS)

Codes = NDArray[np.uint64]


def usable(codes: Codes) -> NDArray[np.bool_]:
    """Which codes (m x 4) are not those of a blank picture."""
    bits = np.bitwise_count(codes).sum(axis=1)
    return np.asarray((bits >= LEAST_SET) & (bits <= MOST_SET))


def distinct(codes: Codes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The place of the first of each different code, ascending, and for each code the place of its first."""
    _, firsts, which = np.unique(codes.view("V32").ravel(), return_index=True, return_inverse=True)
    return np.sort(firsts), firsts[which]


def join_near(codes: Codes, parent: NDArray[np.int64], fresh: int = 0) -> None:
    """Unite, in `parent`, the numbers of codes (m x 4, all different) that are near each other.

    Of the pairs only those are looked at of which one is numbered `fresh` or above.
    """
    if len(codes) <= max(fresh, 1):
        return
    words = _words(codes)
    own = [np.arange(len(codes)) for _ in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        bands = range(THREADS)
        for done in [pool.submit(_join_bands, codes, words, own[at], fresh, at, THREADS) for at in bands]:
            done.result()
    for found in own:
        unite_all(parent, np.arange(len(codes)), found)
    settle(parent)


def _words(codes: Codes) -> NDArray[np.uint16]:
    """Each code's sixteen words, m x 16, of bits in a fixed mixed order."""
    words = np.empty((len(codes), BANDS), np.uint16)
    for start in range(0, len(codes), 1 << 17):
        bits = np.unpackbits(codes[start : start + (1 << 17)].view(np.uint8), axis=1)
        packed = np.packbits(bits[:, _ORDER], axis=1)
        words[start : start + (1 << 17)] = np.ascontiguousarray(packed).view(np.uint16)
    return words


@njit(nogil=True, cache=True)
def _join_bands(
    codes: Codes, words: NDArray[np.uint16], parent: NDArray[np.int64], fresh: int, first: int, step: int
) -> None:
    buckets = 1 << BAND_BITS
    for band in range(first, BANDS, step):
        starts = np.zeros(buckets + 1, np.int64)
        for place in range(len(codes)):
            starts[words[place, band] + 1] += 1
        starts = np.cumsum(starts)
        # Stable, so within a bucket the fresh ones stand at the end.
        free, order = starts[:-1].copy(), np.empty(len(codes), np.int64)
        old = starts[:-1].copy()
        for place in range(len(codes)):
            word = words[place, band]
            order[free[word]] = place
            free[word] += 1
            if place < fresh:
                old[word] += 1
        beside = codes[order]
        for word in range(buckets):
            start, stop = starts[word], starts[word + 1]
            if start == stop:
                continue
            _join_within(beside, order, parent, start, old[word], stop)
            for bit in range(BAND_BITS):
                other = word ^ (1 << bit)
                if other > word and starts[other] < starts[other + 1]:
                    # The old of one with the fresh of the other, then the fresh of the one with all of the other.
                    _join_across(beside, order, parent, start, old[word], old[other], starts[other + 1])
                    _join_across(beside, order, parent, old[word], stop, starts[other], starts[other + 1])


@njit(nogil=True, cache=True)
def _join_within(
    beside: Codes, order: NDArray[np.int64], parent: NDArray[np.int64], start: int, old: int, stop: int
) -> None:
    for one in range(start, stop):
        since = max(one + 1, old)
        for other in range(since, min(stop, since + LONGEST)):
            if _near(beside, one, other):
                unite(parent, order[one], order[other])


@njit(nogil=True, cache=True)
def _join_across(
    beside: Codes, order: NDArray[np.int64], parent: NDArray[np.int64], start: int, stop: int, since: int, until: int
) -> None:
    for one in range(start, stop):
        for other in range(since, min(until, since + LONGEST)):
            if _near(beside, one, other):
                unite(parent, order[one], order[other])


@njit(nogil=True, cache=True)
def _near(beside: Codes, one: int, other: int) -> bool:
    apart = _set_bits(beside[one, 0] ^ beside[other, 0])
    if apart > FURTHEST:  # as for nearly half of all pairs after one word, and nearly all after two
        return False
    apart += _set_bits(beside[one, 1] ^ beside[other, 1])
    if apart > FURTHEST:
        return False
    apart += _set_bits(beside[one, 2] ^ beside[other, 2]) + _set_bits(beside[one, 3] ^ beside[other, 3])
    return bool(apart <= FURTHEST)


@njit(nogil=True, cache=True)
def _set_bits(word: np.uint64) -> np.int64:
    """How many bits are set; compilers know this form and use the processor's own count."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))
