"""Where do the names of lines stand, so that all of them can be read? At the right end, apart from one another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ringfence.pictures import svg
from ringfence.pictures.figures import percent

TALL = 32.0  # a label of two lines


@dataclass(frozen=True, slots=True)
class End:
    """The last point of a line; a share of nothing is at no height, and its label says so from the foot."""

    name: str
    share: float
    height: float
    colour: str


def at_ends(ends: Sequence[End], right: float, top: float, foot: float) -> Iterator[str]:
    """A label an end, with its share and its name, right of the plot's edge; first lines from `top` to `foot`."""
    heights = apart([end.height + 5 for end in ends], top, foot)
    for end, height in zip(ends, heights, strict=True):
        yield svg.line((right - 8, end.height), (right + 12, height - 5), end.colour, width=0.8)
        yield svg.dot((right + 12, height - 5), 5, end.colour, "")
        yield svg.text(right + 22, height, percent(end.share), bold=True, size=14)
        yield svg.text(right + 22, height + 14, end.name, fill=svg.MUTED, size=11)


def apart(wanted: Sequence[float], top: float, foot: float) -> list[float]:
    """Heights near the wanted ones, in their order, far enough apart to read them all where there is room."""
    gap = min(TALL, (foot - top) / max(len(wanted) - 1, 1))
    order = sorted(range(len(wanted)), key=lambda place: wanted[place])
    heights = [0.0] * len(wanted)
    above = top - gap
    for place in order:
        above = heights[place] = max(wanted[place], above + gap)
    below = foot + gap
    for place in reversed(order):
        below = heights[place] = min(heights[place], below - gap)
    return heights
