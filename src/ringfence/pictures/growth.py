"""How did a network grow? Its size as a stepped line from day to day, small enough to stand beside other things."""

from collections.abc import Iterator, Sequence
from datetime import date

from ringfence.pictures import svg

SIZE = (300.0, 92.0)
PLOT = (6.0, 18.0, 262.0, 70.0)  # left, top, right, bottom
ACCENT = "var(--accent,#0b6e65)"

Size = tuple[date, int]


def growth(key: str, sizes: Sequence[Size]) -> str:
    """The number of members at the end of each day on which it changed; `sizes` are at least two, oldest first."""
    left, _, right, bottom = PLOT
    line = list(_steps(sizes))
    shapes = [
        svg.line((left, bottom), (right, bottom)),
        svg.area([(left, bottom), *line, (right, bottom)], ACCENT),
        svg.path(line, ACCENT),
        svg.dot(line[-1], 3.5, ACCENT, f"{sizes[-1][1]:,} on {sizes[-1][0]:%Y-%m-%d}"),
        svg.text(right + 7, line[-1][1] + 4, f"{sizes[-1][1]:,}", size=13, bold=True),
        svg.text(left, bottom + 16, f"{sizes[0][0]:%Y-%m-%d}", size=11, fill=svg.MUTED),
        svg.text(right, bottom + 16, f"{sizes[-1][0]:%Y-%m-%d}", anchor="end", size=11, fill=svg.MUTED),
    ]
    told = "; ".join(f"{day:%Y-%m-%d} {members:,}" for day, members in sizes[-12:])
    return svg.picture(f"growth-{key}", SIZE, "Members over time", told, shapes)


def _steps(sizes: Sequence[Size]) -> Iterator[svg.Point]:
    """Flat from one day to the next, and then up or down at once."""
    left, top, right, bottom = PLOT
    first, whole = sizes[0][0], (sizes[-1][0] - sizes[0][0]).days or 1
    most = max(members for _, members in sizes) or 1
    before = bottom
    for day, members in sizes:
        x = left + (right - left) * (day - first).days / whole
        y = bottom - (bottom - top) * members / most
        yield x, before
        yield x, y
        before = y
