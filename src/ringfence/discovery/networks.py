"""Which of the corroborated accounts belong together? Those that share several things with one another."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import count

import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from numpy.typing import NDArray

from ringfence.discovery.communities import communities
from ringfence.graph.csr import Csr
from ringfence.graph.relations import Graph

# Two accounts are joined by at least PIECES different things: objects both share, or a tie from one to the other.
# A network has at least SMALLEST members; one thing may join an account more to it.
PIECES, SMALLEST = 2, 3
# An object that more of the platform than this shares joins nobody in particular. Pairs are made of the rest, rarest
# first, up to PAIRS_EACH for each candidate, or as many as FEW candidates may make.
RARE, PAIRS_EACH, FEW = 500, 200, 5_000


@dataclass(frozen=True, slots=True)
class Networks:
    """`member_of` has one entry an account: its network's number, or -1. `ids` names the networks, largest first.

    `first`, `second` and `pieces` are the joins between members: dense ids, and how many things join them.
    """

    member_of: NDArray[np.int64]
    ids: tuple[str, ...]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    pieces: NDArray[np.int64]

    def members(self, network: int) -> NDArray[np.int64]:
        return np.flatnonzero(self.member_of == network)


def networks(graph: Graph, candidates: NDArray[np.int64], seed: int) -> Networks:
    """Communities of the pruned graph of joins between `candidates` (dense ids, ascending)."""
    every = joins(graph, candidates)
    joined = _at_least(every, PIECES)
    labels = attached(communities(joined, seed), every)
    sizes = np.bincount(labels, minlength=1)
    order = np.argsort(-sizes, kind="stable")
    kept = [label for label in order if sizes[label] >= SMALLEST]
    number_of = np.full(len(sizes), -1, dtype=np.int64)
    number_of[kept] = np.arange(len(kept))
    member_of = np.full(graph.size, -1, dtype=np.int64)
    member_of[candidates] = number_of[labels]
    upper = sp.triu(joined, k=1).tocoo()
    first, second = candidates[upper.row], candidates[upper.col]
    inside = (member_of[first] >= 0) & (member_of[second] >= 0)
    return Networks(
        member_of=member_of,
        ids=_names(graph, [np.flatnonzero(member_of == number) for number in range(len(kept))]),
        first=first[inside],
        second=second[inside],
        pieces=upper.data[inside].astype(np.int64),
    )


def without(found: Networks, ids: Collection[str]) -> Networks:
    """The same networks but for those named, in the same order."""
    kept = np.array([one not in ids for one in found.ids], dtype=bool)
    number_of = np.append(np.where(kept, np.cumsum(kept) - 1, -1), -1)  # -1 stays what it is
    member_of = number_of[found.member_of]
    inside = (member_of[found.first] >= 0) & (member_of[found.second] >= 0)
    return Networks(
        member_of=member_of,
        ids=tuple(one for one in found.ids if one not in ids),
        first=found.first[inside],
        second=found.second[inside],
        pieces=found.pieces[inside],
    )


def joins(graph: Graph, candidates: NDArray[np.int64]) -> sp.csr_matrix:
    """A symmetric candidates x candidates matrix: the number of things that join each pair.

    No pair is made of an object that more than RARE accounts use. Where what is left would still make more than
    PAIRS_EACH pairs a candidate, the objects that most candidates share are left out until it does not.
    """
    size = len(candidates)
    nothing = np.empty(0, np.int32)
    total = sp.csr_matrix((nothing, (nothing, nothing)), (size, size))
    content = [_used(ties.forward, candidates) for ties in graph.relations if ties.objects is not None]
    if content:
        used = _within_budget(sp.hstack(content, format="csr"), PAIRS_EACH * max(size, FEW))
        total = (used @ used.T).tocsr()
    for ties in graph.relations:
        if ties.objects is None:
            direct = _pattern(ties.forward)[candidates][:, candidates]
            total = total + direct + direct.T
    total.setdiag(0)
    return _at_least(total, 1)


def _used(matrix: Csr, candidates: NDArray[np.int64]) -> sp.csr_matrix:
    """Candidates x the rare objects that at least two of them use: 1 where one does."""
    rare = np.bincount(matrix.targets, minlength=matrix.columns) <= RARE
    own = _pattern(matrix)[candidates]
    return own[:, rare & (np.bincount(own.indices, minlength=matrix.columns) > 1)]


def _within_budget(used: sp.csr_matrix, budget: int) -> sp.csr_matrix:
    users = np.bincount(used.indices, minlength=used.shape[1]).astype(np.int64)
    # All objects with the same number of users stay or go together, so that nothing hangs on their order.
    by_users = np.bincount(users, weights=users * (users - 1) / 2)
    most = int(np.searchsorted(np.cumsum(by_users), budget, side="right")) - 1
    return used if most >= users.max(initial=0) else used[:, users <= max(most, 2)]


def attached(labels: NDArray[np.int64], every: sp.csr_matrix) -> NDArray[np.int64]:
    """Candidates left by themselves go to the community with which most things join them, if any does."""
    sizes = np.bincount(labels)
    pairs = every.tocoo()
    to = labels[pairs.col]
    able = (sizes[labels[pairs.row]] < SMALLEST) & (sizes[to] >= SMALLEST)
    pull = sp.coo_matrix((pairs.data[able], (pairs.row[able], to[able])), (len(labels), len(sizes))).tocsr().tocoo()
    best = np.lexsort((pull.col, -pull.data, pull.row))
    rows, firsts = np.unique(pull.row[best], return_index=True)
    moved = labels.copy()
    moved[rows] = pull.col[best][firsts]
    return moved


def _at_least(matrix: sp.csr_matrix, least: int) -> sp.csr_matrix:
    pruned = matrix.tocsr(copy=True)
    pruned.data[pruned.data < least] = 0
    pruned.eliminate_zeros()
    pruned.sort_indices()
    return pruned


def _pattern(matrix: Csr) -> sp.csr_matrix:
    ones = np.ones(matrix.ties, np.int32)
    return sp.csr_matrix((ones, matrix.targets.astype(np.int64), matrix.starts), (matrix.rows, matrix.columns))


def name(members: Collection[str], taken: Collection[str]) -> str:
    """An id for a network that has none yet: it hangs on its member ids alone, in any order, and is none of `taken`."""
    told = "\n".join(sorted(members))
    for number in count():
        made = "net-" + blake2b(f"{number}\n{told}".encode(), digest_size=4).hexdigest()
        if made not in taken:
            return made
    raise AssertionError  # count() never ends


def _names(graph: Graph, members: Sequence[NDArray[np.int64]]) -> tuple[str, ...]:
    named: dict[str, None] = {}
    for accounts in members:
        named[name(graph.accounts.take(pa.array(accounts)).to_pylist(), named)] = None
    return tuple(named)
