"""How did a share grow, slate by slate, in one arm beside another? Curves with their 95% bands."""

from collections.abc import Iterator, Mapping, Sequence

from ringfence.pictures import svg
from ringfence.pictures.colours import of_arm
from ringfence.pictures.figures import Share, interval, percent

SIZE = (370.0, 256.0)
PLOT = (42.0, 34.0, 242.0, 206.0)  # left, top, right, bottom of the axes
LABEL = 32.0  # height of a label of two lines
TOP, FOOT = 16.0, PLOT[3] - 4  # of the first label's first line, and of the last one's


def exposure_curves(stratum: str, arms: Mapping[str, Sequence[Share]]) -> str:
    """Share of test accounts shown a member by each slate, a curve an arm by its name.

    The axis always runs from 0 to 100%, so that strata can be compared by eye.
    """
    steps = max(len(shares) for shares in arms.values())
    shapes = [svg.text(PLOT[0], 18, stratum, bold=True), *_axes(steps)]
    heights = _apart([_height(shares[-1]) for shares in arms.values()])
    for place, ((name, shares), height) in enumerate(zip(arms.items(), heights, strict=True)):
        shapes += _curve(name, shares, of_arm(place))
        shapes += _label(name, shares[-1], height, of_arm(place))
    last = ", ".join(f"{percent(shares[-1].value)} {name}" for name, shares in arms.items())
    told = f"Of test accounts, shown a member within {steps} slates: {last}."
    return svg.picture(f"curve-{stratum}", SIZE, f"Ever shown a member: {stratum}", told, shapes)


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
    some = [(step, one) for step, one in enumerate(shares, 1) if one.value == one.value]
    xs = [_x(step, len(shares)) for step, _ in some]
    highs = [(x, _y(one.high)) for x, (_, one) in zip(xs, some, strict=True)]
    lows = [(x, _y(one.low)) for x, (_, one) in zip(xs, some, strict=True)]
    values = [(x, _y(one.value)) for x, (_, one) in zip(xs, some, strict=True)]
    yield svg.area([*highs, *reversed(lows)], colour)
    yield svg.path(values, colour)
    for at, (step, one) in zip(values, some, strict=True):
        yield svg.dot(at, 3.5, colour, f"{name}, by slate {step}: {percent(one.value)} ({interval(one)})")


def _label(name: str, last: Share, height: float, colour: str) -> Iterator[str]:
    right = PLOT[2]
    yield svg.line((right - 8, _height(last) - 5), (right + 12, height - 5), colour, width=0.8)
    yield svg.dot((right + 12, height - 5), 5, colour, "")
    yield svg.text(right + 22, height, percent(last.value), bold=True, size=14)
    yield svg.text(right + 22, height + 14, name, fill=svg.MUTED, size=11)


def _x(step: int, steps: int) -> float:
    left, _, right, _ = PLOT
    return left + 12 + (step - 1) * (right - left - 24) / max(steps - 1, 1)


def _y(share: float) -> float:
    _, top, _, bottom = PLOT
    return bottom - share * (bottom - top)


def _height(last: Share) -> float:
    """Where the first line of a curve's label would stand best."""
    return _y(last.value if last.value == last.value else 0.0) + 5


def _apart(wanted: Sequence[float]) -> list[float]:
    """Label heights near the wanted ones, in their order, far enough apart to read them all where there is room."""
    gap = min(LABEL, (FOOT - TOP) / max(len(wanted) - 1, 1))
    order = sorted(range(len(wanted)), key=lambda place: wanted[place])
    heights = [0.0] * len(wanted)
    foot = TOP - gap
    for place in order:
        foot = heights[place] = max(wanted[place], foot + gap)
    roof = FOOT + gap
    for place in reversed(order):
        roof = heights[place] = min(heights[place], roof - gap)
    return heights
