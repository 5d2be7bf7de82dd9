"""From which odds on is an account no longer suggested, and to whom? As low as a budget on innocent slots allows.

A candidate j is left out for a viewer v where

    log-odds(j) + log(max(contact(v), 0.02)) > threshold,    contact(v) = max over v's follows of their probability

So whoever follows a likely member is shown nobody who is slightly likely, and for everybody else only the very likely
are left out. The threshold needs no labels: over the slates that a sample of viewers would see, each slot left out
costs 1 - probability, flagged ones included, and all of it may cost at most the budget's share of the slots, in the
worst of the suggesters.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ringfence.exposure.cuts.columns import Numbers
from ringfence.exposure.cuts.odds import Mask, Odds
from ringfence.graph.csr import Ids, Index

NO_CONTACT = 0.02  # for whom nobody knows to be in contact, candidates are weighed as if 1 in 50 were


@dataclass(frozen=True, slots=True)
class Sample:
    """What some viewers of one suggester see without a guard: `follows` of each, and `slates`, viewers x slots."""

    follows: Sequence[Ids]
    slates: Index  # -1 in an empty slot


@dataclass(frozen=True, slots=True)
class Cut:
    """Whom to leave out: whoever is flagged, for everybody; and by odds, where it fits the viewer."""

    flagged: Mask
    log_odds: Numbers
    probability: Numbers
    threshold: float

    def keep(self, _viewer: int, followed: Ids, candidates: Ids) -> Mask:
        """Which of `candidates` a viewer who follows `followed` may be shown: a `simulate.Keep`."""
        near = max(float(self.probability[followed].max(initial=0.0)), NO_CONTACT)
        kept: Mask = ~self.flagged[candidates] & (self.log_odds[candidates] + np.log(near) <= self.threshold)
        return kept


def contact(probability: Numbers, follows: Sequence[Ids]) -> Numbers:
    """For each viewer how likely the likeliest member is whom they follow, at least 0.02."""
    return np.array([max(float(probability[followed].max(initial=0.0)), NO_CONTACT) for followed in follows])


def cut(odds: Odds, flagged: Mask, samples: Sequence[Sample], budget: float) -> Cut:
    """The deepest cut that every sample can afford. `budget` is a share of slots, such as 0.008.

    Where flags that are probably wrong use the budget up, nobody else is left out, and the cut is the filter.
    """
    probability = odds.probability
    threshold = max(_threshold(odds.log_odds, probability, flagged, sample, budget) for sample in samples)
    return Cut(flagged, odds.log_odds, probability, threshold)


def _threshold(log_odds: Numbers, probability: Numbers, flagged: Mask, sample: Sample, budget: float) -> float:
    filled = sample.slates >= 0
    near = np.log(contact(probability, sample.follows))
    strength = log_odds[sample.slates] + near[:, None]
    cost = 1 - probability[sample.slates]
    left_out = filled & flagged[sample.slates]
    room = budget * filled.sum() - cost[left_out].sum()
    open_slots = filled & ~left_out
    order = np.argsort(-strength[open_slots], kind="stable")
    strengths, spent = strength[open_slots][order], np.cumsum(cost[open_slots][order])
    affordable = int(np.searchsorted(spent, room, side="right"))
    # One at the threshold stays, so it is that of the first slot that cannot be paid for.
    return float(strengths[affordable]) if affordable < len(strengths) else -np.inf
