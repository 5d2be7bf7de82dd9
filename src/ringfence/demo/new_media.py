"""Does what networks share stand first among new media, and how does it tie each network? Judged by the truth."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ringfence.demo.evaluate import average_precision, wilson
from ringfence.discovery.new_media import NewMedia
from ringfence.exposure.estimates import Estimate
from ringfence.world.plan import plan
from ringfence.world.posts import network_media
from ringfence.world.write import World

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Order:
    """One way to order clusters. `first` is the share of networks' media among the first so many, as many as it is."""

    name: str
    average_precision: float
    first: Estimate


@dataclass(frozen=True, slots=True)
class Tied:
    """How media ties one network: clusters that two or more of its members uploaded, and how many members did so.

    `exactly` is how many members would be tied if only the same media counted, and no altered copy of it.
    """

    network_id: str
    members: int
    media: int
    tied: int
    exactly: int


@dataclass(frozen=True, slots=True)
class MediaFigures:
    """`theirs` are clusters that networks alone post, by the truth; the first of the `orders` is the triage's."""

    media: int
    clusters: int
    for_review: int
    for_care: int
    theirs: int
    orders: tuple[Order, ...]
    networks: tuple[Tied, ...]


def figures(world: World, found: NewMedia, scores: pa.Table) -> MediaFigures:
    """Judge a triage of a world. Both lists count as one ranking: care has its own readers, and the same order."""
    made, theirs = found.made, networks_own(world, found)
    ranked = made.ranking
    ways = {
        "priority": ranked.priority,
        "number of uploads": ranked.uploads,
        "number of uploaders": ranked.uploaders,
        "speed alone": ranked.first_days,
    }
    return MediaFigures(
        media=found.seen.media.num_rows,
        clusters=len(made.groups),
        for_review=len(made.listed(care=False)),
        for_care=len(made.listed(care=True)),
        theirs=int(theirs.sum()),
        orders=tuple(_order(name, theirs, values.astype(float)) for name, values in ways.items()),
        networks=ties(found, scores),
    )


def networks_own(world: World, found: NewMedia) -> NDArray[np.bool_]:
    """Which clusters hold media of a network's own."""
    own = network_media(plan(world.accounts, world.seed, world.adversary))
    number = pc.replace_substring_regex(found.seen.media["media_id"], r"^m(\d+)(v\d+)?$", r"\1")
    numbers = np.array([int(one) if one.isdigit() else -1 for one in number.to_pylist()])
    theirs = (numbers >= own.start) & (numbers < own.stop)
    return np.bincount(found.made.groups.of, theirs, len(found.made.groups)) > 0


def _order(name: str, theirs: NDArray[np.bool_], value: Scores) -> Order:
    first = np.argsort(-value, kind="stable")[: theirs.sum()]
    return Order(name, average_precision(theirs, value), wilson(int(theirs[first].sum()), len(first)))


def ties(found: NewMedia, scores: pa.Table) -> tuple[Tied, ...]:
    """How media ties each network that was found, the largest first."""
    rows = scores.filter(pc.is_valid(scores["network_id"]))
    place = pc.index_in(rows["account_id"], found.ids).to_numpy()
    names, number = np.unique(rows["network_id"].to_numpy(zero_copy_only=False).astype(str), return_inverse=True)
    network = np.full(len(found.ids), -1)
    network[place] = number
    sizes = np.bincount(number, minlength=len(names))
    seen = found.seen
    tied = [
        _tied(network, seen.account, of, each)
        for of in (found.made.groups.of[seen.of], seen.of)
        for each in [len(names)]
    ]
    return tuple(
        Tied(str(names[one]), int(sizes[one]), int(tied[0][0][one]), int(tied[0][1][one]), int(tied[1][1][one]))
        for one in np.argsort(-sizes, kind="stable")
    )


def _tied(
    network: NDArray[np.int64], account: NDArray[np.int64], of: NDArray[np.int64], networks: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each network how many things two or more of its members have, and how many members have one of those."""
    inside = network[account] >= 0
    pairs = np.unique(np.stack((of[inside], network[account[inside]], account[inside])), axis=1)
    things, which, many = np.unique(pairs[:2], axis=1, return_inverse=True, return_counts=True)
    shared = many > 1
    members = np.unique(pairs[1:, shared[which.ravel()]], axis=1)[0]
    return np.bincount(things[1, shared], minlength=networks), np.bincount(members, minlength=networks)
