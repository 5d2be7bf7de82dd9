import numpy as np
import pytest
from tests.exposure.cuts.planted import planted

from ringfence.exposure.cuts.odds import Reviews, estimate
from ringfence.model.faults import Fault


@pytest.mark.parametrize("seed", [1, 2])
def test_members_without_a_flag_come_first_and_wrong_flags_are_doubted(seed: int) -> None:
    world = planted(seed)
    odds = estimate(world.follows, world.flagged, seed=0)
    unflagged = np.flatnonzero(~world.flagged)
    first = unflagged[np.argsort(-odds.log_odds[unflagged])][: 2 * len(world.withheld)]
    assert np.isin(world.withheld, first).mean() >= 0.75
    assert odds.doubted[world.wrong].mean() >= 0.8
    assert odds.doubted[world.members].mean() <= 0.1
    assert not (odds.adopted & world.flagged).any()


def test_the_same_seed_gives_the_same_odds_and_an_account_is_not_judged_by_its_own_flag() -> None:
    world = planted(3)
    odds = estimate(world.follows, world.flagged, seed=7)
    np.testing.assert_array_equal(odds.log_odds, estimate(world.follows, world.flagged, seed=7).log_odds)
    lone = int(world.wrong[0])
    without = world.flagged.copy()
    without[lone] = False
    assert odds.log_odds[lone] < -2  # flagged, and nothing else speaks for it
    assert estimate(world.follows, without, seed=7).log_odds[lone] < -2


def test_whoever_a_person_cleared_is_no_evidence_and_has_the_lowest_odds() -> None:
    world = planted(4)
    cleared = np.concatenate([world.wrong, world.withheld[:3]])
    odds = estimate(world.follows, world.flagged, seed=0, reviews=Reviews(np.empty(0, np.uint32), cleared))
    assert not odds.adopted[cleared].any()
    assert not odds.probability[cleared].max() > odds.probability.min()


def test_those_missed_are_judged_as_those_flagged_among_the_same_people() -> None:
    world = planted(6, members=60, withheld=30)
    odds = estimate(world.follows, world.flagged, seed=0)
    flagged = world.members[world.flagged[world.members]]
    apart = np.median(odds.log_odds[flagged]) - np.median(odds.log_odds[world.withheld])
    assert abs(apart) < 1
    assert odds.adopted[world.withheld].mean() >= 0.5
    assert odds.adopted.sum() <= 40


def test_a_confirmed_member_is_evidence_whatever_it_looks_like() -> None:
    world = planted(7)
    told = Reviews(world.wrong[:3], np.empty(0, np.uint32))
    odds = estimate(world.follows, world.flagged, seed=0, reviews=told)
    assert not odds.doubted[world.wrong[:3]].any()
    assert odds.doubted[world.wrong[3:]].mean() >= 0.8


def test_too_few_flags_are_refused_in_one_line() -> None:
    world = planted(5)
    few = np.zeros(world.follows.accounts, dtype=bool)
    few[:3] = True
    with pytest.raises(Fault, match="3 flags"):
        estimate(world.follows, few, seed=0)
