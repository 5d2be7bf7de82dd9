"""Do the intervals hold what they promise?"""

import numpy as np
import pytest

from ringfence.exposure.estimates import amplified, paired_fall, ratio, resamples


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
