"""How are ties held in memory? As compressed sparse rows: all targets of one source side by side.

Ties are dealt out twice: to buckets of neighbouring rows, then to the rows of each bucket, which by then fit into a
core's cache. No sort of all ties, and never more than 20 bytes a tie beside what goes in.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp
from numba import njit
from numpy.typing import NDArray

from ringfence.kernels.threads import in_ranges, shares
from ringfence.model.faults import Fault

Index = NDArray[np.int64]
Ids = NDArray[np.uint32]
Weights = NDArray[np.float32]
Packed = NDArray[np.uint64]

# How many ties a builder converts at a time: enough to keep the threads busy, few enough to stay in the cache.
_PIECE = 1 << 18
# Buckets of about this many ties, but not so many buckets that writing to all of them outgrows the page tables' cache.
_BUCKET, _MOST_BUCKETS = 1 << 15, 1 << 10
# Rows up to this long are sorted by insertion; longer ones by numba's sort, which allocates.
_SHORT = 32
# What becomes of a tie's two weights when two matrices become one.
_SUM, _LARGER = 0, 1


@dataclass(frozen=True, slots=True)
class Csr:
    """A weighted `rows` x `columns` matrix of ties.

    `starts` has rows + 1 entries; row i owns `targets[starts[i]:starts[i + 1]]` (ascending, no repeats) and the
    `weights` beside them.
    """

    starts: Index
    targets: Ids
    weights: Weights
    columns: int

    @property
    def rows(self) -> int:
        return len(self.starts) - 1

    @property
    def ties(self) -> int:
        return len(self.targets)

    def row(self, source: int) -> Ids:
        """The targets of one source, ascending."""
        return self.targets[self.starts[source] : self.starts[source + 1]]

    def degree(self) -> Index:
        """How many targets each row has."""
        return np.diff(self.starts)

    def sources(self) -> Ids:
        """The row of each tie, beside `targets`."""
        return np.repeat(np.arange(self.rows, dtype=np.uint32), self.degree())

    def transposed(self) -> "Csr":
        """The same ties seen from the other end."""
        starts, packed = _dealt(lambda: _turned_pieces(self), self.columns, self.ties)
        return _unpacked(starts, packed, starts, self.rows)

    def to_scipy(self) -> Any:
        """The same matrix for scipy, sharing the weights."""
        return sp.csr_matrix((self.weights, self.targets.astype(np.int64), self.starts), (self.rows, self.columns))


def from_pairs(
    rows: NDArray[np.integer], columns: NDArray[np.integer], weights: NDArray[np.floating], shape: tuple[int, int]
) -> Csr:
    """Build from ties in any order; the weights of a tie given more than once are added up.

    Raises Fault for a tie outside of `shape`.
    """
    starts, packed = _dealt(lambda: _pieces(rows, columns, weights, shape), shape[0], len(rows))
    different = np.empty(shape[0], np.int64)
    in_ranges(lambda first, last: _sort_rows(starts, packed, different, first, last), shares(starts))
    return _unpacked(starts, packed, _starts(different), shape[1])


def merged(first: Csr, second: Csr) -> Csr:
    """The sum of two matrices, of the larger shape in both directions: a day's ties join those there are."""
    return _united(first, second, _SUM)


def greater(first: Csr, second: Csr) -> Csr:
    """The larger weight of each tie that either matrix has, in the larger shape in both directions."""
    return _united(first, second, _LARGER)


def _united(first: Csr, second: Csr, both: int) -> Csr:
    rows = max(first.rows, second.rows)
    one = _longer(first.starts, rows), first.targets, first.weights
    other = _longer(second.starts, rows), second.targets, second.weights
    counts, cuts = np.empty(rows, np.int64), shares(one[0] + other[0])
    in_ranges(lambda top, last: _count_union(*one[:2], *other[:2], counts, top, last), cuts)
    union = _starts(counts)
    targets, weights = np.empty(int(union[-1]), np.uint32), np.empty(int(union[-1]), np.float32)
    in_ranges(lambda top, last: _unite(*one, *other, both, union, targets, weights, top, last), cuts)
    return Csr(union, targets, weights, max(first.columns, second.columns))


def keep_columns(matrix: Csr, kept: NDArray[np.bool_]) -> Csr:
    """Only the ties to the columns that are `kept`, which are numbered anew in the same order."""
    numbers = (np.cumsum(kept) - 1).astype(np.uint32)
    return _kept(matrix, kept, numbers, int(kept.sum()))


def empty_columns(matrix: Csr, kept: NDArray[np.bool_]) -> Csr:
    """Only the ties to the columns that are `kept`; the others stay, with no tie, and no column changes its number."""
    return _kept(matrix, kept, np.arange(matrix.columns, dtype=np.uint32), matrix.columns)


