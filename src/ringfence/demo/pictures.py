"""How does a demo look at a glance? A map, a histogram and bars, as inline SVG."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.demo.layout import Edges, Layout, choose, lay_out
from ringfence.model.words import Role
from ringfence.pictures import svg
from ringfence.pictures.colours import BLUE, GREEN, GREY, OLIVE, ORANGE, PURPLE, RED, TEAL, VIOLET

NETWORK_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, OLIVE, VIOLET, RED, TEAL)
LOOSE = GREY  # accounts in no network
WIDE = 960.0
MOST_NODES = 600  # beyond this a map is fog, and its layout slow
BARS = 36

ROLES: dict[str, str] = {
    Role.PROMOTER: "promoter",
    Role.BRIDGE: "bridge",
    Role.LIKELY_MINOR: "likely minor, routed to care",
    Role.AUDIENCE: "audience",
}


@dataclass(frozen=True, slots=True)
class Node:
    """One account on the map; `network_id` is empty for an account in no network, `role` for one without a role."""

    account_id: str
    network_id: str
    role: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a run: wall-clock seconds, and the most memory the process held while it ran."""

    name: str
    seconds: float
    peak_mb: float


def network_map(nodes: Sequence[Node], edges: Sequence[tuple[int, int]]) -> str:
    """Accounts as dots in the discs of their networks, ties as lines; `edges` are positions in `nodes`.

    Of more than 600 accounts the best tied of each network are drawn, and the picture says so.
    """
    every = np.array(edges, dtype=np.int64).reshape(-1, 2)
    kept = choose([node.network_id for node in nodes], every, MOST_NODES)
    shown = [nodes[index] for index in kept]
    ties = np.searchsorted(kept, every[np.isin(every, kept).all(axis=1)])
    layout = lay_out([node.network_id for node in shown], ties, WIDE, 130)
    colours = {disc.network_id: NETWORK_COLOURS[i % len(NETWORK_COLOURS)] for i, disc in enumerate(layout.discs)}
    told = f"{len(shown):,} accounts in {len(layout.discs)} networks, with {len(ties):,} ties between them."
    if len(shown) < len(nodes):
        told += f" These are the best tied of {len(nodes):,} accounts, the same share of every network."
    shapes = list(_strokes(shown, ties, layout, colours))
    for node, place in zip(shown, layout.places.tolist(), strict=True):
        shapes.append(_mark(node, (place[0], place[1]), colours.get(node.network_id, LOOSE)))
    for disc in layout.discs:
        name = f"{disc.network_id} · {disc.size:,}"
        shapes.append(svg.text(disc.x, disc.y - disc.radius - 12, name, anchor="middle", bold=True, halo=True))
    return svg.picture("map", (WIDE, layout.height + 34), "Map of the networks found", told, [*shapes, *_key(layout)])


def _strokes(nodes: Sequence[Node], ties: Edges, layout: Layout, colours: dict[str, str]) -> Iterator[str]:
    """Ties within a network in its colour, ties between networks in grey beneath them."""
    homes = np.array([node.network_id for node in nodes])
    ends = homes[ties]
    for network, colour in [("", LOOSE), *colours.items()]:
        inside = (ends == network).all(axis=1) if network else (ends[:, 0] != ends[:, 1]) | (ends[:, 0] == "")
        pairs = [((a[0], a[1]), (b[0], b[1])) for a, b in layout.places[ties[inside]].tolist()]
        yield svg.strokes(pairs, colour, 0.28)


def _mark(node: Node, at: svg.Point, colour: str) -> str:
    where = f"in {node.network_id}" if node.network_id else "in no network"
    about = f"{node.account_id}: {ROLES.get(node.role, 'no role')}, {where}" if node.account_id else ""
    if node.role == Role.PROMOTER:
        return svg.dot(at, 5.5, colour, about)
    if node.role == Role.BRIDGE:
        return svg.diamond(at, 6, colour, about)
    if node.role == Role.LIKELY_MINOR:
        return svg.ring(at, 4.5, colour, about)
    return svg.dot(at, 3.2, colour, about, seen=0.75)


def _key(layout: Layout) -> Iterator[str]:
    left, base = 24.0, layout.height + 16
    for role, words in ROLES.items():
        yield _mark(Node("", "", role), (left, base - 4), svg.INK)
        yield svg.text(left + 12, base, words, fill=svg.MUTED)
        left += 48 + 7 * len(words)


@dataclass(frozen=True, slots=True)
class _Bars:
    """Counts by score. Bars of `width` decades start at `first`, after `spare` places for scores of 0 and less."""

    members: NDArray[np.int64]
    innocents: NDArray[np.int64]
    first: float
    width: float
    spare: int
    named: int  # the first bar at or above the lowest score named

    def x(self, decade: float) -> float:
        return self.left(self.spare + (decade - self.first) / self.width)

    def left(self, place: float) -> float:
        return 60 + place * (WIDE - 80) / len(self.members)

    def scores(self, place: int) -> str:
        if place < self.spare:
            return "score 0"
        low = self.first + (place - self.spare) * self.width
        return f"score {10**low:.3g} to {10 ** (low + self.width):.3g}"


