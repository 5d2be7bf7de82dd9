"""Who is like whom among the accounts looked at closely? By all they tie to, whatever the kind.

Rows of TF-IDF weights over all kinds of tie side by side, each of length one; the few directions that explain most of
them; and for each account its nearest by cosine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.discovery.kinds import Kind
from ringfence.graph.csr import Csr, keep_columns
from ringfence.graph.nearest import balanced, nearest, symmetrised
from ringfence.graph.spectral import spectral

# Chosen in the study behind the design, on three real graphs; the budget bounds the work for an account of very
# popular things.
DIRECTIONS, NEIGHBOURS, BUDGET = 64, 15, 16_384

Accounts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Likeness:
    """`rows` are the accounts looked at, by dense id, ascending; all else has one row for each of them.

    `unit` is rows x targets of all kinds, and `turned` its transpose; `directions` rows x DIRECTIONS; `near` the
    symmetric matrix of cosines between nearest neighbours, and `smooth` the same balanced for spreading.
    """

    rows: Accounts
    unit: Csr
    turned: Csr
    directions: NDArray[np.float32]
    near: Csr
    smooth: Csr


def likeness(found: Sequence[Kind], rows: Accounts, accounts: int, seed: int) -> Likeness:
    """Compare the accounts `rows` of a graph of `accounts` accounts."""
    unit = _unit(found, rows, accounts)
    turned = unit.transposed()
    directions = spectral([(unit, turned)], DIRECTIONS, seed)
    near = symmetrised(nearest(unit, NEIGHBOURS, BUDGET))
    return Likeness(rows, unit, turned, directions, near, balanced(near))


def _unit(found: Sequence[Kind], rows: Accounts, accounts: int) -> Csr:
    """Rows of length one over all targets; what an account alone ties to counts in its length and is then left out."""
    parts = [take_rows(kind.matrix, rows) for kind in found]
    joined = _side_by_side(parts)
    of_ties = np.bincount(joined.sources(), weights=joined.weights.astype(np.float64) ** 2, minlength=len(rows))
    lone = sum((kind.ties.alone[rows] for kind in found if kind.name == kind.ties.relation), np.zeros(len(rows)))
    squares = of_ties + lone * (np.log(2) * np.log(max(accounts, 2))) ** 2
    scale = np.divide(1, np.sqrt(squares), out=np.zeros(len(rows)), where=squares > 0).astype(np.float32)
    unit = Csr(joined.starts, joined.targets, joined.weights * np.repeat(scale, joined.degree()), joined.columns)
    return keep_columns(unit, np.bincount(unit.targets, minlength=unit.columns) > 1)


def take_rows(matrix: Csr, rows: Accounts) -> Csr:
    """Only the rows `rows` of a matrix, in that order."""
    degree = matrix.degree()[rows]
    starts = np.concatenate(([0], np.cumsum(degree))).astype(np.int64)
    places = np.arange(starts[-1]) + np.repeat(matrix.starts[rows] - starts[:-1], degree)
    return Csr(starts, matrix.targets[places], matrix.weights[places], matrix.columns)


def _side_by_side(parts: Sequence[Csr]) -> Csr:
    """Matrices of as many rows as one, the columns of each behind those of the one before."""
    starts = np.sum([part.starts for part in parts], axis=0)
    targets, weights = np.empty(starts[-1], np.uint32), np.empty(starts[-1], np.float32)
    written, offset = starts[:-1].copy(), 0
    for part in parts:
        place = np.arange(part.ties) + np.repeat(written - part.starts[:-1], part.degree())
        targets[place], weights[place] = part.targets + np.uint32(offset), part.weights
        written += part.degree()
        offset += part.columns
    return Csr(starts.astype(np.int64), targets, weights, offset)
