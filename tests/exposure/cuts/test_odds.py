import numpy as np
import pytest
import scipy.sparse as sp
from tests.exposure.cuts.planted import Planted, planted

from ringfence.exposure.cuts.columns import of_matrix
from ringfence.exposure.cuts.odds import Odds, Reviews, estimate
from ringfence.model.faults import Fault

NOBODY = np.empty(0, np.uint32)


@pytest.fixture(scope="module")
def world() -> Planted:
    return planted(1)


@pytest.fixture(scope="module")
def odds(world: Planted) -> Odds:
    return estimate(world.follows, world.flagged, seed=7)


def test_members_without_a_flag_come_first_and_wrong_flags_are_doubted(world: Planted, odds: Odds) -> None:
    unflagged = np.flatnonzero(~world.flagged)
    first = unflagged[np.argsort(-odds.log_odds[unflagged])][: 2 * len(world.withheld)]
    assert np.isin(world.withheld, first).mean() >= 0.75
    assert odds.doubted[world.wrong].mean() >= 0.8
    assert odds.doubted[world.members].mean() <= 0.1
    assert not (odds.adopted & world.flagged).any()


def test_the_same_seed_gives_the_same_odds(world: Planted, odds: Odds) -> None:
    np.testing.assert_array_equal(odds.log_odds, estimate(world.follows, world.flagged, seed=7).log_odds)


def test_an_account_is_not_judged_by_its_own_flag(world: Planted, odds: Odds) -> None:
    lone = int(world.wrong[0])
    without = world.flagged.copy()
    without[lone] = False
    assert odds.log_odds[lone] < -2  # flagged, and nothing else speaks for it
    assert estimate(world.follows, without, seed=7).log_odds[lone] < -2


def test_the_cleared_are_no_evidence_and_come_last_and_the_confirmed_are_not_doubted(world: Planted) -> None:
    cleared, confirmed = np.concatenate([world.wrong[3:], world.withheld[:3]]), world.wrong[:3]
    odds = estimate(world.follows, world.flagged, seed=0, reviews=Reviews(confirmed, cleared))
    assert not odds.adopted[cleared].any()
    assert not odds.probability[cleared].max() > odds.probability.min()
    assert not odds.doubted[confirmed].any()


def test_those_missed_are_judged_as_those_flagged_among_the_same_people() -> None:
    world = planted(6, members=60, withheld=30)
    odds = estimate(world.follows, world.flagged, seed=0)
    flagged = world.members[world.flagged[world.members]]
    apart = np.median(odds.log_odds[flagged]) - np.median(odds.log_odds[world.withheld])
    assert abs(apart) < 1.5
    assert odds.adopted[world.withheld].any()
    assert odds.adopted.sum() == odds.adopted[world.withheld].sum()


def test_too_few_flags_are_refused_in_one_line(world: Planted) -> None:
    few = np.zeros(world.follows.accounts, dtype=bool)
    few[:3] = True
    with pytest.raises(Fault, match="3 flags"):
        estimate(world.follows, few, seed=0)


@pytest.mark.parametrize("others", [3, 4, 5, 9])
@pytest.mark.parametrize("seed", [0, 1])
def test_on_a_platform_where_hardly_anybody_is_unflagged_odds_are_finite_or_refused(others: int, seed: int) -> None:
    drawn = np.random.default_rng(seed)
    forward = sp.csr_matrix((drawn.random((20, 20)) < 0.3).astype(float))
    flagged = np.arange(20) >= others
    if others < 4:
        with pytest.raises(Fault, match="3 accounts without a flag"):
            estimate(of_matrix(forward), flagged, seed)
    else:
        assert np.isfinite(estimate(of_matrix(forward), flagged, seed).log_odds).all()
