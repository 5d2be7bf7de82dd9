"""How exposed is everybody who is there already? Exact figures over all accounts that are no members, nothing drawn.

Each account sees the slate that it would see now, clicks one slot, is then at the account it clicked and sees what that
one sees (`exact`). Only friend-of-friend's slates can be built for all accounts at once (`slates`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ringfence.exposure import exact
from ringfence.exposure.choices import Choice
from ringfence.exposure.cuts.budget import Cut, contact
from ringfence.exposure.exact import HORIZONS, PATIENCE
from ringfence.exposure.slates import Limits, Mask, Slates, friend_of_friend
from ringfence.graph.csr import Csr

DEAREST = 10  # slots named


@dataclass(frozen=True, slots=True)
class Group:
    """Accounts of the platform, none of them a member; `*_within` have one entry a horizon. NaN where nobody is."""

    name: str
    accounts: int
    hit_within: tuple[float, ...]  # share of sessions in which one of the first 1, 3, 10 clicks lands on a member
    shown_within: tuple[float, ...]  # share of sessions in which one of the first 1, 3, 10 slates holds a member
    discounted: float  # slots with a member in a session that goes on after each slate with a chance of 85%
    backfilled: float  # of all slots of their own slates: filled by popularity alone
    empty: float  # of all slots of their own slates


@dataclass(frozen=True, slots=True)
class DearSlot:
    """A slot, and by how much the mean of `discounted` over all would fall at its fading; accounts by dense id."""

    viewer: int
    slot: int  # from 1
    shown: int
    price: float


@dataclass(frozen=True, slots=True)
class ExactArm:
    """One arm. Each account's `discounted` is off by at most `error_bound`."""

    name: str
    groups: tuple[Group, ...]
    error_bound: float
    dearest: tuple[DearSlot, ...]


@dataclass(frozen=True, slots=True)
class Exact:
    """Exact figures of one recommender, and the walk that they are of."""

    choice: str
    horizons: tuple[int, ...]
    patience: float
    arms: tuple[ExactArm, ...]


def slates_of_all(follows: Csr, flagged: Mask, chosen: Cut | None) -> dict[str, Slates]:
    """What friend-of-friend shows every account, by arm. Of damped ties there are no slates of all at once."""
    shown = {"none": friend_of_friend(follows), "filter": friend_of_friend(follows, keep=~flagged)}
    if chosen is not None:
        near = contact(chosen.probability, [follows.row(viewer) for viewer in range(follows.rows)])
        limits = Limits(chosen.log_odds, np.log(near), chosen.threshold)
        shown["budgeted"] = friend_of_friend(follows, keep=~chosen.flagged, limits=limits)
    return shown


def exactly(shown: Mapping[str, Slates], follows: Csr, members: Mask, choice: Choice) -> Exact:
    """The figures of every arm: `shown` has the slates of all accounts of `follows`, `members` one truth an account."""
    groups = _groups(follows, members)
    arms = tuple(_arm(name, slates, groups, members, choice) for name, slates in shown.items())
    return Exact(choice.name, HORIZONS, PATIENCE, arms)


def _groups(follows: Csr, members: Mask) -> dict[str, Mask]:
    near = np.zeros(len(members), dtype=np.bool_)
    near[follows.sources()[members[follows.targets]]] = True
    return {"all": ~members, "follows_member": ~members & near, "follows_none": ~members & ~near}


def _arm(name: str, slates: Slates, groups: Mapping[str, Mask], members: Mask, choice: Choice) -> ExactArm:
    hit = exact.hit_within(slates, choice, members)
    shown = exact.shown_within(slates, choice, members)
    session = exact.discounted(slates, choice, members)
    dear = exact.slot_prices(slates, choice, members, groups["all"].astype(np.float64), most=DEAREST, known=session)
    return ExactArm(
        name=name,
        groups=tuple(
            Group(
                name=group,
                accounts=int(some.sum()),
                hit_within=_means(hit[some]),
                shown_within=_means(shown[some]),
                discounted=_means(session.exposure[some, None])[0],
                backfilled=_means(slates.backfilled[some, None] / slates.slots)[0],
                empty=_means(1 - slates.filled()[some, None] / slates.slots)[0],
            )
            for group, some in groups.items()
        ),
        error_bound=session.error_bound,
        dearest=tuple(
            DearSlot(int(viewer), int(slot) + 1, int(account), float(price))
            for viewer, slot, account, price in zip(dear.viewers, dear.slots, dear.shown, dear.prices, strict=True)
        ),
    )


def _means(values: exact.Chances) -> tuple[float, ...]:
    """Column by column, of one row an account."""
    means = values.mean(axis=0) if len(values) else np.full(values.shape[1], np.nan)
    return tuple(float(mean) for mean in means)
