"""How likely is each account to belong, going by reviewers' labels? Learned and calibrated across folds."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.discovery.aggregates import Matrix, Surroundings, blocks, circles, surroundings
from ringfence.discovery.calibrate import Calibration, calibrate, checked, lacking
from ringfence.discovery.columns import known, places
from ringfence.discovery.fold_labels import OUT, FoldLabels, fold_labels, folds
from ringfence.discovery.labels import Labels, labels
from ringfence.discovery.learners import Learned, boosted, forest
from ringfence.graph.csr import Index
from ringfence.graph.relations import Graph
from ringfence.kernels.threads import THREADS
from ringfence.model.faults import Fault
from ringfence.model.schemas import SCORES

MODEL = "classify-2"  # changes whenever the same events and labels may give other scores
FOLDS, MORE_FOLDS, FEW_LABELS = 5, 10, 1_000
EXPLAINED, MOST_REASONS = 1_000, 4
WORTH_SAYING = 0.05  # log-odds
UNFOLDED = "uncalibrated: a single account of one class, and nothing to check against"
NOTHING = "nothing to show: nothing known of it speaks for it"


@dataclass(frozen=True, slots=True)
class Evidence:
    """All columns of any account: by itself, by its neighbours, and by the labels around it."""

    around: Surroundings
    places: Matrix
    heard: FoldLabels
    names: tuple[str, ...]

    def fixed(self, accounts: Index) -> Matrix:
        """The columns that rest on no label."""
        return np.hstack([self.around.of(accounts), self.places[accounts]])

    def rows(self, fixed: Matrix, accounts: Index, left_out: int) -> Matrix:
        """All columns, from labels outside the accounts' own folds and the one `left_out`."""
        return np.hstack([fixed, self.heard.of(accounts, left_out)])

    def said(self, account: int, column: int, value: float) -> str:
        """One column of one account in words; all but labels and directions are told as what they differ by."""
        described, standing = len(self.around.names), self.places.shape[1]
        if column >= described + standing:
            fold = int(self.heard.fold[account])
            return self.heard.said(account, column - described - standing, fold)
        if column >= described:
            return f"{self.names[column]} is {value:+.1f}, usually within 1 of 0"
        side = "above" if value >= 0 else "below"
        return f"{self.names[column]} is {abs(value):.1f} standard deviations {side} the usual"


@dataclass(frozen=True, slots=True)
class Classified:
    """A score for every account, in log-odds; that of a labelled one is from the learner that did not see it.

    `learned` has one entry a fold; `curve` is None when there are too few labels to calibrate on.
    """

    graph: Graph
    reviewed: Labels
    evidence: Evidence
    learned: tuple[Learned, ...]
    score: NDArray[np.float64]
    curve: Calibration | None


def classify(graph: Graph, labels: pa.Table, seed: int = 0, prevalence: float | None = None) -> pa.Table:
    """Score every account by how likely it belongs, learned from reviewed accounts.

    `labels` has columns account_id (strings or integers) and label (1 belongs, 0 does not, null not known), and may
    have `weight`, one over the chance an account had to be drawn for review, which is heeded in calibration.
    `prevalence` is the share of accounts that belong on the platform, where it differs from that among the labelled.

    Returns an Arrow table account_id, rank, score (log-odds), probability, role, network_id (both null), reasons, best
    first, labelled accounts among them: their scores are out of fold, from learners that did not see their labels.
    With a single account of one class no fold can be left out, and the labelled have the scores they were taught.
    Probability is null with fewer than 50 labels. Same input and seed give the same table, whatever the threads.
    Raises Fault for labels that cannot be used: see `labels.labels`, and when all are of one class.
    """
    return scores(classified(graph, labels, seed, prevalence))


def classified(graph: Graph, table: pa.Table, seed: int, prevalence: float | None) -> Classified:
    """Run every step of `classify`, and keep what explanations need."""
    reviewed = labels(table, graph.accounts)
    if prevalence is not None:
        checked(prevalence)
    if not reviewed.both_classes:
        lack = "no account is labelled" if not len(reviewed.accounts) else "all labels are of one class"
        raise Fault(lack, where="labels", mend="label accounts that belong and accounts that do not")
    evidence, count = _evidence(graph, reviewed, seed)
    learned = _learned(evidence, reviewed, count, seed)
    score = _score(graph.size, evidence, learned)
    curve = None
    if count > 1 and lacking(reviewed.positive) is None:
        curve = calibrate(score[reviewed.accounts], reviewed.positive, reviewed.weight, prevalence)
    return Classified(graph, reviewed, evidence, learned, score, curve)


