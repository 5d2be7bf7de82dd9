"""What is every account shown? One slate an account: read from a table, or computed for the whole follow graph at once.

A platform exports what its own recommender shows; where there is no such export, friend-of-friend stands in for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.exposure.recommenders import NOBODY
from ringfence.graph.csr import Csr, Ids, Index
from ringfence.kernels.threads import in_ranges, shares
from ringfence.model.faults import Fault
from ringfence.store.disk import write_whole

Shown = NDArray[np.int32]
Mask = NDArray[np.bool_]
Weights = NDArray[np.float64]
Bound = tuple[Weights, float, float]  # of one viewer: strength, nearness, threshold

READS = 1_000  # ties read of one intermediate, as the reference recommender does
GRAIN = 2.0**-20  # scores are whole multiples of this, so that a tie never hangs on the order of addition

# Accounts between two words of progress: a thread clears one accumulator for so many.
_BLOCK = 1 << 16
# About as many steps a tie of the viewer costs as an intermediate has ties.
_STEPS_EACH = 16
# A file is one run of int32: this number, accounts, slots, then the ids row by row, then the backfill of each account.
_MAGIC, _HEAD = 0x51A7E501, 3


@dataclass(frozen=True, slots=True)
class Slates:
    """What each account sees now.

    `ids` is accounts x slots, best first, NOBODY in an empty slot (which may stand before a filled one); `backfilled`
    has one entry an account: how many filled slots hold somebody who is only popular (0 where nobody knows).
    Raises Fault for an id that is no account, since kernels look up without asking.
    """

    ids: Shown
    backfilled: Shown

    def __post_init__(self) -> None:
        shape = self.ids.shape
        if len(shape) != 2 or not shape[1] or self.backfilled.shape != shape[:1]:  # noqa: PLR2004 - accounts and slots
            raise _unusable("are not accounts x slots with one count of backfill an account")
        if self.ids.dtype != np.int32 or not self.ids.flags.c_contiguous:
            raise _unusable("are not rows of int32")
        if self.ids.size and not NOBODY <= self.ids.min() <= self.ids.max() < len(self.ids):
            raise _unusable(f"show ids outside of the {len(self.ids):,} accounts")

    @property
    def accounts(self) -> int:
        return len(self.ids)

    @property
    def slots(self) -> int:
        return int(self.ids.shape[1])

    def filled(self) -> Index:
        """How many slots of each account are filled; an account with none was given no slate, or an empty one."""
        counts: Index = (self.ids != NOBODY).sum(axis=1, dtype=np.int64)
        return counts

    def cuts(self) -> Index:
        """Ranges of accounts for the threads."""
        return shares(np.arange(self.accounts + 1, dtype=np.int64) * self.slots)


@dataclass(frozen=True, slots=True)
class Limits:
    """Whom a guard leaves out for whom: candidate c for viewer v where strength(c) + nearness(v) > threshold.

    One entry an account in both.
    """

    strength: Weights
    nearness: Weights
    threshold: float


@dataclass(frozen=True, slots=True)
class Troubles:
    """How many rows of a table were left out of the slates, each counted under the first reason that applies.

    `gaps` alone counts no rows: so many slates have, after that, an empty slot before a filled one.
    """

    ids_out_of_range: int
    slots_out_of_range: int
    shown_to_itself: int
    slots_taken: int  # another row fills the same slot of the same viewer; the first in the table stays
    repeated: int  # the account stands in a better slot of the same slate
    gaps: int

    @property
    def dropped(self) -> int:
        return self.ids_out_of_range + self.slots_out_of_range + self.shown_to_itself + self.slots_taken + self.repeated


def from_rows(
    viewers: NDArray[np.integer],
    shown: NDArray[np.integer],
    positions: NDArray[np.integer],
    *,
    accounts: int,
    slots: int = 10,
) -> tuple[Slates, Troubles]:
    """Slates from a table with one row a filled slot, in any order; positions count from 1, ids from 0.

    Rows that cannot be used are left out and counted. Raises Fault when the columns differ in length.
    """
    if not len(viewers) == len(shown) == len(positions):
        raise Fault(
            "columns differ in length", where="table of slates", mend="give one viewer, account and position a row"
        )
    who, whom, place = (column.astype(np.int64) for column in (viewers, shown, positions))
    known = (who >= 0) & (who < accounts) & (whom >= 0) & (whom < accounts)
    placed = (place >= 1) & (place <= slots)
    used = known & placed & (who != whom)
    ids = np.full((accounts, slots), NOBODY, np.int32)
    cells = who[used] * slots + place[used] - 1
    ids.reshape(-1)[cells[::-1]] = whom[used][::-1]  # of equal places numpy keeps the last: here the table's first
    taken = len(cells) - np.count_nonzero(ids != NOBODY)
    repeated = _clear_repeats(ids)
    filled = ids != NOBODY
    troubles = Troubles(
        ids_out_of_range=int((~known).sum()),
        slots_out_of_range=int((known & ~placed).sum()),
        shown_to_itself=int((known & placed & (who == whom)).sum()),
        slots_taken=int(taken),
        repeated=repeated,
        gaps=int((filled[:, 1:] & ~filled[:, :-1]).any(axis=1).sum()),
    )
    return Slates(ids, np.zeros(accounts, np.int32)), troubles


def save(slates: Slates, path: Path) -> None:
    """Write the slates to one file, whole or not at all; see `load`."""
    head = np.array([_MAGIC, slates.accounts, slates.slots], np.int32)
    whole = BytesIO()
    np.save(whole, np.concatenate([head, slates.ids.reshape(-1), slates.backfilled]).astype("<i4", copy=False))
    write_whole(path, whole.getvalue())


def load(path: Path) -> Slates:
    """The slates in a file that `save` wrote, mapped into memory. Raises Fault for any other file."""
    try:
        # Copy on write: nothing reaches the file, and the kernels need no second version for what is read only.
        mapped = np.load(path, mmap_mode="c", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _not_slates(path) from error
    if mapped.ndim != 1 or mapped.dtype != np.dtype("<i4") or len(mapped) < _HEAD or mapped[0] != _MAGIC:
        raise _not_slates(path)
    accounts, slots = int(mapped[1]), int(mapped[2])
    if accounts < 0 or slots < 1 or len(mapped) != _HEAD + accounts * (slots + 1):
        raise _not_slates(path)
    ids, backfilled = np.split(np.asarray(mapped)[_HEAD:], [accounts * slots])
    return Slates(ids.reshape(accounts, slots), backfilled)


def friend_of_friend(
    follows: Csr,
    slots: int = 10,
    *,
    keep: Mask | None = None,
    limits: Limits | None = None,
    weights: Weights | None = None,
    reads: int = READS,
    progress: Callable[[int], object] = lambda _: None,
) -> Slates:
    """What the reference recommender, `FriendOfFriend`, shows every account of the graph, given whom it follows.

    The same slates to the last id as asking it account by account, in all threads; `keep` (one entry an account) is a
    guard's answer for all viewers, `limits` what it leaves out for some, and whoever is left out is replaced by the
    next. With `weights` (from 0 to 1, one a tie of `follows`) a path counts with those of both its ties, multiplied.
    `progress` is told how many accounts are done. Costs one addition for each tie read: at most `reads` of each
    followed account. Raises Fault for a graph whose rows and columns are not the same accounts.
    """
    accounts = follows.columns
    kept = np.ones(accounts, np.bool_) if keep is None else keep
    bounds = limits or Limits(np.zeros(accounts), np.zeros(accounts), np.inf)
    lengths = {follows.rows, len(kept), len(bounds.strength), len(bounds.nearness)}
    weighing = np.empty(0) if weights is None else weights
    if lengths != {accounts} or slots < 1 or len(weighing) not in {0, follows.ties}:
        raise _unusable("need rows, columns, `keep` and `limits` of the same accounts, a weight a tie, and a slot")
    followers = np.bincount(follows.targets, minlength=accounts)
    popular = np.argsort(-followers, kind="stable")[: np.count_nonzero(followers)]
    given = follows.starts, follows.targets, _damping(follows.degree()), popular[kept[popular]], kept, reads
    bounding = bounds.strength, bounds.nearness, bounds.threshold, weighing
    ids, backfilled = np.full((accounts, slots), NOBODY, np.int32), np.zeros(accounts, np.int32)
    for begin in range(0, accounts, _BLOCK):
        end = min(begin + _BLOCK, accounts)
        ties = follows.starts[begin : end + 1] - follows.starts[begin]
        in_ranges(
            lambda first, last: _fill(*given, *bounding, ids, backfilled, first, last),
            begin + shares(ties, _STEPS_EACH),
        )
        progress(end)
    return Slates(ids, backfilled)


def _damping(degrees: Index) -> Index:
    """1 / ln(1 + degree) in whole grains; see `FriendOfFriend`, whose scores these are."""
    return np.round(1.0 / np.log1p(np.maximum(degrees, 1)) / GRAIN).astype(np.int64)


def _clear_repeats(ids: Shown) -> int:
    """Empty every slot whose account stands in a better slot of the same slate; how many that were."""
    cleared = 0
    for slot in range(1, ids.shape[1]):
        here = ids[:, slot]
        again = (here != NOBODY) & (ids[:, :slot] == here[:, None]).any(axis=1)
        here[again] = NOBODY
        cleared += int(again.sum())
    return cleared


def _unusable(what: str) -> Fault:
    return Fault(what, where="slates", mend="number accounts from 0, and leave -1 in an empty slot")


def _not_slates(path: Path) -> Fault:
    return Fault("holds no slates", where=str(path), mend="write it with `ringfence.exposure.slates.save`")


@njit(nogil=True, cache=True)
def _fill(
    starts: Index,
    targets: Ids,
    damping: Index,
    popular: Index,
    keep: Mask,
    reads: int,
    strength: Weights,
    nearness: Weights,
    threshold: float,
    weights: Weights,
    ids: Shown,
    backfilled: Shown,
    first: int,
    last: int,
) -> None:
    """Fill the slates of the viewers from `first` to `last`. Scores are set back to 0 after each."""
    scores, touched = np.zeros(len(damping), np.int64), np.empty(len(damping), np.int32)
    best = np.empty(ids.shape[1], np.int64)
    for viewer in range(first, last):
        followed = targets[starts[viewer] : starts[viewer + 1]]
        reached = _score(starts, targets, damping, reads, weights, viewer, scores, touched)
        _mark(followed, viewer, scores, -1)
        slate = ids[viewer]
        bound = strength, nearness[viewer], threshold
        found = _select(touched[:reached], scores, keep, bound, best, slate)
        backfilled[viewer] = _backfill(popular, scores, bound, slate, found)
        _mark(followed, viewer, scores, 0)
        for place in range(reached):
            scores[touched[place]] = 0


@njit(nogil=True, cache=True)
def _score(
    starts: Index,
    targets: Ids,
    damping: Index,
    reads: int,
    weights: Weights,
    viewer: int,
    scores: Index,
    touched: Shown,
) -> int:
    """Add up the paths to every account reached, and list those accounts; how many they are."""
    reached = 0
    for tie in range(starts[viewer], starts[viewer + 1]):
        friend = targets[tie]
        begin, degree, worth = starts[friend], starts[friend + 1] - starts[friend], damping[friend]
        read = min(degree, reads)
        for place in range(read):
            # A long row is read in even strides.
            onward = begin + (place if read == degree else place * degree // read)
            account = targets[onward]
            added = worth
            if len(weights):
                added = np.int64(np.floor(worth * (weights[tie] * weights[onward]) + 0.5))
                if added == 0:
                    continue
            if scores[account] == 0:
                touched[reached] = account
                reached += 1
            scores[account] += added
    return reached


@njit(nogil=True, cache=True)
def _mark(followed: Ids, viewer: int, scores: Index, mark: int) -> None:
    """Scores below 0 are of accounts that this viewer is never shown."""
    scores[viewer] = mark
    for friend in followed:
        scores[friend] = mark


@njit(nogil=True, cache=True)
def _barred(account: int, bound: Bound) -> bool:
    """Does the guard leave the account out for this viewer?"""
    strength, near, threshold = bound
    return threshold < np.inf and strength[account] + near > threshold


@njit(nogil=True, cache=True)
def _select(touched: Shown, scores: Index, keep: Mask, bound: Bound, best: Index, slate: Shown) -> int:
    """Put the best accounts into the slate, equal scores by id; how many there were. `best` is room for scores."""
    found, slots = 0, len(slate)
    for account in touched:
        score = scores[account]
        if score <= 0 or not keep[account] or _barred(account, bound):
            continue
        if found == slots:
            if score < best[slots - 1] or (score == best[slots - 1] and account > slate[slots - 1]):
                continue
            place = slots - 1
        else:
            place = found
            found += 1
        while place > 0 and (score > best[place - 1] or (score == best[place - 1] and account < slate[place - 1])):
            best[place], slate[place] = best[place - 1], slate[place - 1]
            place -= 1
        best[place], slate[place] = score, account
    return found


@njit(nogil=True, cache=True)
def _backfill(popular: Index, scores: Index, bound: Bound, slate: Shown, found: int) -> int:
    """Fill what is free with the most followed; how many were needed.

    Who has a score is in the slate already, or this viewer is never shown it.
    """
    filled = found
    for account in popular:
        if filled == len(slate):
            break
        if scores[account] == 0 and not _barred(account, bound):
            slate[filled] = account
            filled += 1
    return filled - found
