"""Which media are near-duplicates of each other? Those that a chain of near codes joins, found exactly.

Codes stand in the tables of an index, and of each word each bucket is compared with itself and with those that differ
in few bits: a plan that misses no near code misses no near pair. What is judged are next words that lie in a row, 32
at once. Copies altered a thousand times fill a bucket with codes that are near one another; there only pairs are
judged that are not in one cluster yet, so such a bucket is soon done.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.kernels.prefetch import prefetch
from ringfence.kernels.threads import THREADS
from ringfence.kernels.union import root, settle, unite, unite_all
from ringfence.media.hashes import RADIUS, Codes
from ringfence.media.index.bits import WORDS, mixed
from ringfence.media.index.order import by_columns, new_rows, taken
from ringfence.media.index.plan import choose, met_by_words
from ringfence.media.index.scan import FLIPS, WITHIN, Numbers, distance
from ringfence.media.index.tables import BUCKETS, LEAD, High, build
from ringfence.media.index.vectors import LANES, lowest, near, other

FEW = 4_096  # codes; fewer are compared one by one, while tables would be made
HOT = 1 << 12  # pairs of two buckets from which on it pays to know which are in one cluster already
WAITING = 1_024  # pairs whose codes are asked for before they are compared


def join_near(codes: Codes, parent: Numbers, fresh: int = 0, radius: int = RADIUS) -> None:
    """Unite, in `parent` (n numbers, see union.py), the places of codes (n x 4) that are near each other.

    Where the places before `fresh` have been united before, it is enough to look at pairs with one of the others.
    """
    if len(codes) <= max(fresh, 1):
        return
    code = mixed(codes)
    order = by_columns(code, np.arange(len(code)))
    code = taken(code, order)
    new = new_rows(code)
    owners = order[new]  # the first place that has the code
    unite_all(parent, order, owners[np.cumsum(new) - 1])
    code = code if new.all() else np.ascontiguousarray(code[new])
    # The first place of a code may be an old one though a fresh one has it too; then all its pairs are old.
    asks = owners >= (fresh if 2 * fresh > len(codes) else 0)
    for own in _joined(code, radius, asks):
        unite_all(parent, owners, owners[own])
    settle(parent)


def _joined(codes: Codes, radius: int, asks: NDArray[np.bool_]) -> list[Numbers]:
    """What each thread has united, of distinct codes that are mixed and sorted."""
    if len(codes) < FEW:
        own = np.arange(len(codes))
        _every_pair(codes, radius, own)
        return [own]
    tables = build(codes)
    radii = np.array(choose(radius, met_by_words(tables.starts), len(codes)).radii)
    threads = min(THREADS, WORDS)
    parents = [np.arange(len(codes)) for _ in range(threads)]
    cuts = np.linspace(0, WORDS, threads + 1).astype(int).tolist()

    def task(own: Numbers, cut: tuple[int, int]) -> None:
        _join_bands(
            codes, radius, radii, asks, tables.starts, tables.beside, tables.low, tables.high,
            FLIPS, WITHIN, own, *cut,
        )  # fmt: skip

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(task, parents, pairwise(cuts)))
    return parents


@njit(nogil=True, cache=True)
def _every_pair(codes: Codes, radius: int, parent: Numbers) -> None:
    for one in range(len(codes)):
        for two in range(one + 1, len(codes)):
            if distance(codes, one, codes, two) <= radius:
                unite(parent, one, two)


class _Band(NamedTuple):
    """What a kernel needs of one word: `numbers` and `beside` say which code, and which next word, is at each place."""

    codes: Codes
    radius: int
    asks: NDArray[np.bool_]
    all_ask: bool
    numbers: Numbers
    beside: NDArray[np.uint16]


@njit(nogil=True, cache=True)
def _join_bands(
    codes: Codes, radius: int, radii: Numbers, asks: NDArray[np.bool_], starts: NDArray[np.uint32],
    beside: NDArray[np.uint16], low: NDArray[np.uint16], high: High, flips: Numbers, within: Numbers, parent: Numbers,
    first: int, last: int,
) -> None:  # fmt: skip
    """The pairs that the words first..last lead to."""
    count, all_ask = len(codes), bool(asks.all())
    numbers, labels = np.empty(count, np.int64), np.empty(count + LANES, np.int32)
    pairs = np.empty((WAITING, 2), np.int64)
    for word in range(first, last):
        if radii[word] >= 0:
            _numbers(word, low, high, numbers)
            # The words that are read over belong to the next band, or to nobody.
            one = _Band(codes, radius, asks, all_ask, numbers, beside[word * count : (word + 1) * count + LANES])
            spare = radii[word] + radii[(word + 1) % WORDS] + 1
            _join_band(one, radii[word], spare, starts[word], flips, within, labels, pairs, parent)


@njit(nogil=True, cache=True)
def _numbers(word: int, low: NDArray[np.uint16], high: High, numbers: Numbers) -> None:
    back = (word - (word > LEAD)) * len(numbers)
    for place in range(len(numbers)):
        numbers[place] = place if word == LEAD else np.int64(low[back + place]) | np.int64(high[back + place]) << 16


@njit(nogil=True, cache=True)
def _join_band(
    band: _Band, width: int, spare: int, starts: NDArray[np.uint32], flips: Numbers, within: Numbers,
    labels: NDArray[np.int32], pairs: Numbers, parent: Numbers,
) -> None:  # fmt: skip
    """Where all ask, two buckets are compared once and not either way."""
    waiting = 0
    for bucket in range(BUCKETS):
        begin, end = np.int64(starts[bucket]), np.int64(starts[bucket + 1])
        if begin == end:
            continue
        bits = 0
        for flip in range(within[width]):
            while flip >= within[bits]:
                bits += 1
            beyond = bucket ^ flips[flip]
            if (band.all_ask and beyond < bucket) or spare < bits:
                continue
            since, until = np.int64(starts[beyond]), np.int64(starts[beyond + 1])
            if (end - begin) * (until - since) >= HOT:
                _join_hot(band, begin, end, since, until, spare - bits, labels, parent)
            elif since < until:
                waiting = _join_two(band, begin, end, since, until, spare - bits, pairs, waiting, parent)
    _compare(band, pairs, waiting, parent)


@njit(nogil=True, cache=True)
def _join_two(
    band: _Band, begin: np.int64, end: np.int64, since: np.int64, until: np.int64, most: int,
    pairs: Numbers, waiting: int, parent: Numbers,
) -> int:  # fmt: skip
    """Compare the codes at begin..end with those at since..until; how many pairs wait after that."""
    flat = band.codes.reshape(-1)
    for place in range(begin, end):
        one, wanted = band.numbers[place], np.int64(band.beside[place])
        if not band.asks[one]:
            continue
        for start in range(place + 1 if band.all_ask and since == begin else since, until, LANES):
            mask = near(band.beside, start, wanted, most)
            if until - start < LANES:
                mask &= (np.uint64(1) << np.uint64(until - start)) - np.uint64(1)
            while mask:
                if waiting == len(pairs):
                    _compare(band, pairs, waiting, parent)
                    waiting = 0
                pairs[waiting, 0], pairs[waiting, 1] = one, band.numbers[start + lowest(mask)]
                prefetch(flat, pairs[waiting, 1] * 4)
                mask &= mask - np.uint64(1)
                waiting += 1
    return waiting


@njit(nogil=True, cache=True)
def _compare(band: _Band, pairs: Numbers, waiting: int, parent: Numbers) -> None:
    for pair in range(waiting):
        one, two = pairs[pair, 0], pairs[pair, 1]
        if distance(band.codes, one, band.codes, two) <= band.radius:
            unite(parent, one, two)


@njit(nogil=True, cache=True)
def _join_hot(
    band: _Band, begin: np.int64, end: np.int64, since: np.int64, until: np.int64, most: int,
    labels: NDArray[np.int32], parent: Numbers,
) -> None:  # fmt: skip
    """As `_join_two`, but pairs of one cluster are passed over: by `labels`, which say what cluster a place was in.

    A label that is out of date costs time only. When as many have been met as there are labels, all are renewed.
    """
    alike, stale = _renew(band, since, until, labels, parent), 0
    for place in range(begin, end):
        one, wanted = band.numbers[place], np.int64(band.beside[place])
        if not band.asks[one]:
            continue
        own = root(parent, one)
        if alike and own == labels[since]:
            continue
        for start in range(place + 1 if band.all_ask and since == begin else since, until, LANES):
            mask = near(band.beside, start, wanted, most) & other(labels, start, own)
            if until - start < LANES:
                mask &= (np.uint64(1) << np.uint64(until - start)) - np.uint64(1)
            while mask:
                two = band.numbers[start + lowest(mask)]
                mask &= mask - np.uint64(1)
                if root(parent, two) == own:
                    stale += 1
                elif distance(band.codes, one, band.codes, two) <= band.radius:
                    unite(parent, one, two)
                    own = root(parent, one)
                    stale += 1
        if stale > until - since:
            alike, stale = _renew(band, since, until, labels, parent), 0


@njit(nogil=True, cache=True)
def _renew(band: _Band, since: np.int64, until: np.int64, labels: NDArray[np.int32], parent: Numbers) -> bool:
    """Whether all of the places are in one cluster."""
    alike = True
    for place in range(since, until):
        labels[place] = root(parent, band.numbers[place])
        alike = alike and labels[place] == labels[since]
    return alike
