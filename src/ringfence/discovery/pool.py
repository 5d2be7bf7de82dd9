"""Who belongs with the seeds, where nothing but the seeds is known? Several rankers vote, by the logarithm of a rank.

No single ranker is best on every graph: where members behave alike, trees on habits are; where they share rare things,
walks are. None is weighted by what it does on held-out seeds, which was measured not to help: held-out seeds share the
bias of those they were drawn with.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.discovery.forest import Forest, grow, joined
from ringfence.discovery.likeness import Likeness
from ringfence.discovery.signals import Signals, ranked
from ringfence.graph import local
from ringfence.graph.csr import Csr

# Votes. Learners need LEARNABLE positives, BAGS samples of others with TREES trees each.
# Chosen on Weibo draws below 100, Tolokers as a graph without labels, and those who share one tag or link of the
# elections posts, with that one hidden.
VOTES: Mapping[str, float] = {
    "walk": 0.5, "spreading": 0.5, "habits": 1.0, "habits, as active": 1.0, "habits and ties, as active": 1.0,
}  # fmt: skip
NEIGHBOURS_VOTE = 0.25  # of what the rankers say together, once more by the mean of an account's nearest
LEARNABLE, BAGS, TREES, OTHERS, OTHERS_EACH = 3, 6, 60, 200, 10
AS_ACTIVE = 0.05  # accounts within this share of all, by how much they tie, are as active

Scores = NDArray[np.float64]
Rows = NDArray[np.int64]
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pool:
    """`parts` has a row for each ranker named in `names`; its column sums are `score`, the higher the nearer.

    `forests` are the learners' trees by the ranker's name, and `columns` what each of them was grown on.
    """

    names: tuple[str, ...]
    parts: Scores
    forests: Mapping[str, Forest]
    columns: Mapping[str, Matrix]

    @property
    def score(self) -> Scores:
        return np.asarray(self.parts.sum(axis=0))


def pool(
    like: Likeness, near: Signals, habits: Matrix, activity: Scores, positives: Rows, negatives: Rows, seed: int
) -> Pool:
    """Rank the rows of `like`, given what each does (`habits`) and how much (`activity`), from `positives` (rows).

    `negatives` are rows that a person said are none; they are among the others that every learner is shown.
    """
    values: dict[str, Scores] = {"walk": near.walk.astype(float), "spreading": near.spread.astype(float)}
    known = np.hstack([like.directions, habits])
    columns = dict.fromkeys(("habits", "habits, as active"), known)
    columns["habits and ties, as active"] = np.hstack([known, near.values])
    forests: dict[str, Forest] = {}
    if LEARNABLE <= len(positives) < len(like.rows):  # there must be others to tell them from
        others = _Others(near.away(), activity, positives, negatives, seed)
        for name, table in columns.items():
            forests[name] = _grown(table, positives, others.any if name == "habits" else others.as_active)
            values[name] = forests[name].ask(table)
    votes = np.array([VOTES[name] for name in values])
    logs = np.array([-np.log(ranked(_ahead(one, positives))) for one in values.values()])
    parts = logs * (votes / votes.sum())[:, None]
    beside = -np.log(ranked(_ahead(_smoothed(like.near, ranked(parts.sum(axis=0))), positives)))
    return Pool((*values, "nearest accounts"), np.vstack([parts, NEIGHBOURS_VOTE * beside]), forests, columns)


class _Others:
    """Samples of accounts that stand for everybody else, all away from the seeds."""

    def __init__(self, away: NDArray[np.bool_], activity: Scores, positives: Rows, negatives: Rows, seed: int) -> None:
        away = away.copy()
        away[positives] = False
        self.chance = np.random.default_rng(seed)
        self.place = ranked(-activity)
        self.rows = np.flatnonzero(away) if away.any() else np.setdiff1d(np.arange(len(away)), positives)
        self.rows = self.rows[np.argsort(self.place[self.rows], kind="stable")]
        self.positives, self.negatives = positives, negatives
        self.count = max(OTHERS, OTHERS_EACH * len(positives))

    def any(self) -> Rows:
        return np.concatenate([self.chance.choice(self.rows, self.count), self.negatives])

    def as_active(self) -> Rows:
        """Each as active as one of the positives, give or take AS_ACTIVE: so that activity alone tells nothing."""
        wanted = self.place[self.chance.choice(self.positives, self.count)]
        wanted = wanted + self.chance.uniform(-AS_ACTIVE, AS_ACTIVE, self.count)
        places = np.searchsorted(self.place[self.rows], wanted)
        return np.concatenate([self.rows[np.clip(places, 0, len(self.rows) - 1)], self.negatives])


def _grown(columns: Matrix, positives: Rows, draw: Callable[[], Rows]) -> Forest:
    return joined([grow(columns[positives], columns[draw()], TREES, bag) for bag in range(BAGS)])


def _ahead(values: Scores, positives: Rows) -> Scores:
    """The same values, the positives' ahead of all others'."""
    ahead = values.copy()
    ahead[positives] = values.max() + 1
    return ahead


def _smoothed(near: Csr, ranks: Scores) -> Scores:
    """How high each row and its nearest rank: half its own rank, half the mean of theirs by cosine; high is good."""
    sums = local.propagate(near, np.ones((near.columns, 1), np.float32))[:, 0]
    beside = local.propagate(near, ranks.astype(np.float32)[:, None])[:, 0] / np.maximum(sums, 1e-12)
    return np.asarray(-(0.5 * ranks + 0.5 * np.where(sums > 0, beside, ranks)))
