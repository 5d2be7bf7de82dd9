"""Which 128 bits stand for an account's id, so that an artefact need not hold the id?

SipHash-1-3 with an answer of 128 bits (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, and the
authors' reference code for the longer answer). It is keyed: without the key nobody can make ids that meet in a table,
or tell whose fingerprint one is. Two of five million ids meet with a probability below 10^-25: a match is exact.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.guard.snapshots import swar

Words = NDArray[np.uint64]
_U = np.uint64
_LONG = _U(0xEE)  # in the reference code for a 128-bit answer
_SECOND = _U(0xDD)
_V0, _V1, _V2, _V3 = _U(0x736F6D6570736575), _U(0x646F72616E646F6D), _U(0x6C7967656E657261), _U(0x7465646279746573)


@njit(nogil=True, cache=True)
def _turned(word, by):
    return (word << _U(by)) | (word >> _U(64 - by))


@njit(nogil=True, cache=True)
def _round(v0, v1, v2, v3):
    v0 += v1
    v2 += v3
    v1 = _turned(v1, 13) ^ v0
    v3 = _turned(v3, 16) ^ v2
    v0 = _turned(v0, 32)
    v2 += v1
    v0 += v3
    v1 = _turned(v1, 17) ^ v2
    v3 = _turned(v3, 21) ^ v0
    v2 = _turned(v2, 32)
    return v0, v1, v2, v3


@njit(nogil=True, cache=True)
def fingerprint(data, start, end, key):
    """The two words that stand for the bytes data[start:end]; `key` is two words too."""
    v0, v1, v2, v3 = _V0 ^ key[0], _V1 ^ key[1] ^ _LONG, _V2 ^ key[0], _V3 ^ key[1]
    place = start
    while place + swar.SIZE <= end:
        word = swar.word(data, place)
        v3 ^= word
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0 ^= word
        place += swar.SIZE
    word = _U(end - start) << _U(56)
    if place + swar.SIZE <= len(data):
        word |= swar.word(data, place) & ((_U(1) << _U(8 * (end - place))) - _U(1))
    else:
        for byte in range(end - place):
            word |= _U(data[place + byte]) << _U(8 * byte)
    v3 ^= word
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0 ^= word
    v2 ^= _LONG
    for _ in range(3):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    first = v0 ^ v1 ^ v2 ^ v3
    v1 ^= _SECOND
    for _ in range(3):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return first, v0 ^ v1 ^ v2 ^ v3


@njit(nogil=True, cache=True)
def fingerprints(data, starts, ends, key):
    """The fingerprints of ids that start and end there; a row an id."""
    found = np.empty((len(ends), 2), np.uint64)
    for row in range(len(ends)):
        found[row, 0], found[row, 1] = fingerprint(data, starts[row], ends[row], key)
    return found


def key_words(key: bytes) -> Words:
    """A key of sixteen bytes as the kernels take it."""
    return np.frombuffer(key, "<u8").astype(np.uint64)
