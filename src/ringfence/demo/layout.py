"""Which accounts stand on the network map, and where? Networks in discs of their own, everybody else between them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.float64]  # points x 2, in picture units
Edges = NDArray[np.int64]  # ties x 2, positions in the list of nodes

SPACING = 15.0  # between neighbours in a disc
GAP = 34.0
CAPTION = 30.0  # room above each disc for its name
ROUNDS = 120  # of the force layout; the step shrinks to nothing by then
GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))


@dataclass(frozen=True, slots=True)
class Disc:
    """The ground of one network."""

    network_id: str
    size: int
    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True)
class Layout:
    """One place a node, one disc a network, and the height that all of it takes."""

    places: Places
    discs: tuple[Disc, ...]
    height: float


def choose(networks: Sequence[str], edges: Edges, most: int) -> NDArray[np.int64]:
    """Positions of at most `most` nodes, ascending: the same share of every network, its best tied first.

    Nodes in no network (empty name) come only once all networks are whole.
    """
    homes, ties = np.asarray(networks), np.bincount(edges.ravel(), minlength=len(networks))
    turn = np.zeros(len(homes))
    for name in {*networks}:
        members = np.flatnonzero(homes == name)
        ranked = members[np.argsort(-ties[members], kind="stable")]
        turn[ranked] = np.arange(len(ranked)) / len(ranked) + (name == "")
    return np.sort(np.argsort(turn, kind="stable")[:most])


def lay_out(networks: Sequence[str], edges: Edges, width: float, caption_width: float) -> Layout:
    """Lay out nodes by network (empty for none), largest network first, in rows of `width`. No randomness.

    Every caption gets `caption_width` even above a small disc, so that captions never touch.
    """
    groups = {name: np.flatnonzero(np.asarray(networks) == name) for name in sorted({*networks} - {""})}
    names = sorted(groups, key=lambda name: (-len(groups[name]), name))
    sizes = np.array([len(groups[name]) for name in names])
    discs, height = _shelves(names, sizes, width, caption_width)
    places = np.zeros((len(networks), 2))
    for disc in discs:
        members = groups[disc.network_id]
        places[members] = _force_directed(len(members), _inside(edges, members)) * disc.radius + (disc.x, disc.y)
    loose = np.flatnonzero(np.asarray(networks) == "")
    _settle(places, loose, edges, discs, np.array([width, height]))
    return Layout(places, discs, height)


def _shelves(names: list[str], sizes: NDArray[np.int64], width: float, least: float) -> tuple[tuple[Disc, ...], float]:
    radii = SPACING * 0.62 * np.sqrt(sizes) + 8
    cells = np.maximum(2 * radii, least) + GAP
    rows: list[list[int]] = []
    for index in range(len(names)):
        if rows and cells[rows[-1]].sum() + cells[index] <= width:
            rows[-1].append(index)
        else:
            rows.append([index])
    discs, top = [], 8.0
    for row in rows:
        tall = 2 * float(radii[row].max())
        share = (width - cells[row].sum()) / len(row)  # what is left of the row is spread between its discs
        left = 0.0
        for index in row:
            cell = float(cells[index]) + share
            middle = top + CAPTION + tall / 2
            discs.append(Disc(names[index], int(sizes[index]), left + cell / 2, middle, float(radii[index])))
            left += cell
        top += CAPTION + tall + GAP
    return tuple(discs), max(top, 60.0)


def _inside(edges: Edges, members: NDArray[np.int64]) -> Edges:
    """The ties between `members` (ascending), renumbered to positions among them."""
    kept = edges[np.isin(edges, members).all(axis=1)]
    return np.searchsorted(members, kept).astype(np.int64)


def _force_directed(nodes: int, edges: Edges) -> Places:
    """Places within the unit disc, after Fruchterman and Reingold (1991): ties pull, everybody pushes."""
    ties = np.bincount(edges.ravel(), minlength=nodes)
    places = np.empty((nodes, 2))
    places[np.argsort(-ties, kind="stable")] = _sunflower(nodes)  # the well tied start in the middle
    ideal = 1 / np.sqrt(nodes)
    for heat in np.linspace(0.1, 0, ROUNDS):
        apart = places[:, None] - places[None]
        push = (apart * (ideal**2 / ((apart**2).sum(axis=2) + 1e-6))[:, :, None]).sum(axis=1)
        tie = places[edges[:, 0]] - places[edges[:, 1]]
        pull = tie * np.linalg.norm(tie, axis=1, keepdims=True) / ideal
        move = push - places * (ideal * 8)
        np.add.at(move, edges[:, 0], -pull)
        np.add.at(move, edges[:, 1], pull)
        far = np.linalg.norm(move, axis=1, keepdims=True) + 1e-9
        places += move / far * np.minimum(far, heat)
    return places / max(float(np.linalg.norm(places, axis=1).max()), 1e-9) if nodes > 1 else np.zeros((nodes, 2))


def _sunflower(points: int) -> Places:
    turn, reach = np.arange(points) * GOLDEN_ANGLE, np.sqrt((np.arange(points) + 0.5) / max(points, 1))
    return np.column_stack([np.cos(turn), np.sin(turn)]) * reach[:, None]


def _settle(
    places: Places, loose: NDArray[np.int64], edges: Edges, discs: Sequence[Disc], area: NDArray[np.float64]
) -> None:
    """Put each of `loose` between those it is tied to, outside the discs, and off whatever it covers."""
    places[loose] = _between(places, loose, edges, area / 2) + _sunflower(len(loose)) * SPACING
    for _ in range(ROUNDS):
        apart = places[loose, None] - places[None]
        far = np.linalg.norm(apart, axis=2)
        close = (far < SPACING) & (far > 0)
        shove = np.where(close[:, :, None], apart / np.maximum(far, 1e-9)[:, :, None], 0).sum(axis=1)
        moved = places[loose] + shove * 2
        for disc in discs:
            out = moved - (disc.x, disc.y)
            far_out = np.linalg.norm(out, axis=1, keepdims=True) + 1e-9
            short = disc.radius + SPACING - far_out
            moved += np.where(short > 0, out / far_out * short, 0)
        places[loose] = np.clip(moved, SPACING, area - SPACING)


def _between(places: Places, loose: NDArray[np.int64], edges: Edges, middle: NDArray[np.float64]) -> Places:
    """The mean place of the network members that each of `loose` is tied to; `middle` where there is none."""
    total, ties = np.zeros_like(places), np.zeros(len(places))
    anchored = ~np.isin(np.arange(len(places)), loose)
    for here, there in (edges.T, edges[:, ::-1].T):
        np.add.at(total, here, places[there] * anchored[there, None])
        np.add.at(ties, here, anchored[there])
    mean: Places = np.where(ties[:, None] > 0, total / np.maximum(ties, 1)[:, None], middle)[loose]
    return mean
