"""Are sessions paired, refilled and counted as promised?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.exposure.recommenders.friend_of_friend import FriendOfFriend
from ringfence.exposure.recommenders.suggestions import NOBODY, Suggestions
from ringfence.exposure.simulate import Mask, fill_slate, first_slates, keep_all, keep_unflagged, walk
from ringfence.graph.csr import Csr, Ids


def ids(*accounts: int) -> Ids:
    return np.array(accounts, dtype=np.uint32)


def ring(accounts: int, reach: int) -> Csr:
    """Everybody follows the next `reach` accounts."""
    targets = np.sort((np.arange(accounts)[:, None] + np.arange(1, reach + 1)) % accounts, axis=1)
    starts = np.arange(accounts + 1, dtype=np.int64) * reach
    return Csr(starts, targets.ravel().astype(np.uint32), np.ones(targets.size, dtype=np.float32), accounts)


class TwoLists:
    """Answers from two lists, whoever asks, and remembers how much it was asked for."""

    def __init__(self, personal: list[int], popular: list[int]) -> None:
        self._personal, self._popular = personal, popular
        self.asked: list[int] = []

    def __call__(self, followed: Ids, wanted: int, viewer: int = NOBODY) -> Suggestions:
        barred = {*followed.tolist(), viewer}
        self.asked.append(wanted)
        personal = [account for account in self._personal if account not in barred][:wanted]
        popular = [account for account in self._popular if account not in barred][: wanted - len(personal)]
        return Suggestions(ids(*personal, *popular), len(popular))


def flags(accounts: int, *flagged: int) -> Mask:
    mask = np.zeros(accounts, dtype=np.bool_)
    mask[list(flagged)] = True
    return mask


def test_dropped_candidates_are_replaced_from_further_down() -> None:
    suggest = TwoLists(list(range(30)), [])
    slate, backfilled = fill_slate(suggest, keep_unflagged(flags(40, *range(9))), ids(), NOBODY, 10)
    assert slate.tolist() == list(range(9, 19))
    assert backfilled == 0
    assert suggest.asked == [10, 20]


def test_backfill_is_counted_only_where_it_is_shown() -> None:
    suggest = TwoLists([0, 1, 2], list(range(10, 30)))
    slate, backfilled = fill_slate(suggest, keep_unflagged(flags(40, 1, 11)), ids(), NOBODY, 10)
    assert slate.tolist() == [0, 2, 10, 12, 13, 14, 15, 16, 17, 18]
    assert backfilled == 8


def test_a_guard_that_drops_everything_leaves_slots_empty_and_nobody_followed() -> None:
    graph = ring(30, 3)
    sessions = walk(
        FriendOfFriend(graph), keep_unflagged(flags(30, *range(30))), ids(4, 9), np.zeros((2, 3)), first_viewer=30
    )
    assert (sessions.slates == NOBODY).all()
    assert (sessions.followed == NOBODY).all()
    assert sessions.empty.tolist() == [[10] * 3] * 2
    assert sessions.shown.tolist() == [[0] * 3] * 2


@given(st.integers(0, 2**32), st.sets(st.integers(0, 29), max_size=12))
def test_a_session_follows_one_of_the_top_three_and_is_never_shown_whom_it_follows(seed: int, hidden: set[int]) -> None:
    luck = np.random.default_rng(seed).random((3, 6))
    starts = ids(0, 7, 21)
    guard = keep_unflagged(flags(30, *hidden))
    sessions = walk(FriendOfFriend(ring(30, 4)), guard, starts, luck, first_viewer=30)
    for start, slates, followed in zip(starts.tolist(), sessions.slates, sessions.followed, strict=True):
        following = {start}
        for slate, choice in zip(slates.tolist(), followed.tolist(), strict=True):
            assert choice in slate[:3]
            assert not following & set(slate)
            assert not hidden & set(slate)
            following.add(choice)


def test_both_arms_walk_alike_while_the_guard_has_nothing_to_drop() -> None:
    luck = np.random.default_rng(3).random((5, 8))
    suggest, starts = FriendOfFriend(ring(60, 4)), ids(1, 2, 3, 4, 5)
    plain = walk(suggest, keep_all, starts, luck, first_viewer=60)
    guarded = walk(suggest, keep_unflagged(flags(60)), starts, luck, first_viewer=60)
    assert (plain.slates == guarded.slates).all()
    assert (plain.followed == guarded.followed).all()


@pytest.mark.parametrize(("luck", "position"), [(0.0, 0), (0.5, 1), (0.99, 2)])
def test_luck_chooses_among_the_top_three(luck: float, position: int) -> None:
    suggest = TwoLists([5, 6, 7, 8], [])
    sessions = walk(suggest, keep_all, ids(1), np.full((1, 1), luck), first_viewer=9)
    assert sessions.followed[0, 0] == [5, 6, 7][position]


def test_the_guard_is_told_who_is_looking() -> None:
    viewers: list[int] = []

    def keep(viewer: int, followed: Ids, candidates: Ids) -> Mask:
        viewers.append(viewer)
        return keep_all(viewer, followed, candidates)

    graph = ring(30, 3)
    walk(FriendOfFriend(graph), keep, ids(4, 9), np.zeros((2, 1)), first_viewer=30)
    first_slates(FriendOfFriend(graph), keep, ids(12), graph.row, 10)
    assert viewers == [30, 31, 12]


def test_an_account_is_never_suggested_to_itself() -> None:
    graph = ring(5, 2)  # too small to fill a slate: everybody left is backfilled
    slates = first_slates(FriendOfFriend(graph), keep_all, ids(0, 3), graph.row, 10)
    assert [sorted(set(slate.tolist()) - {NOBODY}) for slate in slates] == [[3, 4], [1, 2]]
