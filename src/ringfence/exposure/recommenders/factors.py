"""Whom would somebody follow whose taste is a handful of numbers? Matrix factorisation, by `implicit`."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numba import njit
from numpy.typing import NDArray

from ringfence.exposure.recommenders.library import THREADS, needed, one_thread_in_blas
from ringfence.exposure.recommenders.popular import backfilled, most_followed
from ringfence.exposure.recommenders.ranking import GRAIN, Grains, Scratch, bar, best, in_range
from ringfence.exposure.recommenders.suggestions import NOBODY, Suggestions
from ringfence.graph.csr import Csr, Ids

Factors = NDArray[np.float32]

_BLOCK = 1_024  # accounts added up at a time: few enough to stay in a core's cache


@dataclass(frozen=True, slots=True)
class Training:
    """How the factors are learnt: numbers an account, rounds, the weight of a follow, and what keeps factors small."""

    factors: int = 64
    rounds: int = 15
    confidence: float = 1.0
    regularization: float = 0.01
    seed: int = 0


class FactorModel:
    """Suggests the accounts c with the highest x . y(c): factors of followed accounts against those of the viewer.

    x and y minimise sum over viewers u and accounts i of k(u, i) (p(u, i) - x(u) . y(i))^2 + regularization (|x|^2 +
    |y|^2) by alternating least squares (Hu, Koren and Volinsky, ICDM 2008): p is 1 where u follows i and 0 elsewhere, k
    is `confidence` times the tie's weight where u follows i and 1 elsewhere. A viewer's x is worked out anew from the
    accounts followed now ("folded in"), so a test account that the training never saw has one. Accounts that nobody
    follows are not suggested; equal scores go by id; where scores are 0 or less, backfill by in-degree takes over.
    """

    __slots__ = ("_followed_by_any", "_model", "_popular", "_scratch", "_wide")

    def __init__(self, follows: Csr, training: Training | None = None) -> None:
        """Raises Fault where the library is not installed."""
        how, library = training or Training(), needed("implicit.cpu.als")
        with one_thread_in_blas():
            self._model = library.AlternatingLeastSquares(
                factors=how.factors,
                iterations=how.rounds,
                alpha=how.confidence,
                regularization=how.regularization,
                random_state=how.seed,
                num_threads=THREADS,
            )
            self._model.fit(follows.to_scipy(), show_progress=False)
            _ = self._model.YtY  # worked out here once, with one thread, and not at the first question
        self._model.num_threads = 1  # one viewer at a time is nothing to share
        # Factor by factor, so that a question reads memory in one direction.
        self._wide: Factors = np.ascontiguousarray(self._model.item_factors.T)
        self._popular = most_followed(follows)
        self._followed_by_any = np.sort(self._popular)
        self._scratch = Scratch(follows.columns)

    def __call__(self, followed: Ids, wanted: int, viewer: int = NOBODY) -> Suggestions:
        """See `Recommender`. Costs one product an account and factor: for a million of 64, tens of milliseconds."""
        in_range(followed, self._wide.shape[1])
        out = np.empty(min(wanted, self._wide.shape[1]), np.uint32)
        candidates, scores = self._followed_by_any, self._scratch.scores
        _scored(self._wide, self.taste(followed), scores)
        bar(scores, followed, viewer)
        found = out[: best(scores, candidates, len(candidates), out)]
        return backfilled(found, self._popular, followed, wanted, viewer)

    def taste(self, followed: Ids) -> Factors:
        """The factors of somebody who follows these: zeros for nobody."""
        ones, starts = np.ones(len(followed), np.float32), np.array([0, len(followed)], np.int32)
        row = sp.csr_matrix((ones, followed.astype(np.int32), starts), (1, self._wide.shape[1]))
        found: Factors = self._model.recalculate_user(0, row)
        return found


@njit(nogil=True, cache=True)
def _scored(wide: Factors, taste: Factors, scores: Grains) -> None:
    """Products in grains, added up in order of the factors: BLAS would add in an order that hangs on its threads."""
    total = np.empty(_BLOCK, np.float32)
    for begin in range(0, wide.shape[1], _BLOCK):
        size = min(_BLOCK, wide.shape[1] - begin)
        total[:] = 0
        for factor in range(wide.shape[0]):
            worth, some = taste[factor], wide[factor, begin : begin + size]
            for place in range(size):
                total[place] += worth * some[place]
        for place in range(size):
            scores[begin + place] = np.int64(np.floor(total[place] / GRAIN + 0.5))
