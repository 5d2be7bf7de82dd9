"""How did a share grow, slate by slate, in one arm beside another? Curves with their 95% bands."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ringfence.pictures import svg
from ringfence.pictures.colours import of_arm
from ringfence.pictures.figures import Share, interval, percent
from ringfence.pictures.labels import End, at_ends

SIZE = (386.0, 256.0)
PLOT = (42.0, 34.0, 242.0, 206.0)  # left, top, right, bottom of the axes


def exposure_curves(stratum: str, arms: Mapping[str, Sequence[Share]], key: str = "") -> str:
    """Share of test accounts shown a member by each slate, a curve an arm by its name.

    `key` tells the picture from others of the same stratum on a page. The axis always runs from 0 to 100%, so that
    strata can be compared by eye.
    """
    steps = max(len(shares) for shares in arms.values())
    shapes = [svg.text(PLOT[0], 18, stratum, bold=True), *_axes(steps)]
    for place, (name, shares) in enumerate(arms.items()):
        shapes += _curve(name, shares, of_arm(place))
    ends = [_end(name, shares[-1], of_arm(place)) for place, (name, shares) in enumerate(arms.items())]
    shapes += at_ends(ends, PLOT[2], 16, PLOT[3] - 4)
    last = ", ".join(f"{percent(shares[-1].value)} {name}" for name, shares in arms.items())
    told = f"Of test accounts, shown a member within {steps} slates: {last}."
    return svg.picture(f"curve-{key or stratum}", SIZE, f"Ever shown a member: {stratum}", told, shapes)


def _axes(steps: int) -> Iterator[str]:
    left, _, right, bottom = PLOT
    for share in (0, 0.25, 0.5, 0.75, 1):
        yield svg.line((left, _y(share)), (right, _y(share)))
        yield svg.text(left - 6, _y(share) + 4, f"{share:.0%}", anchor="end", size=11, fill=svg.MUTED)
    for step in range(1, steps + 1):
        yield svg.text(_x(step, steps), bottom + 17, str(step), anchor="middle", size=11, fill=svg.MUTED)
    yield svg.text((left + right) / 2, bottom + 38, "slates seen", anchor="middle", size=12, fill=svg.MUTED)


def _curve(name: str, shares: Sequence[Share], colour: str) -> Iterator[str]:
    # A share of nothing has no place on an axis.
    some = [(step, one) for step, one in enumerate(shares, 1) if not np.isnan(one.value)]
    xs = [_x(step, len(shares)) for step, _ in some]
    highs = [(x, _y(one.high)) for x, (_, one) in zip(xs, some, strict=True)]
    lows = [(x, _y(one.low)) for x, (_, one) in zip(xs, some, strict=True)]
    values = [(x, _y(one.value)) for x, (_, one) in zip(xs, some, strict=True)]
    yield svg.area([*highs, *reversed(lows)], colour)
    yield svg.path(values, colour)
    for at, (step, one) in zip(values, some, strict=True):
        yield svg.dot(at, 3.5, colour, f"{name}, by slate {step}: {percent(one.value)} ({interval(one)})")


def _x(step: int, steps: int) -> float:
    left, _, right, _ = PLOT
    return left + 12 + (step - 1) * (right - left - 24) / max(steps - 1, 1)


def _y(share: float) -> float:
    _, top, _, bottom = PLOT
    return bottom - share * (bottom - top)


def _end(name: str, last: Share, colour: str) -> End:
    return End(name, last.value, _y(0.0 if np.isnan(last.value) else last.value), colour)
