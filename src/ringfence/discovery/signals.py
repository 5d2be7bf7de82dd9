"""How near is each account to the seeds, by several measures? And a seed to the others, its own mass left out.

A seed that counted towards its own nearness would look nearer than any account that is none, and a learner would learn
that. So each measure is kept seed by seed, and for a positive the columns it had a part in are left out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.discovery.likeness import Likeness
from ringfence.discovery.walks import Walks
from ringfence.graph import local
from ringfence.graph.csr import Csr

NAMES = ("long walk", "short walk", "spreading", "cosine", "closest three", "rare things")
# Spreading: at each of STEPS, STAY of an account's mass comes from the seeds and the rest from its nearest.
STAY, STEPS = 0.1, 20
RARE = 50  # what more accounts than this tie to is not rare
NOTHING = 1e-9  # stands for none in a logarithm

Columns = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Signals:
    """Rows as in `Likeness`. `values` is rows x NAMES. `spread` and `walk` are the measures that rank by themselves."""

    values: Columns

    @property
    def walk(self) -> Columns:
        return self.values[:, NAMES.index("long walk")]

    @property
    def spread(self) -> Columns:
        return self.values[:, NAMES.index("spreading")]

    def away(self) -> NDArray[np.bool_]:
        """Rows that are not among the fifth nearest to the seeds, by the mean rank of three measures."""
        three = [NAMES.index(name) for name in ("short walk", "spreading", "cosine")]
        ranks = sum((ranked(self.values[:, column]) for column in three), np.zeros(len(self.values)))
        return np.asarray(ranks > np.quantile(ranks, 0.2))


def ranked(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """The rank of each value over how many there are, the largest first; equal values share the mean of their ranks."""
    order = np.argsort(-values, kind="stable")
    ordered = values[order]
    first = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    sizes = np.diff(np.append(first, len(values)))
    ranks = np.empty(len(values))
    ranks[order] = np.repeat(first + (sizes + 1) / 2, sizes) / len(values)
    return ranks


def signals(like: Likeness, near: Walks, restarts: Columns) -> Signals:
    """Measure every row. `near` and `restarts` are of the whole graph, accounts x seeds."""
    start = np.ascontiguousarray(restarts[like.rows])
    weight = start.sum(axis=0)
    start = np.divide(start, weight, out=np.zeros_like(start), where=weight > 0)
    counted = (start == 0).astype(np.float32)
    spread = _spread(like, start)
    everywhere = _spread(like, np.full((len(start), 1), 1 / max(len(start), 1), np.float32))
    cosine = local.propagate(like.unit, local.propagate(like.turned, start)) * counted
    rare = local.propagate(*_rare(like, start)) * counted
    degree = like.unit.degree()
    return Signals(
        np.column_stack(
            [
                np.log(_mean(near.long[like.rows] * counted, counted) + NOTHING),
                np.log(_mean(near.short[like.rows] * counted, counted) + NOTHING),
                np.log(_mean(spread * counted, counted) / np.maximum(everywhere[:, 0], NOTHING) + NOTHING),
                _mean(cosine, counted),
                np.sort(cosine, axis=1)[:, -3:].mean(axis=1),
                np.log1p(start.shape[1] * _mean(rare, counted)) - 0.5 * np.log1p(degree),
            ]
        ).astype(np.float32)
    )


def _mean(values: Columns, counted: Columns) -> NDArray[np.float64]:
    return np.asarray(values.sum(axis=1, dtype=np.float64) / np.maximum(counted.sum(axis=1), 1))


def _spread(like: Likeness, start: Columns) -> Columns:
    mass = start
    for _ in range(STEPS):
        mass = np.float32(STAY) * start + np.float32(1 - STAY) * local.propagate(like.smooth, mass)
    return mass


def _rare(like: Likeness, start: Columns) -> tuple[Csr, Columns]:
    """The matrix of ties to rare targets, each as much as its rarity, and the seeds' mass on the targets."""
    users = like.turned.degree()
    rarity = np.where(users <= RARE, np.log(len(start) / np.maximum(users, 1)), 0).astype(np.float32)
    turned = Csr(like.turned.starts, like.turned.targets, np.ones(like.turned.ties, np.float32), like.turned.columns)
    weights = rarity[like.unit.targets]
    matrix = Csr(like.unit.starts, like.unit.targets, weights, like.unit.columns)
    return matrix, local.propagate(turned, start)
