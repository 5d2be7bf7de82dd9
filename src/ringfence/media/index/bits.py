"""How does a code stand in the tables? Its bits in a fixed mixed order, as sixteen words of 16 bits.

Neighbouring bits of a PDQ hash go together, so words of neighbouring bits would fill few buckets. A change of order
alters no distance.
"""

import sys
from functools import partial

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.kernels.threads import even, in_ranges
from ringfence.media.hashes import BITS, Codes
from ringfence.media.index.vectors import gather

WORDS, WORD_BITS = 16, 16
SEED = 31  # a segment holds codes in the order that this draws: another seed needs another format

WORTH_THREADS = 10_000  # codes; fewer are mixed while a thread would start
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


_MIXES = _tables().reshape(-1)


def mixed(codes: Codes) -> Codes:
    """The codes (n x 4) with their bits in the mixed order; the sixteen words are the row's memory as uint16."""
    out = np.empty((len(codes), 4), np.uint64)
    cuts = even(len(codes)) if len(codes) >= WORTH_THREADS else np.array([0, len(codes)])
    raw = np.ascontiguousarray(codes).view(np.uint8).reshape(-1)
    in_ranges(partial(_mix, raw, _MIXES, out.reshape(-1)), cuts)
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
def _mix(raw: NDArray[np.uint8], tables: NDArray[np.uint64], out: NDArray[np.uint64], first: int, last: int) -> None:
    for row in range(first, last):
        gather(raw, row * _BYTES, tables, out, row * (_BYTES // 8))
