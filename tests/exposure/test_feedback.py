"""Are the ties worth cutting those that make the dearest slots, within the caps, and does cutting them help?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exposure.test_slates import graph, random_graph

from ringfence.exposure import feedback
from ringfence.exposure.exact import discounted, slot_prices
from ringfence.exposure.feedback import EACH, Platform, dearest, effect, ends, worth_cutting
from ringfence.exposure.recommenders.friend_of_friend import FriendOfFriend
from ringfence.exposure.simulate import TRUSTING, fill_slate, keep_all
from ringfence.exposure.slates import Mask, friend_of_friend
from ringfence.graph.csr import Csr

NONE = np.zeros(400, np.bool_)


def on(follows: Csr, members: Mask, *, flagged: Mask = NONE, likely: Mask = NONE, barred: Mask = NONE) -> Platform:
    size = follows.columns
    return Platform(follows, flagged[:size], members, likely[:size], barred[:size])


def some(seed: int, count: int = 30, accounts: int = 400) -> np.ndarray:
    mask = np.zeros(accounts, np.bool_)
    mask[np.random.default_rng(seed).permutation(accounts)[:count]] = True
    return mask


def pairs(follows: Csr, ties: np.ndarray) -> set[tuple[int, int]]:
    source, target = ends(follows, ties)
    return set(zip(source.tolist(), target.tolist(), strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_the_dearest_slots_are_those_with_a_member_of_all(seed: int) -> None:
    follows, members = random_graph(seed, 400), some(seed)
    slates, priced = dearest(on(follows, members), TRUSTING, 25)
    every = slot_prices(slates, TRUSTING, members, (~members).astype(float), most=slates.ids.size)
    leading = members[every.shown]
    assert priced.prices.tolist() == pytest.approx(every.prices[leading][:25].tolist())
    assert priced.shown.tolist() == every.shown[leading][:25].tolist()
    assert priced.mean == pytest.approx(discounted(slates, TRUSTING, members).exposure[~members].mean())
    assert len(dearest(on(follows, members), TRUSTING, 10**6)[1].prices) == np.count_nonzero(leading)


@pytest.mark.parametrize(("seed", "reads"), [(0, 1_000), (1, 1_000), (2, 7)])
def test_ties_are_all_second_steps_of_the_paths_that_are_read(seed: int, reads: int) -> None:
    follows, members = random_graph(seed, 400), some(seed)
    _, priced = dearest(on(follows, members), TRUSTING, 40)
    found = worth_cutting(on(follows, ~NONE), priced, reads)  # nobody is innocent, so nobody is capped
    expected = set()
    for viewer, shown in zip(priced.viewers.tolist(), priced.shown.tolist(), strict=True):
        for friend in follows.row(viewer).tolist():
            row = follows.row(friend).tolist()
            read = row if len(row) <= reads else [row[n * len(row) // reads] for n in range(reads)]
            if shown in read:
                expected.add((friend, shown))
    assert pairs(follows, found.ties) == expected
    assert (found.slots, found.spared, found.capped) == (40, 0, 0)
    assert found.whole + found.popular == 40


def test_cutting_lowers_exposure_and_costs_little() -> None:
    follows, members = random_graph(5, 400), some(5)
    slates, priced = dearest(on(follows, members), TRUSTING, 60)
    found = worth_cutting(on(follows, members), priced)
    told = effect(on(follows, members), slates, priced, found.ties, 0.0, TRUSTING)
    assert told.after < told.before
    assert told.bound == pytest.approx(priced.prices.sum())
    assert 0 <= told.displaced < 0.2
    assert told.viewers == np.count_nonzero(~members & (follows.degree() > 0))
    nothing = effect(on(follows, members), slates, priced, found.ties[:0], 0.0, TRUSTING)
    assert nothing.after == pytest.approx(nothing.before)
    assert (nothing.displaced, nothing.viewers_changed) == (0.0, 0)
    lighter = effect(on(follows, members), slates, priced, found.ties, 0.5, TRUSTING)
    assert told.after <= lighter.after <= told.before


def test_what_is_displaced_is_counted_slate_by_slate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback, "_BLOCK", 7)
    follows, members = random_graph(6, 400), some(6)
    slates, priced = dearest(on(follows, members), TRUSTING, 200)
    ties = worth_cutting(on(follows, members), priced).ties
    weights = np.ones(follows.ties)
    weights[ties] = 0
    after, lost, shown, changed = friend_of_friend(follows, weights=weights), 0, 0, 0
    for viewer in np.flatnonzero(~members & (follows.degree() > 0)).tolist():
        before = {one for one in slates.ids[viewer].tolist() if one >= 0 and not members[one]}
        gone = before - set(after.ids[viewer].tolist())
        shown, lost, changed = shown + len(before), lost + len(gone), changed + bool(gone)
    told = effect(on(follows, members), slates, priced, ties, 0.0, TRUSTING)
    assert told.displaced == pytest.approx(lost / shown)
    assert told.viewers_changed == changed


@given(st.integers(0, 50), st.integers(1, 300))
@settings(max_examples=15, deadline=None)
def test_nobody_innocent_loses_more_than_the_caps_and_no_minor_anything(seed: int, most: int) -> None:
    follows, members, minors = random_graph(seed, 400), some(seed, 12), some(seed + 1, 60)
    likely = members & (np.arange(400) % 2 == 0)
    place = on(follows, members & ~minors, flagged=some(seed + 2, 9) & ~members, likely=likely & ~minors, barred=minors)
    _, priced = dearest(place, TRUSTING, most)
    found = worth_cutting(place, priced)
    source, target = ends(follows, found.ties)
    lost, fewer = np.bincount(source, minlength=400), np.bincount(target, minlength=400)
    assert (lost[place.innocent] <= np.minimum(follows.degree()[place.innocent] // 2, EACH)).all()
    fans = np.bincount(follows.targets, minlength=400)
    assert (fewer[place.likely] <= fans[place.likely] // 2).all()
    assert (lost + fewer)[minors].sum() == 0
    assert place.members[target].all()


def test_what_is_left_alone_is_counted() -> None:
    """Three innocents (0, 1, 2) follow another (3) who follows the member (4): one tie makes all three slots."""
    follows = graph({(0, 3), (1, 3), (2, 3), (3, 4), (3, 5)}, 6)
    members, minors = np.zeros(6, np.bool_), np.zeros(6, np.bool_)
    members[4] = True
    _, priced = dearest(on(follows, members), TRUSTING, 9)
    found = worth_cutting(on(follows, members), priced)
    assert (pairs(follows, found.ties), found.whole) == ({(3, 4)}, 3)
    assert found.popular == found.slots - 3
    minors[3] = True
    spared = worth_cutting(on(follows, members, barred=minors), priced)
    assert (len(spared.ties), spared.spared, spared.whole) == (0, 1, 0)
    minors[[3, 0]] = False, True  # that a child may be the viewer protects it
    assert len(worth_cutting(on(follows, members, barred=minors), priced).ties) == 1


def test_an_innocent_account_loses_three_follows_or_half_and_a_likely_member_half_of_its_followers() -> None:
    members = np.zeros(32, np.bool_)
    members[20:] = True
    bridge = graph({(0, 1), *((1, account) for account in range(20, 25))}, 32)
    found = worth_cutting(on(bridge, members), dearest(on(bridge, members), TRUSTING, 999)[1])
    assert (len(found.ties), found.capped) == (2, 3)  # half of five
    wide = graph({(0, 1), *((1, account) for account in range(20, 32))}, 32)
    assert len(worth_cutting(on(wide, members), dearest(on(wide, members), TRUSTING, 999)[1]).ties) == EACH
    members[1] = True
    assert len(worth_cutting(on(bridge, members), dearest(on(bridge, members), TRUSTING, 999)[1]).ties) == 5
    fans = graph({(0, 1), *((fan, 20) for fan in range(1, 6)), *((0, fan) for fan in range(1, 6))}, 32)
    members[1] = False
    everybody = on(fans, members, likely=members)
    _, priced = dearest(everybody, TRUSTING, 999)
    fans_cut = worth_cutting(everybody, priced)
    assert len(fans_cut.ties) == 0  # each of them follows one account, and half of that is nobody


def test_whoever_the_guard_leaves_out_is_neither_shown_nor_led_to() -> None:
    follows, members, flagged = random_graph(3, 400), some(3), some(4)
    members &= ~flagged
    place = on(follows, members, flagged=flagged)
    slates, priced = dearest(place, TRUSTING, 50)
    assert not flagged[slates.ids[slates.ids >= 0]].any()
    assert not flagged[priced.shown].any()
    ties = worth_cutting(place, priced).ties
    assert not flagged[ends(follows, ties)[1]].any()
    told = effect(place, slates, priced, ties, 0.0, TRUSTING)
    assert told.after <= told.before
    nobody = on(follows, NONE, flagged=flagged)
    slates, priced = dearest(nobody, TRUSTING, 50)
    nothing = effect(nobody, slates, priced, worth_cutting(nobody, priced).ties, 0.0, TRUSTING)
    assert (len(priced.prices), nothing.before, nothing.after, nothing.displaced) == (0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("seed", range(3))
def test_weighed_ties_are_what_the_weighed_recommender_shows(seed: int) -> None:
    follows, rng = random_graph(seed, 200), np.random.default_rng(seed)
    weights = np.where(rng.random(200) < 0.3, rng.random(200).round(1), 1.0)
    ties = np.minimum(weights[follows.sources()], weights[follows.targets])
    suggest = FriendOfFriend(follows, weights=weights)
    slates = friend_of_friend(follows, weights=ties)
    for viewer in np.flatnonzero(weights == 1).tolist():
        slate, _ = fill_slate(suggest, keep_all, follows.row(viewer), viewer, 10)
        assert slates.ids[viewer, : len(slate)].tolist() == slate.tolist()
    assert (
        friend_of_friend(follows, weights=np.ones(follows.ties)).ids.tolist() == friend_of_friend(follows).ids.tolist()
    )
