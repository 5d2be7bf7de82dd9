"""Which codes hang together? Those joined by steps of at most RADIUS bits, each step between two of them.

Of sixteen words of 16 bits at least one differs in at most one bit where two codes differ in at most 31, so only codes
in such neighbouring buckets are compared. That is exact: no bucket is cut short.
"""

from collections.abc import Callable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.media.hashes import BITS, RADIUS, Codes

Ids = NDArray[np.int64]
Join = Callable[[Codes], Ids]  # for each code the place of the first code that it hangs together with

BANDS, WORD = 16, 16
# Neighbouring bits of a PDQ hash go together, so words of neighbouring bits would fill few buckets.
_ORDER = np.random.default_rng(17).permutation(BITS)


def joined(codes: Codes) -> Ids:
    """For each of the codes (n x 4, all different) the lowest place of those it hangs together with."""
    parent = np.arange(len(codes))
    words = _words(codes)
    for band in range(BANDS):
        column = words[:, band]
        order = np.argsort(column, kind="stable")
        starts = np.searchsorted(column[order], np.arange((1 << WORD) + 1))
        _join(codes[order], order, starts, parent)
    return _settled(parent)


def _words(codes: Codes) -> NDArray[np.uint16]:
    words = np.empty((len(codes), BANDS), np.uint16)
    for first in range(0, len(codes), 1 << 17):
        bits = np.unpackbits(np.ascontiguousarray(codes[first : first + (1 << 17)]).view(np.uint8), axis=1)
        words[first : first + (1 << 17)] = np.ascontiguousarray(np.packbits(bits[:, _ORDER], axis=1)).view(np.uint16)
    return words


@njit(cache=True)
def _join(beside: Codes, order: Ids, starts: Ids, parent: Ids) -> None:
    for word in range(len(starts) - 1):
        for one in range(starts[word], starts[word + 1]):
            for other in range(one + 1, starts[word + 1]):
                if distance(beside, one, other) <= RADIUS:
                    unite(parent, order[one], order[other])
            for bit in range(WORD):
                near = word ^ (1 << bit)
                if near > word:
                    for other in range(starts[near], starts[near + 1]):
                        if distance(beside, one, other) <= RADIUS:
                            unite(parent, order[one], order[other])


@njit(cache=True)
def distance(codes: Codes, one: int, other: int) -> int:
    """How many bits two of the codes differ in; of those far apart only that it is more than RADIUS."""
    apart = np.int64(0)
    for word in range(4):
        apart += set_bits(codes[one, word] ^ codes[other, word])
        if apart > RADIUS:
            break
    return int(apart)


@njit(cache=True)
def set_bits(word: np.uint64) -> np.int64:
    """How many bits are set; compilers know this form and use the processor's own count."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True)
def root(parent: Ids, one: int) -> int:
    """The lowest place known to hang together with `one`."""
    while parent[one] != one:
        parent[one] = parent[parent[one]]
        one = parent[one]
    return one


@njit(cache=True)
def unite(parent: Ids, one: int, other: int) -> None:
    """Say that two hang together. The lower root stays, so the order of what is said does not matter."""
    first, second = root(parent, one), root(parent, other)
    parent[max(first, second)] = min(first, second)


@njit(cache=True)
def _settled(parent: Ids) -> Ids:
    for one in range(len(parent)):
        parent[one] = root(parent, one)
    return parent
