"""Are the figures the ones that docs/exposure.md defines?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.exposure.estimates import resamples
from ringfence.exposure.metrics import collateral, ever_shown, fall, members_shown, summarise
from ringfence.exposure.recommenders.suggestions import NOBODY
from ringfence.exposure.simulate import Mask, Sessions

ACCOUNTS = 12
MEMBERS = np.arange(ACCOUNTS) < 4
KNOWN = np.isin(np.arange(ACCOUNTS), [0, 1, 2, 11])  # one member missed, one innocent flagged


def sessions(*slates: list[list[int]], backfilled: int = 0) -> Sessions:
    shape = (len(slates), len(slates[0]))
    return Sessions(
        np.array(slates, dtype=np.int64),
        np.full(shape, backfilled, dtype=np.int64),
        np.full(shape, NOBODY, dtype=np.int64),
    )


THREE = sessions(
    [[5, 6], [0, 7], [8, 9]],  # a member at step 2
    [[3, 1], [5, NOBODY], [NOBODY, NOBODY]],  # two members at once, one of them unknown to the guard; then short slates
    [[5, 6], [7, 8], [9, 10]],  # never
)


def test_shares_count_filled_slots_and_ever_shown_counts_accounts() -> None:
    summary = summarise(THREE, MEMBERS, KNOWN, resamples(3, 0))
    assert summary.share.value == pytest.approx(3 / 15)
    assert summary.ever_first.value == pytest.approx(1 / 3)
    assert summary.ever.value == pytest.approx(2 / 3)
    assert summary.leak.value == pytest.approx(1 / 3)
    assert summary.empty == pytest.approx(3 / 18)
    assert summary.deep.value == pytest.approx(1 / 3)  # the second account's first slate
    assert [step.value for step in summary.ever_by_step] == pytest.approx([1 / 3, 2 / 3, 2 / 3])
    assert [step.value for step in summary.share_by_step] == pytest.approx([2 / 6, 1 / 5, 0])


def test_backfilled_slots_are_a_share_of_all_slots() -> None:
    assert summarise(sessions([[5, 6]], backfilled=1), MEMBERS, KNOWN, resamples(1, 0)).backfilled == 0.5


def test_members_followed_are_counted_and_nobody_is_no_member() -> None:
    followed = np.array([[0, 5, NOBODY], [1, 2, 3]])
    walked = Sessions(np.full((2, 3, 1), NOBODY), np.zeros((2, 3), dtype=np.int64), followed)
    everybody_but_the_last = np.arange(ACCOUNTS) < 4
    assert summarise(walked, everybody_but_the_last, KNOWN, resamples(2, 0)).members_followed == 2.0
    last = np.arange(ACCOUNTS) == ACCOUNTS - 1
    assert summarise(walked, last, KNOWN, resamples(2, 0)).members_followed == 0.0


def test_an_empty_slot_is_never_taken_for_the_last_account() -> None:
    last_is_member = np.arange(ACCOUNTS) == ACCOUNTS - 1
    assert members_shown(np.array([[NOBODY, NOBODY]]), last_is_member).tolist() == [0]


def test_empty_sessions_report_no_share_rather_than_no_exposure() -> None:
    summary = summarise(sessions([[NOBODY, NOBODY]]), MEMBERS, KNOWN, resamples(1, 0))
    assert np.isnan(summary.share.value)
    assert summary.empty == 1.0


def test_the_fall_is_the_difference_of_the_two_arms() -> None:
    clean = sessions(*[[[5, 6], [7, 8], [9, 10]]] * 3)
    draws = resamples(3, 0)
    assert fall(THREE, clean, MEMBERS, draws).value == pytest.approx(2 / 3)
    assert fall(clean, THREE, MEMBERS, draws).value == pytest.approx(-2 / 3)


def test_collateral_counts_innocents_that_vanish_and_not_members() -> None:
    before = np.array([[0, 5, 6], [7, 8, 11], [3, 4, NOBODY]])
    after = np.array([[5, 6, 9], [7, 8, 10], [4, 9, NOBODY]])  # 0 and 3 are members, 11 an innocent
    cost = collateral("filter", before, after, MEMBERS, resamples(3, 0))
    assert cost.displaced.value == pytest.approx(1 / 6)
    assert cost.viewers_changed.value == pytest.approx(1 / 3)
    assert cost.barred == 1
    assert (cost.empty_before, cost.empty) == (1 / 9, 1 / 9)


def test_a_slate_in_another_order_displaces_nobody() -> None:
    cost = collateral("filter", np.array([[5, 6, 7]]), np.array([[7, 5, 6]]), MEMBERS, resamples(1, 0))
    assert cost.displaced.value == 0


@given(
    st.integers(0, 2**32),
    st.lists(st.booleans(), min_size=ACCOUNTS, max_size=ACCOUNTS),
)
def test_once_shown_stays_shown_and_a_leak_is_an_exposure(seed: int, flags: list[bool]) -> None:
    members: Mask = np.array(flags)
    slates = np.random.default_rng(seed).integers(-1, ACCOUNTS, (4, 5, 3))
    drawn = Sessions(slates, np.zeros((4, 5), dtype=np.int64), np.zeros((4, 5), dtype=np.int64))
    summary = summarise(drawn, members, KNOWN, resamples(4, 0))
    by_step = [step.value for step in summary.ever_by_step]
    assert by_step == sorted(by_step)
    assert (by_step[0], by_step[-1]) == (summary.ever_first.value, summary.ever.value)
    assert summary.leak.value <= summary.ever.value
    assert ever_shown(drawn, members)[:, -1].mean() == pytest.approx(summary.ever.value)
