"""What does each arm leave, and what does it cost? Points with the crosses of their intervals, and the target.

Both axes are stretched towards 0 (square root), for that is where targets are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ringfence.pictures import svg
from ringfence.pictures.colours import GREEN, of_arm
from ringfence.pictures.figures import Share, interval, percent

SIZE = (520.0, 400.0)
PLOT = (62.0, 34.0, 506.0, 336.0)  # left, top, right, bottom of the axes
TICKS = (0.0, 0.0001, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
ROOM = 1.3  # how far an axis reaches beyond what is drawn
APART = (46.0, 24.0)  # of two ticks, across and up
LETTER, LINE = 7.4, 15.0  # about the size of a label's letter


@dataclass(frozen=True, slots=True)
class Target:
    """The highest shares that are promised."""

    across: float
    up: float


def tradeoff(key: str, axes: tuple[str, str], arms: Mapping[str, tuple[Share, Share]], target: Target) -> str:
    """Each arm at (cost, what is left) within the axes so named; an arm with a share of nothing is told, not drawn."""
    plane = _plane(list(arms.values()), target)
    drawn = {name: pair for name, pair in arms.items() if not any(np.isnan(share.value) for share in pair)}
    shapes = [*_target(plane, target), *_axes(plane, axes)]
    taken = [_box(plane.at(across.value, up.value), 8, 8) for across, up in drawn.values()]
    for place, (name, pair) in enumerate(arms.items()):
        if name in drawn:
            shapes += _cross(plane, name, pair, axes, of_arm(place))
    for place, (name, (across, up)) in enumerate(arms.items()):
        if name in drawn:
            shapes.append(_name(plane.at(across.value, up.value), name, of_arm(place), taken))
    told = "; ".join(_told(name, pair, axes) for name, pair in arms.items())
    promised = f"Promised: {axes[1]} at most {percent(target.up)}, {axes[0]} at most {percent(target.across)}. "
    return svg.picture(f"tradeoff-{key}", SIZE, f"{axes[1]} against {axes[0]}", promised + told, shapes)


@dataclass(frozen=True, slots=True)
class _Plane:
    """The largest share on either axis."""

    across: float
    up: float

    def at(self, across: float, up: float) -> svg.Point:
        left, top, right, bottom = PLOT
        x, y = (np.sqrt(min(share / most, 1.0)) for share, most in ((across, self.across), (up, self.up)))
        return left + float(x) * (right - left), bottom - float(y) * (bottom - top)


def _plane(pairs: Sequence[tuple[Share, Share]], target: Target) -> _Plane:
    across, up = (
        min(float(np.nanmax([bound, *(pair[axis].high for pair in pairs)])) * ROOM, 1.0) or 1.0
        for axis, bound in enumerate((target.across, target.up))
    )
    return _Plane(across, up)


def _target(plane: _Plane, target: Target) -> Iterator[str]:
    left, top, right, bottom = PLOT
    x, y = plane.at(target.across, target.up)
    yield svg.bar((left, y), (x - left, bottom - y), GREEN, "The target: both bounds kept", seen=0.2)
    yield svg.line((left, y), (right, y), GREEN, width=1.5, dash="6 4")
    yield svg.line((x, top), (x, bottom), GREEN, width=1.5, dash="6 4")
    yield svg.text(right - 4, y - 6, f"bound {percent(target.up)}", anchor="end", size=12, fill=svg.MUTED)
    yield svg.text(x, top - 8, f"bound {percent(target.across)}", anchor="middle", size=12, fill=svg.MUTED)


def _axes(plane: _Plane, axes: tuple[str, str]) -> Iterator[str]:
    left, top, right, bottom = PLOT
    for share in _ticks(plane.across, right - left, APART[0]):
        x, _ = plane.at(share, 0)
        yield svg.line((x, top), (x, bottom))
        yield svg.text(x, bottom + 18, _short(share), anchor="middle", size=12, fill=svg.MUTED)
    for share in _ticks(plane.up, bottom - top, APART[1]):
        _, y = plane.at(0, share)
        yield svg.line((left, y), (right, y))
        yield svg.text(left - 8, y + 4, _short(share), anchor="end", size=12, fill=svg.MUTED)
    yield svg.text(right, bottom + 42, f"{axes[0]} →", anchor="end", size=13)
    yield svg.text(4, 20, f"↑ {axes[1]}", size=13)


def _ticks(most: float, length: float, apart: float) -> Iterator[float]:
    last = -apart
    for share in TICKS:
        place = float(np.sqrt(share / most)) * length
        if place <= length and place - last >= apart:
            last = place
            yield share


def _short(share: float) -> str:
    return f"{100 * share:g}%"


def _cross(plane: _Plane, name: str, pair: tuple[Share, Share], axes: tuple[str, str], colour: str) -> Iterator[str]:
    across, up = pair
    yield svg.line(plane.at(across.low, up.value), plane.at(across.high, up.value), colour, width=2)
    yield svg.line(plane.at(across.value, up.low), plane.at(across.value, up.high), colour, width=2)
    yield svg.dot(plane.at(across.value, up.value), 6, colour, _told(name, pair, axes))


def _told(name: str, pair: tuple[Share, Share], axes: tuple[str, str]) -> str:
    across, up = (f"{percent(share.value)} ({interval(share)})" for share in pair)
    return f"{name}: {axes[1]} {up}, {axes[0]} {across}"


_Box = tuple[float, float, float, float]


def _box(middle: svg.Point, wide: float, high: float) -> _Box:
    return middle[0] - wide, middle[1] - high, middle[0] + wide, middle[1] + high


def _name(at: svg.Point, name: str, colour: str, taken: list[_Box]) -> str:
    """The arm's name at the first free place around its point; `taken` learns of it."""
    length = LETTER * len(name) + 2
    # Above or below the arms of the cross, and beside its middle.
    places = [(way, 5 + up * step * LINE) for step in range(1, 8) for up in (-0.8, 0.8) for way in (1, -1)]
    chosen, box = (1, 0.0), (0.0, 0.0, 0.0, 0.0)
    for way, lower in places:
        start = at[0] + 11 if way > 0 else at[0] - 11 - length
        box = (start, at[1] + lower - 12, start + length, at[1] + lower + 3)
        chosen = (way, lower)
        if _free(box, taken):
            break
    taken.append(box)
    words = svg.text(box[0], at[1] + chosen[1], name, bold=True, halo=True)
    joined = svg.line(at, (at[0] + 9 * chosen[0], at[1] + chosen[1] - 4), colour, width=0.8)
    return joined + words


def _free(box: _Box, taken: Sequence[_Box]) -> bool:
    left, top, right, bottom = PLOT
    inside = box[0] >= left and box[2] <= right and box[1] >= top and box[3] <= bottom
    return inside and not any(
        box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in taken
    )
