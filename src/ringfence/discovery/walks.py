"""How much nearer to each seed is an account than to the platform at large?

A random walk with restarts at one seed, divided by the same walk restarted anywhere (personalised PageRank over global
PageRank). Raw PageRank finds the popular; the ratio finds the near.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.graph import local
from ringfence.graph.csr import Csr
from ringfence.graph.relations import Graph, Ties

# Dampings and steps as measured to work on three real graphs: a long walk and a short one. Half a mean account's
# PageRank is added to the divisor, so that an account with a single tie cannot come out nearest of all.
# HALF is the lift that counts log(2); chosen on generated worlds and Weibo draws below 100.
LONG, SHORT = (0.85, 12), (0.5, 7)
SHRINK, HALF = 0.5, 4.0
WIDEST = 1 << 27  # numbers of mass to walk with at a time: a walk holds some five times as many

Mass = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Walks:
    """Lifts of the long walk and of the short one, each accounts x seeds: 1 is as near as to anybody."""

    long: Mass
    short: Mass


def walks(graph: Graph, restarts: Mass) -> Walks:
    """For each account (rows) and seed (columns) the ratio of a walk from the seed and one from anywhere.

    `restarts` is accounts x seeds, each column a distribution over the accounts where that seed's walk restarts.
    """
    step = _Step(graph)
    everywhere = np.full((graph.size, 1), 1 / max(graph.size, 1), np.float32)
    usual = [mass + np.float32(SHRINK) * mass.mean(dtype=np.float64) for mass in _walked(step, everywhere)]
    lifts = np.empty_like(restarts), np.empty_like(restarts)
    each = max(1, WIDEST // max(graph.size, 1))
    for first in range(0, restarts.shape[1], each):
        some = slice(first, first + each)
        for lift, mass, background in zip(lifts, _walked(step, restarts[:, some]), usual, strict=True):
            np.divide(mass, background, out=lift[:, some])
    return Walks(*lifts)


def nearness(lift: Mass) -> NDArray[np.float64]:
    """One number an account: the sum over seeds of log(1 + lift / HALF).

    The logarithm makes being fairly near to many seeds count for more than being very near to one, whose own friends
    and hobbies are nobody else's.
    """
    total = np.zeros(len(lift))
    for column in lift.T:  # a column at a time, which needs no second matrix
        total += np.log1p(column / np.float32(HALF))
    return total


def _walked(step: "_Step", restarts: Mass) -> tuple[Mass, Mass]:
    """Where the mass of both walks is. They take the same steps, and differ in how much of it goes on with each."""
    mass = restarts
    kept = [np.float32(1 - damping) * restarts for damping, _ in (LONG, SHORT)]
    for number in range(1, max(LONG[1], SHORT[1]) + 1):
        mass = step(mass)
        for walk, (damping, steps) in enumerate((LONG, SHORT)):
            if number <= steps:  # the last step keeps all that is left
                kept[walk] += np.float32(damping**number * (1 if number == steps else 1 - damping)) * mass
    return kept[0], kept[1]


class _Step:
    """One step of all mass: to the accounts tied to, or through an object to those who share it."""

    def __init__(self, graph: Graph) -> None:
        self.relations = graph.relations
        self.leave = _inverse(sum((_strength(ties) for ties in graph.relations), np.zeros(graph.size)))
        self.through = [None if ties.objects is None else _inverse(_sums(ties.backward)) for ties in graph.relations]

    def __call__(self, mass: Mass) -> Mass:
        leaving = mass * self.leave[:, None]
        arriving = np.zeros_like(mass)
        for ties, through in zip(self.relations, self.through, strict=True):
            if through is None:
                arriving += local.propagate(ties.forward, leaving)
                arriving += local.propagate(ties.backward, leaving)
            else:
                arriving += local.propagate(ties.forward, local.propagate(ties.backward, leaving) * through[:, None])
        return arriving


def _strength(ties: Ties) -> NDArray[np.float64]:
    """What an account's ties of one relation weigh together; both directions count between accounts."""
    own = _sums(ties.forward)
    return own + _sums(ties.backward) if ties.objects is None else own


def _sums(matrix: Csr) -> NDArray[np.float64]:
    return np.bincount(matrix.sources(), weights=matrix.weights, minlength=matrix.rows).astype(np.float64)


def _inverse(values: NDArray[np.float64]) -> Mass:
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0).astype(np.float32)
