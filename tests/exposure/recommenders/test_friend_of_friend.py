"""Does friend-of-friend suggest what its formula says, and stay quick beside a hub?"""

import math
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exposure.recommenders.parts import Question, Ties, ids, keeps_its_promises, long_tailed, questions, rows

from ringfence.exposure.recommenders.friend_of_friend import FriendOfFriend

READS = st.integers(1, 6)
WEIGHTS = st.lists(st.sampled_from([0.0, 0.25, 0.3, 1.0]) | st.floats(0, 1), min_size=14, max_size=14)


def brute_force(
    ties: Ties, followed: list[int], wanted: int, viewer: int, reads: int, weights: list[float] | None = None
) -> tuple[list[int], int]:
    scores: Counter[int] = Counter()
    for friend in followed:
        row = sorted(dst for src, dst in ties if src == friend)
        read = min(reads, len(row))
        for place in range(read):
            reached, worth = row[place * len(row) // read], round(2**20 / math.log(1 + len(row)))
            if weights:
                worth = math.floor(worth * (weights[friend] * min(weights[friend], weights[reached])) + 0.5)
            scores[reached] += worth
    barred = {*followed, viewer} | {account for account, score in scores.items() if score == 0}
    found = sorted(scores.keys() - barred, key=lambda account: (-scores[account], account))[:wanted]
    followers = Counter(dst for _, dst in ties)
    popular = sorted(followers.keys() - {*followed, viewer, *found}, key=lambda account: (-followers[account], account))
    backfill = popular[: wanted - len(found)]
    return found + backfill, len(backfill)


@settings(deadline=None)  # the first call compiles
@given(questions(), READS, st.none() | WEIGHTS)
def test_it_agrees_with_brute_force(question: Question, reads: int, weights: list[float] | None) -> None:
    ties, accounts, followed, wanted, viewer = question
    given_weights = None if weights is None else np.array(weights[:accounts])
    answer = FriendOfFriend(rows(ties, accounts), reads, given_weights)(ids(*followed), wanted, viewer)
    assert (answer.ids.tolist(), answer.backfilled) == brute_force(ties, followed, wanted, viewer, reads, weights)


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_with_brute_force_on_larger_random_graphs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Out-degrees from 1 to 150: only where they differ does the damping decide the order.
    degrees = (150 ** rng.random(200)).astype(np.int64)
    ties = {(src, int(dst)) for src, degree in enumerate(degrees) for dst in rng.zipf(1.6, degree) % 200}
    followed = sorted({int(account) for account in rng.integers(0, 200, 12)})
    answer = FriendOfFriend(rows(ties, 200), 20)(ids(*followed), 30, 5)
    assert (answer.ids.tolist(), answer.backfilled) == brute_force(ties, followed, 30, 5, 20)


@settings(deadline=None)
@given(questions(), READS, st.integers(0, 16))
def test_asking_for_more_only_lengthens_the_answer(question: Question, reads: int, more: int) -> None:
    ties, accounts, *_ = question
    keeps_its_promises(FriendOfFriend(rows(ties, accounts), reads), question, more)


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


def test_an_account_that_weighs_nothing_leads_to_nobody_and_is_reached_by_nobody() -> None:
    ties = {(0, 2), (1, 3), (1, 4)}
    suggest = FriendOfFriend(rows(ties, 5), weights=np.array([0.0, 1.0, 1.0, 1.0, 0.0]))
    answer = suggest(ids(0, 1), 5)
    assert answer.ids[: len(answer.ids) - answer.backfilled].tolist() == [3]


def test_a_path_weighs_no_more_than_its_lighter_ends() -> None:
    suggest = FriendOfFriend(rows({(0, 2), (0, 3)}, 4), weights=np.array([0.25, 1.0, 0.3, 1.0]))
    assert suggest(ids(0), 2).ids.tolist() == [2, 3]


def test_an_id_beyond_the_graph_is_refused() -> None:
    with pytest.raises(IndexError, match="account 7 of 5"):
        FriendOfFriend(rows({(0, 2)}, 5))(ids(0, 7), 3)


def test_threads_do_not_disturb_one_another() -> None:
    graph = long_tailed(3_000, 4)
    suggest = FriendOfFriend(graph)
    asked = [np.unique(np.random.default_rng(seed).integers(0, 3_000, 40)).astype(np.uint32) for seed in range(200)]
    alone = [suggest(followed, 50).ids.tolist() for followed in asked]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda followed: suggest(followed, 50).ids.tolist(), asked * 5))
    assert together == alone * 5
