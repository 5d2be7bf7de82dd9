"""What is usual around an account? Means, spreads and largest values among its neighbours and theirs."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.graph.csr import Csr, Ids, Index, Weights, from_pairs
from ringfence.graph.local import propagate
from ringfence.graph.relations import Graph, Ties
from ringfence.kernels.threads import THREADS

Matrix = NDArray[np.float32]

# A matrix wider than this is slow to learn from; with very many features the less telling aggregates are left out.
WIDEST = 1_200
TINY = 1e-9  # a column that varies by less, relative to its largest value, is constant


@dataclass(frozen=True, slots=True)
class Circle:
    """Who is beside each account in one relation.

    `matrix` is accounts x stops. In an account relation a stop is a neighbour, whichever of the two tied itself to the
    other. In an object relation a stop is an object, and what stands there is the mean over its *other* accounts:
    `users` is objects x accounts, and `share` is one over the number of those others.
    """

    name: str
    matrix: Csr
    users: Csr | None
    share: Weights

    def held(self, values: Matrix) -> Matrix:
        """What each stop holds of `values` (accounts x k): the neighbour's own, or the sum over an object's users."""
        return values if self.users is None else propagate(self.users, values)


@dataclass(frozen=True, slots=True)
class Hop:
    """One step away in one relation: `values` are taken around each account from what the stops hold of them."""

    circle: Circle
    held: Matrix
    values: Matrix

    def moments(self, accounts: Index) -> tuple[Matrix, Matrix, Matrix]:
        """Mean, standard deviation and largest value over the stops of some accounts; zeros where there are none."""
        return _moments(self.circle, accounts, self.held, self.values)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Columns that describe an account by itself and by its neighbours, made for some accounts at a time.

    `own` is accounts x columns, each with mean 0 and standard deviation 1, so that 0 is the usual value. Of the
    aggregates the first `kinds` of `KINDS` are made, each for every circle.
    """

    own: Matrix
    hops: tuple[tuple[Hop, Hop], ...]
    kinds: int
    names: tuple[str, ...]

    def of(self, accounts: Index) -> Matrix:
        """Rows for `accounts`, columns as in `names`."""
        own = self.own[accounts]
        made = [_aggregates(own, first, second, accounts) for first, second in self.hops]
        return np.hstack([own, *(one[kind] for kind in range(self.kinds) for one in made)])


# In the order in which they earn their place when features are so many that not all can be had.
KINDS = (
    "neighbours' mean of {}",
    "mean at two steps of {}",
    "difference to the neighbours' mean of {}",
    "neighbours' spread of {}",
    "neighbours' largest {}",
    "spread at two steps of {}",
    "largest mean at two steps of {}",
    "difference between the first and the second step of {}",
)


def circles(graph: Graph) -> tuple[Circle, ...]:
    """One circle for each relation that has ties."""
    return tuple(circle(ties, graph.size) for ties in graph.relations if ties.forward.ties)


def circle(ties: Ties, accounts: int) -> Circle:
    """Neighbours in one relation of a graph of so many accounts."""
    name = str(ties.relation)
    if ties.objects is None:
        rows = np.concatenate([ties.forward.sources(), ties.backward.sources()])
        columns = np.concatenate([ties.forward.targets, ties.backward.targets])
        joined = from_pairs(rows, columns, np.ones(len(rows), np.float32), (accounts, accounts))
        return Circle(name, joined, None, np.ones(accounts, np.float32))
    others = np.maximum(ties.backward.degree() - 1, 1)
    once = replace(ties.backward, weights=np.ones(ties.backward.ties, np.float32))
    return Circle(name, ties.forward, once, (1 / others).astype(np.float32))


def surroundings(around: tuple[Circle, ...], columns: Matrix, names: Sequence[str]) -> Surroundings:
    """Describe accounts by `columns` (accounts x k, named) and by what their neighbours in each circle have of them."""
    own, varied = standard(columns)
    kept = [name for name, there in zip(names, varied, strict=True) if there]
    kinds = min(len(KINDS), max(1, (WIDEST - len(kept)) // max(len(kept) * len(around), 1))) if around else 0
    hops = []
    for one in around:
        first = Hop(one, one.held(own), own)
        near = np.vstack([first.moments(rows)[0] for rows in blocks(len(own))])
        hops.append((first, Hop(one, one.held(near), near)))
    made = [f"{kind.format(name)} ({one.name})" for kind in KINDS[:kinds] for one in around for name in kept]
    return Surroundings(own, tuple(hops), kinds, (*kept, *made))


def standard(columns: Matrix) -> tuple[Matrix, NDArray[np.bool_]]:
    """Columns with mean 0 and standard deviation 1, without those that are constant; and which were kept."""
    wide = columns.astype(np.float64)
    spread = wide.std(axis=0)
    varied = spread > TINY * np.maximum(np.abs(wide).max(axis=0, initial=0.0), TINY)
    return ((wide[:, varied] - wide[:, varied].mean(axis=0)) / spread[varied]).astype(np.float32), varied


def blocks(accounts: int, size: int = 16_384) -> Iterator[Index]:
    """All dense ids, so many at a time."""
    for start in range(0, accounts, size):
        yield np.arange(start, min(start + size, accounts))


def _aggregates(own: Matrix, first: Hop, second: Hop, accounts: Index) -> tuple[Matrix, ...]:
    mean, spread, largest = first.moments(accounts)
    far_mean, far_spread, far_largest = second.moments(accounts)
    return mean, far_mean, own - mean, spread, largest, far_spread, far_largest, mean - far_mean


def _moments(circle: Circle, accounts: Index, held: Matrix, values: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    shape = (len(accounts), held.shape[1])
    mean, spread, largest = np.zeros(shape, np.float32), np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    # Equal shares of ties, not of accounts: a hub's row is as long as a thousand others.
    ends = np.cumsum(circle.matrix.degree()[accounts])
    cuts = np.searchsorted(ends, np.linspace(0, ends[-1] if len(ends) else 0, THREADS + 1)).tolist()
    cuts[0], cuts[-1] = 0, len(accounts)
    echo = np.float32(0.0 if circle.users is None else 1.0)
    with ThreadPoolExecutor(THREADS) as pool:
        for done in [
            pool.submit(
                _moments_of_rows, circle.matrix.starts, circle.matrix.targets, circle.share, held, values, echo,
                accounts[first:last], mean[first:last], spread[first:last], largest[first:last],
            )
            for first, last in pairwise(cuts)
        ]:  # fmt: skip
            done.result()
    return mean, spread, largest


@njit(nogil=True, cache=True)
def _moments_of_rows(
    starts: Index, targets: Ids, share: Weights, held: Matrix, values: Matrix, echo: np.float32,
    accounts: Index, mean: Matrix, spread: Matrix, largest: Matrix,
) -> None:  # fmt: skip
    for row in range(len(accounts)):
        account = accounts[row]
        begin, end = starts[account], starts[account + 1]
        for tie in range(begin, end):
            stop = targets[tie]
            for column in range(held.shape[1]):
                value = (held[stop, column] - echo * values[account, column]) * share[stop]
                mean[row, column] += value
                spread[row, column] += value * value
                if tie == begin or value > largest[row, column]:
                    largest[row, column] = value
        for column in range(held.shape[1]):
            if end > begin:
                mean[row, column] /= end - begin
                square = spread[row, column] / (end - begin) - mean[row, column] ** 2
                spread[row, column] = np.sqrt(max(square, 0.0))
