"""Are the planted worlds what the frontier's table says of them?"""

from collections.abc import Callable

import numpy as np
import pytest
from benchmarks.exposure.frontier.trials import Asked
from benchmarks.exposure.frontier.worlds import ACCOUNTS, CONDITIONS, CREW, WRONG, World, world

from ringfence.exposure.recommenders.friend_of_friend import FriendOfFriend
from ringfence.exposure.simulate import fill_slate, keep_unflagged


@pytest.fixture(scope="module")
def made() -> Callable[[str], World]:
    kept: dict[str, World] = {}
    return lambda name: kept.setdefault(name, world(CONDITIONS[name], 3))


# Each takes seconds to make; the other conditions are made of the same parts.
TRIED = ("random", "newest", "camouflaged", "network", "isolated network", "half a circle flagged")


@pytest.mark.parametrize("name", TRIED)
def test_withheld_members_carry_no_flag_and_the_wrong_flags_are_counted(
    made: Callable[[str], World], name: str
) -> None:
    place = made(name)
    assert place.members.sum() == CREW
    assert place.members[place.withheld].all()
    assert not place.flagged[place.withheld].any()
    assert (place.flagged & place.members).sum() == CREW - len(place.withheld)
    assert (place.flagged & ~place.members).sum() == WRONG + 25 * (name == "half a circle flagged")


def test_members_are_withheld_as_many_as_the_condition_says(made: Callable[[str], World]) -> None:
    expected = {"random": 10, "newest": 15, "camouflaged": 15}
    assert {name: len(made(name).withheld) for name in expected} == expected
    assert 10 <= len(made("network").withheld) <= 32


def test_the_newest_are_hardly_followed_and_the_camouflaged_follow_few_of_the_crew(
    made: Callable[[str], World],
) -> None:
    newest, mixed = made("newest"), made("camouflaged")
    plain = made("random").follows.transposed().degree()[made("random").withheld]
    came = newest.follows.transposed().degree()[newest.withheld]
    assert np.median(came) < np.median(plain) / 2
    assert np.median(mixed.follows.transposed().degree()[mixed.withheld]) > 2 * np.median(plain)
    assert max(int(mixed.members[mixed.follows.row(int(one))].sum()) for one in mixed.withheld) <= 3


def test_an_isolated_network_follows_its_own(made: Callable[[str], World]) -> None:
    shares = []
    for name in ("network", "isolated network"):
        place = made(name)
        own = np.zeros(ACCOUNTS, dtype=bool)
        own[place.withheld] = True
        followed = np.concatenate([place.follows.row(int(one)) for one in place.withheld])
        shares.append(own[followed].sum() / place.members[followed].sum())
    assert 0.55 < shares[0] < 0.8
    assert shares[1] > 0.88


def test_the_same_seed_gives_the_same_world_and_another_does_not(made: Callable[[str], World]) -> None:
    place, again = made("random"), world(CONDITIONS["random"], 3)
    np.testing.assert_array_equal(place.follows.targets, again.follows.targets)
    np.testing.assert_array_equal(place.flagged, again.flagged)
    assert not np.array_equal(place.members, world(CONDITIONS["random"], 4).members)


def test_remembered_candidates_give_the_slates_that_asking_gives(made: Callable[[str], World]) -> None:
    place = made("random")
    suggest, keep = FriendOfFriend(place.follows), keep_unflagged(place.flagged)
    asked = Asked(suggest)
    for viewer in range(0, ACCOUNTS, 2_500):
        followed = place.follows.row(viewer)
        for _ in range(2):
            slate, backfilled = asked.slate(keep, followed, viewer)
            expected, popular = fill_slate(suggest, keep, followed, viewer, 10)
            assert (slate.tolist(), backfilled) == (expected.tolist(), popular)
