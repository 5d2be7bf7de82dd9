"""What does exposure tell the guard? Ties through which people are led to likely members, and tags that lead there.

Likely members are accounts without a flag that a cut holds for members (`cuts`). Nothing here flags them, and no reason
is ever told of them: a recommender learns nothing of a few ties, and a tag counts them among its users.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.exposure.choices import Choice
from ringfence.exposure.exact import discounted, slot_prices
from ringfence.exposure.recommenders.friend_of_friend import FriendOfFriend
from ringfence.exposure.recommenders.suggestions import NOBODY
from ringfence.exposure.simulate import fill_slate, keep_unflagged
from ringfence.exposure.slates import Mask, Slates, friend_of_friend
from ringfence.graph.csr import Csr, Ids, Index

EACH = 3  # ties that one account may lose, and never more than half: nobody is cut off
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Led:
    """Ties worth cutting, the dearest first, and what cutting them does to what friend-of-friend shows.

    `spared` ties were as dear, but their account had lost enough. Means are over all accounts that are neither flagged
    nor likely members: slots that hold a likely member, in a session that goes on after each slate with chance 85%.
    `displaced` is the share of their slots that held such accounts and no longer do, `touched` how many lose one.
    """

    src: Ids
    dst: Ids
    spared: int
    before: float
    after: float
    displaced: float
    touched: float


def ties_that_lead(follows: Csr, flagged: Mask, likely: Mask, barred: Mask, choice: Choice, most: int) -> Led:
    """Through which ties are likely members suggested most? From the `most` dearest slots behind the filter.

    All masks have one entry an account; ties from or to `barred` accounts are left alone.
    """
    shown = friend_of_friend(follows, keep=~flagged)
    starts = (~flagged & ~likely).astype(np.float64)
    dear = slot_prices(shown, choice, likely, starts, most=most)
    ways = [
        (int(between), int(account))
        for viewer, account in zip(dear.viewers.tolist(), dear.shown.tolist(), strict=True)
        if likely[account] and not barred[account]
        for between in _between(follows, viewer, account)
        if not barred[between]
    ]
    kept, spared = _few_each(ways, follows)
    src, dst = (np.array(ends, dtype=np.uint32) for ends in (zip(*kept, strict=True) if kept else ((), ())))
    after = _shown_without(follows, src, dst, flagged)
    lost = _lost(shown, after, starts > 0)
    return Led(
        src,
        dst,
        spared,
        dear.mean,
        float(np.average(discounted(after, choice, likely).exposure, weights=starts)),
        *lost,
    )


def _between(follows: Csr, viewer: int, account: int) -> list[int]:
    """Whom the viewer follows that follow the account."""
    return [one for one in follows.row(viewer).tolist() if _holds(follows.row(one), account)]


def _holds(row: Ids, account: int) -> bool:
    place = int(np.searchsorted(row, account))
    return place < len(row) and int(row[place]) == account


def _few_each(ways: list[tuple[int, int]], follows: Csr) -> tuple[list[tuple[int, int]], int]:
    """Each tie once, in order, at most three an account and half of its follows; and how many that leaves out."""
    lost: Counter[int] = Counter()
    kept, spared = [], 0
    for src, dst in dict.fromkeys(ways):
        if lost[src] < min(EACH, len(follows.row(src)) // 2):
            lost[src] += 1
            kept.append((src, dst))
        else:
            spared += 1
    return kept, spared


def _shown_without(follows: Csr, src: Ids, dst: Ids, flagged: Mask) -> Slates:
    """What all are shown by a friend-of-friend that does not learn of these ties, and knows who follows whom."""
    left = _without(follows, src, dst)
    shown = friend_of_friend(left, keep=~flagged)
    suggest, keep, ids = FriendOfFriend(left), keep_unflagged(flagged), shown.ids.copy()
    backfilled = shown.backfilled.copy()
    for viewer in np.unique(src).tolist():
        slate, popular = fill_slate(suggest, keep, follows.row(viewer), viewer, shown.slots)
        ids[viewer] = NOBODY
        ids[viewer, : len(slate)] = slate
        backfilled[viewer] = popular
    return Slates(ids, backfilled)


def _without(follows: Csr, src: Ids, dst: Ids) -> Csr:
    """The graph without these ties."""
    keys = follows.sources().astype(np.int64) * follows.columns + follows.targets
    left = ~np.isin(keys, src.astype(np.int64) * follows.columns + dst)
    starts = np.concatenate([[0], np.cumsum(left)])[follows.starts]
    return Csr(starts, follows.targets[left], follows.weights[left], follows.columns)


def _lost(before: Slates, after: Slates, innocent: Mask) -> tuple[float, float]:
    """Of innocent slots of innocent viewers the share that changed hands, and of those viewers the share that lost."""
    held = (before.ids >= 0) & innocent[before.ids]
    gone = np.zeros_like(held)
    changed: Index = np.flatnonzero((before.ids != after.ids).any(axis=1))
    for viewer in changed.tolist():
        gone[viewer] = held[viewer] & ~np.isin(before.ids[viewer], after.ids[viewer])
    gone &= innocent[:, None]
    return float(gone.sum() / max(held[innocent].sum(), 1)), float(gone.any(axis=1).sum() / max(innocent.sum(), 1))
