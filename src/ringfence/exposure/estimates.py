"""How sure is a figure? Ratios over test accounts, with 95% intervals that respect who was measured together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Amounts = NDArray[np.int64] | NDArray[np.bool_] | NDArray[np.float64]
Resamples = NDArray[np.float64]

DRAWS = 2_000  # percentile ends of a 95% interval then rest on 50 draws each
Z95 = 1.959964  # of the normal distribution, for 95% between the two ends
RULE_OF_THREE = 3.0  # no case among n bounds the rate below 3 / n at 95% (Hanley and Lippman-Hand, 1983)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share, the 95% interval around it, and the number of test accounts it rests on.

    All three figures are NaN when there was nothing to take a share of: no suggestions is not the same as no exposure.
    """

    value: float
    low: float
    high: float
    accounts: int


@dataclass(frozen=True, slots=True)
class Pooled:
    """A share over several clusters (worlds, days), and the 95% interval around it; NaN as in `Estimate`."""

    value: float
    low: float
    high: float
    clusters: int
    accounts: int


def wilson(cases: int, of: int) -> Estimate:
    """A share with Wilson's 95% interval (Wilson, 1927), which stays between 0 and 1 and does not close at 0 cases."""
    if of == 0:
        return Estimate(np.nan, np.nan, np.nan, 0)
    share, shrink = cases / of, 1 + Z95**2 / of
    middle = (share + Z95**2 / (2 * of)) / shrink
    half = Z95 / shrink * float(np.sqrt(share * (1 - share) / of + Z95**2 / (4 * of**2)))
    # At either end the interval closes there but for rounding.
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Estimate(share, 0.0 if cases == 0 else low, 1.0 if cases == of else high, of)


def resamples(accounts: int, seed: int) -> Resamples:
    """Draws x accounts: how often each test account is drawn when as many are drawn with replacement."""
    fair = np.full(accounts, 1.0 / accounts)
    return np.random.default_rng(seed).multinomial(accounts, fair, size=DRAWS).astype(np.float64)


def resamples_of_kinds(alike: NDArray[np.int64], seed: int) -> Resamples:
    """Draws x kinds: the mean number of times that an account of each kind is drawn, of `alike` (above 0) in it.

    The bootstrap of `resamples`, for accounts too many for a column each: with the sums over a kind in place of one
    account's figures, each draw adds up to what it does there.
    """
    accounts = int(alike.sum())
    drawn = np.random.default_rng(seed).multinomial(accounts, alike / accounts, size=DRAWS)
    return drawn / alike


def ratio(part: Amounts, whole: Amounts, draws: Resamples, accounts: int | None = None) -> Estimate:
    """sum(part) / sum(whole), one entry of each a test account, by a bootstrap over whole test accounts.

    Where an entry is the sum over a kind of accounts (`resamples_of_kinds`), say how many `accounts` there are.

    Slots of one session hang together, so accounts are resampled and never slots. The bootstrap is blind at 0 and at 1;
    there the rule of three gives the open end. For a share of slots it is a cautious bound, because a share of slots is
    at most the share of accounts with any such slot.
    """
    held, total = int(part.sum()), int(whole.sum())
    accounts = len(part) if accounts is None else accounts
    if total == 0:
        return Estimate(np.nan, np.nan, np.nan, accounts)
    if held == 0:
        return Estimate(0.0, 0.0, min(1.0, RULE_OF_THREE / accounts), accounts)
    if held == total:
        return Estimate(1.0, max(0.0, 1.0 - RULE_OF_THREE / accounts), 1.0, accounts)
    low, high = _interval(_ratios(part, whole, draws))
    return Estimate(held / total, low, high, accounts)