def score_histogram(scores: NDArray[np.float64], planted: NDArray[np.bool_], cut: float) -> str:
    """How many accounts have which score: planted members upward, innocents downward, both axes logarithmic.

    `cut` (above 0) is the lowest score of an account that was named. It is always the edge of a bar, so that no bar
    lies on both sides of it. Scores of 0 and less stand apart at the left.
    """
    bars, named = _count(scores, planted, cut), scores >= cut
    reach = [np.log10(max(int(counts.max()), 1)) + 0.6 for counts in (bars.members, bars.innocents)]
    decade = 260 / sum(reach)  # as long above the axis as below it
    base = 58 + reach[0] * decade
    shapes = [*_grid(bars, base, decade, reach), *_columns(bars, base, decade)]
    shapes += [svg.line((60, base), (WIDE - 20, base), svg.INK), *_cut_line(bars, cut)]
    told = [
        f"{kind}: {int((group & named).sum()):,} at or above the line, {int((group & ~named).sum()):,} below it."
        for kind, group in (("Planted members", planted), ("Innocents", ~planted))
    ]
    shapes += [svg.bar((60, 9), (11, 11), BLUE, ""), svg.text(78, 19, f"▲ {told[0]}")]
    shapes += [svg.bar((60, 371), (11, 11), ORANGE, ""), svg.text(78, 381, f"▼ {told[1]}")]
    return svg.picture("scores", (WIDE, 392), "Scores of planted members and of innocents", " ".join(told), shapes)


def _count(scores: NDArray[np.float64], planted: NDArray[np.bool_], cut: float) -> _Bars:
    positive, start = scores > 0, float(np.log10(cut))
    decades = np.log10(scores[positive])
    low, high = min(start, float(decades.min(initial=start))), max(start, float(decades.max(initial=start)))
    width = max((high - low) / BARS, 0.02)
    place = np.floor((decades - start) / width).astype(np.int64)
    # Rounding in the logarithm must not move an account across the cut.
    place = np.where(scores[positive] >= cut, np.maximum(place, 0), np.minimum(place, -1))
    first, spare = min(int(place.min(initial=0)), 0), 0 if positive.all() else 2
    bars = np.zeros(len(scores), dtype=np.int64)
    bars[positive] = place - first + spare
    length = int(bars.max(initial=0)) + 1
    length = max(length, spare - first + 1)
    return _Bars(
        members=np.bincount(bars[planted], minlength=length),
        innocents=np.bincount(bars[~planted], minlength=length),
        first=start + first * width,
        width=width,
        spare=spare,
        named=spare - first,
    )


def _columns(bars: _Bars, base: float, decade: float) -> Iterator[str]:
    step = bars.left(1) - bars.left(0)
    for counts, colour, kind in ((bars.members, BLUE, "planted members"), (bars.innocents, ORANGE, "innocents")):
        for place in np.flatnonzero(counts).tolist():
            tall = (float(np.log10(counts[place])) + 0.4) * decade
            top = base - tall if colour == BLUE else base
            about = f"{counts[place]:,} {kind}, {bars.scores(place)}"
            corner, seen = (bars.left(place) + 0.75, top), 1.0 if place >= bars.named else 0.5
            yield svg.bar(corner, (step - 1.5, tall), colour, about, seen=seen)


def _grid(bars: _Bars, base: float, decade: float, reach: Sequence[float]) -> Iterator[str]:
    for way, height in ((-1, reach[0]), (1, reach[1])):
        for power in range(int(height - 0.4) + 1):
            y = base + way * (power + 0.4) * decade
            yield svg.line((60, y), (WIDE - 20, y))
            yield svg.text(54, y + 4, f"{10**power:,}", anchor="end", size=11, fill=svg.MUTED)
    if bars.spare:
        yield svg.text(bars.left(0.5), 336, "0", anchor="middle", size=11, fill=svg.MUTED)
    last = bars.first + (len(bars.members) - bars.spare) * bars.width
    for power in range(int(np.floor(bars.first)), int(np.ceil(last)) + 1):
        for digit in (1, 3):
            decade_here = power + float(np.log10(digit))
            if bars.first <= decade_here <= last:
                label = f"{digit * 10.0**power:g}"
                yield svg.text(bars.x(decade_here), 336, label, anchor="middle", size=11, fill=svg.MUTED)
    yield svg.text(WIDE - 20, 356, "score, logarithmic; bars count accounts, logarithmic", anchor="end", fill=svg.MUTED)


def _cut_line(bars: _Bars, cut: float) -> Iterator[str]:
    x = bars.left(bars.named)
    yield svg.line((x, 42), (x, 320), svg.INK, width=1.5, dash="5 4")
    if x < WIDE / 2:
        yield svg.text(x + 6, 46, f"lowest score named: {cut:.3g} →")
    else:
        yield svg.text(x - 6, 46, f"lowest score named: {cut:.3g} →", anchor="end")


def stage_bars(stages: Sequence[Stage]) -> str:
    """Seconds and peak memory of each stage, side by side in the order they ran."""
    columns = (
        (170.0, "seconds", BLUE, [stage.seconds for stage in stages], "{:.1f} s"),
        (590.0, "peak memory, MB", ORANGE, [stage.peak_mb for stage in stages], "{:,.0f} MB"),
    )
    shapes = []
    for row, stage in enumerate(stages):
        shapes.append(svg.text(158, 50 + row * 28, stage.name, anchor="end"))
    for left, title, colour, values, form in columns:
        shapes.append(svg.text(left, 22, title, fill=svg.MUTED))
        shapes.append(svg.line((left, 30), (left, 34 + len(stages) * 28)))
        longest = max([*values, 1e-9])
        for row, (stage, value) in enumerate(zip(stages, values, strict=True)):
            label, length = form.format(value), max(value / longest * 290, 1)
            shapes.append(svg.bar((left, 36 + row * 28), (length, 19), colour, f"{stage.name}: {label}"))
            shapes.append(svg.text(left + length + 8, 50 + row * 28, label, size=12))
    told = f"{sum(stage.seconds for stage in stages):.1f} seconds in {len(stages)} stages."
    return svg.picture("stages", (WIDE, 44 + len(stages) * 28), "Time and memory of each stage", told, shapes)
