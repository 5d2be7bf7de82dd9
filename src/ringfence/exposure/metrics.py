"""How much were test accounts shown of members, and what did the guard cost everybody else?

Every figure is defined, with its formula, in docs/exposure.md.
"""

from dataclasses import dataclass

import numpy as np

from ringfence.exposure.estimates import Estimate, Resamples, paired_fall, ratio
from ringfence.exposure.recommenders.suggestions import NOBODY
from ringfence.exposure.simulate import Mask, Sessions
from ringfence.graph.csr import Index


@dataclass(frozen=True, slots=True)
class ExposureSummary:
    """One arm of one stratum. Shares are between 0 and 1; `*_by_step` have one entry a step."""

    share: Estimate  # of filled slots that held a member
    ever_first: Estimate  # test accounts shown a member in their first slate
    ever: Estimate  # test accounts shown a member anywhere in the session
    leak: Estimate  # test accounts shown a member that the guard does not know
    ever_by_step: tuple[Estimate, ...]  # shown a member by this step
    share_by_step: tuple[Estimate, ...]  # of the slots filled at this step
    deep: Estimate  # test accounts with a slate of which more than half were members
    members_followed: float  # by a test account in its session, on average
    backfilled: float  # of all slots: filled by popularity alone
    empty: float  # of all slots: not filled


@dataclass(frozen=True, slots=True)
class Collateral:
    """What an arm takes from accounts that are no members, in the slate each would see now."""

    arm: str
    displaced: Estimate  # of the innocent accounts shown without the guard: no longer shown with it
    viewers_changed: Estimate  # viewers who lose at least one
    barred: int  # innocent accounts shown to some viewer before, and to none now
    empty_before: float  # of all slots
    empty: float


def members_shown(slates: Index, members: Mask) -> Index:
    """Slots that held a member, over the last axis of `slates`; `members` has one entry an account."""
    held: Index = ((slates != NOBODY) & members[slates]).sum(axis=-1, dtype=np.int64)
    return held


def ever_shown(sessions: Sessions, members: Mask) -> Mask:
    """Accounts x steps: had this test account been shown a member by this step?"""
    return np.logical_or.accumulate(members_shown(sessions.slates, members) > 0, axis=1)


def hits_and_shown(sessions: Sessions, members: Mask) -> tuple[Index, Index]:
    """Slots that held a member, and filled slots, of each test account's whole session."""
    return members_shown(sessions.slates, members).sum(axis=1), sessions.shown.sum(axis=1)


def summarise(sessions: Sessions, members: Mask, known: Mask, draws: Resamples) -> ExposureSummary:
    """Judge the sessions of one arm; `members` and `known` (to the guard) have one entry an account of the graph."""
    hits, shown = members_shown(sessions.slates, members), sessions.shown
    deep: Mask = np.asarray((2 * hits > shown).any(axis=1))
    ever, leaked = ever_shown(sessions, members), ever_shown(sessions, members & ~known)
    everyone = np.ones(len(ever), dtype=np.bool_)
    steps = range(ever.shape[1])
    return ExposureSummary(
        share=ratio(hits.sum(axis=1), shown.sum(axis=1), draws),
        ever_first=ratio(ever[:, 0], everyone, draws),
        ever=ratio(ever[:, -1], everyone, draws),
        leak=ratio(leaked[:, -1], everyone, draws),
        ever_by_step=tuple(ratio(ever[:, step], everyone, draws) for step in steps),
        share_by_step=tuple(ratio(hits[:, step], shown[:, step], draws) for step in steps),
        deep=ratio(deep, everyone, draws),
        members_followed=float(((sessions.followed != NOBODY) & members[sessions.followed]).sum(axis=1).mean()),
        backfilled=float(sessions.backfilled.sum() / sessions.slates.size),
        empty=float(sessions.empty.sum() / sessions.slates.size),
    )


def fall(before: Sessions, after: Sessions, members: Mask, draws: Resamples) -> Estimate:
    """By how much ever-shown fell, test account by test account: both arms are the same accounts with the same luck."""
    return paired_fall(ever_shown(before, members)[:, -1], ever_shown(after, members)[:, -1], draws)


def collateral(arm: str, before: Index, after: Index, members: Mask, draws: Resamples) -> Collateral:
    """Compare the slates (viewers x slots) the same viewers see without and with the guard."""
    innocent = (before != NOBODY) & ~members[before]
    still_shown = (before[:, :, None] == after[:, None, :]).any(axis=2)
    lost = (innocent & ~still_shown).sum(axis=1, dtype=np.int64)
    everyone = np.ones(len(before), dtype=np.bool_)
    shown, now = np.unique(before[innocent]), np.unique(after)
    return Collateral(
        arm=arm,
        displaced=ratio(lost, innocent.sum(axis=1, dtype=np.int64), draws),
        viewers_changed=ratio(lost > 0, everyone, draws),
        barred=int((~np.isin(shown, now)).sum()),
        empty_before=float((before == NOBODY).mean()),
        empty=float((after == NOBODY).mean()),
    )
