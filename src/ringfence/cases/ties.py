"""Who in a case is tied to whom, by what kinds of tie, and how strongly? Pairs of members, each once.

Ties between accounts are all there. By what they share, all who use one hashtag would be tied to all others; of these
each member has the few strongest, and what else two share is told where they are looked at (between.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ringfence.graph.inside import Inside
from ringfence.graph.relations import DEGREE_CAP, DEGREE_CAP_SHARE, Ties
from ringfence.model.words import Relation

RELATIONS = tuple(Relation)  # bit i of a pair's kinds stands for the i-th
STRONGEST = 8  # pairs by shared things that each member brings
# A thing that more members share says more of the case than of any two; it finds no pairs, and counts for those found.
MOST_SHARING = 2_000
ROWS = 512  # members compared with all others at a time

Numbers = NDArray[np.int64]
Amounts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """`first` < `second` are places of members, in ascending order; `kinds` are bits, and `weight` adds up all kinds.

    A weight is the graph's: log(1 + how often) times the log of how rare the thing is on the platform; of a shared
    thing the geometric mean of both members'.
    """

    first: Numbers
    second: Numbers
    kinds: Numbers
    weight: Amounts


def pairs(found: Inside, platform: int) -> Pairs:
    """The pairs of `found`, on a platform of so many accounts."""
    size = found.graph.size
    of_accounts = {ties.relation: _codes(ties, size) for ties in found.graph.relations if ties.objects is None}
    shared = {one.relation: _telling(one, found, platform) for one in found.graph.relations if one.objects is not None}
    parts = [codes for codes, _ in of_accounts.values()]
    every = np.unique(np.concatenate([np.empty(0, np.int64), *parts, _strongest(list(shared.values()), size)]))
    first, second = np.divmod(every, max(size, 1))
    kinds, weight = np.zeros(len(every), np.int64), np.zeros(len(every))
    for relation, (codes, amounts) in of_accounts.items():
        places = np.searchsorted(every, codes)
        kinds[places] |= 1 << RELATIONS.index(relation)
        weight[places] += amounts
    for relation, matrix in shared.items():
        both = _both(matrix, first, second)
        kinds[both > 0] |= 1 << RELATIONS.index(relation)
        weight += both
    return Pairs(first, second, kinds, weight)


def named(kinds: int) -> tuple[Relation, ...]:
    """The kinds of tie that the bits of a pair stand for."""
    return tuple(relation for bit, relation in enumerate(RELATIONS) if kinds >> bit & 1)


def _codes(ties: Ties, size: int) -> tuple[Numbers, Amounts]:
    """The pairs of a relation between accounts, whichever way they are tied, as first * size + second."""
    source, target = ties.forward.sources().astype(np.int64), ties.forward.targets.astype(np.int64)
    codes = np.minimum(source, target) * size + np.maximum(source, target)
    different, which = np.unique(codes, return_inverse=True)
    return different.astype(np.int64), np.bincount(which, ties.forward.weights, len(different)).astype(np.float64)


def _telling(ties: Ties, found: Inside, platform: int) -> Any:
    """Members x things: the roots of weights on the whole platform. What very many use ties nobody to anybody."""
    inside = ties.backward.degree().astype(np.float64)
    users = np.maximum(_users(ties, found), inside)
    rare = np.log(max(platform, 2) / np.maximum(users, 1)) + 1e-3
    rare_here = np.log(max(found.graph.size, 2) / np.maximum(inside, 1)) + 1e-3
    rare[users > max(DEGREE_CAP, int(DEGREE_CAP_SHARE * platform))] = 0
    matrix = ties.forward.to_scipy().astype(np.float64)
    matrix = matrix @ sp.diags_array(np.maximum(rare, 0) / rare_here)
    matrix.eliminate_zeros()
    return matrix.sqrt()


def _users(ties: Ties, found: Inside) -> Amounts:
    """How many accounts of the platform use each object; 0 where nobody has counted."""
    rows = found.objects
    of = dict(zip(zip(rows["relation"].to_pylist(), rows["object"].to_pylist(), strict=True),
                  rows["users"].to_pylist(), strict=True))  # fmt: skip
    names = ties.objects.to_pylist() if ties.objects is not None else []
    return np.array([of.get((str(ties.relation), name)) or 0 for name in names], np.float64)


def _strongest(shared: list[Any], size: int) -> Numbers:
    """Each member's strongest pairs over all that is shared, as codes."""
    if not shared:
        return np.empty(0, np.int64)
    every = sp.hstack(shared, format="csr")
    every = every[:, np.bincount(every.indices, minlength=every.shape[1]) <= MOST_SHARING]
    turned = every.T.tocsr()
    found = [np.concatenate([*_chosen(every[start : start + ROWS] @ turned, start, size), np.empty(0, np.int64)])
             for start in range(0, size, ROWS)]  # fmt: skip
    return np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)


def _chosen(compared: Any, start: int, size: int) -> Iterator[Numbers]:
    compared.sort_indices()
    for row in range(compared.shape[0]):
        span = slice(compared.indptr[row], compared.indptr[row + 1])
        others, strength = compared.indices[span].astype(np.int64), compared.data[span]
        other = others != start + row
        others, strength = others[other], strength[other]
        best = others[np.lexsort((others, -strength))[:STRONGEST]]
        yield np.minimum(best, start + row) * size + np.maximum(best, start + row)


def _both(matrix: Any, first: Numbers, second: Numbers) -> Amounts:
    """How strongly both of each pair are tied to the same things."""
    step = 16_384
    told = [
        np.asarray(matrix[first[at : at + step]].multiply(matrix[second[at : at + step]]).sum(axis=1)).ravel()
        for at in range(0, len(first), step)
    ]
    return np.concatenate(told) if told else np.zeros(0)
