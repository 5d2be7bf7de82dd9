"""What is the PDQ hash of a picture, turned and mirrored in each of the eight ways?

PDQ (Facebook, 2019: "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm") blurs the luminance
by two box filters along each side, takes 64 x 64 samples, keeps the 16 x 16 lowest frequencies of their cosine
transform but the constant, and sets a bit for each that is above their median. All but the last step is linear along
each side, so that a side's filters, samples and cosines are one small matrix. Turning pixels then is reading such a
matrix backwards: exact, where PDQ's own eight forms are made of the finished frequencies and are some bits off, and at
a fraction of the cost of hashing eight times. Double precision, as in the authors' Python.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.float64]  # rows x columns, 0 to 255

NAME = "pdq-1"  # of this way to compute it, for chain ids: another number where bits could change
WEIGHTS = np.array([0.299, 0.587, 0.114])  # of red, green and blue (ITU-R BT.601), as the paper has it
SAMPLES, KEPT = 64, 16
BLUR = 128  # a window is a side's 128th part, rounded up: half of a sample's share, as there are two passes
QUALITY_SCALE, MOST = 90, 100  # of the paper's measure of how much there is to see
ROUND = 6  # decimals; below it differences are rounding errors, and a blank picture's hash would be made of these

# In the order in which `forms` returns them. Turns are clockwise.
FORMS = (
    "as it is",
    "upside down",  # top and bottom swapped
    "mirrored",  # left and right swapped
    "turned 180",
    "mirrored and turned 270",  # along the diagonal from top left
    "turned 90",
    "turned 270",
    "mirrored and turned 90",
)


def luma_of(rgb: NDArray[np.uint8]) -> Luma:
    """The luminance of pixels, rows x columns x 3."""
    return np.asarray(rgb @ WEIGHTS)


def forms(luma: Luma) -> tuple[list[bytes], int]:
    """Hashes of the picture as it is and in its seven other forms, as FORMS names them, and their common quality."""
    down, across = _samples(luma.shape[0]), _samples(luma.shape[1])
    # Rows: 64 samples as they are, then 16 frequencies of the picture upside down; columns alike, for mirrored ones.
    every = _both(luma.shape[0]) @ luma @ _both(luma.shape[1]).T
    samples = every[: len(down), : len(across)]
    grids = (
        COSINES @ samples @ COSINES.T,
        every[len(down) :, : len(across)] @ COSINES.T,
        COSINES @ every[: len(down), len(across) :],
        every[len(down) :, len(across) :],
    )
    # Along the diagonal rows become columns, so that what was upside down is now mirrored.
    return [_bits(grid) for grid in (*grids, *(grid.T for grid in grids))], _quality(samples)


def pdq(luma: Luma) -> tuple[bytes, int]:
    """The hash of the picture as it is, 32 bytes, and its quality, 0 to 100."""
    samples = _samples(luma.shape[0]) @ luma @ _samples(luma.shape[1]).T
    return _bits(COSINES @ samples @ COSINES.T), _quality(samples)


def _cosines() -> Luma:
    """16 x 64: the frequencies that are kept. PDQ's own scale is left out, as a median knows none."""
    frequency, place = np.arange(1, KEPT + 1)[:, None], np.arange(SAMPLES)[None, :]
    return np.asarray(np.cos(np.pi / 2 / SAMPLES * frequency * (2 * place + 1)))


COSINES = _cosines()


@lru_cache(256)
def _samples(length: int) -> Luma:
    """64 x length: how much of each pixel of a side is in each of its samples."""
    window = -(-length // BLUR)
    ahead = (window + 2) // 2  # pixels from its middle on; an even window reaches one further back than ahead
    starts = np.maximum(np.arange(length) + ahead - window, 0)
    stops = np.minimum(np.arange(length) + ahead, length)
    weights = np.zeros((SAMPLES, length))
    for row, middle in zip(weights, ((2 * np.arange(SAMPLES) + 1) * length // (2 * SAMPLES)).tolist(), strict=True):
        near = range(starts[middle], stops[middle])
        for place in near:
            row[starts[place] : stops[place]] += 1 / (len(near) * (stops[place] - starts[place]))
    return weights


@lru_cache(256)
def _both(length: int) -> Luma:
    """(64 + 16) x length: a side's samples, and its frequencies when read from its end."""
    samples = _samples(length)
    return np.concatenate([samples, (COSINES @ samples)[:, ::-1]])


def _bits(grid: Luma) -> bytes:
    """The grid's first frequency is the hash's last bit."""
    rounded = grid.round(ROUND).ravel()
    median = np.partition(rounded, rounded.size // 2 - 1)[rounded.size // 2 - 1]
    return np.packbits((rounded > median)[::-1]).tobytes()


def _quality(samples: Luma) -> int:
    """How steep neighbouring samples are, each step in whole hundredths of the range so that noise counts nothing."""
    steps = sum(int(np.abs(np.trunc(np.diff(samples, axis=side) * 100 / 255)).sum()) for side in (0, 1))
    return min(steps // QUALITY_SCALE, MOST)
