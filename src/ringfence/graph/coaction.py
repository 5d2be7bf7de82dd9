"""Which accounts act on the same object within a window of time, again and again? Counted by a walk along time.

Acts lie sorted by object and time, so those near one act are its neighbours in the array. Each account in turn walks
from its own acts to both sides, no further than the window and no further than a cap: no join of all pairs, and no
memory but that of the pairs that are found.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.graph.csr import Csr, Ids, Index
from ringfence.kernels.threads import even, in_ranges
from ringfence.model.faults import Fault

Counts = NDArray[np.int64]

# How many accounts are counted at a time by one thread; each such run keeps what it found in arrays of its own.
_RUN = 1 << 14


@dataclass(frozen=True, slots=True)
class CoAction:
    """Pairs of accounts, `first` < `second`, in ascending order, and how often they acted together.

    `first_posts` is how many posts of the first account have a post of the second near by, on the same object;
    `second_posts` the other way round. `count` is the smaller of the two: one account that posts a hundred times
    around a single post of another has acted with it once. In `capped_objects` objects, acts had more neighbours
    than the cap allows, and the further ones were not looked at.
    """

    first: Counts
    second: Counts
    count: Counts
    first_posts: Counts
    second_posts: Counts
    capped_objects: int


def coaction(
    account: NDArray[np.integer],
    thing: NDArray[np.integer],
    at: NDArray[np.integer],
    post: NDArray[np.integer],
    *,
    window: int,
    cap: int,
    least: int,
) -> CoAction:
    """Pairs of accounts with at least `least` posts each that are within `window` seconds of one of the other's.

    One entry of the arrays is one act: an account, the object it acted on, when (in seconds), and by which post; a
    post with two links is two acts, and counts once. Accounts and objects are dense ids from 0. Of each act the `cap`
    nearest before and after it, on the same object, are looked at. Raises Fault when the arrays do not fit together.

    The counts of posts are the weights of coordination-network-toolkit's co-link and co-tweet networks, which has an
    edge each way, save that it knows no cap and ties accounts to themselves.
    """
    _check(account, thing, at, post, window, cap, least)
    order = np.lexsort((at, thing))
    accounts, things, times = (
        account[order].astype(np.uint32),
        thing[order].astype(np.int64),
        at[order].astype(np.int64),
    )
    together = _together(accounts, things, times, post[order], window, cap)
    beyond = (things[cap + 1 :] == things[: -cap - 1]) & (times[cap + 1 :] - times[: -cap - 1] <= window)
    return _pairs(together, least, len(np.unique(things[cap + 1 :][beyond])))


def _check(
    account: NDArray[np.integer],
    thing: NDArray[np.integer],
    at: NDArray[np.integer],
    post: NDArray[np.integer],
    window: int,
    cap: int,
    least: int,
) -> None:
    lengths = {len(part) for part in (account, thing, at, post)}
    if len(lengths) > 1:
        raise Fault(
            f"arrays of {', '.join(map(str, sorted(lengths)))} acts", where="acts", mend="give one entry an act"
        )
    if window < 0 or cap < 1 or least < 1:
        raise Fault(
            f"window {window}, cap {cap}, least {least}", where="co-action", mend="give 0, 1 and 1 at the least"
        )


def _together(accounts: Ids, things: Index, times: Index, posts: NDArray[np.integer], window: int, cap: int) -> Csr:
    """Accounts x accounts: how many posts of the row's account have one of the column's account near by."""
    size = int(accounts.max(initial=0)) + 1 if len(accounts) else 0
    mine = np.lexsort((posts, accounts))
    starts = np.concatenate(([0], np.cumsum(np.bincount(accounts, minlength=size)))).astype(np.int64)
    # The acts of one account lie together, those of one post side by side; `fresh` says where the next post begins.
    fresh = np.ones(len(mine), np.bool_)
    fresh[1:] = (posts[mine][1:] != posts[mine][:-1]) | (accounts[mine][1:] != accounts[mine][:-1])
    runs = np.append(np.arange(0, size, _RUN), size)
    found: list[tuple[Ids, NDArray[np.float32]]] = [(np.empty(0, np.uint32), np.empty(0, np.float32))] * len(runs)
    counts = np.zeros(size, np.int64)

    def count(first: int, last: int) -> None:
        marks, tally = np.zeros(size, np.int64), np.zeros(size, np.int64)
        for run in range(first, last):
            found[run] = _walk(
                accounts,
                things,
                times,
                mine,
                starts,
                fresh,
                window,
                cap,
                marks,
                tally,
                counts,
                runs[run],
                runs[run + 1],
            )

    in_ranges(count, even(len(runs) - 1))
    bounds = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    return Csr(bounds, np.concatenate([ids for ids, _ in found]), np.concatenate([many for _, many in found]), size)


def _pairs(together: Csr, least: int, capped: int) -> CoAction:
    """Both directions of a pair side by side: what is near is near from both ends, so the ties are the same."""
    back = together.transposed()
    sources = together.sources()
    kept = (sources < together.targets) & (np.minimum(together.weights, back.weights) >= least)
    one, other = together.weights[kept].astype(np.int64), back.weights[kept].astype(np.int64)
    first, second = sources[kept].astype(np.int64), together.targets[kept].astype(np.int64)
    return CoAction(first, second, np.minimum(one, other), one, other, capped)


@njit(nogil=True, cache=True)
def _walk(
    accounts: Ids,
    things: Index,
    times: Index,
    mine: Index,
    starts: Index,
    fresh: NDArray[np.bool_],
    window: int,
    cap: int,
    marks: Index,
    tally: Index,
    counts: Index,
    first: int,
    last: int,
) -> tuple[Ids, NDArray[np.float32]]:
    """For the accounts from `first` to `last`: whom they acted with, ascending, and in how many posts of their own.

    `marks` holds, for each account, the last post that met it, so that a post meets it once; `tally` how many did.
    """
    targets, weights, found = np.empty(1024, np.uint32), np.empty(1024, np.float32), 0
    for account in range(first, last):
        met, post = found, 0
        for place in range(starts[account], starts[account + 1]):
            if fresh[place]:
                post = place + 1
            act = mine[place]
            for step in (-1, 1):
                other = act + step
                while (
                    0 <= other < len(accounts)
                    and abs(other - act) <= cap
                    and things[other] == things[act]
                    and abs(times[other] - times[act]) <= window
                ):
                    who = accounts[other]
                    other += step
                    if who == account or marks[who] == post:
                        continue
                    marks[who] = post
                    if tally[who] == 0:
                        if found == len(targets):
                            targets = np.concatenate((targets, np.empty_like(targets)))
                            weights = np.concatenate((weights, np.empty_like(weights)))
                        targets[found] = who
                        found += 1
                    tally[who] += 1
        targets[met:found].sort()
        for place in range(met, found):
            weights[place] = tally[targets[place]]
            tally[targets[place]] = 0
        counts[account] = found - met
    return targets[:found].copy(), weights[:found].copy()
