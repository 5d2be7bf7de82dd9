"""Did exposure rise between two measurements? Figure by figure, with the interval of the difference.

Two measurements draw their test accounts apart, so the half-widths of both intervals add up as squares. A rise is one
whose interval is above 0: in no more than one of 40 comparisons of equal things that is luck. An alarm looks at all
figures at once, so there the intervals are wider (`rises`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

import numpy as np

from ringfence.exposure.audit import Audit
from ringfence.exposure.estimates import Estimate

Key = tuple[str, str, str, str]  # recommender, stratum, arm, figure

BY_LUCK = 0.025  # how often an alarm may be raised by luck alone
FIGURES = ("ever", "leak", "share")  # of every arm; collateral is beside them
VIEWED = ("ever_first", "share")  # of what real viewers are shown


class Direction(StrEnum):
    """Where a figure went; `same` where the difference may be luck, or there was nothing to compare."""

    ROSE = "rose"
    FELL = "fell"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Change:
    """One figure in both measurements. `low` and `high` are of `difference`, after minus before."""

    recommender: str
    stratum: str
    arm: str
    figure: str
    before: Estimate
    after: Estimate
    difference: float
    low: float
    high: float
    direction: Direction


def changes(before: Audit, after: Audit) -> tuple[Change, ...]:
    """Every figure that both hold, in the order of the second one."""
    old = figures(before)
    return tuple(_change(key, old[key], now) for key, now in figures(after).items() if key in old)


def rises(found: Sequence[Change]) -> tuple[Change, ...]:
    """The figures that rose even when all of `found` are looked at together.

    Each interval is widened to hold 1 - 0.05 / n instead of 95%, as if figures were normal (Bonferroni): where nothing
    changed, no more than one of 40 such looks finds a rise.
    """
    usual = NormalDist()
    wider = usual.inv_cdf(1 - BY_LUCK / max(len(found), 1)) / usual.inv_cdf(1 - BY_LUCK)
    return tuple(one for one in found if one.difference - wider * (one.difference - one.low) > 0)


def missing(before: Audit, after: Audit) -> tuple[str, ...]:
    """Recommenders, strata and arms that only one of both holds: they were compared with nothing."""
    old, new = figures(before), figures(after)
    return tuple(sorted({", ".join(key[:-1]) for key in old.keys() ^ new.keys()}))


def figures(audit: Audit) -> dict[Key, Estimate]:
    """Every figure that is compared, by recommender, stratum, arm and name."""
    told: dict[Key, Estimate] = {}
    for one in audit.measured:
        name = one.recommender
        for stratum in one.exposure.strata:
            for arm in stratum.arms:
                told |= {(name, stratum.name, arm.name, figure): getattr(arm.summary, figure) for figure in FIGURES}
        told |= {(name, "everybody", cost.arm, "displaced"): cost.displaced for cost in one.exposure.collateral}
    for seen in audit.viewed:
        for group in seen.groups:
            for met in group.arms:
                key = seen.recommender, f"viewers, {group.name}", met.name
                told |= {(*key, figure): getattr(met, figure) for figure in VIEWED}
    return told


def _change(key: Key, before: Estimate, after: Estimate) -> Change:
    difference = after.value - before.value
    # A side at a time: at 0 or 1 an interval reaches only one way.
    low = difference - float(np.hypot(after.value - after.low, before.high - before.value))
    high = difference + float(np.hypot(after.high - after.value, before.value - before.low))
    direction = Direction.ROSE if low > 0 else Direction.FELL if high < 0 else Direction.SAME
    return Change(*key, before, after, difference, low, high, direction)
