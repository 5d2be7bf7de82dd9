"""Do the intervals hold what they promise?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ringfence.exposure.estimates import Estimate, amplified, paired_fall, pooled, ratio, repeated, resamples

Outcomes = NDArray[np.int64]


def test_none_of_n_is_bounded_by_the_rule_of_three_and_so_is_all_of_n() -> None:
    draws, everyone = resamples(60, 0), np.ones(60, dtype=np.int64)
    none, whole = ratio(np.zeros(60, dtype=np.int64), everyone, draws), ratio(everyone, everyone, draws)
    assert (none.value, none.low, none.high) == (0.0, 0.0, 0.05)
    assert (whole.value, whole.low, whole.high) == (1.0, 0.95, 1.0)


def test_a_share_of_nothing_is_no_figure() -> None:
    nothing = np.zeros(4, dtype=np.int64)
    assert np.isnan(ratio(nothing, nothing, resamples(4, 0)).value)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    draws, everyone = resamples(100, 1), np.ones(100, dtype=np.int64)
    estimates = [ratio((rng.random(100) < 0.3), everyone, draws) for _ in range(400)]
    covered = np.mean([estimate.low <= 0.3 <= estimate.high for estimate in estimates])
    assert 0.90 <= covered <= 0.98


def test_slots_of_one_session_do_not_count_as_independent() -> None:
    half = np.repeat([0, 10], 20)  # 40 accounts, each shown ten members or none
    spread = np.full(40, 5)  # the same share, every account alike
    slots, draws = np.full(40, 10), resamples(40, 2)
    wide, narrow = ratio(half, slots, draws), ratio(spread, slots, draws)
    assert wide.value == narrow.value == 0.5
    assert wide.high - wide.low > 0.25
    assert narrow.high - narrow.low == pytest.approx(0)


def test_pairing_sees_a_fall_that_separate_intervals_would_not() -> None:
    before = np.arange(40) < 20
    after = np.arange(40) < 15  # five accounts changed, all for the better
    draws = resamples(40, 3)
    fall = paired_fall(before, after, draws)
    everyone = np.ones(40, dtype=np.int64)
    assert fall.value == 0.125
    assert fall.low > 0
    assert ratio(before, everyone, draws).low < ratio(after, everyone, draws).high


def test_the_same_seed_gives_the_same_draws() -> None:
    assert (resamples(9, 5) == resamples(9, 5)).all()
    assert (resamples(9, 5) != resamples(9, 6)).any()
    assert (resamples(9, 5).sum(axis=1) == 9).all()


def test_amplification_over_a_rare_share_has_an_open_end_and_warns_of_nothing() -> None:
    draws, slots = resamples(20, 4), np.full(20, 10)
    rare = np.eye(1, 20, dtype=np.int64)[0]  # one account saw one member: many a draw lacks it
    times = amplified((np.full(20, 5), slots), draws, (rare, slots), resamples(20, 5))
    assert times.value == pytest.approx(100)
    assert 0 < times.low < times.value
    assert not times.high < np.inf


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30), st.integers(0, 99))
def test_clusters_of_one_account_are_accounts(outcomes: list[tuple[int, int]], seed: int) -> None:
    part = np.array([min(pair) for pair in outcomes])
    whole = np.array([max(pair) for pair in outcomes])
    alone = ratio(part, whole, resamples(len(part), seed))
    together = pooled([(part[one : one + 1], whole[one : one + 1]) for one in range(len(part))], seed)
    np.testing.assert_allclose(
        [together.value, together.low, together.high], [alone.value, alone.low, alone.high], rtol=1e-12
    )
    assert together.clusters == together.accounts == alone.accounts


def hanging_together(rng: np.random.Generator, clusters: int, accounts: int) -> list[tuple[Outcomes, Outcomes]]:
    """Each cluster has a rate of its own, 30% on average."""
    everyone = np.ones(accounts, dtype=np.int64)
    rates = rng.beta(3.0, 7.0, clusters)
    return [((rng.random(accounts) < rate).astype(np.int64), everyone) for rate in rates]


def test_the_pooled_interval_covers_the_truth_where_accounts_of_a_cluster_hang_together() -> None:
    rng, draws = np.random.default_rng(0), resamples(20 * 50, 1)
    found, blind = [], []
    for seed in range(120):
        clusters = hanging_together(rng, 20, 50)
        whole = pooled(clusters, seed)
        part, everyone = (np.concatenate(side) for side in zip(*clusters, strict=True))
        alone = ratio(part, everyone, draws)
        assert alone.value == pytest.approx(whole.value)
        found.append(whole.low <= 0.3 <= whole.high)
        blind.append(alone.low <= 0.3 <= alone.high)
    assert 0.88 <= np.mean(found) <= 0.99
    assert np.mean(blind) < 0.75  # accounts taken for independent


def test_none_in_any_cluster_is_bounded_by_clusters_and_not_by_accounts() -> None:
    none, everyone = np.zeros(200, dtype=np.int64), np.ones(200, dtype=np.int64)
    found = pooled([(none, everyone)] * 20, 0)
    assert (found.value, found.low, found.high, found.clusters, found.accounts) == (0.0, 0.0, 3 / 20, 20, 4_000)
    assert pooled([(everyone, everyone)] * 20, 0).low == 1 - 3 / 20
    assert np.isnan(pooled([(none, none)], 0).value)
    assert np.isnan(pooled([], 0).high)


def test_measuring_the_same_test_accounts_again_makes_no_figure_surer() -> None:
    rng, draws, everyone = np.random.default_rng(1), resamples(150, 1), np.ones(150, dtype=np.int64)
    one = ratio(rng.random(150) < 0.4, everyone, draws)
    often = repeated([one] * 30, 0)
    assert often.value == pytest.approx(one.value)
    assert often.high - often.low == pytest.approx(one.high - one.low)
    days = [ratio(rng.random(150) < rate, everyone, draws) for rate in (0.1, 0.3, 0.5, 0.7)]
    assert repeated(days, 0).high - repeated(days, 0).low > max(day.high - day.low for day in days)
    assert repeated([*days, Estimate(np.nan, np.nan, np.nan, 150)], 0) == repeated(days, 0)
