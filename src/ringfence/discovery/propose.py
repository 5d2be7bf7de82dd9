"""Whom to review next? Accounts drawn at known chances, more of them where they tell more.

Accounts are cut into strata by rank, each about twice as wide as the one before, and within a stratum all that are not
reviewed yet have the same chance. So the same reviews serve three ends: calibration and thresholds (weighted by one
over the chance), and counting how many accounts belong (`prevalence`).
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.discovery.labels import labels
from ringfence.model.faults import Fault

FIRST = 50  # accounts in the first stratum
LEAST_DRAWN = 5  # of each stratum, lest a surprise far down be missed

PROPOSED = pa.schema(
    [
        ("account_id", pa.string()),
        ("rank", pa.int64()),
        ("stratum", pa.int64()),  # 0 has the best ranks
        ("chance", pa.float64()),  # that an account of the stratum without a review was drawn
        ("why", pa.string()),
    ]
)


def strata(accounts: int) -> NDArray[np.int64]:
    """The stratum of each rank, best first: the first 50, then twice as many each."""
    place = np.arange(accounts)
    return np.floor(np.log2(place / FIRST + 1.0)).astype(np.int64)


def propose(scores: pa.Table, reviewed: pa.Table, count: int, seed: int = 0) -> pa.Table:
    """Draw `count` accounts for review, best ranks first; fewer when so many are not left.

    `scores` is best first, as `expand` and `classify` return it; `reviewed` has columns account_id and label, and its
    labelled accounts are not drawn again. The same input and seed give the same draw.
    Each review's weight, for calibration and thresholds, is one over its `chance`; where draws are repeated, over the
    share of the stratum that is reviewed in all, see `weights`.
    """
    if count < 1:
        raise Fault(f"{count} accounts to review", where="propose", mend="ask for 1 or more")
    names = scores["account_id"].combine_chunks().cast(pa.string())
    open_ = np.ones(len(names), dtype=bool)
    done = labels(reviewed, names)
    open_[done.accounts] = False
    stratum = strata(len(names))
    # Where some accounts were left out of the scores, their ranks are not their places.
    rank = scores["rank"].to_numpy() if "rank" in scores.column_names else np.arange(1, len(names) + 1)
    free = np.bincount(stratum[open_], minlength=int(stratum.max(initial=-1)) + 1)
    drawn = _dealt(free, _doubt(stratum, done.accounts, done.positive, len(free)), count)
    chance = np.random.default_rng(seed)
    picked = [
        np.sort(chance.choice(np.flatnonzero(open_ & (stratum == number)), many, replace=False))
        for number, many in enumerate(drawn.tolist())
    ]
    places = np.concatenate([np.empty(0, np.int64), *picked])
    there = stratum[places]
    why = [_why(rank[stratum == number], drawn[number], free[number]) for number in range(len(free))]
    return pa.Table.from_arrays(
        [
            names.take(pa.array(places)),
            pa.array(rank[places]),
            pa.array(there),
            pa.array(drawn[there] / np.maximum(free[there], 1)),
            pa.array([why[number] for number in there.tolist()], pa.string()),
        ],
        schema=PROPOSED,
    )


def weights(scores: pa.Table, reviewed: pa.Table) -> pa.Table:
    """`reviewed` with a column `weight`: how many accounts of its stratum each reviewed account stands for.

    Right for reviews that were drawn by `propose`, in one or more rounds.
    """
    names = scores["account_id"].combine_chunks().cast(pa.string())
    done = labels(reviewed.select(["account_id", "label"]), names)
    stratum = strata(len(names))
    held = np.bincount(stratum)
    seen = np.bincount(stratum[done.accounts], minlength=len(held))
    there = stratum[done.accounts]
    return pa.table(
        {
            "account_id": names.take(pa.array(done.accounts)),
            "label": pa.array(done.positive.astype(np.int64)),
            "weight": pa.array(held[there] / seen[there]),
        }
    )


def _doubt(
    stratum: NDArray[np.int64], done: NDArray[np.int64], positive: NDArray[np.bool_], count: int
) -> NDArray[np.float64]:
    """The standard deviation of a label in each stratum: a half where nothing is known, smaller where it is settled.

    The share of positives is estimated with one half added to either class (Jeffreys).
    """
    seen = np.bincount(stratum[done], minlength=count)
    right = np.bincount(stratum[done[positive]], minlength=count)
    share = (right + 0.5) / (seen + 1.0)
    return np.asarray(np.sqrt(share * (1.0 - share)))


def _dealt(free: NDArray[np.int64], doubt: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """How many of each stratum: a few of each, the rest by doubt times the root of its size.

    Neyman's allocation for counting is doubt times size; the root moves effort from the vast last strata to the ranks
    where thresholds lie, and keeps every chance above zero.
    """
    dealt = np.minimum(free, LEAST_DRAWN)
    if dealt.sum() >= count:  # too few for all: the best ranks first, and chances stay known
        return np.asarray(np.diff(np.minimum(np.cumsum(dealt), count), prepend=0))
    while (left := min(count, int(free.sum())) - int(dealt.sum())) > 0:
        pull = doubt * np.sqrt(free) * (free > dealt)
        more = np.minimum(np.floor(left * pull / pull.sum()).astype(np.int64), free - dealt)
        if not more.any():
            more[int(pull.argmax())] = 1
        dealt = dealt + more
    return np.asarray(dealt)


def _why(ranks: NDArray[np.int64], drawn: int, free: int) -> str:
    return f"{drawn:,} drawn of the {free:,} not reviewed at ranks {ranks[0]:,} to {ranks[-1]:,}"
