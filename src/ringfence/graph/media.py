"""Which media that were shared are near-duplicates? Those whose PDQ hashes a chain of near ones joins."""

import numpy as np
from numpy.typing import NDArray

from ringfence.media.hashes import LEAST_QUALITY, RADIUS, Codes
from ringfence.media.index.join import join_near

__all__ = ["FURTHEST", "LEAST_QUALITY", "distinct", "join_near", "usable"]

FURTHEST = RADIUS
# About half of the bits of any real picture's hash are set. Hashes of blank ones are near one another by accident.
LEAST_SET, MOST_SET = 64, 192


def usable(codes: Codes) -> NDArray[np.bool_]:
    """Which codes (m x 4) are not those of a blank picture."""
    bits = np.bitwise_count(codes).sum(axis=1)
    return np.asarray((bits >= LEAST_SET) & (bits <= MOST_SET))


def distinct(codes: Codes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The place of the first of each different code, ascending, and for each code the place of its first."""
    _, firsts, which = np.unique(codes.view("V32").ravel(), return_index=True, return_inverse=True)
    return np.sort(firsts), firsts[which]
