"""What tells a few positives from a sample of everybody else? Many small trees, read by a compiled loop.

Extremely randomised trees (Geurts, Ernst and Wehenkel, 2006) as scikit-learn grows them. They are grown on a few
hundred rows and asked about very many, so what is slow is to ask; here each tree lies in four arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.kernels.threads import even, in_ranges

LEAST_LEAF = 2

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees end to end: node i splits on `column[i]` at `cut[i]` into nodes `left[i]` and `right[i]`.

    `column` is -1 at a leaf. `share[i]` is the share of positives that end below node i, classes weighted alike.
    """

    roots: NDArray[np.int64]
    column: NDArray[np.int32]
    cut: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    share: NDArray[np.float64]

    def ask(self, rows: Matrix) -> NDArray[np.float64]:
        """The mean over trees of the share of positives where each row ends: 0 to 1."""
        out = np.empty(len(rows))
        trees = self.roots, self.column, self.cut, self.left, self.right, self.share
        in_ranges(lambda first, last: _ask(*trees, rows, out, first, last), even(len(rows)))
        return out

    def parts(self, rows: Matrix, columns: int) -> NDArray[np.float64]:
        """How much each column moved the answer for each row: rows x (columns + 1), which sum to `ask`.

        The last column is where every row starts. Each split moves the share from a node's to its child's (Saabas,
        2014); the columns add up to the answer, which for few columns is close to their Shapley values and not equal.
        """
        out = np.zeros((len(rows), columns + 1))
        trees = self.roots, self.column, self.cut, self.left, self.right, self.share
        in_ranges(lambda first, last: _parts(*trees, rows, out, first, last), even(len(rows)))
        return out


def grow(positives: Matrix, others: Matrix, trees: int, seed: int, least_leaf: int = LEAST_LEAF) -> Forest:
    """Trees that tell `positives` from `others`, each class with the same weight whatever its size."""
    from sklearn.tree import ExtraTreeClassifier  # noqa: PLC0415, two seconds that other commands need not wait

    rows = np.ascontiguousarray(np.vstack([positives, others]), np.float32)
    label = np.concatenate([np.ones(len(positives)), np.zeros(len(others))])
    weight = np.where(label, len(label) / 2 / len(positives), len(label) / 2 / max(len(others), 1))
    # One by one: the library's own ensemble takes as long to copy its settings as to grow so small a tree.
    made = []
    for each in np.random.default_rng(seed).integers(1 << 31, size=trees):
        tree = ExtraTreeClassifier(max_features="sqrt", min_samples_leaf=least_leaf, random_state=int(each))
        made.append(_one(tree.fit(rows, label, sample_weight=weight, check_input=False).tree_))
    return joined(made)


def joined(forests: Sequence[Forest]) -> Forest:
    """One forest with the trees of several."""
    sizes = np.array([len(forest.column) for forest in forests])
    offset = np.repeat(np.cumsum(sizes) - sizes, sizes).astype(np.int32)
    first = np.repeat(np.cumsum(sizes) - sizes, [len(forest.roots) for forest in forests])
    return Forest(
        roots=np.concatenate([forest.roots for forest in forests]) + first,
        column=np.concatenate([forest.column for forest in forests]),
        cut=np.concatenate([forest.cut for forest in forests]),
        left=np.concatenate([forest.left for forest in forests]) + offset,
        right=np.concatenate([forest.right for forest in forests]) + offset,
        share=np.concatenate([forest.share for forest in forests]),
    )


def _one(tree: object) -> Forest:
    leaf = tree.children_left < 0  # type: ignore[attr-defined]
    value = tree.value[:, 0, :]  # type: ignore[attr-defined]
    return Forest(
        roots=np.zeros(1, np.int64),
        column=np.where(leaf, -1, tree.feature).astype(np.int32),  # type: ignore[attr-defined]
        cut=tree.threshold.astype(np.float64),  # type: ignore[attr-defined]
        left=tree.children_left.astype(np.int32),  # type: ignore[attr-defined]
        right=tree.children_right.astype(np.int32),  # type: ignore[attr-defined]
        share=value[:, 1] / value.sum(axis=1),
    )


@njit(nogil=True, cache=True)
def _ask(
    roots: NDArray[np.int64],
    column: NDArray[np.int32],
    cut: NDArray[np.float64],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    share: NDArray[np.float64],
    rows: Matrix,
    out: NDArray[np.float64],
    first: int,
    last: int,
) -> None:
    for row in range(first, last):
        total = 0.0
        for root in roots:
            node = root
            while column[node] >= 0:
                node = left[node] if rows[row, column[node]] <= cut[node] else right[node]
            total += share[node]
        out[row] = total / len(roots)


@njit(nogil=True, cache=True)
def _parts(
    roots: NDArray[np.int64],
    column: NDArray[np.int32],
    cut: NDArray[np.float64],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    share: NDArray[np.float64],
    rows: Matrix,
    out: NDArray[np.float64],
    first: int,
    last: int,
) -> None:
    for row in range(first, last):
        for root in roots:
            node = root
            out[row, -1] += share[node] / len(roots)
            while column[node] >= 0:
                child = left[node] if rows[row, column[node]] <= cut[node] else right[node]
                out[row, column[node]] += (share[child] - share[node]) / len(roots)
                node = child
