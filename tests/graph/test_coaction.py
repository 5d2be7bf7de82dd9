from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.graph import coaction as room
from ringfence.graph.coaction import CoAction, coaction
from ringfence.kernels import threads
from ringfence.model.faults import Fault

# An act: account, object, time, post. A post is of one account and one moment, and may be on many objects.
POSTS = st.lists(st.tuples(st.integers(0, 5), st.sets(st.integers(0, 3), min_size=1), st.integers(0, 40)), max_size=15)
Posts = list[tuple[int, set[int], int]]
NO_CAP = 1_000_000


def acts(posts: Posts) -> list[np.ndarray]:
    rows = [(who, what, at, number) for number, (who, things, at) in enumerate(posts) for what in sorted(things)]
    return list(np.array(rows, dtype=int).reshape(-1, 4).T)


def brute(posts: Posts, window: int, least: int) -> list[tuple[int, int, int, int]]:
    """As the toolkit's SQL has it: posts of one account for which there is one of the other, on an object, near by."""
    seen = defaultdict(set)
    for number, (who, things, at) in enumerate(posts):
        for other, more, when in posts:
            if who != other and things & more and abs(at - when) <= window:
                seen[who, other].add(number)
    pairs = [(a, b, len(seen[a, b]), len(seen[b, a])) for a, b in sorted(seen) if a < b]
    return [pair for pair in pairs if min(pair[2:]) >= least]


def rows(found: CoAction) -> list[tuple[int, ...]]:
    assert (found.count == np.minimum(found.first_posts, found.second_posts)).all()
    columns = found.first, found.second, found.first_posts, found.second_posts
    return list(zip(*(column.tolist() for column in columns), strict=True))


@settings(deadline=None)  # the first call compiles
@given(POSTS, st.integers(0, 20), st.integers(1, 3))
def test_counts_are_those_of_every_pair_of_posts(posts: Posts, window: int, least: int) -> None:
    found = coaction(*acts(posts), window=window, cap=NO_CAP, least=least)
    assert rows(found) == brute(posts, window, least)
    assert found.capped_objects == 0


@settings(deadline=None)
@given(POSTS, st.randoms())
def test_the_order_in_which_acts_are_given_does_not_matter(posts: Posts, random: np.random.Generator) -> None:
    columns = acts(posts)
    order = list(range(len(columns[0])))
    random.shuffle(order)
    one = coaction(*columns, window=9, cap=NO_CAP, least=1)
    other = coaction(*(column[order] for column in columns), window=9, cap=NO_CAP, least=1)
    assert rows(one) == rows(other)


def test_an_object_used_by_everyone_is_capped_and_told_of() -> None:
    everyone, cap = np.arange(20_000), 10
    account = np.concatenate((everyone, [3, 9_000]))
    thing = np.concatenate((np.zeros(20_000, int), [1, 1]))
    at = np.concatenate((np.zeros(20_000, int), [50, 55]))
    found = coaction(account, thing, at, np.arange(20_002), window=60, cap=cap, least=1)
    assert found.capped_objects == 1
    assert len(found.first) <= 20_000 * cap + 1
    assert (3, 9_000) in set(zip(found.first.tolist(), found.second.tolist(), strict=True))


def test_a_cap_takes_the_nearest_in_time() -> None:
    found = coaction(np.arange(4), np.zeros(4, int), np.array([0, 1, 2, 3]), np.arange(4), window=60, cap=1, least=1)
    assert rows(found) == [(0, 1, 1, 1), (1, 2, 1, 1), (2, 3, 1, 1)]
    assert found.capped_objects == 1
    exact = coaction(np.arange(4), np.zeros(4, int), np.array([0, 1, 2, 3]), np.arange(4), window=60, cap=3, least=1)
    assert (len(exact.first), exact.capped_objects) == (6, 0)


def test_one_account_that_posts_around_another_acts_with_it_once() -> None:
    account, at = np.array([0] * 9 + [1]), np.arange(10)
    found = coaction(account, np.zeros(10, int), at, np.arange(10), window=60, cap=NO_CAP, least=1)
    assert rows(found) == [(0, 1, 9, 1)]
    assert found.count.tolist() == [1]


def test_the_answer_does_not_hang_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    columns = rng.integers(0, 3_000, 20_000), rng.integers(0, 500, 20_000), rng.integers(0, 9_000, 20_000)
    monkeypatch.setattr(room, "_RUN", 100)
    answers = []
    for count in (1, 2, 5):
        monkeypatch.setattr(threads, "THREADS", count)
        answers.append(rows(coaction(*columns, np.arange(20_000), window=900, cap=20, least=1)))
    assert answers[0] == answers[1] == answers[2]
    assert len(answers[0]) > 1_000


@pytest.mark.parametrize(
    ("change", "words"), [({"window": -1}, "window -1"), ({"cap": 0}, "cap 0"), ({"least": 0}, "least 0")]
)
def test_settings_that_mean_nothing_are_refused_in_one_line(change: dict[str, int], words: str) -> None:
    none = np.empty(0, int)
    with pytest.raises(Fault, match=words):
        coaction(none, none, none, none, **{"window": 1, "cap": 1, "least": 1} | change)


def test_arrays_that_do_not_fit_are_refused_in_one_line() -> None:
    with pytest.raises(Fault, match="arrays of 1, 2 acts"):
        coaction(np.zeros(2, int), np.zeros(2, int), np.zeros(1, int), np.zeros(2, int), window=1, cap=1, least=1)
