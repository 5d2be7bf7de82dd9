"""Where does a picture end and its border begin? Letterboxes, frames, and the screen that a picture was taken of.

A line belongs to the border while most of it has the colour of the outermost line of its side. What lies within is
looked at again: a black letterbox may have a white frame, and a bar on a screen another colour than the page.
"""

from dataclasses import dataclass

import numpy as np

from ringfence.media.hashing.pdq import Luma

LAYERS = 32  # borders within borders; lines that part one bar of a screen from the next are layers too
LEAST_SIDE, LEAST_AREA = 32, 1 / 16  # pixels, and of the whole: what is less is no picture any more


@dataclass(frozen=True, slots=True)
class Kind:
    """What is taken for a border, and what the picture within is called."""

    name: str
    share: float  # of a line that has the border's colour
    alike: float  # of 255: as far from that colour as still counts


# Compression moves the colours of a border next to what it frames. Signs and text on a screen cover less than a third
# of a line, and the rest is as it was drawn; a sky is not.
KINDS = (Kind("without border", 0.98, 12), Kind("without frame", 0.7, 3))


def within(luma: Luma, kind: Kind) -> Luma | None:
    """The part within the border, or None where there is no border, or nothing much within it."""
    inner = luma
    for _ in range(LAYERS):
        before = inner.shape
        for _ in range(4):
            # After four quarter turns each side has once been the first row, and the part is as it was.
            inner = np.rot90(inner[_lines(inner, kind) :])
        if inner.shape == before or not inner.size:
            break
    small = min(inner.shape) < LEAST_SIDE or inner.size < LEAST_AREA * luma.size
    return None if small or inner.shape == luma.shape else inner


def _lines(luma: Luma, kind: Kind) -> int:
    """How many rows from the top on are border."""
    if not luma.size:
        return 0
    colour = np.median(luma[0])
    count, step = 0, 1
    while count < len(luma):
        # Few lines at first, as most pictures have no border; then more and more.
        alike = (np.abs(luma[count : count + step] - colour) <= kind.alike).mean(axis=1) >= kind.share
        if not alike.all():
            return count + int(alike.argmin())
        count, step = count + len(alike), step * 2
    return count
