"""What is a graph here? All relations over one set of accounts, each as ties from accounts to what they tie to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from numba import njit
from numpy.typing import NDArray

from ringfence.graph.csr import Csr, Ids, Weights, empty_columns, from_pairs, keep_columns, merged
from ringfence.graph.features import described, finite
from ringfence.graph.memory import fits
from ringfence.kernels.threads import even, in_ranges
from ringfence.model.faults import Fault
from ringfence.model.words import ACCOUNT_RELATIONS, Relation

# An object that very many use ties nobody to anybody: the cap is the larger of a number and a share of the accounts.
DEGREE_CAP, DEGREE_CAP_SHARE = 10_000, 0.01
# So many ties between accounts, none of them returned, are a list of pairs that has each pair once.
PAIRS = 1_000


@dataclass(frozen=True, slots=True)
class Ties:
    """One relation. `forward` is accounts x targets and `backward` its transpose.

    Targets are accounts in an account relation, else objects named in `objects`. Weights are log(1 + count) times the
    log of how rare the target is: a rare object ties more than a popular one. Objects that one account alone uses tie
    nobody and are left out; `alone` says how many of them each account has.
    """

    relation: Relation
    forward: Csr
    backward: Csr
    objects: pa.StringArray | None
    alone: NDArray[np.int32]

    def name(self, target: int, accounts: pa.StringArray) -> str:
        names = accounts if self.objects is None else self.objects
        return str(names[target].as_py())


@dataclass(frozen=True, slots=True)
class Graph:
    """Accounts by dense id 0 to n - 1, every relation between them, and what else is known of each account.

    `features` is accounts x columns of finite numbers, or None.
    """

    accounts: pa.StringArray
    relations: tuple[Ties, ...]
    features: NDArray[np.float32] | None = None

    @property
    def size(self) -> int:
        return len(self.accounts)

    @property
    def ties(self) -> int:
        """How many ties remain, of all relations, after the cap on object degree."""
        return sum(relation.forward.ties for relation in self.relations)

    @staticmethod
    def from_tables(tables: Mapping[str, pa.Table], features: pa.Table | NDArray[np.floating] | None = None) -> "Graph":
        """Build from Arrow tables with columns src, dst and optionally weight, one for each relation.

        `src` is always an account; `dst` is one in `follows`, `replies`, `mentions` and `co_reported`, else an object
        (a hashtag, a media hash, a link), taken as it is spelled. Ids may be strings or integers. A tie given more
        than once counts once, with the weights added up. `features` is an Arrow table with an `account_id` column and
        numbers, or a matrix whose row i describes the account with the id i. The order of relations and rows changes
        nothing. Raises Fault when there is no room.
        """
        named = {_relation(name): _columns(name, table) for name, table in tables.items()}
        ends = [columns[0] for columns in named.values()]
        ends += [columns[1] for relation, columns in named.items() if relation in ACCOUNT_RELATIONS]
        known = described(features)
        if known is not None:
            ends.insert(0, known.accounts)
        accounts = _distinct(pa.chunked_array(ends, pa.string()))
        fits(sum(len(src) for src, _, _ in named.values()), len(accounts))
        built = []
        for relation, (src, dst, weight) in sorted(named.items()):
            objects = None if relation in ACCOUNT_RELATIONS else _distinct(dst)
            targets = pc.index_in(dst, accounts if objects is None else objects).to_numpy()
            rows = pc.index_in(src, accounts).to_numpy()
            built.append(from_counts(relation, rows, targets, weight, len(accounts), objects))
        return Graph(accounts, tuple(built), None if known is None else known.of(accounts))

    @staticmethod
    def from_matrices(
        matrices: Mapping[str, Any],
        features: NDArray[np.floating] | None = None,
        accounts: Sequence[str] | None = None,
    ) -> "Graph":
        """Build from scipy sparse matrices of counts, accounts x accounts or accounts x objects, one for each relation.

        Row i is the account named `accounts[i]`, or "i" where no names are given; so is row i of `features`.
        """
        sizes = {matrix.shape[0] for matrix in matrices.values()} | ({len(features)} if features is not None else set())
        names = pa.array([str(n) for n in range(max(sizes, default=0))] if accounts is None else accounts, pa.string())
        if sizes - {len(names)}:
            raise Fault(
                f"{len(names):,} accounts, and matrices of {', '.join(map(str, sorted(sizes)))} rows",
                where="matrices",
                mend="give every matrix one row an account",
            )
        fits(sum(matrix.nnz for matrix in matrices.values()), len(names))
        built = []
        for name, matrix in matrices.items():
            relation, entries = _relation(name), sp.coo_matrix(matrix)
            objects = (
                None
                if relation in ACCOUNT_RELATIONS
                else pa.array([str(n) for n in range(entries.shape[1])], pa.string())
            )
            if objects is None and entries.shape[0] != entries.shape[1]:
                raise Fault(f"it is {entries.shape}", where=name, mend="give a square matrix, accounts x accounts")
            _positive(name, entries.data.astype(np.float64))
            built.append(from_counts(relation, entries.row, entries.col, entries.data, len(names), objects))
        return Graph(names, tuple(built), None if features is None else finite(features))

    def find(self, account_ids: list[str]) -> NDArray[np.int64]:
        """The dense ids of some accounts; a `Fault` names the first that is not in the graph."""
        places = pc.index_in(pa.array(account_ids, pa.string()), self.accounts)
        if places.null_count:
            missing = account_ids[places.is_null().to_pylist().index(True)]
            raise Fault(
                f"account {missing!r} is not among the {self.size:,} accounts",
                where="seeds",
                mend="check the id, or ingest the events it appears in",
            )
        return np.asarray(places.to_numpy(), dtype=np.int64)


def from_counts(
    relation: Relation,
    rows: NDArray[np.integer],
    targets: NDArray[np.integer],
    counts: NDArray[np.floating],
    accounts: int,
    objects: pa.StringArray | None,
) -> Ties:
    """One relation from counted ties: self-loops, lone objects and objects over the degree cap are left out.

    Ties between accounts of which at least PAIRS are given and none is returned are read as undirected.
    """
    if objects is None:
        other = rows != targets
        if not other.all():
            rows, targets, counts = rows[other], targets[other], counts[other]
    matrix = from_pairs(rows, targets, counts, (accounts, accounts if objects is None else len(objects)))
    if objects is None and len(rows) >= PAIRS and not _returned(matrix.starts, matrix.targets):
        matrix = merged(matrix, matrix.transposed())
    return weighed(relation, matrix, objects)


@njit(nogil=True, cache=True)
def _returned(starts: NDArray[np.int64], targets: Ids) -> bool:
    """Whether any two accounts are tied in both directions; most often a tie among the first is."""
    for row in range(len(starts) - 1):
        for tie in range(starts[row], starts[row + 1]):
            target = targets[tie]
            first, last = starts[target], starts[target + 1]
            while first < last:
                middle = (first + last) // 2
                if targets[middle] < row:
                    first = middle + 1
                else:
                    last = middle
            if first < starts[target + 1] and targets[first] == row:
                return True
    return False


def weighed(relation: Relation, counts: Csr, objects: pa.StringArray | None) -> Ties:
    """One relation from its counts, which have no self-loops; the names of `objects` stay in their order."""
    matrix, accounts = counts, counts.rows
    popularity = np.bincount(matrix.targets, minlength=matrix.columns)
    lone = np.zeros(0, np.uint32) if objects is None else matrix.sources()[popularity[matrix.targets] == 1]
    kept = popularity <= max(DEGREE_CAP, int(DEGREE_CAP_SHARE * accounts))
    if objects is not None:
        kept &= popularity > 1
        matrix = keep_columns(matrix, kept)
        popularity, objects = popularity[kept], objects.filter(pa.array(kept))
    elif not kept.all():
        # Accounts keep their numbers, so a hub's column is emptied, not taken out.
        matrix = empty_columns(matrix, kept)
    rarity = np.log(max(accounts, 2) / np.maximum(popularity, 1)) + 1e-3
    weights = np.empty(matrix.ties, np.float32)
    held = matrix.targets, matrix.weights
    in_ranges(lambda first, last: _weigh(*held, rarity, weights, first, last), even(matrix.ties))
    forward = Csr(matrix.starts, matrix.targets, weights, matrix.columns)
    alone = np.bincount(lone, minlength=accounts).astype(np.int32)
    return Ties(relation, forward, forward.transposed(), objects, alone)


@njit(nogil=True, cache=True)
def _weigh(targets: Ids, counts: Weights, rarity: NDArray[np.float64], weights: Weights, first: int, last: int) -> None:
    for tie in range(first, last):
        weights[tie] = np.log1p(counts[tie]) * rarity[targets[tie]]


def _distinct(names: pa.ChunkedArray) -> pa.StringArray:
    distinct = pc.unique(names)
    return distinct.take(pc.sort_indices(distinct))


def _relation(name: str) -> Relation:
    if name not in list(Relation):
        raise Fault(f"unknown relation {name!r}", where="tables", mend=f"use one of {', '.join(Relation)}")
    return Relation(name)


def _columns(name: str, table: pa.Table) -> tuple[pa.StringArray, pa.StringArray, NDArray[np.float64]]:
    if missing := {"src", "dst"} - set(table.column_names):
        raise Fault(
            f"no column {', '.join(sorted(missing))} among {', '.join(table.column_names)}",
            where=name,
            mend="name the columns src, dst and optionally weight",
        )
    src, dst = (table[end].combine_chunks().cast(pa.string()) for end in ("src", "dst"))
    if src.null_count or dst.null_count:
        raise Fault("a tie without an end (null in src or dst)", where=name, mend="leave such rows out")
    weight = table["weight"].to_numpy().astype(np.float64) if "weight" in table.column_names else np.ones(len(src))
    _positive(name, weight)
    return src, dst, weight


def _positive(name: str, weight: NDArray[np.float64]) -> None:
    if not (np.isfinite(weight).all() and (weight > 0).all()):
        raise Fault("a weight that is not a positive number", where=name, mend="leave such rows out or give them 1")
