"""How are ties held in memory? As compressed sparse rows: all targets of one source side by side."""

from dataclasses import dataclass

import numpy as np
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

    def row(self, source: int) -> Ids:
        """The targets of one source, ascending."""
        return self.targets[self.starts[source] : self.starts[source + 1]]
