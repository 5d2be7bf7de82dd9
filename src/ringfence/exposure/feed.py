"""Which ties make friend-of-friend's dearest suggestions, and what falls when a recommender learns less from them?

A slot is dear by how much mean exposure falls as it fades (`exact.slot_prices`). Friend-of-friend fills it by paths,
from the viewer to somebody followed and from there to the account shown; the second tie of each is worth cutting, since
the first one carries all else that the viewer is shown. A weight is no flag: nobody is left out of anything for it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.exposure.choices import Choice
from ringfence.exposure.exact import SlotPrices, discounted, slot_prices
from ringfence.exposure.recommenders.suggestions import NOBODY
from ringfence.exposure.slates import READS, Mask, Slates, friend_of_friend
from ringfence.graph.csr import Csr, Ids, Index

MOST_EACH = 10  # ties that one innocent account loses, and never more than half of those it has
_BLOCK = 1 << 14  # viewers whose slates are compared at a time


@dataclass(frozen=True, slots=True)
class WorthCutting:
    """Ties by their places among those of the graph, ascending; the rest are counts of slots, then of ties."""

    ties: Index
    slots: int  # priced above 0
    whole: int  # slots all of whose paths are cut
    popular: int  # slots that no path led to: popularity alone filled them
    spared: int  # ties left as they are, because somebody at an end may be a child
    capped: int  # ties left as they are, because an innocent account at an end has lost enough


@dataclass(frozen=True, slots=True)
class Effect:
    """Expected slots with a member in the session of an innocent account, and what friend-of-friend shows anew.

    `bound` is the sum of the prices: to first order the fall of the mean if all priced slots showed nobody. Weights
    fill them with somebody else, and one tie makes many slots, so the true fall may be more or less.
    """

    before: float
    after: float
    bound: float
    displaced: float  # of the innocent accounts shown to innocent viewers that follow somebody: no longer shown
    viewers: int
    viewers_changed: int  # those who lose at least one


def dearest(follows: Csr, members: Mask, choice: Choice, most: int) -> tuple[Slates, SlotPrices]:
    """What friend-of-friend shows everybody, and the dearest slots that show a member, over sessions of all others.

    A slot that shows an innocent account may be dearer, for where it leads to. It is left alone: ending such slots
    displaces innocent accounts, and in the world of docs/exposure.md exposure then falls less.
    """
    slates = friend_of_friend(follows)
    starts, session = (~members).astype(np.float64), discounted(slates, choice, members)
    wanted = most
    while True:
        priced = slot_prices(slates, choice, members, starts, most=wanted, known=session)
        leading = np.flatnonzero(members[priced.shown])[:most]
        if len(leading) == most or len(priced.prices) < wanted:
            return slates, _only(priced, leading)
        wanted *= 4


def worth_cutting(follows: Csr, priced: SlotPrices, members: Mask, minors: Mask, reads: int = READS) -> WorthCutting:
    """The ties to members through which friend-of-friend made these slots, dearest slots first while the caps allow.

    No tie with a likely minor at an end is taken, and of an innocent account's at most `MOST_EACH` or half, whichever
    is fewer. Both masks have one entry an account.
    """
    budget = _budget(follows, members)
    followers = follows.transposed()
    chosen: dict[int, None] = {}
    spared, capped = set[int](), set[int]()
    whole = popular = 0
    for viewer, shown in zip(priced.viewers.tolist(), priced.shown.tolist(), strict=True):
        between = np.intersect1d(follows.row(viewer), followers.row(shown), assume_unique=True)
        ties = _read_ties(follows, between, shown, reads)
        for tie, source in ties:
            if tie in chosen:
                continue
            if minors[source] or minors[shown]:
                spared.add(tie)
            elif not (budget[source] and budget[shown]):
                capped.add(tie)
            else:
                budget[[source, shown]] -= 1
                chosen[tie] = None
        popular += not ties
        whole += bool(ties) and all(tie in chosen for tie, _ in ties)
    places = np.array(sorted(chosen), np.int64)
    return WorthCutting(places, len(priced.prices), whole, popular, len(spared), len(capped))


def ends(follows: Csr, ties: Index) -> tuple[Ids, Ids]:
    """Source and target of each of these ties."""
    return follows.sources()[ties], follows.targets[ties]


def effect(
    follows: Csr, before: Slates, priced: SlotPrices, ties: Index, weight: float, members: Mask, choice: Choice
) -> Effect:
    """Let friend-of-friend fill all slates again with these ties at `weight`, and compare."""
    weights = np.ones(follows.ties)
    weights[ties] = weight
    after = friend_of_friend(follows, weights=weights)
    innocent = ~members
    session = discounted(after, choice, members).exposure
    viewers = np.flatnonzero(innocent & (follows.degree() > 0))
    shown, lost, changed = _displaced(before, after, members, viewers)
    return Effect(
        before=priced.mean,
        after=float(session[innocent].mean()),
        bound=float(priced.prices.sum()),
        displaced=lost / shown if shown else float("nan"),
        viewers=len(viewers),
        viewers_changed=changed,
    )


def _only(priced: SlotPrices, kept: Index) -> SlotPrices:
    viewers, slots, shown = (column[kept] for column in (priced.viewers, priced.slots, priced.shown))
    return SlotPrices(viewers, slots, shown, priced.prices[kept], priced.mean)


def _budget(follows: Csr, members: Mask) -> Index:
    """How many ties each account may lose; members any number."""
    has = follows.degree() + np.bincount(follows.targets, minlength=follows.columns)
    budget: Index = np.where(members, np.iinfo(np.int64).max, np.minimum(has // 2, MOST_EACH))
    return budget


def _read_ties(follows: Csr, sources: NDArray[np.integer], target: int, reads: int) -> list[tuple[int, int]]:
    """The ties from those of `sources` to `target` that friend-of-friend reads: places in the graph, and sources."""
    found = []
    for source in sources.tolist():
        begin, degree = int(follows.starts[source]), int(follows.starts[source + 1] - follows.starts[source])
        place = int(np.searchsorted(follows.targets[begin : begin + degree], target))
        # Of a longer row the places n * degree // reads are read, so n is the least with n * degree >= place * reads.
        first = -(-place * reads // degree)
        if degree <= reads or (first < reads and first * degree // reads == place):
            found.append((begin + place, source))
    return found


def _displaced(before: Slates, after: Slates, members: Mask, viewers: Index) -> tuple[int, int, int]:
    """Innocent accounts shown before, those of them no longer shown, and viewers who lose one."""
    shown = lost = changed = 0
    for begin in range(0, len(viewers), _BLOCK):
        some = viewers[begin : begin + _BLOCK]
        old, new = before.ids[some], after.ids[some]
        innocent = (old != NOBODY) & ~members[old]
        gone = innocent & ~(old[:, :, None] == new[:, None, :]).any(axis=2)
        shown += int(innocent.sum())
        lost += int(gone.sum())
        changed += int(gone.any(axis=1).sum())
    return shown, lost, changed
