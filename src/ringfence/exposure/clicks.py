"""What happens to test accounts that click through stored slates at random, step by step?

Needed where a figure has no closed form, as when a test account remembers what it has clicked; and a check on `exact`
where it has one. Each walk draws from a stream of its own, numbered by seed and walk: the same walks for any number of
threads, and walk 7 is the same whether ten or ten million are walked.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.exposure.choices import FAINTEST, Choice, Weights, open_slots
from ringfence.exposure.exact import held
from ringfence.exposure.recommenders import NOBODY
from ringfence.exposure.slates import Mask, Shown, Slates
from ringfence.graph.csr import Index
from ringfence.kernels.threads import in_ranges, shares
from ringfence.model.faults import Fault

# SplitMix64 (Steele, Lea and Flood, 2014): the step between the states of a stream, and how a state is stirred.
_STEP = np.uint64(0x9E3779B97F4A7C15)
_STIR_ONE, _STIR_TWO = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31, _11 = (np.uint64(bits) for bits in (30, 27, 31, 11))
_UNIT = 2.0**-53

Seeds = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Memory:
    """What a test account remembers: whom it has clicked, and how often it was shown whom it did not click.

    Whom it has clicked it does not click again, the account it starts at included: those slots count as empty, and the
    chances of the others are scaled up. A slot's weight is multiplied by `fatigue` for every earlier slate of the walk
    that showed the same account: 1 is no fatigue. Raises Fault for a fatigue outside of (0, 1].
    """

    fatigue: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.fatigue <= 1.0:
            raise Fault(f"is {self.fatigue}", where="fatigue", mend="choose a number above 0 and up to 1")


@dataclass(frozen=True, slots=True)
class Walks:
    """One entry a walk, int32. Steps count from 1; -1 is never. A hit ends no walk.

    `hit` is the first click that landed on a member, `shown` the first slate that held one (the slate of the start is
    the first), `clicks` how many clicks were made before the slates or the steps ran out, and `held` how many slots
    with a member were shown in all.
    """

    hit: Shown
    shown: Shown
    clicks: Shown
    held: Shown

    def hit_within(self, clicks: int) -> Mask:
        """Which walks hit a member with one of the first so many clicks."""
        return (self.hit > 0) & (self.hit <= clicks)

    def shown_within(self, slates_seen: int) -> Mask:
        """Which walks were shown a member in one of the first so many slates."""
        return (self.shown > 0) & (self.shown <= slates_seen)


def walks(
    slates: Slates,
    choice: Choice,
    starts: NDArray[np.integer],
    steps: int,
    members: Mask,
    seed: int,
    *,
    remembers: Memory | None = None,
) -> Walks:
    """Walk from each of `starts` (accounts, any of them more than once): so many slates, and a click on each.

    Without `remembers` these are the walks of `exact`. Raises Fault for a start or a mask that does not fit the slates.
    """
    if len(members) != slates.accounts or steps < 0 or not _within(starts, slates.accounts):
        raise Fault("do not fit", where="walks", mend="give starts and members of the slates' accounts, and some steps")
    at, count = starts.astype(np.int64), len(starts)
    answer = np.full((4, count), NOBODY, np.int32)
    answer[2:] = 0
    weights, head = choice.weights(slates.slots), min(choice.head, slates.slots)
    given = slates.ids, weights, head, at, steps, members, held(slates, members), np.uint64(seed % 2**64), answer
    cuts = shares(np.arange(count + 1, dtype=np.int64) * steps)
    if remembers is None:
        in_ranges(lambda first, last: _walk(*given, first, last), cuts)
    else:
        in_ranges(lambda first, last: _walk_remembering(*given, remembers.fatigue, first, last), cuts)
    return Walks(*answer)


def _within(starts: NDArray[np.integer], accounts: int) -> bool:
    return not len(starts) or bool(0 <= starts.min() <= starts.max() < accounts)


@njit(nogil=True, cache=True)
def _stirred(state: np.uint64) -> np.uint64:
    state = (state ^ (state >> _30)) * _STIR_ONE
    state = (state ^ (state >> _27)) * _STIR_TWO
    return state ^ (state >> _31)


@njit(nogil=True, cache=True)
def _stream(seed: np.uint64, walk: int) -> np.uint64:
    """Where a walk's stream begins. Stirred twice, so that neighbouring seeds and walks share no stretch of it."""
    return _stirred(_stirred(seed) + np.uint64(walk) * _STEP)


