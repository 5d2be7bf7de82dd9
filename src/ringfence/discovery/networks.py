"""Which of the corroborated accounts belong together? Those that share several things with one another."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import count

import graspologic_native
import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from numpy.typing import NDArray

from ringfence.graph import local
from ringfence.graph.csr import Csr
from ringfence.graph.relations import Graph

# Two accounts are joined by at least PIECES different things: objects both share, or a tie from one to the other.
# A network has at least SMALLEST members; one thing may join an account more to it. Leiden runs three times over.
PIECES, SMALLEST, RESOLUTION, ITERATIONS = 2, 3, 1.0, 3
# An object that more of the platform than this shares joins nobody in particular.
RARE = 500


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
    every = _joins(graph, candidates)
    enough = every.data >= PIECES
    joined = sp.coo_matrix((every.data[enough], (every.row[enough], every.col[enough])), every.shape)
    labels = _attached(_leiden(joined, seed), every)
    sizes = np.bincount(labels, minlength=1)
    order = np.argsort(-sizes, kind="stable")
    kept = [label for label in order if sizes[label] >= SMALLEST]
    member_of = np.full(graph.size, -1, dtype=np.int64)
    for number, label in enumerate(kept):
        member_of[candidates[labels == label]] = number
    first, second = candidates[joined.row], candidates[joined.col]
    inside = (member_of[first] >= 0) & (member_of[second] >= 0)
    return Networks(
        member_of=member_of,
        ids=_names(graph, [np.flatnonzero(member_of == number) for number in range(len(kept))]),
        first=first[inside],
        second=second[inside],
        pieces=joined.data[inside].astype(np.int64),
    )


def _joins(graph: Graph, candidates: NDArray[np.int64]) -> sp.coo_matrix:
    """The upper half of a candidates x candidates matrix: the number of things that join each pair."""
    content = [ties.forward for ties in graph.relations if ties.objects is not None]
    size = len(candidates)
    total = sp.identity(size, dtype=np.int64, format="csr")  # the diagonal is cut off below
    if content:
        first, second, shared = local.cooccur([_rare(matrix) for matrix in content], candidates, 1)
        total = total + sp.csr_matrix((shared, (first, second)), total.shape)
    for ties in graph.relations:
        if ties.objects is None:
            direct = (ties.forward.to_scipy()[candidates][:, candidates] > 0).astype(np.int64)
            total = total + sp.triu(direct + direct.T, k=1)
    return sp.triu(total, k=1).tocoo()


def _attached(labels: NDArray[np.int64], every: sp.coo_matrix) -> NDArray[np.int64]:
    """Candidates that Leiden left by themselves go to the community with which most things join them, if any does."""
    sizes = np.bincount(labels)
    lone = sizes[labels] < SMALLEST
    both = (every + every.T).tocsr()
    shares = sp.csr_matrix((np.ones(len(labels)), (np.arange(len(labels)), labels)), (len(labels), len(sizes)))
    pull = (both[lone] @ shares @ sp.diags((sizes >= SMALLEST).astype(float))).toarray()
    attached = labels.copy()
    attached[lone] = np.where(pull.max(axis=1, initial=0) > 0, pull.argmax(axis=1) if pull.size else 0, labels[lone])
    return attached


def _rare(matrix: Csr) -> Csr:
    popular = np.bincount(matrix.targets, minlength=matrix.columns) > RARE
    weights = np.where(popular[matrix.targets], 0, 1).astype(np.float32)
    there = weights > 0
    starts = np.concatenate(([0], np.cumsum(np.bincount(matrix.sources()[there], minlength=matrix.rows))))
    return Csr(starts.astype(np.int64), matrix.targets[there], weights[there], matrix.columns)


def _leiden(joined: sp.coo_matrix, seed: int) -> NDArray[np.int64]:
    size = joined.shape[0]
    both = (joined + joined.T).tocsr()
    both.sort_indices()
    if both.nnz == 0:
        return np.arange(size)
    _, labels = graspologic_native.leiden_csr(
        both.indptr.astype(np.int64),
        both.indices.astype(np.int32),
        both.data.astype(np.float64),
        size,
        resolution=RESOLUTION,
        iterations=ITERATIONS,
        seed=seed,
    )
    # Accounts that nothing joins may be left out of the answer: each is a community of its own.
    lone = max(labels.values(), default=-1) + 1
    return np.array([labels.get(node, lone + node) for node in range(size)], dtype=np.int64)


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
