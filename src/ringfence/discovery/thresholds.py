"""From which score on are enough of the accounts right? A threshold for a chosen precision, or an honest refusal.

Looking at many thresholds and keeping the best would flatter it. Only a fixed grid of thresholds is looked at, and each
bound is taken at the confidence divided by their number (Bonferroni), so that with probability `CONFIDENCE` every one
of them holds, the chosen one among them.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import betaincinv

from ringfence.discovery.labels import Labels, labels
from ringfence.model.faults import Fault

CONFIDENCE = 0.95
LOOKS = 10  # thresholds looked at: a half, a quarter, ... of all accounts stand above them


@dataclass(frozen=True, slots=True)
class Threshold:
    """What is known of the accounts with at least `score`.

    `precision` is estimated, and at least `precision_bound` with 95% confidence; `recall` is estimated as the share of
    all positives (by the reviews' weights) that stand above, None when no positive was reviewed. `reviewed` counts the
    reviews above.
    """

    score: float
    above: int
    reviewed: int
    precision: float
    precision_bound: float
    recall: float | None


@dataclass(frozen=True, slots=True)
class NotYet:
    """No threshold can be vouched for. `more` further reviews among the first `among` accounts, all of them right,
    would do."""

    more: int
    among: int

    def __str__(self) -> str:
        return f"not enough reviewed accounts: review {self.more:,} more of the first {self.among:,}"


def threshold(scores: pa.Table, reviewed: pa.Table, precision: float) -> Threshold | NotYet:
    """The lowest threshold of the grid whose precision is at least `precision` with 95% confidence.

    `reviewed` has columns account_id, label in {0, 1, null} and optionally weight, one over the chance an account had
    to be drawn for review. The labels must have had no part in the scores, unless these are out of fold.
    """
    if not 0.0 < precision < 1.0:
        raise Fault(f"a precision of {precision}", where="threshold", mend="ask for one above 0 and below 1")
    score = np.asarray(scores["score"].to_numpy(), dtype=np.float64)
    said = labels(reviewed, scores["account_id"].combine_chunks().cast(pa.string()))
    looks = [_look(score, said, cut) for cut in _grid(score)]
    kept = [one for one in looks if one.precision_bound >= precision]
    if kept:
        return min(kept, key=lambda one: one.score)
    return _not_yet(looks, precision)


def precision_bound(weight: NDArray[np.float64], positive: NDArray[np.bool_], confidence: float) -> float:
    """A lower bound of the weighted share of positives: Clopper and Pearson's (1934), on the effective reviews.

    Unequal weights tell less than their number: (sum w)^2 / sum w^2 reviews of equal weight tell as much (Kish, 1965;
    Korn and Graubard, "Confidence intervals for proportions with small expected number of positive counts", 1998).
    """
    if not positive.any():
        return 0.0
    effective = weight.sum() ** 2 / (weight**2).sum()
    right = effective * weight[positive].sum() / weight.sum()
    return float(betaincinv(right, effective - right + 1.0, 1.0 - confidence))


def _grid(score: NDArray[np.float64]) -> list[float]:
    ordered = np.sort(score)[::-1]
    places = sorted({len(score) >> step for step in range(1, LOOKS + 1)} - {0})
    return [float(ordered[place - 1]) for place in places]


def _look(score: NDArray[np.float64], said: Labels, cut: float) -> Threshold:
    there = score[said.accounts] >= cut
    weight, positive = said.weight[there], said.positive[there]
    every = said.weight[said.positive].sum()
    return Threshold(
        score=cut,
        above=int((score >= cut).sum()),
        reviewed=int(there.sum()),
        precision=float(weight[positive].sum() / weight.sum()) if len(weight) else 0.0,
        precision_bound=precision_bound(weight, positive, 1.0 - (1.0 - CONFIDENCE) / LOOKS),
        recall=float(weight[positive].sum() / every) if every else None,
    )


def _not_yet(looks: list[Threshold], precision: float) -> NotYet:
    """With what was reviewed so far, and n more that are all right, the bound would reach `precision`: find n."""
    risk = (1.0 - CONFIDENCE) / LOOKS
    needed = []
    for one in looks:
        wrong = one.reviewed * (1.0 - one.precision)
        more = np.arange(1, max(one.above - one.reviewed, 0) + 1)
        bounds = betaincinv(one.reviewed - wrong + more, wrong + 1.0, risk)
        enough = np.flatnonzero(bounds >= precision)
        if len(enough):
            needed.append((int(more[enough[0]]), one.above))
    if not needed:
        raise Fault(
            f"a precision of {precision:g} cannot be vouched for among so few accounts, or not with what was found",
            where="threshold",
            mend="ask for a lower one",
        )
    return NotYet(*min(needed))
