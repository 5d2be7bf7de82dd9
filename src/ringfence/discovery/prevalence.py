"""How many such accounts are there? Counted from stratified reviews, with an interval that holds at small counts."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import betaincinv

from ringfence.discovery.labels import labels
from ringfence.discovery.propose import strata
from ringfence.model.faults import Fault


@dataclass(frozen=True, slots=True)
class Prevalence:
    """`accounts` is the estimate, which lies between `lowest` and `highest` with the asked confidence.

    `reviewed` and `positives` are counts of reviews; `unseen` is how many accounts stand in strata that nobody
    reviewed, of which anything may be.
    """

    accounts: float
    lowest: float
    highest: float
    reviewed: int
    positives: int
    unseen: int


def prevalence(scores: pa.Table, reviewed: pa.Table, confidence: float = 0.9) -> Prevalence:
    """Estimate how many of all accounts belong, from reviews drawn by `propose` (in any number of rounds).

    `scores` is best first; `reviewed` has columns account_id and label. Within a stratum of ranks the reviewed are
    taken as a random draw of its accounts; accounts reviewed for another reason bias the estimate.
    Raises Fault when nothing was reviewed.
    """
    if not 0.0 < confidence < 1.0:
        raise Fault(f"a confidence of {confidence}", where="prevalence", mend="ask for one above 0 and below 1")
    names = scores["account_id"].combine_chunks().cast(pa.string())
    done = labels(reviewed.select(["account_id", "label"]), names)
    if not len(done.accounts):
        raise Fault("no account is reviewed", where="labels", mend="review some that `propose` draws")
    stratum = strata(len(names))
    held = np.bincount(stratum)
    seen = np.bincount(stratum[done.accounts], minlength=len(held))
    right = np.bincount(stratum[done.accounts[done.positive]], minlength=len(held))
    estimate, lowest, highest = count(held, seen, right, confidence)
    return Prevalence(estimate, lowest, highest, int(seen.sum()), int(right.sum()), int(held[seen == 0].sum()))


def count(
    held: NDArray[np.int64], seen: NDArray[np.int64], right: NDArray[np.int64], confidence: float
) -> tuple[float, float, float]:
    """Positives among all accounts of strata that hold `held`, of which `seen` were reviewed and `right` positive.

    The estimate is the stratified mean (Cochran, "Sampling techniques", 1977, section 5.3); a stratum without reviews
    adds nothing to it, and all it holds to the upper end. The interval puts together the distances to the limits
    of the strata, root of the sum of squares (Zou, Huang and Zhang, "A note on confidence interval estimation for a
    linear function of binomial proportions", 2009); each stratum has Jeffreys' limits (Brown, Cai and DasGupta, 2001),
    drawn in the more of it is reviewed. A simulated posterior with Jeffreys' prior was tried, and covered half as often
    as it said where most strata hold no positive.
    """
    tail = (1.0 - confidence) / 2
    share = right / np.maximum(seen, 1)
    low = np.where(right > 0, betaincinv(right + 0.5, seen - right + 0.5, tail), 0.0)
    high = np.where(right < seen, betaincinv(right + 0.5, seen - right + 0.5, 1 - tail), 1.0)
    high = np.where(seen > 0, high, 1.0)
    left = np.sqrt((held - seen) / np.maximum(held - 1, 1))  # the correction for a finite stratum
    estimate = float((held * share).sum())
    below = np.sqrt(((held * (share - low) * left) ** 2).sum())
    above = np.sqrt(((held * (high - share) * left) ** 2).sum())
    # What was seen is certain: no fewer than the positives reviewed, no more than all but the negatives reviewed.
    most = float((held - seen + right).sum())
    return estimate, max(estimate - float(below), float(right.sum())), min(estimate + float(above), most)
