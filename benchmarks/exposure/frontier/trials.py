"""What does an arm leak, and what does it cost, in one world and with one recommender?

Candidates are asked for once: 150 for each set of follows, then the most followed accounts. What an arm leaves out is
filled from the rest of the list, so an arm costs no more than reading it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.exposure.cuts.budget import Sample
from ringfence.exposure.recommenders.suggestions import NOBODY, Recommender
from ringfence.exposure.simulate import SLOTS, TRUSTED, Keep, keep_all
from ringfence.graph.csr import Csr, Ids

DEEP, STEPS, LUCKS, VIEWERS, FOLLOWS = 400, 10, 4, 3_000, 40

Mask = NDArray[np.bool_]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one arm did. `ever` has one truth a session, `lost` and `shown` one count of innocent slots a viewer."""

    ever: Mask
    lost: Counts
    shown: Counts
    backfilled: float
    empty: float


class Asked:
    """A recommender whose answers are remembered: the same follows get the same candidates in every arm."""

    def __init__(self, suggest: Recommender) -> None:
        self._suggest = suggest
        self._known: dict[bytes, tuple[Ids, int]] = {}

    def slate(self, keep: Keep, followed: Ids, viewer: int) -> tuple[Ids, int]:
        """Whom the viewer is shown, and how many of them are backfill."""
        key = followed.tobytes() + viewer.to_bytes(8, "little", signed=True)
        if key not in self._known:
            found = self._suggest(followed, DEEP, viewer)
            self._known[key] = found.ids, len(found.ids) - found.backfilled
        candidates, personal = self._known[key]
        kept = np.flatnonzero(keep(viewer, followed, candidates))[:SLOTS]
        return candidates[kept], int((kept >= personal).sum())


@dataclass(frozen=True, slots=True)
class Viewers:
    """Accounts that follow somebody, with at most 40 of their follows, and what they see without a guard."""

    ids: Ids
    follows: list[Ids]
    slates: list[Ids]

    def sample(self) -> Sample:
        filled = [
            np.pad(slate.astype(np.int64), (0, SLOTS - len(slate)), constant_values=NOBODY) for slate in self.slates
        ]
        return Sample(self.follows, np.array(filled))


def watched(asked: Asked, follows: Csr, ids: Ids, seed: int) -> Viewers:
    """What these accounts see."""
    rng = np.random.default_rng([seed, 6])
    theirs = [follows.row(int(one)) for one in ids]
    theirs = [np.sort(rng.choice(row, FOLLOWS, replace=False)) if len(row) > FOLLOWS else row for row in theirs]
    slates = [asked.slate(keep_all, row, int(one))[0] for one, row in zip(ids, theirs, strict=True)]
    return Viewers(ids, theirs, slates)


def drawn(follows: Csr, members: Mask, flagged: Mask, seed: int) -> tuple[Ids, Ids]:
    """Viewers that a threshold is set on, who carry no flag; and others that it is measured on, who are innocent."""
    shuffled = np.random.default_rng([seed, 5]).permutation(np.flatnonzero(follows.degree() > 0)).astype(np.uint32)
    half = len(shuffled) // 2
    setting, measured = shuffled[:half], shuffled[half:]
    return setting[~flagged[setting]][:VIEWERS], measured[~members[measured]][:VIEWERS]


def tried(asked: Asked, keep: Keep, starts: Ids, unseen: Mask, viewers: Viewers, members: Mask, seed: int) -> Outcome:
    """Sessions from each start, four times with other luck, and the slates of the viewers."""
    sessions = [
        _session(asked, keep, int(start), unseen, _luck(seed, int(start), turn))
        for start in starts
        for turn in range(LUCKS)
    ]
    costs = [
        _cost(before, asked.slate(keep, row, int(one))[0], members)
        for one, row, before in zip(viewers.ids, viewers.follows, viewers.slates, strict=True)
    ]
    slots = len(sessions) * STEPS * SLOTS
    return Outcome(
        ever=np.array([seen for seen, _, _ in sessions]),
        lost=np.array([lost for lost, _ in costs]),
        shown=np.array([shown for _, shown in costs]),
        backfilled=sum(back for _, back, _ in sessions) / slots,
        empty=1 - sum(filled for _, _, filled in sessions) / slots,
    )


def _luck(seed: int, start: int, turn: int) -> NDArray[np.float64]:
    return np.random.default_rng([seed, start, turn]).random(STEPS)


def _session(asked: Asked, keep: Keep, start: int, unseen: Mask, luck: NDArray[np.float64]) -> tuple[bool, int, int]:
    """Was a withheld member shown, how many slots were backfilled, and how many filled?"""
    followed, seen, back, filled = np.array([start], np.uint32), False, 0, 0
    for chance in luck.tolist():
        slate, backfilled = asked.slate(keep, followed, NOBODY)
        seen, back, filled = seen or bool(unseen[slate].any()), back + backfilled, filled + len(slate)
        if not len(slate):
            break
        choice = slate[int(chance * min(TRUSTED, len(slate)))]
        followed = np.insert(followed, np.searchsorted(followed, choice), choice)
    return seen, back, filled


def _cost(before: Ids, after: Ids, members: Mask) -> tuple[int, int]:
    innocent = before[~members[before]]
    return int((~np.isin(innocent, after)).sum()), len(innocent)
