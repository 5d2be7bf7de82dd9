"""How are ties held in memory? As compressed sparse rows: all targets of one source side by side."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Index = NDArray[np.int64]
Ids = NDArray[np.uint32]
Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Csr:
    """A weighted `rows` x `columns` matrix of ties.

    `starts` has rows + 1 entries; row i owns `targets[starts[i]:starts[i + 1]]` (ascending, no repeats) and the
    `weights` beside them.
    """

    starts: Index
    targets: Ids
    weights: Weights
    columns: int

    @property
    def rows(self) -> int:
        return len(self.starts) - 1

    @property
    def ties(self) -> int:
        return len(self.targets)

    def row(self, source: int) -> Ids:
        """The targets of one source, ascending."""
        return self.targets[self.starts[source] : self.starts[source + 1]]

    def degree(self) -> Index:
        """How many targets each row has."""
        return np.diff(self.starts)

    def sources(self) -> Ids:
        """The row of each tie, beside `targets`."""
        return np.repeat(np.arange(self.rows, dtype=np.uint32), self.degree())

    def transposed(self) -> "Csr":
        """The same ties seen from the other end."""
        order = np.argsort(self.targets, kind="stable")
        starts = np.concatenate(([0], np.cumsum(np.bincount(self.targets, minlength=self.columns)))).astype(np.int64)
        return Csr(starts, self.sources()[order], self.weights[order], self.rows)

    def to_scipy(self) -> Any:
        """The same matrix for scipy, sharing the weights."""
        return sp.csr_matrix((self.weights, self.targets.astype(np.int64), self.starts), (self.rows, self.columns))


def from_pairs(
    rows: NDArray[np.integer], columns: NDArray[np.integer], weights: NDArray[np.floating], shape: tuple[int, int]
) -> Csr:
    """Build from ties in any order; the weights of a tie given more than once are added up."""
    if len(rows) == 0:
        return Csr(np.zeros(shape[0] + 1, np.int64), np.empty(0, np.uint32), np.empty(0, np.float32), shape[1])
    keys = rows.astype(np.int64) * shape[1] + columns
    order = np.argsort(keys, kind="stable")
    keys, weights = keys[order], weights[order]
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    keys = keys[first]
    counts = np.bincount(keys // shape[1], minlength=shape[0])
    return Csr(
        starts=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        targets=(keys % shape[1]).astype(np.uint32),
        weights=np.add.reduceat(weights.astype(np.float64), first).astype(np.float32),
        columns=shape[1],
    )


def keep_columns(matrix: Csr, kept: NDArray[np.bool_]) -> Csr:
    """Only the ties to the columns that are `kept`, which are numbered anew in the same order."""
    there = kept[matrix.targets]
    new_number = np.cumsum(kept) - 1
    counts = np.bincount(matrix.sources()[there], minlength=matrix.rows)
    return Csr(
        starts=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        targets=new_number[matrix.targets[there]].astype(np.uint32),
        weights=matrix.weights[there],
        columns=int(kept.sum()),
    )
