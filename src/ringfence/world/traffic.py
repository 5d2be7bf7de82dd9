"""What is searched, shown and reported on the generated platform?"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ringfence.world.follows import Ties, anywhere
from ringfence.world.plan import DAYS, MEMBERS, Kind, Plan, generator
from ringfence.world.posts import Pools
from ringfence.world.vocabulary import BIRDS, SEARCH_WORDS

Times = Callable[[NDArray[np.float64]], pa.Array]

REASONS = ("spam", "harassment", "unwelcome", "child_safety")
# How many reports an account of a kind gets on average: members a little more, spam much more, most accounts none.
REPORT_RATE = {Kind.PROMOTER: 0.15, Kind.BRIDGE: 0.15, Kind.BACKUP: 0.1, Kind.SPAM: 2.0, Kind.JOURNALIST: 0.2}
ORDINARY_REPORT_RATE = 0.02


def searches(plan: Plan, pool: Pools, accounts: int, part: int, times: Times) -> tuple[pa.Array, ...]:
    """The columns of the searches table, about one for two accounts: common words, birds, a few network words."""
    rng = generator(plan.seed, "searches", part)
    count = max(1, accounts // 2)
    common = pa.array(SEARCH_WORDS).take(pa.array(rng.integers(0, len(SEARCH_WORDS), count)))
    words = pool.birds + (rng.random(count) * (pool.support - pool.birds)).astype(np.int64)
    birds = pool.birds + (len(BIRDS) * rng.random(count) ** 1.5).astype(np.int64)
    chance = rng.random(count)
    query = pc.if_else(pa.array(chance < 0.93), common, pool.words.take(pa.array(birds)))
    query = pc.if_else(pa.array(chance > 0.99), pool.words.take(pa.array(words)), query)
    surface = pc.if_else(pa.array(rng.random(count) < 0.7), "search", "autocomplete")
    bucket = pc.binary_join_element_wise("b", pc.cast(pa.array(rng.integers(0, 64, count)), pa.string()), "")
    return times(DAYS * rng.random(count)), query, surface, bucket


def impressions(
    plan: Plan, ties: Ties, part: int, times: Times
) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[pa.Array, pa.Array, pa.Array]]:
    """Who was shown whom: for one tie in six, the account that was followed then, at some position of a slate."""
    rng = generator(plan.seed, "impressions", part)
    some = np.flatnonzero(rng.random(len(ties.src)) < 1 / 6)
    surface = pc.if_else(pa.array(rng.random(len(some)) < 0.6), "suggestion", "recommendation")
    position = pa.array(rng.integers(0, 10, len(some)).astype(np.int32))
    return ties.src[some], ties.dst[some], (times(DAYS * rng.random(len(some))), surface, position)


def reports(
    plan: Plan, places: NDArray[np.int64], part: int, times: Times
) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[pa.Array, pa.Array, pa.Array]]:
    """Which accounts were reported, by whom and why. Few members are; most reports are of something else."""
    rng = generator(plan.seed, "reports", part)
    rate = np.array([REPORT_RATE.get(kind, ORDINARY_REPORT_RATE) for kind in Kind])[plan.kind[places]]
    targets = np.repeat(places, rng.poisson(rate))
    serious = np.isin(plan.kind[targets], MEMBERS) & (rng.random(len(targets)) < 0.4)
    reason = np.where(serious, 3, rng.choice(4, size=len(targets), p=(0.5, 0.3, 0.18, 0.02)))
    ids = pc.binary_join_element_wise(f"r{part}-", pc.cast(pa.array(np.arange(len(targets))), pa.string()), "")
    columns = (ids, pa.array(REASONS).take(pa.array(reason)), times(DAYS * rng.random(len(targets))))
    return targets, anywhere(plan, len(targets), rng), columns
