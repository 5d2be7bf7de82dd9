"""Does SALSA suggest what its definition says? Twins: the same walk in dictionaries, and as matrices."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exposure.recommenders.parts import Question, ids, keeps_its_promises, long_tailed, questions, rows

from ringfence.exposure.recommenders.salsa import BACK, Salsa
from ringfence.exposure.recommenders.trust import WHOLE
from ringfence.graph.csr import Csr


def brute_force(follows: Csr, hubs: list[int], given: int, iterations: int) -> Counter[int]:
    """Authority masses in whole units, hub by hub."""
    edges = {hub: follows.row(hub).tolist() for hub in hubs}
    backers = Counter(one for row in edges.values() for one in row)
    mass = Counter(dict.fromkeys(hubs[:given], WHOLE // given))
    for step in range(iterations + 1):
        scores: Counter[int] = Counter()
        for hub, row in edges.items():
            for one in row:
                scores[one] += mass[hub] // len(row)
        if step == iterations:
            break
        for hub, row in edges.items():
            mass[hub] = sum(scores[one] * (100 - BACK) // 100 // backers[one] for one in row)
            mass[hub] += WHOLE * BACK // 100 // given if hub in hubs[:given] else 0
    return scores


@settings(deadline=None)  # the first call compiles
@given(questions(), st.integers(1, 6), st.integers(0, 4))
def test_it_agrees_with_brute_force(question: Question, circle: int, iterations: int) -> None:
    ties, accounts, followed, wanted, viewer = question
    follows = rows(ties, accounts)
    suggest = Salsa(follows, circle=circle, iterations=iterations)
    hubs = suggest.circle(ids(*followed)).tolist()
    scores = brute_force(follows, hubs, min(len(followed), len(hubs)), iterations) if hubs else Counter()
    barred = {*followed, viewer} | {one for one, score in scores.items() if score == 0}
    expected = sorted(scores.keys() - barred, key=lambda one: (-scores[one], one))[:wanted]
    answer = suggest(ids(*followed), wanted, viewer)
    assert answer.ids[: len(answer.ids) - answer.backfilled].tolist() == expected


@pytest.mark.parametrize("seed", range(3))
def test_it_ranks_as_dense_power_iteration_does(seed: int) -> None:
    follows, followed = long_tailed(120, seed), ids(2, 30, 31)
    suggest = Salsa(follows, circle=30, iterations=5)
    hubs = suggest.circle(followed)
    tied = follows.to_scipy().toarray()[hubs] > 0
    forward = tied / np.maximum(tied.sum(axis=1, keepdims=True), 1)
    backward = (tied / np.maximum(tied.sum(axis=0, keepdims=True), 1)).T
    start = np.zeros(30)
    start[:3] = 1 / 3
    mass = start
    for _ in range(5):
        mass = (1 - BACK / 100) * (mass @ forward @ backward) + BACK / 100 * start
    scores = mass @ forward
    scores[followed] = 0
    best = np.sort(scores)[::-1][:20]
    assert np.allclose(scores[suggest(followed, 20).ids], best, atol=1e-9)


@settings(deadline=None)
@given(questions(), st.integers(0, 16))
def test_it_keeps_the_promises_of_a_recommender(question: Question, more: int) -> None:
    ties, accounts, *_ = question
    keeps_its_promises(Salsa(rows(ties, accounts), circle=4), question, more)


def test_whom_the_circle_agrees_on_comes_first() -> None:
    ties = {(0, 1), (0, 2), (1, 9), (2, 9), (1, 8), (0, 9)}
    assert Salsa(rows(ties, 10))(ids(0), 2, viewer=7).ids.tolist()[0] == 9


def test_a_hub_of_very_many_is_read_in_part() -> None:
    ties = {(0, account) for account in range(1, 3_001)}
    answer = Salsa(rows(ties, 3_001))(ids(0), 3_000)
    assert len(answer.ids) - answer.backfilled == 1_000
