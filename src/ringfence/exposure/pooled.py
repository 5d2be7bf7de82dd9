"""What do several measurements say together? The mean of each figure over days or worlds, with its interval.

Measurements with seeds of their own draw their test accounts apart, and count as clusters of them. Days of one platform
share a seed, and with it most test accounts: then only the days are independent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ringfence.exposure.audit import Audit
from ringfence.exposure.change import Key, figures
from ringfence.exposure.estimates import Amounts, Estimate, Pooled, pooled, repeated
from ringfence.model.faults import Fault

OF_ACCOUNTS = ("ever", "leak")  # shares of test accounts: how each account fared can be told from the share
FEWEST = 2
FEW = 10  # from so many on the interval is about as wide as it should be


@dataclass(frozen=True, slots=True)
class Mean:
    """One figure over all measurements that hold it."""

    recommender: str
    stratum: str
    arm: str
    figure: str
    mean: Pooled


def means(audits: Sequence[Audit], seed: int) -> tuple[Mean, ...]:
    """Every figure of the last of several measurements, over all of them.

    Raises Fault for fewer than two: one says nothing of other days.
    """
    if len(audits) < FEWEST:
        raise Fault("fewer than two measurements were made alike", where="pooled", mend="measure on another day")
    held = [figures(audit) for audit in audits]
    apart = len({audit.recipe.seed for audit in audits}) == len(audits)
    found = ((key, [one[key] for one in held if key in one]) for key in held[-1])
    return tuple(Mean(*key, _apart(key, told, seed) if apart else repeated(told, seed)) for key, told in found)


def _apart(key: Key, told: Sequence[Estimate], seed: int) -> Pooled:
    *_, figure = key
    some = [one for one in told if not np.isnan(one.value)]
    return pooled([_fared(one) if figure in OF_ACCOUNTS else _whole(one) for one in some], seed)


def _fared(one: Estimate) -> tuple[Amounts, Amounts]:
    everyone = np.ones(one.accounts, dtype=np.int64)
    return (np.arange(one.accounts) < round(one.value * one.accounts)), everyone


def _whole(one: Estimate) -> tuple[Amounts, Amounts]:
    """A share of slots: a measurement keeps no more than their total, so it counts as one account."""
    return np.array([one.value]), np.ones(1)