@njit(nogil=True, cache=True)
def _uniform(stream: np.uint64, step: int) -> float:
    """The number a stream holds for a step, in [0, 1)."""
    return float(_stirred(stream + np.uint64(step) * _STEP) >> _11) * _UNIT


@njit(nogil=True, cache=True)
def _see(answer: Shown, walk: int, step: int, held_here: int) -> None:
    answer[3, walk] += held_here
    if held_here and answer[1, walk] < 0:
        answer[1, walk] = step


@njit(nogil=True, cache=True)
def _click(answer: Shown, walk: int, step: int, hits: int) -> None:
    answer[2, walk] = step
    if hits and answer[0, walk] < 0:
        answer[0, walk] = step


@njit(nogil=True, cache=True)
def _walk(
    ids: Shown,
    weights: Weights,
    head: int,
    starts: Index,
    steps: int,
    members: Mask,
    holds: Shown,
    seed: np.uint64,
    answer: Shown,
    first: int,
    last: int,
) -> None:
    for walk in range(first, last):
        at, stream = starts[walk], _stream(seed, walk)
        for step in range(1, steps + 1):
            _see(answer, walk, step, holds[at])
            total, end = open_slots(ids, at, weights, head)
            if total <= 0.0:
                break
            left, following = _uniform(stream, step) * total, at
            for slot in range(end):
                if ids[at, slot] >= 0:
                    following = ids[at, slot]
                    left -= weights[slot]
                    if left < 0.0:
                        break
            at = following
            _click(answer, walk, step, members[at])


@njit(nogil=True, cache=True)
def _walk_remembering(
    ids: Shown,
    weights: Weights,
    head: int,
    starts: Index,
    steps: int,
    members: Mask,
    holds: Shown,
    seed: np.uint64,
    answer: Shown,
    fatigue: float,
    first: int,
    last: int,
) -> None:
    """`clicked` and `seen` hold the last walk that clicked or was shown an account; older walks need no clearing."""
    clicked, seen = np.full(len(ids), -1, np.int64), np.full(len(ids), -1, np.int64)
    appeal, chances = np.empty(len(ids)), np.empty(ids.shape[1])
    for walk in range(first, last):
        at, stream = starts[walk], _stream(seed, walk)
        clicked[at] = walk
        for step in range(1, steps + 1):
            _see(answer, walk, step, holds[at])
            total = _fresh(ids[at], weights, head, walk, clicked, seen, appeal, chances)
            if total <= 0.0:
                break
            if fatigue < 1.0:
                _tire(ids[at], fatigue, walk, seen, appeal)
            at = _drawn(ids[at], chances, _uniform(stream, step) * total)
            clicked[at] = walk
            _click(answer, walk, step, members[at])


@njit(nogil=True, cache=True)
def _fresh(
    slate: Shown, weights: Weights, head: int, walk: int, clicked: Index, seen: Index, appeal: Weights, chances: Weights
) -> float:
    """Put each slot's weight into `chances`, 0 where it cannot be clicked; all of it together."""
    total, left = 0.0, head
    for slot in range(len(slate)):
        shown = slate[slot]
        chances[slot] = 0.0
        if shown >= 0 and clicked[shown] != walk and left > 0:
            left -= 1
            chances[slot] = weights[slot] * (appeal[shown] if seen[shown] == walk else 1.0)
            total += chances[slot]
    return total


@njit(nogil=True, cache=True)
def _tire(slate: Shown, fatigue: float, walk: int, seen: Index, appeal: Weights) -> None:
    """Note that the slate was shown: each of its accounts is less appealing the next time."""
    for shown in slate:
        if shown >= 0:
            appeal[shown] = max(FAINTEST, fatigue * (appeal[shown] if seen[shown] == walk else 1.0))
            seen[shown] = walk


@njit(nogil=True, cache=True)
def _drawn(slate: Shown, chances: Weights, left: float) -> int:
    """The account of the slot at which the chances up to it pass `left`; the last open one when rounding lets none."""
    following = -1
    for slot in range(len(slate)):
        if chances[slot] > 0.0:
            following = slate[slot]
            left -= chances[slot]
            if left < 0.0:
                break
    return following
