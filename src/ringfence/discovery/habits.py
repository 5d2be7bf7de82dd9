"""How does an account behave, whomever it ties to? How much it does, and how popular what it ties to is.

Twelve columns a kind of tie. Alone they say little: they tell accounts apart that tie to the same things.
"""

import numpy as np
from numpy.typing import NDArray

from ringfence.discovery.kinds import Kind

# Targets are told apart by how many accounts tie to them: one, few, some, many.
POPULARITY = (2, 5, 20, 100, 400)
BANDS = tuple(f"share of targets from {at} accounts on" for at in (1, *POPULARITY))
COLUMNS = ("total", "degree", "rarity", "entropy", "evenness", "largest share", *BANDS)

Columns = NDArray[np.float32]


def habits(kind: Kind, rows: NDArray[np.int64], accounts: int) -> Columns:
    """What the accounts `rows` (dense ids, of `accounts`) do by one kind of tie: rows x COLUMNS.

    The logarithms of how often and to how many they tie, how rare those are on average, the entropy of their shares, as
    it is and against the most that is possible, the largest share, and the share of targets in each band of popularity.
    """
    matrix, users = kind.matrix, kind.back.degree()
    row, place = _ties(kind, rows)
    target = matrix.targets[place]
    rarity = np.log(max(accounts, 2) / np.maximum(users[target], 1)) + 1e-3
    count = np.expm1(matrix.weights[place] / _weighed_by(kind, rows[row], target, accounts))
    alone = kind.ties.alone[rows].astype(np.float64) if kind.name == kind.ties.relation else np.zeros(len(rows))

    def summed(values: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.bincount(row, weights=values, minlength=len(rows)).astype(np.float64)

    total, degree = summed(count) + alone, summed(np.ones_like(count)) + alone
    each = np.maximum(total, 1e-9)
    share = count / each[row]
    entropy = -summed(share * np.log(np.maximum(share, 1e-12))) + alone / each * np.log(each)
    largest = np.where(alone > 0, 1 / each, 0.0)
    np.maximum.at(largest, row, share)
    divisor = np.maximum(degree, 1)
    band = np.searchsorted(POPULARITY, users[target], side="right")
    bands = [summed(band == number) + (alone if number == 0 else 0) for number in range(len(POPULARITY) + 1)]
    return np.column_stack(
        [
            np.log1p(total),
            np.log1p(degree),
            (summed(rarity) + alone * np.log(max(accounts, 2))) / divisor,
            entropy,
            entropy / np.log(degree + 1 + 1e-9, out=np.ones_like(degree), where=degree > 0),
            largest,
            *(number / divisor for number in bands),
        ]
    ).astype(np.float32)


def _weighed_by(
    kind: Kind, source: NDArray[np.int64], target: NDArray[np.uint32], accounts: int
) -> NDArray[np.float64]:
    """The rarity in each tie's weight: that of the end the relation leads to, from whichever end it is read."""
    popularity = kind.ties.backward.degree()
    led_to = target if kind.matrix is kind.ties.forward else source
    return np.asarray(np.log(max(accounts, 2) / np.maximum(popularity[led_to], 1)) + 1e-3)


def _ties(kind: Kind, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The position in `rows` and the place in the matrix of every tie of `rows`."""
    starts, degree = kind.matrix.starts[rows], kind.matrix.degree()[rows]
    row = np.repeat(np.arange(len(rows)), degree)
    first = np.cumsum(degree) - degree
    return row, np.arange(len(row)) - first[row] + starts[row]
