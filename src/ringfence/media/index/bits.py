"""How does a code stand in the tables? Its bits in a fixed mixed order, as sixteen words of 16 bits.

Neighbouring bits of a PDQ hash go together, so words of neighbouring bits would fill few buckets. A change of order
alters no distance.
"""

import sys

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.media.hashes import BITS, Codes

WORDS, WORD_BITS = 16, 16
SEED = 31  # a segment holds codes in the order that this draws: another seed needs another format

_BYTES = BITS // 8
ORDER = np.random.default_rng(SEED).permutation(BITS)

if sys.byteorder != "little":  # the words of a row are read from its memory
    raise ImportError("ringfence.media.index runs on little-endian processors only")


def _tables() -> NDArray[np.uint64]:
    """What each value of each byte adds to a mixed code: 32 bytes x 256 values x 4 numbers."""
    values = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    tables = np.empty((_BYTES, 256, 4), np.uint64)
    for byte in range(_BYTES):
        bits = np.zeros((256, BITS), np.uint8)
        bits[:, byte * 8 : byte * 8 + 8] = values
        tables[byte] = np.ascontiguousarray(np.packbits(bits[:, ORDER], axis=1)).view(np.uint64)
    return tables


_MIXES = _tables()


def mixed(codes: Codes) -> Codes:
    """The codes (n x 4) with their bits in the mixed order; the sixteen words are the row's memory as uint16."""
    out = np.empty((len(codes), 4), np.uint64)
    _mix(np.ascontiguousarray(codes).view(np.uint8), _MIXES, out)
    return out


def unmixed(codes: Codes) -> Codes:
    """What `mixed` was given."""
    out = np.empty((len(codes), BITS // 64), np.uint64)
    back = np.argsort(ORDER)
    for start in range(0, len(codes), 1 << 17):
        bits = np.unpackbits(np.ascontiguousarray(codes[start : start + (1 << 17)]).view(np.uint8), axis=1)
        out[start : start + (1 << 17)] = np.ascontiguousarray(np.packbits(bits[:, back], axis=1)).view(np.uint64)
    return out


@njit(nogil=True, cache=True)
def _mix(raw: NDArray[np.uint8], tables: NDArray[np.uint64], out: Codes) -> None:
    for row in range(len(raw)):
        one, two, three, four = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
        for byte in range(raw.shape[1]):
            part = tables[byte, raw[row, byte]]
            one, two, three, four = one | part[0], two | part[1], three | part[2], four | part[3]
        out[row, 0], out[row, 1], out[row, 2], out[row, 3] = one, two, three, four