def scores(found: Classified) -> pa.Table:
    """The result as the contract's table of scores, best first, with reasons for the first thousand."""
    order = np.argsort(-found.score, kind="stable")
    score, unsaid = found.score[order], pa.nulls(len(order), pa.string())
    told: list[list[str] | None] = [None] * len(order)
    with ThreadPoolExecutor(THREADS) as pool:
        parts = pool.map(lambda there: _reasons(found, order[there]), blocks(min(EXPLAINED, len(order)), 128))
        told[:EXPLAINED] = [why for part in parts for why in part]
    return pa.Table.from_arrays(
        [
            found.graph.accounts.take(pa.array(order)),
            pa.array(np.arange(1, len(order) + 1)),
            pa.array(score),
            pa.nulls(len(order), pa.float64()) if found.curve is None else pa.array(found.curve.probability(score)),
            unsaid,
            unsaid,
            pa.array(told, pa.list_(pa.string())),
        ],
        schema=SCORES,
    )


def _reasons(found: Classified, accounts: Index) -> list[list[str] | None]:
    """For each account the columns that add most to its boosted log-odds, in words with their values."""
    evidence = found.evidence
    added = np.zeros((len(accounts), len(evidence.names)))
    values = np.zeros(added.shape)
    for one, part, there, columns in asked(evidence, found.learned, accounts):
        added[there] += part * one.contributions(columns)
        values[there] = columns
    doubt = [] if found.curve is not None else [lacking(found.reviewed.positive) or UNFOLDED]
    told: list[list[str] | None] = []
    for account, value, gains in zip(accounts.tolist(), values, added, strict=True):
        best = [c for c in np.argsort(-gains, kind="stable")[:MOST_REASONS].tolist() if gains[c] >= WORTH_SAYING]
        said = [evidence.said(account, column, value[column]) for column in best]
        told.append([*(said or [NOTHING]), *doubt])
    return told


def _evidence(graph: Graph, reviewed: Labels, seed: int) -> tuple[Evidence, int]:
    around = circles(graph)
    own = known(graph)
    count = _folds(reviewed)
    fold = folds(reviewed, graph.size, count, seed)
    heard = fold_labels(around if count > 1 else (), reviewed, fold, count)
    stands = places(around, graph.size)
    described = surroundings(around, own.values, own.names)
    names = (*described.names, *stands.names, *heard.names)
    return Evidence(described, stands.values, heard, names), count


def _folds(reviewed: Labels) -> int:
    rarer = int(min(reviewed.positive.sum(), (~reviewed.positive).sum()))
    return max(1, min(rarer, MORE_FOLDS if len(reviewed.accounts) < FEW_LABELS else FOLDS))


def _learned(evidence: Evidence, reviewed: Labels, count: int, seed: int) -> tuple[Learned, ...]:
    fixed = evidence.fixed(reviewed.accounts)
    fold = evidence.heard.fold[reviewed.accounts]

    def without(left_out: int, learn: Callable[[Matrix, NDArray[np.bool_], int], Any]) -> Any:
        # With one fold there is nothing to leave out.
        taught = np.flatnonzero(fold != left_out) if count > 1 else np.arange(len(fold))
        rows = evidence.rows(fixed[taught], reviewed.accounts[taught], left_out)
        return learn(rows, reviewed.positive[taught], seed + left_out)

    with ThreadPoolExecutor(THREADS) as pool:
        # Each learner of each fold is a task of its own, the long ones first, lest a thread be idle at the end.
        forests = [pool.submit(without, left_out, forest) for left_out in range(count)]
        boosts = [pool.submit(without, left_out, boosted) for left_out in range(count)]
        return tuple(Learned(one.result(), other.result()) for one, other in zip(boosts, forests, strict=True))


def _score(accounts: int, evidence: Evidence, learned: tuple[Learned, ...]) -> NDArray[np.float64]:
    def block(rows: Index) -> NDArray[np.float64]:
        total = np.zeros(len(rows))
        for one, part, there, columns in asked(evidence, learned, rows):
            total[there] += part * one.log_odds(columns)
        return total

    with ThreadPoolExecutor(THREADS) as pool:
        return np.concatenate([np.empty(0), *pool.map(block, blocks(accounts, 4_096))])


def asked(
    evidence: Evidence, learned: tuple[Learned, ...], accounts: Index
) -> Iterator[tuple[Learned, float, Index, Matrix]]:
    """Who is asked about some accounts: a learner, its part of the answer, the positions it is asked on, their columns.

    All learners have an equal part, but of a labelled account only the one that did not see it is asked.
    """
    fixed, fold = evidence.fixed(accounts), evidence.heard.fold[accounts]
    free = np.flatnonzero(fold == OUT)
    columns = evidence.rows(fixed[free], accounts[free], OUT)
    for left_out, one in enumerate(learned):
        if len(free):
            yield one, 1 / len(learned), free, columns
        held = np.flatnonzero(fold == left_out)
        if len(held):
            yield one, 1.0, held, evidence.rows(fixed[held], accounts[held], left_out)
