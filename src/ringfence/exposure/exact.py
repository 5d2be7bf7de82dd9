"""How exposed is a test account that starts at any account? Computed for all starts at once, with nothing drawn.

The walk: a test account at account v sees the slate S(v), clicks slot i with probability c_i(v) (see `choices`), and is
then at the account S_i(v). It remembers nothing. A slate with no filled slot ends the walk. m(u) is 1 for a member and
0 for others, an empty slot included. All figures follow from one sum, the mean over the next click:

    (C x)(v) = sum over i of c_i(v) x(S_i(v))

Sums run in the order of the slots and each account's is its own, so the answer is the same for any number of threads.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.exposure.choices import Choice, Weights, open_slots
from ringfence.exposure.slates import Mask, Shown, Slates
from ringfence.graph.csr import Index
from ringfence.kernels.threads import WORTH_A_THREAD, in_ranges
from ringfence.model.faults import Fault

Chances = NDArray[np.float64]

HORIZONS = (1, 3, 10)
PATIENCE = 0.85  # the chance to go on after a slate: six or seven slates on average
MOST_PATIENT = 0.999  # a thousand slates on average; at 1 there need be no finite answer
PRECISION = 1e-10

# Ranges of accounts that push visits at the same time. Whatever the threads always so many, because each adds up apart
# and their sums are added in this order; no more, because each holds a number an account, which a cache should hold.
_PARTS = 2
_BLOCK = 1 << 16  # accounts whose slots are priced at a time


@dataclass(frozen=True, slots=True)
class Discounted:
    """`exposure` has one entry a start; each is off by at most `error_bound`."""

    exposure: Chances
    iterations: int
    error_bound: float


@dataclass(frozen=True, slots=True)
class SlotPrices:
    """The dearest slots, dearest first, equal prices by viewer, then slot. `mean` is the exposure they are part of."""

    viewers: Index
    slots: Index  # from 0
    shown: Index
    prices: Chances
    mean: float


def hit_within(slates: Slates, choice: Choice, members: Mask, clicks: Sequence[int] = HORIZONS) -> Chances:
    """Probability that one of the first h clicks lands on a member: accounts x len(clicks).

    h_0 = 0 and h_t(v) = sum over i of c_i(v) (1 if S_i(v) is a member, else h_(t-1)(S_i(v))). A start that is a member
    is no hit yet: what counts is its clicks. Raises Fault for a negative h, and for members of other accounts.
    """
    step, values = _Walk(slates, choice, members), np.zeros(slates.accounts)
    answers = np.zeros((slates.accounts, len(clicks)))
    for click in range(1, _furthest(clicks) + 1):
        values = step.ahead(np.where(members, 1.0, values))
        answers[:, np.equal(clicks, click)] = values[:, None]
    return answers


def shown_within(slates: Slates, choice: Choice, members: Mask, slates_seen: Sequence[int] = HORIZONS) -> Chances:
    """Probability that one of the first h slates holds a member: accounts x len(slates_seen).

    s_0 = 0, and s_t(v) = 1 where S(v) holds a member, else (C s_(t-1))(v): the start's own slate is the first.
    Raises Fault as `hit_within` does.
    """
    step, values = _Walk(slates, choice, members), np.zeros(slates.accounts)
    holds = step.held > 0
    answers = np.zeros((slates.accounts, len(slates_seen)))
    for seen in range(1, _furthest(slates_seen) + 1):
        values = np.where(holds, 1.0, step.ahead(values))
        answers[:, np.equal(slates_seen, seen)] = values[:, None]
    return answers


def discounted(slates: Slates, choice: Choice, members: Mask, patience: float = PATIENCE) -> Discounted:
    """Expected slots that hold a member, over a session that goes on after each slate with chance `patience`.

    E(v) = b(v) + patience (C E)(v), where b(v) is the number of slots of S(v) that hold a member; members end nothing.
    Solved by E_(k+1) = b + patience C E_k from E_0 = b, the Neumann series. No row of C sums to more than 1, so each
    step shrinks the largest error by `patience`, and with d the largest change of the last step

        |E_(k+1) - E| <= patience / (1 - patience) d

    It ends when that is at most 1e-10 of the largest exposure. `error_bound` adds what rounding can: a step's sums are
    off by at most (slots + 4) units in the last place, and the steps before it add up as a geometric series.
    Raises Fault for a patience outside of [0, 0.999], and for members of other accounts.
    """
    _check(patience)
    step = _Walk(slates, choice, members)
    base = step.held.astype(np.float64)
    values, following, iterations = base.copy(), np.empty(len(base)), 0
    while True:
        iterations += 1
        change = step.change(base, patience, values, following)
        values, following = following, values
        bound, largest = patience / (1 - patience) * change, float(values.max(initial=0))
        if bound <= PRECISION * largest:
            rounding = (slates.slots + 4) * float(np.finfo(np.float64).eps) * largest / (1 - patience)
            return Discounted(values, iterations, bound + rounding)


def slot_prices(
    slates: Slates,
    choice: Choice,
    members: Mask,
    starts: Chances,
    patience: float = PATIENCE,
    *,
    most: int = 1_000,
    known: Discounted | None = None,
) -> SlotPrices:
    """By how much the mean exposure falls when one slot is emptied, for the `most` dearest slots of all.

    The mean is over the start's distribution p, `starts` scaled to sum to 1 (one weight an account). An emptied slot
    shows nobody, and its click ends the walk: the other slots keep their chances, and nobody moves up. With the visits
    y = p + patience C^T y, found like E with errors measured by their sum,

        price(v, i) = y(v) (m(S_i(v)) + patience c_i(v) E(S_i(v)))

    is minus the derivative as the slot fades. The whole fall is price / (1 + patience c_i(v) G), with G the expected
    discounted visits to v of a walk from S_i(v) (Sherman and Morrison, 1950): equal where no walk comes back, and never
    more. Prices of several slots do not add up. Free slots are left out. `known` spares solving for E again; it must
    come from the same slates, choice, members and patience. Raises Fault as `discounted` does, and for weights below 0
    or all 0.
    """
    _check(patience)
    step = _Walk(slates, choice, members)
    if len(starts) != slates.accounts or not np.isfinite(starts).all() or (starts < 0).any() or not starts.any():
        raise Fault("are no distribution", where="starts", mend="give each account a weight of at least 0, not all 0")
    exposure = (known or discounted(slates, choice, members, patience)).exposure
    distribution = starts / starts.sum()
    visits = step.visits(distribution, patience)
    best = _Best(most)
    for begin in range(0, slates.accounts, _BLOCK):
        best.add(begin * slates.slots, step.prices(begin, patience, visits, exposure).reshape(-1))
    viewers, slots = np.divmod(best.places, slates.slots)
    shown = slates.ids[viewers, slots].astype(np.int64)
    return SlotPrices(viewers, slots, shown, best.prices, float(distribution @ exposure))


def _furthest(horizons: Sequence[int]) -> int:
    if min(horizons, default=0) < 0:
        raise Fault(f"are {list(horizons)}", where="horizons", mend="count from 0")
    return max(horizons, default=0)


def _check(patience: float) -> None:
    if not 0.0 <= patience <= MOST_PATIENT:
        raise Fault(f"is {patience}", where="patience", mend=f"choose a number from 0 to {MOST_PATIENT}")


class _Walk:
    """The walk's matrix C, never written down: its rows are the slates."""

    __slots__ = ("_cuts", "_head", "_ids", "_members", "_weights", "held")

    def __init__(self, slates: Slates, choice: Choice, members: Mask) -> None:
        if members.shape != (slates.accounts,) or members.dtype != np.bool_:
            raise Fault("are not one truth an account", where="members", mend="give a mask as long as the slates")
        self._ids, self._members, self._cuts = slates.ids, members, slates.cuts()
        self._weights, self._head = choice.weights(slates.slots), min(choice.head, slates.slots)
        self.held = held(slates, members)

    def ahead(self, values: Chances) -> Chances:
        """C `values`."""
        out = np.empty(len(values))
        self.change(np.zeros(len(values)), 1.0, values, out)
        return out

    def change(self, base: Chances, patience: float, values: Chances, out: Chances) -> float:
        """Put `base` + `patience` C `values` into `out`; by how much that differs from `values` at most."""
        changes = [0.0]
        given = self._ids, self._weights, self._head, base, patience, values, out
        in_ranges(lambda first, last: changes.append(_look_ahead(*given, first, last)), self._cuts)
        return max(changes)

    def visits(self, start: Chances, patience: float) -> Chances:
        """y = `start` + `patience` C^T y, off by at most 1e-10 over all accounts together."""
        parts = _PARTS if self._ids.size >= WORTH_A_THREAD else 1
        cuts = np.linspace(0, len(start), parts + 1).astype(np.int64)
        visits, following, pushed = start.copy(), np.empty(len(start)), np.empty((parts, len(start)))
        while True:
            given = self._ids, self._weights, self._head, patience, visits
            in_ranges(_pushing(given, cuts, pushed), cuts)
            np.sum(pushed, axis=0, out=following)
            following += start
            visits -= following
            change = float(np.abs(visits, out=visits).sum())
            visits, following = following, visits
            if patience / (1 - patience) * change <= PRECISION:  # of 1 or more visits
                return visits

    def prices(self, begin: int, patience: float, visits: Chances, exposure: Chances) -> Chances:
        """The price of every slot of a block of accounts: rows x slots."""
        ids = self._ids[begin : begin + _BLOCK]
        out = np.zeros(ids.shape)
        _price(ids, self._weights, self._head, self._members, patience, visits[begin:], exposure, out)
        return out


