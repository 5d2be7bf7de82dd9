"""What is the network of a case, as it is drawn? Its members as nodes, their pairs as edges, each with a place.

Places are worked out once for what is known of the case, and kept beside it. A large network is drawn in part, and
grows where somebody asks for more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from ringfence.cases.cases import Case
from ringfence.cases.members import Member, Standing
from ringfence.cases.tied import Tied, tied
from ringfence.cases.ties import RELATIONS
from ringfence.console.layout import Places, places
from ringfence.store import disk
from ringfence.store.workspace import Workspace

FIRST = 1_500  # members in the first picture: more are a cloud, and slow where there is no graphics card
STANDINGS = tuple(Standing)
BUILD = 1  # grows with every change to how places come about

Numbers = NDArray[np.int64]


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    of: str
    places: bytes


@dataclass(frozen=True, slots=True)
class Network:
    """The members that are in a case now, by rank, who is tied to whom, and where each stands."""

    members: tuple[Member, ...]
    tied: Tied
    places: Places

    def place_of(self, account_id: str) -> int | None:
        """The place of an account among the members; None for one that is none."""
        return next((place for place, one in enumerate(self.members) if one.account_id == account_id), None)


class Nodes(msgspec.Struct, frozen=True):
    """Members side by side. `standing` is a place in `Picture.standings`; `degree` counts all pairs, drawn or not."""

    id: list[str]
    standing: list[int]
    role: list[str]
    score: list[float]
    degree: list[int]
    x: list[float]
    y: list[float]


class Edges(msgspec.Struct, frozen=True):
    """Pairs side by side: places in `Nodes`, the kinds of tie as bits of `Picture.relations`, and the weight."""

    a: list[int]
    b: list[int]
    kinds: list[int]
    weight: list[float]


class Picture(msgspec.Struct, frozen=True):
    """Some of a network: its `members` and `pairs` are how many there are in all."""

    members: int
    pairs: int
    standings: list[str]
    relations: list[str]
    nodes: Nodes
    edges: Edges


def network(workspace: Workspace, case: Case, members: Sequence[Member]) -> Network:
    """The network of a case, of its members by rank. Whoever shows it has asked for the case, which is recorded."""
    there = tuple(one for one in members if one.left_at is None)
    found = tied(workspace, case, there)
    return Network(there, found, _places(workspace, case, found))


def first(whole: Network) -> Numbers:
    """Whom to draw first: every likely minor and protected account, then the highest ranks, up to FIRST."""
    apart = np.array([one.standing in {Standing.LIKELY_MINOR, Standing.PROTECTED} for one in whole.members], bool)
    order = np.argsort(~apart, kind="stable")
    return np.sort(order[:FIRST])


def everybody(whole: Network) -> Numbers:
    """All members."""
    return np.arange(len(whole.members))


def around(whole: Network, place: int) -> Numbers:
    """A member and all that it is paired with."""
    pairs = whole.tied.pairs
    others = np.concatenate(([place], pairs.second[pairs.first == place], pairs.first[pairs.second == place]))
    return np.unique(others)


def strongest(whole: Network, place: int, most: int) -> list[tuple[Member, int]]:
    """Whom a member is tied to most, each with the kinds of tie as bits."""
    pairs = whole.tied.pairs
    mine = np.flatnonzero((pairs.first == place) | (pairs.second == place))
    mine = mine[np.lexsort((mine, -pairs.weight[mine]))][:most]
    others = np.where(pairs.first[mine] == place, pairs.second[mine], pairs.first[mine])
    return [(whole.members[other], int(kinds)) for other, kinds in zip(others, pairs.kinds[mine], strict=True)]


def picture(whole: Network, chosen: Numbers) -> Picture:
    """Some members (places, ascending) and the pairs among them."""
    pairs, degree = whole.tied.pairs, whole.tied.degree()
    number = np.full(len(whole.members), -1)
    number[chosen] = np.arange(len(chosen))
    drawn = np.flatnonzero((number[pairs.first] >= 0) & (number[pairs.second] >= 0))
    some = [whole.members[place] for place in chosen.tolist()]
    return Picture(
        members=len(whole.members),
        pairs=len(pairs.first),
        standings=[str(one) for one in STANDINGS],
        relations=[str(one) for one in RELATIONS],
        nodes=Nodes(
            id=[one.account_id for one in some],
            standing=[STANDINGS.index(one.standing) for one in some],
            role=[one.role or "" for one in some],
            score=[round(one.score, 4) for one in some],
            degree=degree[chosen].tolist(),
            x=whole.places[chosen, 0].tolist(),
            y=whole.places[chosen, 1].tolist(),
        ),
        edges=Edges(
            a=number[pairs.first[drawn]].tolist(),
            b=number[pairs.second[drawn]].tolist(),
            kinds=pairs.kinds[drawn].tolist(),
            weight=np.round(pairs.weight[drawn], 3).tolist(),
        ),
    )


def _places(workspace: Workspace, case: Case, found: Tied) -> Places:
    file, of = workspace.case_ties / f"{case.case_id}.places", f"{BUILD}-{found.of}"
    kept = _kept(file)
    if kept is not None and kept.of == of:
        return np.frombuffer(kept.places, np.float64).reshape(-1, 2)
    made = places(len(found.accounts), found.pairs.first, found.pairs.second, found.pairs.weight)
    disk.write_private(file, msgspec.msgpack.encode(_Kept(of, np.ascontiguousarray(made).tobytes())))
    return made


def _kept(file: Path) -> _Kept | None:
    """What is kept beside a case; None where nothing is, or nothing of use: then it is worked out and written anew."""
    try:
        return msgspec.msgpack.decode(file.read_bytes(), type=_Kept)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
