"""How did a share go from day to day? Points with their intervals, an arm a line, at the times they were measured."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import numpy as np

from ringfence.pictures import svg
from ringfence.pictures.colours import GREEN, of_arm
from ringfence.pictures.figures import Share, interval, percent
from ringfence.pictures.labels import End, at_ends

SIZE = (640.0, 300.0)
PLOT = (48.0, 34.0, 530.0, 250.0)  # left, top, right, bottom of the axes
TOPS = (0.05, 0.1, 0.25, 0.5, 1.0)  # where an axis may end
ASIDE = 3.0  # how far arms stand apart, so that their intervals can be told
DATE = 84.0  # the width of a date


def by_day(
    key: str, what: str, times: Sequence[datetime], arms: Mapping[str, Sequence[Share | None]], most: float
) -> str:
    """One share of each arm at `times`, which rise; None where an arm was not measured. `most` is what is promised."""
    some = [one for shares in arms.values() for one in shares if one is not None]
    highest = float(np.nanmax([most, *(one.high for one in some)]))
    top = next(end for end in TOPS if end >= min(highest, 1.0))
    xs = _xs(times)
    shapes = [*_axes(times, xs, top), *_bound(most, top)]
    for place, (name, shares) in enumerate(arms.items()):
        aside = (place - (len(arms) - 1) / 2) * ASIDE
        shapes += _line(
            name, [(x + aside, when, one) for x, when, one in zip(xs, times, shares, strict=True)], top, of_arm(place)
        )
    shapes += at_ends(_ends(arms, top), PLOT[2], 16, PLOT[3] - 4)
    told = "; ".join(f"{end.name} {percent(end.share)}" for end in _ends(arms, top))
    title = f"{what}, by day"
    return svg.picture(f"days-{key}", SIZE, title, f"{len(times)} measurements. At the last: {told}.", shapes)


def _xs(times: Sequence[datetime]) -> list[float]:
    left, _, right, _ = PLOT
    whole = (times[-1] - times[0]).total_seconds() or 1.0
    return [left + 16 + (right - left - 40) * (when - times[0]).total_seconds() / whole for when in times]


def _y(share: float, top: float) -> float:
    return PLOT[3] - min(share / top, 1.0) * (PLOT[3] - PLOT[1])


def _axes(times: Sequence[datetime], xs: Sequence[float], top: float) -> Iterator[str]:
    left, _, right, bottom = PLOT
    for quarter in range(5):
        share = top * quarter / 4
        yield svg.line((left, _y(share, top)), (right, _y(share, top)))
        label = f"{100 * share:.3g}%"
        yield svg.text(left - 6, _y(share, top) + 4, label, anchor="end", size=12, fill=svg.MUTED)
    last = -DATE
    for x, when in zip(xs, times, strict=True):
        if x - last >= DATE:
            last = x
            yield svg.line((x, bottom), (x, bottom + 5), svg.MUTED)
            yield svg.text(x, bottom + 20, f"{when:%Y-%m-%d}", anchor="middle", size=12, fill=svg.MUTED)


def _bound(most: float, top: float) -> Iterator[str]:
    left, _, right, _ = PLOT
    yield svg.line((left, _y(most, top)), (right, _y(most, top)), GREEN, width=1.5, dash="6 4")
    yield svg.text(left + 4, _y(most, top) - 6, f"bound {percent(most)}", size=12, fill=svg.MUTED)


def _line(name: str, points: Sequence[tuple[float, datetime, Share | None]], top: float, colour: str) -> Iterator[str]:
    some = [(x, when, one) for x, when, one in points if one is not None and not np.isnan(one.value)]
    yield svg.path([(x, _y(one.value, top)) for x, _, one in some], colour)
    for x, when, one in some:
        yield svg.line((x, _y(one.low, top)), (x, _y(one.high, top)), colour, width=1.5)
        about = f"{name}, {when:%Y-%m-%d %H:%M}: {percent(one.value)} ({interval(one)})"
        yield svg.dot((x, _y(one.value, top)), 4, colour, about)


def _ends(arms: Mapping[str, Sequence[Share | None]], top: float) -> list[End]:
    last = {name: shares[-1].value if shares[-1] is not None else float("nan") for name, shares in arms.items()}
    return [
        End(name, share, _y(0.0 if np.isnan(share) else share, top), of_arm(place))
        for place, (name, share) in enumerate(last.items())
    ]
