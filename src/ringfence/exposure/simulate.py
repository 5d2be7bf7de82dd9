"""What is a test account shown, step by step, when it starts from one follow or none and trusts the suggestions?

Nothing here knows who is a member: sessions are recorded first and judged later (`metrics`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.exposure.choices import Choice, top
from ringfence.exposure.recommenders.suggestions import NOBODY, Recommender
from ringfence.graph.csr import Ids, Index

SLOTS = 10
TRUSTED = 3  # a test account follows one of so many at the head of its slate
TRUSTING = top(TRUSTED)

Mask = NDArray[np.bool_]
# (viewer, whom the viewer follows, candidates best first) -> which candidates may be shown
Keep = Callable[[int, Ids, Ids], Mask]


@dataclass(frozen=True, slots=True)
class Sessions:
    """One row a test account, one column a step.

    `slates` is accounts x steps x slots, best first, NOBODY where a slot stayed empty; `backfilled` and `followed` are
    accounts x steps: how many of the slots shown were filled by popularity alone, and whom the account then followed
    (NOBODY when nothing was shown).
    """

    slates: Index
    backfilled: Index
    followed: Index

    @property
    def shown(self) -> Index:
        """Filled slots, accounts x steps."""
        filled: Index = (self.slates != NOBODY).sum(axis=2, dtype=np.int64)
        return filled

    @property
    def empty(self) -> Index:
        """Slots that nothing could fill, accounts x steps."""
        unfilled: Index = (self.slates == NOBODY).sum(axis=2, dtype=np.int64)
        return unfilled


def keep_all(_viewer: int, _followed: Ids, candidates: Ids) -> Mask:
    """The arm without a guard."""
    return np.ones(len(candidates), dtype=np.bool_)


def keep_unflagged(flagged: Mask) -> Keep:
    """The arm with a plain filter: whoever is flagged (one entry an account) is left out for every viewer."""

    def keep(_viewer: int, _followed: Ids, candidates: Ids) -> Mask:
        return ~flagged[candidates]

    return keep


def fill_slate(suggest: Recommender, keep: Keep, followed: Ids, viewer: int, slots: int) -> tuple[Ids, int]:
    """The slate this viewer sees, and how many of its slots are backfill.

    While the guard leaves slots free and the recommender still has candidates, it is asked for twice as many.
    """
    wanted = slots
    while True:
        suggestions = suggest(followed, wanted, viewer)
        kept = np.flatnonzero(keep(viewer, followed, suggestions.ids))[:slots]
        if len(kept) == slots or len(suggestions.ids) < wanted:
            personal = len(suggestions.ids) - suggestions.backfilled
            return suggestions.ids[kept], int(np.count_nonzero(kept >= personal))
        wanted *= 2


def walk(
    suggest: Recommender,
    keep: Keep,
    starts: Ids | Index,
    luck: NDArray[np.float64],
    *,
    first_viewer: int,
    choice: Choice = TRUSTING,
    slots: int = SLOTS,
) -> Sessions:
    """Let one test account start from each of `starts` and follow whom it clicks, one account of every slate.

    Where the start is NOBODY the test account follows nobody yet.
    `luck` is accounts x steps, uniform in [0, 1): give both arms the same, and they differ by the guard alone. Test
    accounts are viewers `first_viewer`, `first_viewer` + 1 ...; take ids beyond the graph's, since they are new to it.
    """
    accounts, steps = luck.shape
    slates = np.full((accounts, steps, slots), NOBODY, dtype=np.int64)
    backfilled = np.zeros((accounts, steps), dtype=np.int64)
    chosen = np.full((accounts, steps), NOBODY, dtype=np.int64)
    for account in range(accounts):
        followed = _followed(int(starts[account]))
        for step in range(steps):
            slate, backfilled[account, step] = fill_slate(suggest, keep, followed, first_viewer + account, slots)
            slates[account, step, : len(slate)] = slate
            if len(slate):
                clicked = slate[choice.slot(len(slate), luck[account, step])]
                chosen[account, step] = clicked
                followed = np.insert(followed, np.searchsorted(followed, clicked), clicked)
    return Sessions(slates, backfilled, chosen)


def _followed(start: int) -> Ids:
    return np.array([] if start == NOBODY else [start], dtype=np.uint32)


def first_slates(suggest: Recommender, keep: Keep, viewers: Ids, following: Callable[[int], Ids], slots: int) -> Index:
    """What accounts of the platform itself would see now: viewers x slots, NOBODY where a slot stayed empty."""
    slates = np.full((len(viewers), slots), NOBODY, dtype=np.int64)
    for row, viewer in zip(slates, viewers.tolist(), strict=True):
        slate, _ = fill_slate(suggest, keep, following(viewer), viewer, slots)
        row[: len(slate)] = slate
    return slates
