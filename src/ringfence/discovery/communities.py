"""Into which communities does a graph of joins fall? Large and small ones, at whatever resolution each asks for.

One resolution for the whole graph merges small communities into their neighbours: the larger the graph, the more of
them. So Leiden is run inside each community, where it compares with that community alone, first of all inside each
connected component. A cut is taken where it is there to be found again: with one join in ten hidden and another start
it must come out nearly the same, every time. Where it does not, coarser cuts are tried, and where none is steady the
community stays whole: chance neighbours fall apart differently each time.
"""

import graspologic_native
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

ITERATIONS = 3
# Tried in this order, the finest cut first.
RESOLUTIONS = (1.0, 0.5, 0.25)
# The least adjusted Rand index between a cut and each repeat, the share of joins hidden from a repeat, and how many
# repeats there are; chosen on planted partitions and on the networks of generated platforms with seeds below 100.
STEADY, HIDDEN, REPEATS = 0.8, 0.1, 3
# A community of fewer accounts is not cut any further: it is smaller than two networks.
CUT_FROM = 6

Labels = NDArray[np.int64]


def communities(joined: sp.csr_matrix, seed: int) -> Labels:
    """A number from 0 for each node of a symmetric matrix of weights; a node that nothing joins is alone.

    The same matrix and seed give the same numbers. Memory grows with the joins.
    """
    labels = np.empty(joined.shape[0], np.int64)
    waiting = _parts(_components(joined))
    chance = np.random.default_rng(seed)
    done = 0
    while waiting:
        members = waiting.pop()
        pieces = _cut(joined, members, seed, chance) if len(members) >= CUT_FROM else []
        if pieces:
            waiting += pieces
        else:
            labels[members] = done
            done += 1
    return labels


def _cut(joined: sp.csr_matrix, members: Labels, seed: int, chance: np.random.Generator) -> list[Labels]:
    """The pieces of one community, or none where it does not come apart in the same way every time."""
    from sklearn.metrics import adjusted_rand_score  # noqa: PLC0415, two seconds that other commands need not wait

    inside = joined[members][:, members]
    inside.sort_indices()
    thinned: list[sp.csr_matrix] = []
    for resolution in RESOLUTIONS:
        cut = _leiden(inside, seed, resolution)
        if not cut.any():
            return []  # nor is it cut at any that is lower
        for number in range(REPEATS):
            if number == len(thinned):  # most communities are not cut, and need none
                thinned.append(_thinned(inside, chance))
            again = _leiden(thinned[number], seed + 1 + number, resolution)
            if adjusted_rand_score(cut, again) < STEADY:
                break
        else:
            return [members[piece] for piece in _parts(cut)]
    return []


def _components(joined: sp.csr_matrix) -> Labels:
    """The number of each node's connected component."""
    return np.asarray(sp.csgraph.connected_components(joined, directed=False)[1], dtype=np.int64)


def _parts(labels: Labels) -> list[Labels]:
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1) if len(order) else []


def _thinned(joined: sp.csr_matrix, chance: np.random.Generator) -> sp.csr_matrix:
    upper = sp.triu(joined, k=1).tocoo()
    shown = chance.random(upper.nnz) >= HIDDEN
    half = sp.coo_matrix((upper.data[shown], (upper.row[shown], upper.col[shown])), joined.shape)
    both = (half + half.T).tocsr()
    both.sort_indices()
    return both


def _leiden(joined: sp.csr_matrix, seed: int, resolution: float) -> Labels:
    size = joined.shape[0]
    if joined.nnz == 0:
        return np.arange(size)
    _, found = graspologic_native.leiden_csr(
        joined.indptr.astype(np.int64),
        joined.indices.astype(np.int32),
        joined.data.astype(np.float64),
        size,
        resolution=resolution,
        iterations=ITERATIONS,
        seed=seed,
    )
    # Accounts that nothing joins may be left out of the answer: each is a community of its own.
    lone = max(found.values(), default=-1) + 1
    labels = np.array([found.get(node, lone + node) for node in range(size)], dtype=np.int64)
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)
