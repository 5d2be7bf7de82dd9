"""Does friend-of-friend suggest what its formula says, and stay quick beside a hub?"""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.exposure.recommenders.friend_of_friend import FriendOfFriend
from ringfence.exposure.recommenders.suggestions import NOBODY
from ringfence.graph.csr import Csr, Ids

Ties = set[tuple[int, int]]


def rows(ties: Ties, accounts: int) -> Csr:
    ordered = np.array(sorted(ties), dtype=np.int64).reshape(-1, 2)
    starts = np.concatenate([[0], np.cumsum(np.bincount(ordered[:, 0], minlength=accounts))]).astype(np.int64)
    return Csr(starts, ordered[:, 1].astype(np.uint32), np.ones(len(ordered), dtype=np.float32), accounts)


def ids(*accounts: int) -> Ids:
    return np.array(accounts, dtype=np.uint32)


def brute_force(ties: Ties, followed: list[int], wanted: int, viewer: int, reads: int) -> tuple[list[int], int]:
    scores: Counter[int] = Counter()
    for friend in followed:
        row = sorted(dst for src, dst in ties if src == friend)
        read = min(reads, len(row))
        for place in range(read):
            scores[row[place * len(row) // read]] += round(2**20 / math.log(1 + len(row)))
    barred = {*followed, viewer}
    found = sorted(scores.keys() - barred, key=lambda account: (-scores[account], account))[:wanted]
    followers = Counter(dst for _, dst in ties)
    popular = sorted(followers.keys() - barred - set(found), key=lambda account: (-followers[account], account))
    backfill = popular[: wanted - len(found)]
    return found + backfill, len(backfill)


@st.composite
def questions(draw: st.DrawFn) -> tuple[Ties, int, list[int], int, int, int]:
    accounts = draw(st.integers(1, 14))
    account = st.integers(0, accounts - 1)
    ties = draw(st.sets(st.tuples(account, account), max_size=60))
    followed = sorted(draw(st.sets(account)))
    return ties, accounts, followed, draw(st.integers(0, 16)), draw(st.just(NOBODY) | account), draw(st.integers(1, 6))


@settings(deadline=None)  # the first call compiles
@given(questions())
def test_it_agrees_with_brute_force(question: tuple[Ties, int, list[int], int, int, int]) -> None:
    ties, accounts, followed, wanted, viewer, reads = question
    answer = FriendOfFriend(rows(ties, accounts), reads)(ids(*followed), wanted, viewer)
    assert (answer.ids.tolist(), answer.backfilled) == brute_force(ties, followed, wanted, viewer, reads)


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_with_brute_force_on_larger_random_graphs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Out-degrees from 1 to 150: only where they differ does the damping decide the order.
    degrees = (150 ** rng.random(200)).astype(np.int64)
    ties = {(src, int(dst)) for src, degree in enumerate(degrees) for dst in rng.zipf(1.6, degree) % 200}
    followed = sorted({int(account) for account in rng.integers(0, 200, 12)})
    answer = FriendOfFriend(rows(ties, 200), 20)(ids(*followed), 30, 5)
    assert (answer.ids.tolist(), answer.backfilled) == brute_force(ties, followed, 30, 5, 20)


@settings(deadline=None)  # the first call compiles
@given(questions(), st.integers(0, 16))
def test_asking_for_more_only_lengthens_the_answer(
    question: tuple[Ties, int, list[int], int, int, int], more: int
) -> None:
    ties, accounts, followed, wanted, viewer, reads = question
    suggest = FriendOfFriend(rows(ties, accounts), reads)
    short, long = suggest(ids(*followed), wanted, viewer), suggest(ids(*followed), wanted + more, viewer)
    assert long.ids[: len(short.ids)].tolist() == short.ids.tolist()


def test_a_path_through_a_choosy_account_beats_one_through_a_hub() -> None:
    ties = {(0, 9), (1, 8), *((1, other) for other in range(20, 60))}
    assert FriendOfFriend(rows(ties, 60))(ids(0, 1), 2).ids.tolist() == [9, 8]


def test_a_hub_is_read_in_part_and_evenly() -> None:
    ties = {(0, account) for account in range(1, 10_001)}
    answer = FriendOfFriend(rows(ties, 10_001), reads=100)(ids(0), 10_000)
    personal = answer.ids[: len(answer.ids) - answer.backfilled]
    assert personal.tolist() == list(range(1, 10_001, 100))


def test_who_follows_nobody_is_shown_what_is_popular_and_it_is_counted() -> None:
    answer = FriendOfFriend(rows({(0, 2), (1, 2), (0, 3)}, 6))(ids(), 10)
    assert (answer.ids.tolist(), answer.backfilled) == ([2, 3], 2)
