"""Which columns speak for an account? Two learners of trees that err differently, on labelled accounts, unweighted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ringfence.discovery.aggregates import Matrix

# Chosen on Tolokers splits 0 and 1.
ROUNDS, RATE, LEAVES, RIDGE, BINS = 250, 0.05, 15, 20.0, 63
TREES, MOST_ROWS = 75, 30_000
# With fewer rows than this, cuts drawn at random overfit less than the best ones. Chosen on Weibo, draws below 100.
FEW_ROWS = 1_000
# A learner that never saw the other class in a leaf is sure of nothing: this bounds what one says.
SURE = 1e-4


@dataclass(frozen=True, slots=True)
class Learned:
    """Both learners, fitted on the same rows."""

    boosted: Any
    forest: tuple[Any, ...]

    def log_odds(self, rows: Matrix) -> NDArray[np.float64]:
        """The mean of the two learners' log-odds, one for each row."""
        boosted = self.boosted.predict(rows, num_threads=1)
        shares = sum((tree.predict(rows, check_input=False) for tree in self.forest), np.zeros(len(rows)))
        return np.asarray((_log_odds(boosted) + _log_odds(shares / len(self.forest))) / 2)

    def contributions(self, rows: Matrix) -> NDArray[np.float64]:
        """What each column adds to the boosted log-odds of each row (TreeSHAP): rows x columns."""
        return np.asarray(self.boosted.predict(rows, pred_contrib=True, num_threads=1), dtype=np.float64)[:, :-1]


def boosted(rows: Matrix, positive: NDArray[np.bool_], seed: int) -> Any:
    """Boosted trees. One thread, so that no sum depends on their number."""
    import lightgbm  # noqa: PLC0415, two seconds that other commands need not wait

    count, width = rows.shape
    return lightgbm.train(
        {
            "objective": "binary", "learning_rate": RATE, "num_leaves": LEAVES, "lambda_l2": min(RIDGE, count / 100),
            "min_data_in_leaf": int(np.clip(count // 40, 2, 20)), "feature_fraction": _part(width),
            "bagging_fraction": 0.8, "bagging_freq": 1, "max_bin": BINS, "extra_trees": count < FEW_ROWS,
            "seed": seed, "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
        },
        lightgbm.Dataset(
            rows, positive.astype(np.float32), params={"verbosity": -1, "num_threads": 1, "max_bin": BINS}
        ),
        num_boost_round=ROUNDS,
    )  # fmt: skip


def forest(rows: Matrix, positive: NDArray[np.bool_], seed: int) -> tuple[Any, ...]:
    """Extremely randomised trees, each of which answers with the share of positives in a leaf.

    On labels of 0 and 1 the squared error cuts as Gini's index does. The trees are grown one by one here, since
    scikit-learn's forests change the process's filters of warnings as they go, which threads at once must not.
    """
    from sklearn.tree import ExtraTreeRegressor  # noqa: PLC0415, as above

    count, width = rows.shape
    chance = np.random.default_rng(seed)
    said = positive.astype(np.float64)
    return tuple(
        ExtraTreeRegressor(
            min_samples_leaf=int(np.clip(count // 500, 1, 5)),
            max_features=min(width, max(round(np.sqrt(width)), min(round(0.3 * width), 40))),
            random_state=int(chance.integers(2**31)),
        ).fit(*_some(rows, said, chance), check_input=False)
        for _ in range(TREES)
    )


def _some(rows: Matrix, said: NDArray[np.float64], chance: np.random.Generator) -> tuple[Matrix, NDArray[np.float64]]:
    """All rows, or of very many some for each tree."""
    if len(rows) <= MOST_ROWS:
        return rows, said
    taken = np.sort(chance.choice(len(rows), MOST_ROWS, replace=False))
    return rows[taken], said[taken]


def _part(width: int) -> float:
    """Which part of the columns a tree may use: less than a third, about a hundred at most, eight at least."""
    return min(1.0, max(min(0.3 * width, 100.0), 8.0) / max(width, 1))


def _log_odds(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    bounded = np.clip(probability, SURE, 1 - SURE)
    return np.asarray(np.log(bounded / (1 - bounded)))
