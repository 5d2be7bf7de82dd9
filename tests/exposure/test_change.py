"""Is a rise told from luck?"""

from dataclasses import replace

import numpy as np
from tests.exposure.audits import FRIEND_OF_FRIEND, around, measured

from ringfence.exposure.audit import Audit, Viewed, seal, unseal
from ringfence.exposure.change import Change, Direction, _change, changes, missing, rises
from ringfence.exposure.estimates import ratio, resamples
from ringfence.exposure.viewers import ViewedArm, ViewerGroup
from ringfence.guard.snapshots import signing


def moved(before: float, after: float) -> Change:
    found = changes(measured(before), measured(after))
    return next(one for one in found if (one.arm, one.figure) == ("filter", "leak"))


def test_what_moves_beyond_both_intervals_rose_or_fell() -> None:
    assert moved(0.2, 0.3).direction is Direction.ROSE
    assert moved(0.3, 0.2).direction is Direction.FELL
    assert moved(0.2, 0.22).direction is Direction.SAME
    assert moved(0.2, 0.3).difference == moved(0.2, 0.3).after.value - moved(0.2, 0.3).before.value


def test_collateral_is_compared_too_and_what_one_lacks_is_named() -> None:
    before, after = measured(0.2), measured(0.2, displaced=0.05)
    cost = next(one for one in changes(before, after) if one.figure == "displaced")
    assert (cost.recommender, cost.stratum, cost.arm, cost.direction) == (
        FRIEND_OF_FRIEND,
        "everybody",
        "filter",
        Direction.ROSE,
    )
    assert missing(before, after) == ()


def test_a_share_of_nothing_has_not_moved() -> None:
    nothing = around(float("nan"))
    assert _change(("salsa", "random", "none", "share"), nothing, around(0.5)).direction is Direction.SAME


def test_two_measurements_of_the_same_thing_seldom_differ() -> None:
    rng, draws, everyone = np.random.default_rng(0), resamples(200, 1), np.ones(200, dtype=np.int64)
    estimates = [ratio(rng.random(200) < 0.3, everyone, draws) for _ in range(400)]
    key = ("salsa", "one_follow", "filter", "leak")
    rises = [
        _change(key, a, b).direction is Direction.ROSE for a, b in zip(estimates[::2], estimates[1::2], strict=True)
    ]
    assert np.mean(rises) <= 0.06


def test_each_recommender_is_compared_with_itself() -> None:
    one, other = measured(0.2), measured(0.3)
    both = replace(one, measured=(*one.measured, replace(other.measured[0], recommender="salsa")))
    assert all(found.direction is Direction.SAME for found in changes(one, both))
    assert {found.recommender for found in changes(both, both)} == {FRIEND_OF_FRIEND, "salsa"}
    assert "salsa, one_follow, filter" in missing(one, both)


def test_what_real_viewers_are_shown_is_compared_too() -> None:
    def shown(share: float) -> Audit:
        arm = ViewedArm("none", around(share), around(share), around(0.0), 0.0)
        return replace(measured(0.2), viewed=(Viewed("table", (ViewerGroup("follows_none", 9, 9, (arm,)),), ()),))

    found = {(one.recommender, one.stratum, one.figure): one for one in changes(shown(0.1), shown(0.3))}
    assert found["table", "viewers, follows_none", "share"].direction is Direction.ROSE
    assert found["table", "viewers, follows_none", "ever_first"].direction is Direction.ROSE
    assert "table, viewers, follows_none, none" in missing(measured(0.2), shown(0.1))
    signer = signing.new()
    assert unseal(seal(shown(0.1), signer), None, "here").viewed == shown(0.1).viewed


def test_an_alarm_over_many_figures_is_seldom_luck_and_a_plain_rise_still_raises_it() -> None:
    rng, draws, everyone = np.random.default_rng(2), resamples(200, 1), np.ones(200, dtype=np.int64)
    alarms, alone = [], []
    for _ in range(40):
        estimates = [ratio(rng.random(200) < 0.3, everyone, draws) for _ in range(2 * 50)]
        found = [
            _change(("salsa", "one_follow", str(one), "leak"), estimates[2 * one], estimates[2 * one + 1])
            for one in range(50)
        ]
        alarms.append(bool(rises(found)))
        alone.append(any(one.direction is Direction.ROSE for one in found))
    assert np.mean(alarms) <= 0.1
    assert np.mean(alone) >= 0.4  # what 95% a figure would come to
    assert [one.arm for one in rises(changes(measured(0.1), measured(0.3)))] == ["filter"] * 3
    assert rises(()) == ()
