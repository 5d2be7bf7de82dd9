"""What does exposure teach a recommender? The ties through which people are led to members whom no guard leaves out.

Of the slots behind the filter that show one, the dearest are those whose fading would lower mean exposure most
(`exact.slot_prices`). Friend-of-friend fills a slot by paths, from the viewer to somebody followed and from there to
the account shown; the second tie of each is worth cutting, since the first one carries all else that the viewer is
shown. A weight is no flag: nobody is left out of anything for it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.exposure.choices import Choice
from ringfence.exposure.exact import SlotPrices, discounted, slot_prices
from ringfence.exposure.recommenders.suggestions import NOBODY
from ringfence.exposure.slates import READS, Mask, Slates, friend_of_friend
from ringfence.graph.csr import Csr, Ids, Index

EACH = 3  # of its follows that an innocent account loses, and never more than half of them
_BLOCK = 1 << 14  # viewers whose slates are compared at a time


@dataclass(frozen=True, slots=True)
class Platform:
    """Who is led to whom. Masks have one entry an account.

    `flagged` are left out by the guard; `members` are all others that exposure to counts, found or only likely; of
    these, `likely` ones were not found. No tie from or to `barred` accounts is touched.
    """

    follows: Csr
    flagged: Mask
    members: Mask
    likely: Mask
    barred: Mask

    @property
    def innocent(self) -> Mask:
        return ~self.flagged & ~self.members


@dataclass(frozen=True, slots=True)
class WorthCutting:
    """Ties by their places among those of the graph, ascending; the rest are counts of slots, then of ties."""

    ties: Index
    slots: int  # priced above 0
    whole: int  # slots all of whose paths are cut
    popular: int  # slots that no path led to: popularity alone filled them
    spared: int  # ties left as they are, because somebody at an end may be a child
    capped: int  # ties left as they are, because an account at an end has lost enough


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


def dearest(on: Platform, choice: Choice, most: int) -> tuple[Slates, SlotPrices]:
    """What friend-of-friend shows everybody behind the filter, and the dearest slots that show a member.

    The mean is over sessions of the innocent. A slot that shows one of them may be dearer, for where it leads to. It is
    left alone: ending such slots displaces innocent accounts, and on generated platforms exposure then falls less.
    Raises Fault where nobody is innocent.
    """
    slates = friend_of_friend(on.follows, keep=~on.flagged)
    starts, session = on.innocent.astype(np.float64), discounted(slates, choice, on.members)
    wanted = most
    while True:
        priced = slot_prices(slates, choice, on.members, starts, most=wanted, known=session)
        leading = np.flatnonzero(on.members[priced.shown])[:most]
        if len(leading) == most or len(priced.prices) < wanted:
            return slates, _only(priced, leading)
        wanted *= 4


def worth_cutting(on: Platform, priced: SlotPrices, reads: int = READS) -> WorthCutting:
    """The ties to members through which friend-of-friend made these slots, dearest slots first while the caps allow.

    An innocent account loses three of its follows at most, or half of them where that is fewer; a likely member half of
    its followers, since it may be none.
    """
    follows, followers = on.follows, on.follows.transposed()
    follows_left = np.where(on.innocent, np.minimum(follows.degree() // 2, EACH), follows.ties)
    fans_left = np.where(on.likely, followers.degree() // 2, follows.ties)
    chosen, spared, capped = set[int](), set[int](), set[int]()
    whole = popular = 0
    for viewer, shown in zip(priced.viewers.tolist(), priced.shown.tolist(), strict=True):
        between = np.intersect1d(follows.row(viewer), followers.row(shown), assume_unique=True)
        ties = _read_ties(follows, between, shown, reads)
        for tie, source in ties:
            if tie in chosen:
                continue
            if on.barred[source] or on.barred[shown]:
                spared.add(tie)
            elif not (follows_left[source] and fans_left[shown]):
                capped.add(tie)
            else:
                follows_left[source] -= 1
                fans_left[shown] -= 1
                chosen.add(tie)
        popular += not ties
        whole += bool(ties) and all(tie in chosen for tie, _ in ties)
    places = np.array(sorted(chosen), np.int64)
    return WorthCutting(places, len(priced.prices), whole, popular, len(spared), len(capped))


def ends(follows: Csr, ties: Index) -> tuple[Ids, Ids]:
    """Source and target of each of these ties."""
    return follows.sources()[ties], follows.targets[ties]


def effect(on: Platform, before: Slates, priced: SlotPrices, ties: Index, weight: float, choice: Choice) -> Effect:
    """Let friend-of-friend fill all slates again with these ties at `weight`, and compare."""
    weights = np.ones(on.follows.ties)
    weights[ties] = weight
    after = friend_of_friend(on.follows, keep=~on.flagged, weights=weights)
    session = discounted(after, choice, on.members).exposure
    viewers = np.flatnonzero(on.innocent & (on.follows.degree() > 0))
    shown, lost, changed = _displaced(before, after, on.innocent, viewers)
    return Effect(
        before=priced.mean,
        after=float(session[on.innocent].mean()),
        bound=float(priced.prices.sum()),
        displaced=lost / shown if shown else float("nan"),
        viewers=len(viewers),
        viewers_changed=changed,
    )


def _only(priced: SlotPrices, kept: Index) -> SlotPrices:
    viewers, slots, shown = (column[kept] for column in (priced.viewers, priced.slots, priced.shown))
    return SlotPrices(viewers, slots, shown, priced.prices[kept], priced.mean)


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


def _displaced(before: Slates, after: Slates, innocent: Mask, viewers: Index) -> tuple[int, int, int]:
    """Innocent accounts shown before, those of them no longer shown, and viewers who lose one."""
    shown = lost = changed = 0
    for begin in range(0, len(viewers), _BLOCK):
        some = viewers[begin : begin + _BLOCK]
        old, new = before.ids[some], after.ids[some]
        held = (old != NOBODY) & innocent[old]
        gone = held & ~(old[:, :, None] == new[:, None, :]).any(axis=2)
        shown += int(held.sum())
        lost += int(gone.sum())
        changed += int(gone.any(axis=1).sum())
    return shown, lost, changed
