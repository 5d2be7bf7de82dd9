"""How likely is it, given a score? Beta calibration on reviewed accounts, moved to the operator's prevalence."""

from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from ringfence.discovery.labels import labels
from ringfence.model.faults import Fault
from ringfence.model.schemas import SCORES

LEAST_REVIEWED = 50  # with fewer, a score is a rank and no probability
UNCALIBRATED = "uncalibrated: {count:,} reviewed accounts {lack}; review at least {least} of both kinds"
BINS = 15
# The two slopes are drawn together, towards Platt's sigmoid; few labels cannot tell them apart.
TOGETHER = 1.0

Scores = NDArray[np.float64]
Said = NDArray[np.bool_]


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A curve from scores to probabilities, never falling.

    A score is first standardised (`centre`, `spread`) and squashed to s in (0, 1); its log-odds are then
    `rise` ln s - `fall` ln(1 - s) + `level` + `shift`: beta calibration (Kull, Silva Filho and Flach, "Beta
    calibration", AISTATS 2017, equation 4), of which Platt's sigmoid is the case `rise` = `fall`. `shift` moves it from
    the share of positives among the reviewed to the operator's prevalence.
    """

    centre: float
    spread: float
    rise: float
    fall: float
    level: float
    shift: float
    reviewed: int
    positives: int

    def log_odds(self, score: Scores) -> Scores:
        """Calibrated log-odds, one for each score."""
        squashed = (np.asarray(score, dtype=np.float64) - self.centre) / self.spread
        return np.asarray(self.rise * log_expit(squashed) - self.fall * log_expit(-squashed) + self.level + self.shift)

    def probability(self, score: Scores) -> Scores:
        """Probability that an account belongs, one for each score."""
        return np.asarray(expit(self.log_odds(score)))


class Error(NamedTuple):
    """How far probabilities are from what was found."""

    expected: float
    lowest: float
    highest: float


def calibrate(
    score: Scores, positive: Said, weight: Scores | None = None, prevalence: float | None = None
) -> Calibration:
    """Fit a curve on reviewed accounts: their scores (not learned from their own labels), and whether they belong.

    `weight` is one over the chance each had to be reviewed. `prevalence` is the share of accounts that belong on the
    platform, where it is known to differ from the (weighted) share among the reviewed.
    Raises Fault when all are of one class, or `prevalence` is no share.
    """
    weight = np.ones(len(score)) if weight is None else weight
    if not (positive.any() and not positive.all()):
        raise Fault("the labels are of one class", where="labels", mend="review accounts until both are there")
    share = float(weight[positive].sum() / weight.sum())
    shift = 0.0 if prevalence is None else _log_odds(checked(prevalence)) - _log_odds(share)
    # The weights say what the platform is like; how much was seen is still the number of reviews.
    weight = weight * len(weight) / weight.sum()
    centre, spread = float(np.average(score, weights=weight)), float(score.std()) or 1.0
    squashed = (score - centre) / spread
    # Platt's targets instead of 0 and 1, lest a perfect ranking give certainty ("Probabilistic outputs for support
    # vector machines", 1999, equation for t+ and t-).
    target = np.where(positive, (positive.sum() + 1) / (positive.sum() + 2), 1 / ((~positive).sum() + 2))
    columns = np.column_stack([log_expit(squashed), -log_expit(-squashed), np.ones(len(score))])
    start = np.array([1.0, 1.0, _log_odds(share)])

    def loss(curve: Scores) -> tuple[float, Scores]:
        said = columns @ curve
        lost = -(weight * (target * log_expit(said) + (1 - target) * log_expit(-said))).sum()
        slope = columns.T @ (weight * (expit(said) - target))
        drawn = np.array([curve[0] - curve[1], curve[1] - curve[0], 0.0])
        return float(lost + TOGETHER * drawn[0] ** 2 / 2), np.asarray(slope + TOGETHER * drawn)

    bounds = [(0.0, None), (0.0, None), (None, None)]
    rise, fall, level = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x.tolist()
    return Calibration(centre, spread, rise, fall, level, shift, len(score), int(positive.sum()))


def calibrated(scores: pa.Table, reviewed: pa.Table, prevalence: float | None = None) -> pa.Table:
    """The same scores with probabilities, from labels that had no part in the scores.

    `reviewed` has columns account_id, label in {0, 1, null} and optionally weight, one over the chance the account had
    to be drawn for review. Leave the seeds out of it: they were told to `expand`, and say nothing of how well it ranks.
    With fewer than 50 reviewed accounts, or one class, probabilities stay null.
    """
    names = scores["account_id"].combine_chunks().cast(pa.string())
    said = labels(reviewed, names)
    if prevalence is not None:
        checked(prevalence)
    if lacking(said.positive) is not None:
        return scores.set_column(3, SCORES.field("probability"), pa.nulls(scores.num_rows, pa.float64()))
    score = np.asarray(scores["score"].to_numpy(), dtype=np.float64)
    curve = calibrate(score[said.accounts], said.positive, said.weight, prevalence)
    return scores.set_column(3, SCORES.field("probability"), pa.array(curve.probability(score)))


def lacking(positive: Said) -> str | None:
    """Why these reviews are not enough to calibrate on, in words; None when they are."""
    if len(positive) >= LEAST_REVIEWED and positive.any() and not positive.all():
        return None
    lack = "are too few" if len(positive) < LEAST_REVIEWED else "are all of one class"
    return UNCALIBRATED.format(count=len(positive), lack=lack, least=LEAST_REVIEWED)


def checked(prevalence: float) -> float:
    """A share above 0 and below 1, as it was given; anything else is a Fault."""
    if not 0.0 < prevalence < 1.0:
        raise Fault(f"a prevalence of {prevalence}", where="prevalence", mend="give a share above 0 and below 1")
    return prevalence


def expected_calibration_error(probability: Scores, positive: Said, bins: int = BINS) -> float:
    """The mean, over bins with equally many accounts, of how far the mean probability is from the share of positives.

    Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning" (AAAI 2015), with
    bins of equal mass, as in Nguyen and O'Connor (EMNLP 2015). Even a perfect curve errs by chance: by about
    0.8 sqrt(p (1 - p) bins / accounts).
    """
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return float(sum(len(part) * abs(probability[part].mean() - positive[part].mean()) for part in parts) / len(order))


def error_interval(probability: Scores, positive: Said, seed: int = 0, draws: int = 500) -> Error:
    """The expected calibration error with a 90% interval from a seeded bootstrap over accounts."""
    chance = np.random.default_rng(seed)
    again = [
        expected_calibration_error(probability[drawn], positive[drawn])
        for drawn in (chance.integers(len(positive), size=len(positive)) for _ in range(draws))
    ]
    lowest, highest = np.quantile(again, [0.05, 0.95])
    return Error(expected_calibration_error(probability, positive), float(lowest), float(highest))


def _log_odds(share: float) -> float:
    return float(np.log(share / (1 - share)))