def held(slates: Slates, members: Mask) -> Shown:
    """How many slots of each account's slate hold a member."""
    out = np.empty(slates.accounts, np.int32)
    in_ranges(lambda first, last: _count_held(slates.ids, members, out, first, last), slates.cuts())
    return out


class _Best:
    """The largest prices so far, largest first; of equal ones those that came first."""

    __slots__ = ("_most", "places", "prices")

    def __init__(self, most: int) -> None:
        self._most = max(most, 0)
        self.places, self.prices = np.empty(0, np.int64), np.empty(0)

    def add(self, offset: int, prices: Chances) -> None:
        full = self._most > 0 and len(self.prices) == self._most
        found = np.flatnonzero(prices > (self.prices[-1] if full else 0.0))
        if len(found) > self._most > 0:
            least = np.partition(prices[found], -self._most)[-self._most]
            found = found[prices[found] >= least]
        every = np.concatenate([self.prices, prices[found]])
        order = np.argsort(-every, kind="stable")[: self._most]
        self.places, self.prices = np.concatenate([self.places, offset + found])[order], every[order]


def _pushing(
    given: tuple[Shown, Weights, int, float, Chances], cuts: Index, pushed: Chances
) -> Callable[[int, int], object]:
    return lambda first, last: _push_back(*given, pushed[np.searchsorted(cuts, first)], first, last)


