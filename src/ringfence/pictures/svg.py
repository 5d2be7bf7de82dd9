"""How is a picture written so that it can be read by eye, by pointer and by screen reader? The few shapes it takes.

Colours of text and rules come from the page by CSS variable; every text is escaped here and nowhere else.
"""

import re
from collections.abc import Iterable, Sequence
from html import escape

INK, MUTED, RULE = "var(--ink,#1d2733)", "var(--muted,#5b6673)", "var(--rule,#d5dae0)"
GROUND = "var(--ground,#ffffff)"

Point = tuple[float, float]


def picture(name: str, size: Point, title: str, told: str, shapes: Iterable[str]) -> str:
    """A whole SVG element of `size`, with a title and a description that stand for it where it cannot be seen.

    `name` keeps its ids apart from those of other pictures on the page. No namespace is written: it is for use inline.
    """
    key = re.sub(r"[^a-z0-9]+", "-", name.lower())
    return (
        f'<svg class="picture" role="img" viewBox="0 0 {size[0]:g} {size[1]:g}" '
        f'aria-labelledby="{key}-title {key}-desc">'
        f'<title id="{key}-title">{escape(title)}</title><desc id="{key}-desc">{escape(told)}</desc>'
        f"{''.join(shapes)}</svg>"
    )


def text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    size: int = 13,
    fill: str = INK,
    bold: bool = False,
    halo: bool = False,
) -> str:
    """Words with their baseline at y; `anchor` is start, middle or end. A halo keeps them legible over marks."""
    more = ' font-weight="600"' if bold else ""
    more += f' stroke="{GROUND}" stroke-width="4" paint-order="stroke"' if halo else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{fill}"{more}>'
        f"{escape(words)}</text>"
    )


def line(start: Point, end: Point, colour: str = RULE, *, width: float = 1, dash: str = "none") -> str:
    """A straight line."""
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" '
        f'stroke="{colour}" stroke-width="{width:g}" stroke-dasharray="{dash}"/>'
    )


def bar(corner: Point, size: Point, colour: str, about: str, *, seen: float = 1.0) -> str:
    """A filled rectangle from its top left corner, with `about` under the pointer."""
    return (
        f'<rect x="{corner[0]:.1f}" y="{corner[1]:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}" '
        f'fill="{colour}" fill-opacity="{seen:g}">{_about(about)}</rect>'
    )


def dot(at: Point, radius: float, colour: str, about: str, *, seen: float = 1.0) -> str:
    """A filled circle with a rim in the colour of the ground, so that neighbours stay apart."""
    return (
        f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius:g}" fill="{colour}" fill-opacity="{seen:g}" '
        f'stroke="{GROUND}" stroke-width="0.8">{_about(about)}</circle>'
    )


def ring(at: Point, radius: float, colour: str, about: str) -> str:
    """An open circle."""
    return (
        f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius:g}" fill="{GROUND}" stroke="{colour}" '
        f'stroke-width="2.2">{_about(about)}</circle>'
    )


def diamond(at: Point, radius: float, colour: str, about: str) -> str:
    """A filled square on its tip."""
    x, y = at
    tips = f"{x:.1f},{y - radius:.1f} {x + radius:.1f},{y:.1f} {x:.1f},{y + radius:.1f} {x - radius:.1f},{y:.1f}"
    return f'<polygon points="{tips}" fill="{colour}" stroke="{GROUND}" stroke-width="0.8">{_about(about)}</polygon>'


def path(points: Sequence[Point], colour: str) -> str:
    """An open line through the points."""
    return f'<polyline points="{_points(points)}" fill="none" stroke="{colour}" stroke-width="2.2"/>'


def area(points: Sequence[Point], colour: str) -> str:
    """A pale filled shape around the points."""
    return f'<polygon points="{_points(points)}" fill="{colour}" fill-opacity="0.16"/>'


def strokes(pairs: Iterable[tuple[Point, Point]], colour: str, seen: float) -> str:
    """Many thin lines as one element."""
    drawn = "".join(f"M{a[0]:.0f} {a[1]:.0f}L{b[0]:.0f} {b[1]:.0f}" for a, b in pairs)
    return f'<path d="{drawn}" fill="none" stroke="{colour}" stroke-opacity="{seen:g}" stroke-width="0.7"/>'


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _about(words: str) -> str:
    return f"<title>{escape(words)}</title>" if words else ""
