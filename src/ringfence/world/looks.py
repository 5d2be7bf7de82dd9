"""How does generated media look to a perceptual hash? Each media has a drawn code; some of its uploads are altered.

No picture stands behind a code. Codes and alterations are worked out from what they are of, and draw from no generator,
so that everything else about a world is what it would be without them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Words = NDArray[np.uint64]

BITS = 256
LOW_QUALITY, LOWEST, LEAST, BEST = 0.07, 5, 50, 100  # 7% of crops of ordinary photos have a quality below 50
ALTERED = 0.25  # of uploads
FORMS = 8  # altered copies that are about of one media
# Two altered copies of one media are then at most 30 bits apart: they are near without what they were made from.
MOST_BITS = 15


@dataclass(frozen=True, slots=True)
class Looks:
    """One row an upload. `form` is 0 for media as it was, else the number of its altered copy."""

    code: Words  # uploads x 4, the 32 bytes of a hash in their order
    quality: NDArray[np.int32]
    form: Numbers


def looks(seed: int, media: Numbers, uploads: Numbers) -> Looks:
    """How each upload looks: of which `media` it is, and its own number, which is of no other upload.

    Media of low quality is never altered: nothing would tell whose copy one is.
    """
    of_media = _mixed(_mixed(np.uint64(seed % (1 << 64)) ^ _KEY) ^ media.astype(np.uint64))
    quality = _quality(_mixed(of_media ^ np.uint64(1)))
    luck = _mixed(_mixed(of_media ^ np.uint64(2)) ^ uploads.astype(np.uint64))
    form = np.where((_share(luck) < ALTERED) & (quality >= LEAST), 1 + (luck % np.uint64(FORMS)).astype(np.int64), 0)
    code = _mixed(of_media[:, None] + _STEP * np.arange(3, 7, dtype=np.uint64))
    altered = np.flatnonzero(form)
    code[altered] ^= _alterations(_mixed(of_media[altered] ^ (form[altered].astype(np.uint64) << np.uint64(8))))
    return Looks(code, quality, form)


def _quality(luck: Words) -> NDArray[np.int32]:
    low = _share(luck) < LOW_QUALITY
    within = _share(_mixed(luck ^ np.uint64(9)))
    return np.where(low, LOWEST + within * (LEAST - LOWEST), LEAST + within * (BEST + 1 - LEAST)).astype(np.int32)


def _alterations(luck: Words) -> Words:
    """The bits that differ in each copy: 1 to MOST_BITS are drawn, and some twice."""
    count = 1 + (luck % np.uint64(MOST_BITS)).astype(np.int64)
    draws = _mixed(luck[:, None] + _STEP * np.arange(1, MOST_BITS + 1, dtype=np.uint64)) % np.uint64(BITS)
    bits = np.zeros((len(luck), 4), np.uint64)
    for draw in range(MOST_BITS):
        rows = np.flatnonzero(count > draw)
        place = draws[rows, draw]
        bits[rows, (place >> np.uint64(6)).astype(np.int64)] |= np.uint64(1) << (place & np.uint64(63))
    return bits


# Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014): the mixing of SplitMix64.
_STEP = np.uint64(0x9E3779B97F4A7C15)
_KEY = np.uint64(0x6D65646961)  # apart from whatever else is worked out from a seed


def _mixed(words: NDArray[np.uint64] | np.uint64) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        one = np.asarray(words, np.uint64) + _STEP
        one = (one ^ (one >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        one = (one ^ (one >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(one ^ (one >> np.uint64(31)))


def _share(words: Words) -> NDArray[np.float64]:
    """Words as numbers from 0 to below 1, by their upper bits."""
    return (words >> np.uint64(11)) / float(1 << 53)