def _kept(matrix: Csr, kept: NDArray[np.bool_], numbers: Ids, columns: int) -> Csr:
    counts, cuts = np.empty(matrix.rows, np.int64), shares(matrix.starts)
    in_ranges(lambda first, last: _count_kept(matrix.starts, matrix.targets, kept, counts, first, last), cuts)
    starts = _starts(counts)
    targets, weights = np.empty(int(starts[-1]), np.uint32), np.empty(int(starts[-1]), np.float32)
    held = matrix.starts, matrix.targets, matrix.weights
    in_ranges(lambda first, last: _keep(*held, kept, numbers, starts, targets, weights, first, last), cuts)
    return Csr(starts, targets, weights, columns)


def _starts(counts: Index) -> Index:
    starts = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


def _longer(starts: Index, rows: int) -> Index:
    return np.concatenate((starts, np.full(rows + 1 - len(starts), starts[-1])))


def _dealt(pieces: Callable[[], Iterator[tuple[Ids, Packed]]], rows: int, ties: int) -> tuple[Index, Packed]:
    """Ties by row, in the order in which they come within each: where each row starts, and the packed ties."""
    buckets = min(_MOST_BUCKETS, ties // _BUCKET + 1)
    shift = max(0, (max(rows, 1) - 1).bit_length() - (buckets - 1).bit_length())
    counts = np.zeros((max(rows, 1) - 1 >> shift) + 1, np.int64)
    for some_rows, _ in pieces():
        _count(some_rows, shift, counts)
    bounds = _starts(counts)
    following, cuts = bounds[:-1].copy(), shares(bounds)
    bucket_rows, bucket_packed = np.empty(ties, np.uint32), np.empty(ties, np.uint64)
    for some_rows, some_packed in pieces():
        in_ranges(_filling(some_rows, some_packed, shift, following, bucket_rows, bucket_packed), cuts)
    starts, packed = np.zeros(rows + 1, np.int64), np.empty(ties, np.uint64)
    starts[rows] = ties
    in_ranges(lambda first, last: _deal(bounds, bucket_rows, bucket_packed, shift, starts, packed, first, last), cuts)
    return starts, packed


def _filling(
    rows: Ids, packed: Packed, shift: int, following: Index, out_rows: Ids, out: Packed
) -> Callable[[int, int], object]:
    return lambda first, last: _fill(rows, packed, shift, following, out_rows, out, first, last)


def _unpacked(starts: Index, packed: Packed, merged_starts: Index, columns: int) -> Csr:
    targets = np.empty(int(merged_starts[-1]), np.uint32)
    weights = np.empty(int(merged_starts[-1]), np.float32)
    # Both views see the two halves of each word: the weight, then the target.
    halves = packed.view(np.uint32), packed.view(np.float32)
    in_ranges(
        lambda first, last: _unpack(starts, *halves, merged_starts, targets, weights, first, last), shares(starts)
    )
    return Csr(merged_starts, targets, weights, columns)


def _pieces(
    rows: NDArray[np.integer], columns: NDArray[np.integer], weights: NDArray[np.floating], shape: tuple[int, int]
) -> Iterator[tuple[Ids, Packed]]:
    """The ties in pieces, whatever their types: rows, and each tie's column above the bits of its weight."""
    for begin in range(0, len(rows), _PIECE):
        piece = slice(begin, begin + _PIECE)
        some_rows, some_columns = rows[piece].astype(np.uint32), columns[piece].astype(np.uint32)
        if some_rows.max() >= shape[0] or some_columns.max() >= shape[1]:
            raise Fault(
                f"a tie outside of the {shape[0]:,} rows and {shape[1]:,} columns",
                where="ties",
                mend="number rows and columns from 0",
            )
        yield some_rows, _packed(some_columns, weights[piece].astype(np.float32))


def _turned_pieces(matrix: Csr) -> Iterator[tuple[Ids, Packed]]:
    """The ties of the transpose in pieces of whole rows: targets, and each tie's source above its weight."""
    cuts = np.searchsorted(matrix.starts, np.arange(0, matrix.ties, _PIECE), side="right") - 1
    for first, last in pairwise([*cuts.tolist(), matrix.rows]):
        begin, end = matrix.starts[first], matrix.starts[last]
        sources = np.repeat(np.arange(first, last, dtype=np.uint32), np.diff(matrix.starts[first : last + 1]))
        yield matrix.targets[begin:end], _packed(sources, matrix.weights[begin:end])


def _packed(ids: Ids, weights: Weights) -> Packed:
    halves = np.empty((len(ids), 2), np.uint32)
    halves[:, 0], halves[:, 1] = weights.view(np.uint32), ids
    return halves.view(np.uint64)[:, 0]


@njit(nogil=True, cache=True)
def _count(ids: Ids, shift: int, counts: Index) -> None:
    for one in ids:
        counts[one >> shift] += 1


@njit(nogil=True, cache=True)
def _fill(
    rows: Ids, packed: Packed, shift: int, following: Index, out_rows: Ids, out: Packed, first: int, last: int
) -> None:
    """Deal ties out to the buckets from `first` to `last`."""
    for tie in range(len(rows)):
        bucket = rows[tie] >> shift
        if first <= bucket < last:
            place = following[bucket]
            out_rows[place], out[place] = rows[tie], packed[tie]
            following[bucket] = place + 1


@njit(nogil=True, cache=True)
def _deal(
    bounds: Index, rows: Ids, packed: Packed, shift: int, starts: Index, out: Packed, first: int, last: int
) -> None:
    """Deal the ties of each bucket out to its rows, and tell where each row starts."""
    following = np.empty(1 << shift, np.int64)
    for bucket in range(first, last):
        row, following[:] = bucket << shift, 0
        for tie in range(bounds[bucket], bounds[bucket + 1]):
            following[rows[tie] - row] += 1
        place = bounds[bucket]
        for local in range(min(1 << shift, len(starts) - 1 - row)):
            starts[row + local] = place
            place += following[local]
            following[local] = starts[row + local]
        for tie in range(bounds[bucket], bounds[bucket + 1]):
            local = rows[tie] - row
            out[following[local]] = packed[tie]
            following[local] += 1


@njit(nogil=True, cache=True)
def _sort_rows(starts: Index, packed: Packed, counts: Index, first: int, last: int) -> None:
    """Sort each row, and count its different targets."""
    for row in range(first, last):
        begin, end = starts[row], starts[row + 1]
        if end - begin > _SHORT:
            packed[begin:end].sort()
        else:
            for tie in range(begin + 1, end):
                moving, place = packed[tie], tie
                while place > begin and packed[place - 1] > moving:
                    packed[place] = packed[place - 1]
                    place -= 1
                packed[place] = moving
        counts[row] = 0
        for tie in range(begin, end):
            if tie == begin or packed[tie] >> np.uint64(32) != packed[tie - 1] >> np.uint64(32):
                counts[row] += 1


@njit(nogil=True, cache=True)
def _unpack(
    starts: Index,
    packed_targets: Ids,
    packed_weights: Weights,
    merged_starts: Index,
    targets: Ids,
    weights: Weights,
    first: int,
    last: int,
) -> None:
    """Part the packed words, adding up equal targets. Both views see each word's two halves: weight, then target."""
    for row in range(first, last):
        out, total = merged_starts[row] - 1, 0.0
        for tie in range(starts[row], starts[row + 1]):
            target = packed_targets[2 * tie + 1]
            if tie == starts[row] or target != targets[out]:
                out += 1
                total = 0.0
                targets[out] = target
            total += packed_weights[2 * tie]
            weights[out] = total


@njit(nogil=True, cache=True)
def _count_union(
    starts: Index, targets: Ids, more_starts: Index, more_targets: Ids, counts: Index, first: int, last: int
) -> None:
    for row in range(first, last):
        one, end = starts[row], starts[row + 1]
        other, more_end = more_starts[row], more_starts[row + 1]
        both = 0
        while one < end and other < more_end:
            left, right = targets[one], more_targets[other]
            both += left == right
            one += left <= right
            other += right <= left
        counts[row] = end - starts[row] + more_end - more_starts[row] - both


@njit(nogil=True, cache=True)
def _unite(
    starts: Index,
    targets: Ids,
    weights: Weights,
    more_starts: Index,
    more_targets: Ids,
    more_weights: Weights,
    both: int,
    union: Index,
    out_targets: Ids,
    out_weights: Weights,
    first: int,
    last: int,
) -> None:
    for row in range(first, last):
        one, end = starts[row], starts[row + 1]
        other, more_end = more_starts[row], more_starts[row + 1]
        for out in range(union[row], union[row + 1]):
            mine = one < end and (other == more_end or targets[one] <= more_targets[other])
            theirs = other < more_end and (one == end or more_targets[other] <= targets[one])
            out_targets[out] = targets[one] if mine else more_targets[other]
            if mine and theirs:
                left, right = weights[one], more_weights[other]
                out_weights[out] = left + right if both == _SUM else max(left, right)
            else:
                out_weights[out] = weights[one] if mine else more_weights[other]
            one += mine
            other += theirs


@njit(nogil=True, cache=True)
def _count_kept(starts: Index, targets: Ids, kept: NDArray[np.bool_], counts: Index, first: int, last: int) -> None:
    for row in range(first, last):
        counts[row] = 0
        for tie in range(starts[row], starts[row + 1]):
            counts[row] += kept[targets[tie]]


@njit(nogil=True, cache=True)
def _keep(
    starts: Index,
    targets: Ids,
    weights: Weights,
    kept: NDArray[np.bool_],
    numbers: Ids,
    kept_starts: Index,
    out_targets: Ids,
    out_weights: Weights,
    first: int,
    last: int,
) -> None:
    for row in range(first, last):
        out = kept_starts[row]
        for tie in range(starts[row], starts[row + 1]):
            if kept[targets[tie]]:
                out_targets[out], out_weights[out] = numbers[targets[tie]], weights[tie]
                out += 1
