"""How would simpler rules rank the same accounts from the same seeds? What every discovery has to beat.

They start from `mass`, how much each account counts as a seed: an account that is one counts 1, and a term's 1 is
shared by those who use it.
"""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ringfence.discovery.seeds import Seeds
from ringfence.graph.relations import Graph

DAMPING, STEPS = 0.85, 20  # 0.85 ** 20 < 0.04: what is left to walk moves few accounts' places

Scores = NDArray[np.float64]


def mass(seeds: Seeds) -> Scores:
    """How much each account counts as a seed."""
    return np.asarray(seeds.restarts.sum(axis=1, dtype=np.float64))


def co_action(graph: Graph, mass: Scores) -> Scores:
    """How many hashtags, links and media each account shares with the seeds, an object shared with two counting twice.

    The rule of coordination-network-toolkit and CooRTweet, without a time window.
    """
    shared = np.zeros(graph.size)
    for ties in graph.relations:
        if ties.objects is not None:
            used = _pattern(ties.forward.to_scipy())
            shared += used @ (used.T @ mass)
    return shared


def pagerank(graph: Graph, masses: Scores) -> tuple[Scores, Scores]:
    """Personalised PageRank over all relations, raw; and divided by the global one.

    `masses` is accounts x starts, and so are both answers: all starts are walked from at once.
    """
    steps = _steps(graph)
    everyone = np.full((graph.size, 1), 1 / graph.size)
    restart = np.hstack([masses / masses.sum(axis=0), everyone])
    start = np.vstack([restart, np.zeros((steps.shape[0] - graph.size, restart.shape[1]))])
    walked = start
    for _ in range(STEPS):
        walked = (1 - DAMPING) * start + DAMPING * (steps @ walked)
    own, everywhere = walked[: graph.size, :-1], walked[: graph.size, -1:]
    return own, own / everywhere


def _steps(graph: Graph) -> sp.csr_matrix:
    """The walk's matrix, columns summing to 1: accounts first, then every relation's objects; all ties both ways."""
    between, to_objects = sp.csr_matrix((graph.size, graph.size)), []
    for ties in graph.relations:
        pattern = _pattern(ties.forward.to_scipy())
        if ties.objects is None:
            between = between + pattern + pattern.T
        else:
            to_objects.append(pattern)
    objects = sp.hstack(to_objects, format="csr") if to_objects else sp.csr_matrix((graph.size, 0))
    whole = sp.vstack([sp.hstack([between, objects]), sp.hstack([objects.T, sp.csr_matrix((objects.shape[1],) * 2)])])
    degree = np.asarray(whole.sum(axis=0)).ravel()
    inverse = np.divide(1.0, degree, out=np.zeros_like(degree), where=degree > 0)
    return sp.csr_matrix(whole @ sp.diags_array(inverse))


def _pattern(matrix: sp.csr_matrix) -> sp.csr_matrix:
    return sp.csr_matrix((np.ones(matrix.nnz), matrix.indices, matrix.indptr), matrix.shape)
