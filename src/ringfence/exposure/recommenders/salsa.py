"""Whom do the accounts around a viewer follow, as Twitter's "who to follow" asks? SALSA on the circle of trust."""

import threading

import numpy as np
from numba import njit

from ringfence.exposure.recommenders.popular import backfilled, most_followed
from ringfence.exposure.recommenders.ranking import Grains, bar, best, clear, in_range
from ringfence.exposure.recommenders.suggestions import NOBODY, Suggestions
from ringfence.exposure.recommenders.trust import WHOLE, Walk, walk
from ringfence.graph.csr import Csr, Ids, Index

CIRCLE = 500  # accounts in the circle of trust, as in Gupta et al.
ITERATIONS = 5
BACK = 15  # chance in a hundred that the walk goes back to the followed accounts


class Salsa:
    """Suggests the authorities of the accounts around a viewer (Gupta et al., WWW 2013; Lempel and Moran, 2001).

    Hubs are the circle of trust: the followed accounts, then those that a walk with restart from them visits most
    (`trust`), `circle` in all. Authorities are whom the hubs follow. A walk goes from a hub to one of its authorities,
    each as likely, from there to one of the hubs that follow it, each as likely, and back to a followed account BACK
    times in a hundred; score(c) is the mass at authority c after `iterations` such rounds and one more step. Equal
    scores go by id, backfill by in-degree. Rounds and
    both chances to go back are ours: the paper leaves them open.
    """

    __slots__ = ("_circle", "_follows", "_iterations", "_popular", "_room", "_walk")

    def __init__(
        self, follows: Csr, circle: int = CIRCLE, iterations: int = ITERATIONS, trusted: Walk | None = None
    ) -> None:
        self._follows, self._circle, self._iterations = follows, circle, iterations
        self._walk = trusted or Walk()
        self._popular = most_followed(follows)
        self._room = _Room(follows.columns)

    def __call__(self, followed: Ids, wanted: int, viewer: int = NOBODY) -> Suggestions:
        """See `Recommender`. Costs at most `1 / least` ties a round of the walk, and the circle's ties ten times."""
        hubs = self.circle(followed)
        room, out = self._room, np.empty(min(wanted, self._follows.columns), np.uint32)
        ties, given = (self._follows.starts, self._follows.targets), min(len(followed), len(hubs))
        scores, backers, authorities = room.visits, room.now, room.touched
        count = _salsa(*ties, hubs, given, self._iterations, self._walk.reads, scores, backers, authorities)
        bar(scores, followed, viewer)
        found = out[: best(scores, authorities, count, out)]
        clear(scores, authorities, count)
        return backfilled(found, self._popular, followed, wanted, viewer)

    def circle(self, followed: Ids) -> Ids:
        """The circle of trust of somebody who follows these: the followed first, each part by visits, then id."""
        in_range(followed, self._follows.rows)
        room, how = self._room, self._walk
        ties, chances = (
            (self._follows.starts, self._follows.targets),
            (how.rounds, how.back, how.least_units, how.reads),
        )
        masses = room.visits, room.now, room.later
        count = walk(*ties, followed, *chances, *masses, room.touched, room.active, room.following)
        room.visits[followed] += WHOLE  # nobody has more visits than this, so the followed come first
        hubs = np.empty(min(self._circle, count), np.uint32)
        best(room.visits, room.touched, count, hubs)
        clear(room.visits, room.touched, count)
        return hubs


class _Room(threading.local):
    """What a question needs of memory, used again by the next; each thread has its own. Masses are zero in between."""

    def __init__(self, accounts: int) -> None:
        self.visits, self.now, self.later = (np.zeros(accounts, np.int64) for _ in range(3))
        self.touched, self.active, self.following = (np.empty(accounts, np.uint32) for _ in range(3))


@njit(nogil=True, cache=True)
def _salsa(
    starts: Index,
    targets: Ids,
    hubs: Ids,
    given: int,
    iterations: int,
    reads: int,
    scores: Grains,
    backers: Grains,
    authorities: Ids,
) -> int:
    """Leave each authority's mass in `scores` and list it in `authorities`; returns how many there are.

    The first `given` hubs are where the walk starts and goes back to. Mass at a hub that follows nobody is lost.
    """
    count = 0
    for hub in hubs:
        length = starts[hub + 1] - starts[hub]
        degree = min(length, reads)
        for tie in range(degree):
            one = targets[starts[hub] + tie * length // degree]
            if backers[one] == 0:
                authorities[count] = one
                count += 1
            backers[one] += 1
    mass = np.zeros(len(hubs), np.int64)
    mass[:given] = WHOLE // max(given, 1)
    for step in range(iterations + 1):
        for place in range(len(hubs)):
            _forward(starts, targets, hubs[place], mass[place], reads, scores)
        if step < iterations:
            for place in range(len(hubs)):
                mass[place] = _backward(starts, targets, hubs[place], reads, scores, backers)
                mass[place] += WHOLE * BACK // 100 // given if place < given else 0
            clear(scores, authorities, count)
    clear(backers, authorities, count)
    return count


@njit(nogil=True, cache=True)
def _forward(starts: Index, targets: Ids, hub: int, mass: int, reads: int, scores: Grains) -> None:
    length = starts[hub + 1] - starts[hub]
    degree = min(length, reads)
    for tie in range(degree):
        scores[targets[starts[hub] + tie * length // degree]] += mass // degree


@njit(nogil=True, cache=True)
def _backward(starts: Index, targets: Ids, hub: int, reads: int, scores: Grains, backers: Grains) -> int:
    length, total = starts[hub + 1] - starts[hub], 0
    degree = min(length, reads)
    for tie in range(degree):
        one = targets[starts[hub] + tie * length // degree]
        total += scores[one] * (100 - BACK) // 100 // backers[one]
    return total
