"""Whom would a platform suggest to somebody? The reference suggesters that exposure is measured against."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ringfence.graph.csr import Csr, Ids, Index

NOBODY = -1  # stands where no account stands: an empty slot, or a viewer that is no row of the graph

# Ties read of one intermediate. A hub with tens of thousands of followees says little about taste (its damping is
# already below a tenth) and would otherwise cost more than all other intermediates of a viewer together.
READS = 1_000

# Scores are whole multiples of this, so that sums are exact and a tie never hangs on the order of addition.
GRAIN = 2.0**-20


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Accounts to show, best first and without repeats; the last `backfilled` of them are only popular."""

    ids: Ids
    backfilled: int


class Recommender(Protocol):
    """Anything that can answer "whom to follow" for somebody who follows these accounts."""

    def __call__(self, followed: Ids, wanted: int, viewer: int = NOBODY) -> Suggestions:
        """At most `wanted` accounts, none of them in `followed` (ascending) and none the `viewer`.

        Asking for more must only lengthen the answer: the guard's drops are replaced by asking again.
        """


class FriendOfFriend:
    """Suggests whom the followed accounts follow, and popular accounts when those run out.

    score(c) = sum over followed i with a tie to c of 1 / ln(1 + out-degree(i)), after Adamic and Adar (2003): one path
    through somebody who follows few is a choice, one through somebody who follows everybody is noise; the logarithm
    keeps a path through a large account worth something. Equal scores go by id. Of an intermediate with more than
    `reads` followees, `reads` of them spread evenly over the row are read. Backfill is in order of in-degree, then id.
    """

    __slots__ = ("_damping", "_follows", "_popular", "_reads")

    def __init__(self, follows: Csr, reads: int = READS) -> None:
        followers = np.bincount(follows.targets, minlength=follows.columns)
        self._follows = follows
        self._damping = _damping(np.diff(follows.starts))
        self._popular = np.argsort(-followers, kind="stable")[: np.count_nonzero(followers)].astype(np.uint32)
        self._reads = reads

    def __call__(self, followed: Ids, wanted: int, viewer: int = NOBODY) -> Suggestions:
        """See `Recommender`. Costs one sort of the ties read, at most `reads` for each followed account."""
        taken = np.append(followed.astype(np.int64), viewer)
        found = self._nearest(followed, taken, wanted)
        if len(found) == wanted:
            return Suggestions(found, 0)
        popular = self._most_followed(np.concatenate([taken, found]), wanted - len(found))
        return Suggestions(np.concatenate([found, popular]), len(popular))

    def _nearest(self, followed: Ids, taken: Index, wanted: int) -> Ids:
        reached, paths = self._paths(followed)
        ids, slot = np.unique(reached, return_inverse=True)
        scores = np.bincount(slot, weights=self._damping[paths], minlength=len(ids))
        scores[np.isin(ids, taken)] = 0
        if len(ids) > wanted > 0:
            scores[scores < np.partition(scores, -wanted)[-wanted]] = 0  # spares sorting those that cannot be shown
        rest = np.flatnonzero(scores)
        return ids[rest[np.argsort(-scores[rest], kind="stable")[:wanted]]]

    def _paths(self, followed: Ids) -> tuple[Ids, Ids]:
        """Every tie read: the account reached and the followed account it was reached through."""
        starts = self._follows.starts[followed]
        degrees = self._follows.starts[followed + 1] - starts
        read = np.minimum(degrees, self._reads)
        place = np.arange(read.sum()) - np.repeat(np.cumsum(read) - read, read)
        # place * degree // read is the identity for a row read whole, and an even stride over a row that is capped.
        at = np.repeat(starts, read) + place * np.repeat(degrees, read) // np.repeat(read, read)
        return self._follows.targets[at], np.repeat(followed, read)

    def _most_followed(self, taken: Index, wanted: int) -> Ids:
        head = self._popular[: wanted + len(taken)]  # long enough even when all of `taken` is in it
        return head[~np.isin(head, taken)][:wanted]


def _damping(degrees: Index) -> NDArray[np.float64]:
    """1 / ln(1 + degree) in whole grains; an account that follows nobody is on no path, its figure is never read."""
    return np.round(1.0 / np.log1p(np.maximum(degrees, 1)) / GRAIN)
