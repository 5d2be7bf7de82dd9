"""Does the measurement see a planted network, and the guard's effect and limits?"""

import json
from dataclasses import replace

import numpy as np
import pytest

from ringfence.exposure import arms
from ringfence.exposure.arms import Arm, affordable, behind, budgeted, damping, filtered, hard, none
from ringfence.exposure.cuts.odds import Odds
from ringfence.exposure.measure import Exposure, Stratum, measure, to_json
from ringfence.exposure.recommenders.friend_of_friend import FriendOfFriend
from ringfence.exposure.simulate import Mask, keep_all
from ringfence.graph.csr import Csr, Ids
from ringfence.model.faults import Fault

ACCOUNTS = 2_000
MEMBERS = np.arange(40, dtype=np.uint32)
AUDIENCE = np.arange(40, 240, dtype=np.uint32)


def platform(seed: int) -> Csr:
    """Everybody follows 15 at random; members and their audience also follow eight members."""
    rng = np.random.default_rng(seed)
    ties = {(src, int(dst)) for src in range(ACCOUNTS) for dst in rng.integers(0, ACCOUNTS, 15)}
    ties |= {(src, int(dst)) for src in range(240) for dst in rng.integers(0, 40, 8)}
    ordered = np.array(sorted(tie for tie in ties if tie[0] != tie[1]), dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(np.bincount(ordered[:, 0], minlength=ACCOUNTS))])
    return Csr(starts, ordered[:, 1].astype(np.uint32), np.ones(len(ordered), dtype=np.float32), ACCOUNTS)


@pytest.fixture(scope="module")
def follows() -> Csr:
    return platform(7)


def run(follows: Csr, known: Ids, seed: int = 1) -> Exposure:
    return measure(follows, MEMBERS, known, {"audience": AUDIENCE}, seed, steps=5, test_accounts=60, viewers=150)


def stratum(exposure: Exposure, name: str) -> Stratum:
    return next(one for one in exposure.strata if one.name == name)


def test_following_one_member_leads_into_the_network_and_a_filter_that_knows_all_ends_it(follows: Csr) -> None:
    exposure = run(follows, MEMBERS)
    lured = stratum(exposure, "one_follow")
    assert lured.test_accounts == 40  # no more starts than there are members, and none of them twice
    assert lured.before.ever.value > 0.9
    assert lured.before.share.value > 3 * stratum(exposure, "random").before.share.value
    assert (lured.after.ever.value, lured.after.ever.high) == (0, 3 / 40)
    assert lured.arms[1].ever_fall.value == lured.before.ever.value
    assert lured.arms[0].ever_fall.value == 0
    assert exposure.collateral[0].displaced.value == 0


def test_amplification_is_over_the_random_stratum_and_noise_is_what_luck_alone_does(follows: Csr) -> None:
    exposure = run(follows, MEMBERS[:30])
    lured, chance = stratum(exposure, "one_follow"), stratum(exposure, "random")
    times = lured.arms[0].amplification
    assert times.value == pytest.approx(lured.before.share.value / chance.before.share.value)
    assert times.low < times.value < times.high
    assert chance.arms[0].amplification.value == 1
    assert lured.noise.low <= 0 <= lured.noise.high
    assert abs(lured.noise.value) < 0.2


def test_all_arms_run_on_the_same_test_accounts_and_each_tells_its_cost(follows: Csr) -> None:
    suggest, flagged = FriendOfFriend(follows), np.isin(np.arange(ACCOUNTS), MEMBERS[:30])
    compared = (
        none(suggest),
        filtered(suggest, flagged),
        damping(follows, flagged),
        hard(follows, flagged),
        budgeted(follows, suggest, flagged, 1, budget=0.05),
    )
    exposure = measure(follows, MEMBERS, MEMBERS[:30], {}, 1, arms=compared, steps=5, test_accounts=40, viewers=150)
    names = ["none", "filter", "damping", "hard", "budgeted"]
    lured = stratum(exposure, "one_follow")
    assert [arm.name for arm in lured.arms] == names
    assert [cost.arm for cost in exposure.collateral] == names[1:]
    assert lured.arms[4].summary.leak.value < lured.arms[1].summary.leak.value
    assert lured.arms[3].summary.leak.value <= lured.arms[1].summary.leak.value


def test_what_the_guard_does_not_know_leaks_and_is_all_that_is_left(follows: Csr) -> None:
    lured = stratum(run(follows, MEMBERS[:30]), "one_follow")
    assert 0 < lured.after.leak.value == lured.after.ever.value
    assert lured.before.leak.value <= lured.before.ever.value