@njit(nogil=True, cache=True)
def _look_ahead(
    ids: Shown,
    weights: Weights,
    head: int,
    base: Chances,
    patience: float,
    values: Chances,
    out: Chances,
    first: int,
    last: int,
) -> float:
    """Divides once, at the end: so a mean of values up to 1 is never above 1."""
    largest = 0.0
    for row in range(first, last):
        total, end = open_slots(ids, row, weights, head)
        gained = 0.0
        for slot in range(end):
            shown = ids[row, slot]
            if shown >= 0:
                gained += weights[slot] * values[shown]
        out[row] = base[row] + patience * (gained / total) if total > 0.0 else base[row]
        largest = max(largest, abs(out[row] - values[row]))
    return largest


@njit(nogil=True, cache=True)
def _push_back(
    ids: Shown, weights: Weights, head: int, patience: float, visits: Chances, pushed: Chances, first: int, last: int
) -> None:
    """Give each account's visits on to those it shows."""
    pushed[:] = 0.0
    for row in range(first, last):
        total, end = open_slots(ids, row, weights, head)
        if total > 0.0 and visits[row] > 0.0:
            given = patience * visits[row] / total
            for slot in range(end):
                shown = ids[row, slot]
                if shown >= 0:
                    pushed[shown] += weights[slot] * given


@njit(nogil=True, cache=True)
def _count_held(ids: Shown, members: Mask, out: Shown, first: int, last: int) -> None:
    for row in range(first, last):
        out[row] = 0
        for shown in ids[row]:
            if shown >= 0:
                out[row] += members[shown]


@njit(nogil=True, cache=True)
def _price(
    ids: Shown,
    weights: Weights,
    head: int,
    members: Mask,
    patience: float,
    visits: Chances,
    exposure: Chances,
    out: Chances,
) -> None:
    for row in range(len(ids)):
        total, end = open_slots(ids, row, weights, head)
        for slot in range(ids.shape[1]):
            shown = ids[row, slot]
            if shown >= 0:
                clicked = weights[slot] / total if slot < end else 0.0
                out[row, slot] = visits[row] * (members[shown] + patience * clicked * exposure[shown])
