"""Are the figures of everybody those of the walks that they stand for?"""

import numpy as np
import pytest

from ringfence.exposure import exact
from ringfence.exposure.choices import any_slot, top
from ringfence.exposure.clicks import walks
from ringfence.exposure.cuts.budget import Cut
from ringfence.exposure.everybody import DEAREST, Exact, exactly, slates_of_all
from ringfence.exposure.recommenders.friend_of_friend import FriendOfFriend
from ringfence.exposure.simulate import Mask, fill_slate
from ringfence.graph.csr import Csr, from_pairs

ACCOUNTS = 300
MEMBERS: Mask = np.arange(ACCOUNTS) < 12
FLAGGED: Mask = np.arange(ACCOUNTS) < 8


@pytest.fixture(scope="module")
def follows() -> Csr:
    """Everybody follows eight at random, and the first sixty follow members too, but for one member."""
    rng = np.random.default_rng(5)
    ties = {(src, int(dst)) for src in range(ACCOUNTS) for dst in rng.integers(0, ACCOUNTS, 8)}
    ties |= {(src, int(dst)) for src in range(60) for dst in rng.integers(0, 12, 3)}
    src, dst = np.array(sorted(tie for tie in ties if tie[0] != tie[1] and (tie[0] or tie[1] >= 12))).T
    return from_pairs(src, dst, np.ones(len(src)), (ACCOUNTS, ACCOUNTS))


def found(follows: Csr, members: Mask = MEMBERS) -> Exact:
    return exactly(slates_of_all(follows, FLAGGED, None), follows, members, top(3))


def test_the_figures_are_those_of_walks_from_everybody_who_is_no_member(follows: Csr) -> None:
    starts = np.repeat(np.flatnonzero(~MEMBERS), 400)
    for arm, slates in zip(found(follows).arms, slates_of_all(follows, FLAGGED, None).values(), strict=True):
        walked = walks(slates, top(3), starts, 10, MEMBERS, 1)
        for horizon, hit, shown in zip((1, 3, 10), arm.groups[0].hit_within, arm.groups[0].shown_within, strict=True):
            assert hit == pytest.approx(walked.hit_within(horizon).mean(), abs=0.006)
            assert shown == pytest.approx(walked.shown_within(horizon).mean(), abs=0.006)


def test_groups_are_everybody_by_whether_they_follow_a_member(follows: Csr) -> None:
    arm = found(follows).arms[0]
    near = np.array([bool(MEMBERS[follows.row(one)].any()) for one in range(ACCOUNTS)])
    assert [group.name for group in arm.groups] == ["all", "follows_member", "follows_none"]
    assert [group.accounts for group in arm.groups] == [288, (near & ~MEMBERS).sum(), (~near & ~MEMBERS).sum()]
    whole, close, far = (np.array([*group.hit_within, group.discounted]) * group.accounts for group in arm.groups)
    np.testing.assert_allclose(whole, close + far)
    assert (arm.groups[1].hit_within[0], arm.error_bound < 1e-6) > (arm.groups[2].hit_within[0], True)


def test_the_dearest_slots_come_first_and_count_from_one(follows: Csr) -> None:
    arm, slates = found(follows).arms[0], slates_of_all(follows, FLAGGED, None)["none"]
    assert len(arm.dearest) == DEAREST
    assert [one.price for one in arm.dearest] == sorted((one.price for one in arm.dearest), reverse=True)
    assert all(slates.ids[one.viewer, one.slot - 1] == one.shown for one in arm.dearest)
    emptied = slates.ids.copy()
    emptied[arm.dearest[0].viewer, arm.dearest[0].slot - 1] = -1
    fallen = exact.discounted(type(slates)(emptied, slates.backfilled), top(3), MEMBERS).exposure[~MEMBERS].mean()
    assert 0 < arm.groups[0].discounted - fallen < arm.dearest[0].price * 1.5


def test_an_arm_with_a_cut_is_the_cut_for_everybody(follows: Csr) -> None:
    odds = np.where(MEMBERS, 2.0, -6.0)
    chosen = Cut(FLAGGED, odds, 1 / (1 + np.exp(-odds)), 0.0)
    slates = slates_of_all(follows, FLAGGED, chosen)
    assert list(slates) == ["none", "filter", "budgeted"]
    assert [FLAGGED[one.ids[one.ids >= 0]].any() for one in slates.values()] == [True, False, False]
    suggest = FriendOfFriend(follows)
    for viewer in range(0, ACCOUNTS, 7):
        slate, _ = fill_slate(suggest, chosen.keep, follows.row(viewer), viewer, 10)
        assert slates["budgeted"].ids[viewer].tolist()[: len(slate)] == slate.tolist()
    figures = exactly(slates, follows, MEMBERS, any_slot())
    assert figures.choice == "any slot"
    assert figures.arms[2].groups[0].shown_within[2] < figures.arms[1].groups[0].shown_within[2]


def test_what_popularity_fills_and_what_stays_empty_stands_beside_the_figures(follows: Csr) -> None:
    slates = slates_of_all(follows, MEMBERS | (np.arange(ACCOUNTS) >= 16), None)["filter"]  # four are left to show
    everybody = exactly({"filter": slates}, follows, MEMBERS, top(3)).arms[0].groups[0]
    assert max(everybody.shown_within) == 0
    assert everybody.empty == pytest.approx(1 - np.mean(slates.filled()[~MEMBERS]) / 10)
    assert everybody.backfilled == pytest.approx(np.mean(slates.backfilled[~MEMBERS]) / 10)
    assert everybody.empty > 0.5 > everybody.backfilled > 0


def test_a_group_that_nobody_is_in_has_figures_of_nothing(follows: Csr) -> None:
    arm = exactly(slates_of_all(follows, FLAGGED, None), follows, MEMBERS & False, top(3)).arms[0]
    assert (arm.groups[1].accounts, np.isnan(arm.groups[1].hit_within[0]), arm.groups[0].hit_within) == (
        0,
        True,
        (0,) * 3,
    )
    assert arm.dearest == ()
