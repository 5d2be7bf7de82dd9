"""Where does a picture end and its border begin? Letterboxes, frames, and the screen that a picture was taken of.

A border begins with a line of one colour and ends with the last such line; in between at least a share of each line has
that colour, so that text and signs on a screen are passed over. What lies within is looked at again: a black letterbox
may have a white frame, and a bar on a screen another colour than the page.
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
    share: float  # of a line within it that has its colour
    alike: float  # of 255: as far from that colour as still counts


FLAT = 0.98  # of a line of one colour; compression moves the rest, next to what is framed
# What a screen shows is drawn, in exactly one colour, where a sky is only nearly of one. A line of text from side to
# side leaves more than a third of the page between and within its letters.
KINDS = (Kind("without border", FLAT, 12), Kind("without frame", 0.35, 3))


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
    flat, start, step = 0, 0, 1
    while start < len(luma):
        # Few lines at first, as most pictures have no border; then more and more.
        shares = (np.abs(luma[start : start + step] - colour) <= kind.alike).mean(axis=1)
        other = shares < (kind.share if flat else FLAT)
        stop = int(other.argmax()) if other.any() else len(shares)
        if (shares[:stop] >= FLAT).any():
            flat = start + int(np.flatnonzero(shares[:stop] >= FLAT)[-1]) + 1
        if stop < len(shares):
            break
        start, step = start + len(shares), step * 2
    return flat