def pooled(clusters: Sequence[tuple[Amounts, Amounts]], seed: int) -> Pooled:
    """sum(part) / sum(whole) over clusters that are independent; each is (part, whole), one entry an account.

    A bootstrap of two levels: clusters are drawn with replacement, then in each drawn one as many accounts as it has
    (Davison and Hinkley, 1997, 3.8). Accounts of a cluster hang together, so where there is no case, or nothing but
    cases, the rule of three counts clusters and not accounts. With one account a cluster it is the interval of `ratio`.
    """
    count, accounts = len(clusters), sum(len(part) for part, _ in clusters)
    held, total = (float(sum(pair[which].sum() for pair in clusters)) for which in (0, 1))
    if total == 0:
        return Pooled(np.nan, np.nan, np.nan, count, accounts)
    if held == 0:
        return Pooled(0.0, 0.0, min(1.0, RULE_OF_THREE / count), count, accounts)
    if held == total:
        return Pooled(1.0, max(0.0, 1.0 - RULE_OF_THREE / count), 1.0, count, accounts)
    chosen, rng = resamples(count, seed).astype(np.int64), np.random.default_rng([seed, *b"within"])
    parts, wholes = np.zeros(DRAWS), np.zeros(DRAWS)
    for times, (part, whole) in zip(chosen.T, clusters, strict=True):
        # Accounts with the same outcome are drawn as one kind, and a cluster drawn twice as one of twice the size.
        kinds, alike = np.unique(np.column_stack([part, whole]).astype(np.float64), axis=0, return_counts=True)
        drawn = rng.multinomial(times * len(part), alike / len(part))
        parts += drawn @ kinds[:, 0]
        wholes += drawn @ kinds[:, 1]
    low, high = _interval(parts[wholes > 0] / wholes[wholes > 0])
    return Pooled(held / total, low, high, count, accounts)


def repeated(estimates: Sequence[Estimate], seed: int) -> Pooled:
    """The mean of measurements that draw much the same test accounts, as days of one platform do.

    The luck of that draw is in all of them and does not average out. So the half-widths are those of a bootstrap over
    the measurements, and the mean of their own, added up as squares. Measurements of nothing are left out.
    """
    some = [one for one in estimates if not np.isnan(one.value)]
    values = [(np.array([one.value]), np.ones(1)) for one in some]
    days, accounts = pooled(values, seed), sum(one.accounts for one in some)
    if not some:
        return days
    below = float(np.mean([one.value - one.low for one in some]))
    above = float(np.mean([one.high - one.value for one in some]))
    low = days.value - float(np.hypot(days.value - days.low, below))
    high = days.value + float(np.hypot(days.high - days.value, above))
    return Pooled(days.value, max(0.0, low), min(1.0, high), len(some), accounts)


def paired_fall(before: Amounts, after: Amounts, draws: Resamples) -> Estimate:
    """mean(before) - mean(after) over the same test accounts, resampled together; below 0 when things got worse."""
    difference = before.astype(np.float64) - after.astype(np.float64)
    low, high = _interval(draws @ difference / len(difference))
    return Estimate(float(difference.mean()), low, high, len(difference))


def amplified(
    group: tuple[Amounts, Amounts],
    draws: Resamples,
    usual: tuple[Amounts, Amounts],
    usual_draws: Resamples,
    accounts: int | None = None,
) -> Estimate:
    """The ratio of a group's share to the usual one; each is (part, whole), and both are resampled apart.

    `accounts` of the group as in `ratio`. All NaN where either share is of nothing or the usual one is 0: then there is
    no saying how many times more.
    """
    accounts = len(group[0]) if accounts is None else accounts
    (part, whole), (usual_part, usual_whole) = ([float(one.sum()) for one in pair] for pair in (group, usual))
    if not whole or not usual_whole or not usual_part:
        return Estimate(np.nan, np.nan, np.nan, accounts)
    above, below = _ratios(*group, draws), _ratios(*usual, usual_draws)
    drawn = min(len(above), len(below))
    with np.errstate(divide="ignore", invalid="ignore"):
        times = above[:drawn] / below[:drawn]
        low, high = _interval(times[~np.isnan(times)])
    # Draws that hold nothing of the usual share are infinite, and between two of them numpy finds no quantile.
    end = np.inf if np.isnan(high) else high
    return Estimate(part / whole / (usual_part / usual_whole), low, end, accounts)


def _ratios(part: Amounts, whole: Amounts, draws: Resamples) -> NDArray[np.float64]:
    totals = draws @ whole.astype(np.float64)
    some = totals > 0  # a draw of nothing but empty sessions has no ratio
    return (draws[some] @ part.astype(np.float64)) / totals[some]


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