def test_innocents_the_guard_flags_are_counted_as_collateral(follows: Csr) -> None:
    wrongly = np.concatenate([MEMBERS, np.arange(500, 700, dtype=np.uint32)])
    exposure = run(follows, wrongly)
    assert (exposure.known_members, exposure.flagged) == (40, 240)
    assert 0.05 < exposure.collateral[0].displaced.value < 0.2
    assert exposure.collateral[0].viewers_changed.value > exposure.collateral[0].displaced.value


def test_the_guard_may_be_any_callable(follows: Csr) -> None:
    asked: list[int] = []

    def keep(viewer: int, followed: Ids, candidates: Ids) -> Mask:
        asked.append(viewer)
        return keep_all(viewer, followed, candidates)

    watched = (none(FriendOfFriend(follows)), Arm("watching", FriendOfFriend(follows), keep))
    exposure = measure(follows, MEMBERS, MEMBERS, {}, 1, steps=2, test_accounts=10, viewers=10, arms=watched)
    assert stratum(exposure, "one_follow").after.ever == stratum(exposure, "one_follow").before.ever
    assert min(asked) < ACCOUNTS <= max(asked)  # accounts of the platform, and newcomers beyond it


def test_the_same_seed_gives_the_same_measurement_and_a_stratum_more_changes_no_other(follows: Csr) -> None:
    fewer = measure(follows, MEMBERS, MEMBERS[:30], {}, 1, steps=5, test_accounts=60, viewers=150)
    more = run(follows, MEMBERS[:30])
    assert more == run(follows, MEMBERS[:30])
    assert fewer == replace(more, strata=more.strata[:2])
    assert more.strata[1] != run(follows, MEMBERS[:30], seed=2).strata[1]


def test_two_strata_from_one_pool_are_drawn_apart(follows: Csr) -> None:
    pools = {"firecrest": AUDIENCE, "kittiwake": AUDIENCE}
    exposure = measure(follows, MEMBERS, MEMBERS, pools, 1, steps=3, test_accounts=30, viewers=10)
    assert stratum(exposure, "firecrest").before != stratum(exposure, "kittiwake").before


def test_collateral_is_read_off_accounts_that_follow_somebody() -> None:
    starts = np.array([0, 1, 2, 2, 2, 2], dtype=np.int64)  # accounts 0 and 1 follow 2; the others follow nobody
    graph = Csr(starts, np.array([2, 2], dtype=np.uint32), np.ones(2, dtype=np.float32), 5)
    exposure = measure(graph, np.array([4], dtype=np.uint32), np.array([4], dtype=np.uint32), {}, 0, steps=1)
    assert exposure.collateral[0].viewers_changed.accounts == 2


def test_the_measurement_is_json_and_a_share_of_nothing_is_null() -> None:
    alone = Csr(np.array([0, 1, 1]), np.array([1], dtype=np.uint32), np.ones(1, dtype=np.float32), 2)
    exposure = measure(alone, np.array([1], dtype=np.uint32), np.array([1], dtype=np.uint32), {}, 0, steps=1)
    told = json.loads(to_json(exposure))
    assert told["members"] == 1
    assert told["strata"][0]["name"] == "one_follow"
    assert told["strata"][0]["arms"][1]["summary"]["share"]["value"] is None
    assert told["strata"][0]["arms"][1]["summary"]["empty"] == 1


def test_a_stratum_without_accounts_is_refused_by_name(follows: Csr) -> None:
    with pytest.raises(Fault, match="stratum 'firecrest watchers'"):
        measure(follows, MEMBERS, MEMBERS, {"firecrest watchers": MEMBERS[:0]}, 0, steps=1, test_accounts=1)


def test_a_cut_shared_by_recommenders_is_learned_once_and_is_what_the_worst_of_them_can_afford(
    follows: Csr, monkeypatch: pytest.MonkeyPatch
) -> None:
    likely = np.random.default_rng(0).normal(-4.0, 1.0, ACCOUNTS)
    learned: list[Mask] = []

    def estimate(_follows: object, flagged: Mask, *_given: object) -> Odds:
        learned.append(flagged)
        return Odds(likely, flagged & False, flagged & False)

    monkeypatch.setattr(arms, "estimate", estimate)
    flagged = np.isin(np.arange(ACCOUNTS), MEMBERS[:30])
    suggesters = [FriendOfFriend(follows), damping(follows, flagged).suggest]
    apart = [affordable(follows, [suggest], flagged, 1, budget=0.05).threshold for suggest in suggesters]
    shared = affordable(follows, suggesters, flagged, 1, budget=0.05)
    assert apart[0] != apart[1]
    assert shared.threshold == max(apart)
    assert len(learned) == 3
    assert behind(shared, suggesters[1]).suggest is suggesters[1]
