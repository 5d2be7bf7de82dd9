"""What may discovery ask of an engine? These five operators; every engine answers them alike."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ringfence.graph.csr import Csr


class Operators(Protocol):
    """The contract. Matrices are accounts x targets or the transpose; accounts and targets are dense ids."""

    def degree(self, matrix: Csr) -> NDArray[np.int64]:
        """How many ties each row has."""
        ...

    def propagate(self, matrix: Csr, mass: NDArray[np.float32]) -> NDArray[np.float32]:
        """Each row's weighted sum of its targets' `mass` (columns x k): rows x k."""
        ...

    def aggregate(self, matrix: Csr, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Each row's unweighted mean of its targets' `values` (columns x k), zero where it has none: rows x k."""
        ...

    def moments(
        self, matrix: Csr, values: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Each row's unweighted mean, standard deviation and largest of its targets' `values`: each rows x k."""
        ...

    def cooccur(
        self, matrices: list[Csr], rows: NDArray[np.int64], least: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Pairs of `rows` (by their position, first < second) that share at least `least` targets, and how many."""
        ...

    def components(self, first: NDArray[np.int64], second: NDArray[np.int64], size: int) -> NDArray[np.int64]:
        """For each of `size` nodes the number of its connected component, counted in order of first appearance."""
        ...
