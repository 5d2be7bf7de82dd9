import numpy as np
import pytest
from tests.exposure.recommenders.parts import rows

from ringfence.exposure.choices import any_slot
from ringfence.exposure.exact import discounted
from ringfence.exposure.feedback import EACH, ties_that_lead
from ringfence.exposure.recommenders.friend_of_friend import FriendOfFriend
from ringfence.exposure.simulate import fill_slate, keep_unflagged
from ringfence.exposure.slates import Mask, Slates

ACCOUNTS = 60
LIKELY = range(10, 16)


def masks(*some: range) -> list[Mask]:
    made = [np.zeros(ACCOUNTS, dtype=bool) for _ in some]
    for mask, ids in zip(made, some, strict=True):
        mask[list(ids)] = True
    return made


def follows(seed: int) -> set[tuple[int, int]]:
    """Fans 20 to 39 follow bridges 0 to 3, and those follow the likely members 10 to 15; ties at random besides."""
    drawn = np.random.default_rng(seed)
    bridges = [(fan, int(bridge)) for fan in range(20, 40) for bridge in drawn.choice(4, 2, replace=False)]
    leading = [(bridge, likely) for bridge in range(4) for likely in LIKELY]
    by_chance = [(int(a), int(b)) for a, b in drawn.integers(16, ACCOUNTS, (200, 2)) if a != b]
    return {*bridges, *leading, *by_chance}


@pytest.mark.parametrize("seed", range(4))
def test_ties_that_lead_are_ties_to_likely_members_and_cutting_them_lowers_exposure(seed: int) -> None:
    graph = rows(follows(seed), ACCOUNTS)
    flagged, likely, minors = masks(range(5, 7), LIKELY, range(0))
    led = ties_that_lead(graph, flagged, likely, minors, any_slot(), 200)
    ties = list(zip(led.src.tolist(), led.dst.tolist(), strict=True))
    assert ties
    assert set(ties) <= follows(seed)
    assert likely[led.dst].all()
    assert max(np.bincount(led.src)) <= EACH
    assert len(set(ties)) == len(ties)
    assert led.after < led.before
    left = FriendOfFriend(rows(follows(seed) - set(ties), ACCOUNTS))
    keep, slates = keep_unflagged(flagged), np.full((ACCOUNTS, 10), -1, np.int32)
    for viewer in range(ACCOUNTS):  # who follows whom is known as before: nobody is shown whom they follow
        slate, _ = fill_slate(left, keep, graph.row(viewer), viewer, 10)
        slates[viewer, : len(slate)] = slate
    exposure = discounted(Slates(slates, np.zeros(ACCOUNTS, np.int32)), any_slot(), likely).exposure
    assert led.after == pytest.approx(exposure[~flagged & ~likely].mean())


def test_ties_of_the_barred_are_left_alone() -> None:
    graph = rows(follows(1), ACCOUNTS)
    flagged, likely, minors = masks(range(5, 7), LIKELY, range(2))
    led = ties_that_lead(graph, flagged, likely, minors, any_slot(), 500)
    assert len(led.src)
    assert not minors[led.src].any()


def test_where_nobody_is_likely_nothing_is_cut() -> None:
    graph = rows(follows(2), ACCOUNTS)
    flagged, likely, minors = masks(range(5, 7), range(0), range(0))
    led = ties_that_lead(graph, flagged, likely, minors, any_slot(), 50)
    assert len(led.src) == 0
    assert led.displaced == led.touched == led.before == led.after == 0
