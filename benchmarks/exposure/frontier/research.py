"""The rule of the project's own earlier research, "trim-promote-joint": what does the guard's cut add to it?

A logistic regression tells flagged from unflagged accounts by thirteen numbers of their ties. Each flagged account is
seen as if it alone had no flag. Flags that look wrong stop being evidence, accounts that look like members become it,
and the threshold is set without labels. Here to be compared with: it shares the guard's cut by contact, and no odds.
"""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from benchmarks.exposure.frontier.trials import Mask
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from ringfence.exposure.cuts.budget import Cut, Sample, cut
from ringfence.exposure.cuts.columns import Follows, Numbers, of_csr
from ringfence.exposure.cuts.odds import Odds
from ringfence.graph.csr import Csr

TRIMS, PROMOTIONS = 2, 3
DOUBT, PROMOTE = -1.0, 0.0  # log-odds below which a flag is no evidence, and from which on an account without one is
LEAST_LEFT = 0.3  # of the flags stay evidence
BUDGET = 0.005  # of unflagged slots
PRIOR = 5  # followers as usual ones that a share is shrunk by


def research_rule(follows: Csr, flagged: Mask, samples: Sequence[Sample]) -> Cut:
    """The cut for viewers such as those of `samples`, one sample a suggester."""
    graph = of_csr(follows)
    trusted, promoted = flagged, np.zeros_like(flagged)
    log_odds = _log_odds(graph, flagged, trusted, promoted)
    for turn in range(TRIMS + PROMOTIONS):
        if turn < TRIMS:
            trusted = _trusted(log_odds, flagged)
        else:
            promoted = ~flagged & (log_odds >= PROMOTE)
        log_odds = _log_odds(graph, flagged, trusted, promoted)
    # Flagged slots are nobody's to pay for here: they are taken out before the budget is laid on the others.
    unflagged = [Sample(one.follows, np.where(flagged[one.slates], -1, one.slates)) for one in samples]
    return cut(Odds(log_odds, flagged & ~trusted, promoted), flagged, unflagged, BUDGET)


def _trusted(log_odds: Numbers, flagged: Mask) -> Mask:
    """The flags that do not look wrong, or the likeliest 30% if fewer are left."""
    least = int(np.ceil(LEAST_LEFT * flagged.sum()))
    line = min(DOUBT, float(np.sort(log_odds[flagged])[-least]))
    trusted: Mask = flagged & (log_odds >= line)
    return trusted


def _log_odds(graph: Follows, flagged: Mask, trusted: Mask, promoted: Mask) -> Numbers:
    """Of all accounts, learned from `trusted` flags and from accounts that are neither flagged nor promoted."""
    rows = StandardScaler().fit_transform(_columns(graph, trusted | promoted))
    learned = trusted | ~(flagged | promoted)
    model = LogisticRegression(max_iter=500).fit(rows[learned], trusted[learned])
    return np.asarray(model.decision_function(rows))


def _columns(graph: Follows, evidence: Mask) -> Numbers:
    """accounts x 13. Every account's row is what it would be if that account, and no other, were no evidence."""
    known, known_before = evidence.astype(float), graph.forward @ evidence.astype(float)
    followers, following = np.maximum(graph.followers, 1), np.maximum(graph.following, 1)
    taken = [column for least in (1, 2) for column in _audience(graph, evidence, known_before, least)]
    rarity = 1 / followers
    beside = graph.back @ (graph.forward @ rarity) - 1
    known_beside = graph.back @ (graph.forward @ (known * rarity)) - known * (graph.followers > 0)
    followed_by = graph.back @ known
    mean_share = (graph.back @ (known_before / following) - known * (graph.back @ (1 / following))) / followers
    return np.column_stack([
        *taken,
        mean_share,
        np.maximum(known_beside, 0) / (np.maximum(beside, 0) + 0.1),
        np.log1p(followed_by),
        np.log1p(known_before),
        followed_by / followers,
        known_before / following,
        _audience_of_followed(graph, evidence, known_before),
        np.log1p(graph.followers),
        np.log1p(graph.following),
    ])  # fmt: skip


def _audience(graph: Follows, evidence: Mask, known_before: Numbers, least: int) -> tuple[Numbers, Numbers]:
    """The share of followers who follow at least so many others that are evidence, and its lift over the usual."""
    count, lost = _fans(graph, evidence, known_before, least)
    usual = np.maximum(((known_before >= least).sum() - lost) / graph.accounts, 1e-4)
    share = (count + PRIOR * usual) / (graph.followers + PRIOR)
    return share, np.log((count + 0.5) / (graph.followers * usual + 0.5))


def _fans(graph: Follows, evidence: Mask, known_before: Numbers, least: int) -> tuple[Numbers, Numbers]:
    """How many followers follow `least` others that are evidence, and how many only do so if the account counts."""
    # Whoever follows evidence follows one less without it.
    lost = np.where(evidence, graph.back @ (known_before == least).astype(float), 0.0)
    return graph.back @ (known_before >= least).astype(float) - lost, lost


def _audience_of_followed(graph: Follows, evidence: Mask, known_before: Numbers) -> Numbers:
    """The mean share, among the followers of each account followed, of those who follow others that are evidence.

    Without an account, those lose it who follow it, the account followed (one more if that is evidence) and no more.
    """
    scale = 1 / (graph.followers + PRIOR)
    summed = graph.forward @ (_fans(graph, evidence, known_before, 1)[0] * scale)
    ids = np.flatnonzero(evidence)
    fans, followed = graph.back[ids], graph.forward[ids]
    for only, towards in ((1, ~evidence), (2, evidence)):
        shared = fans @ sp.diags((known_before == only).astype(float)) @ graph.forward
        summed[ids] -= followed.multiply(shared) @ (scale * towards)
    return np.asarray(summed / np.maximum(graph.following, 1))
