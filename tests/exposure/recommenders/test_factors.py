"""Are factors folded in as the formula says, and do they find a taste that was planted?"""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exposure.recommenders.parts import Question, ids, keeps_its_promises, long_tailed, questions, rows

from ringfence.exposure.recommenders.factors import FactorModel, Training
from ringfence.graph.csr import Csr
from ringfence.model.faults import Fault

SMALL = Training(factors=8, rounds=5)


def two_flocks(each: int, seed: int) -> Csr:
    """Everybody follows accounts of their own flock, a tenth of the time of the other."""
    rng = np.random.default_rng(seed)
    src = np.repeat(np.arange(2 * each), 12)
    own = rng.random(len(src)) < 0.9
    dst = (src // each + ~own) % 2 * each + rng.integers(0, each, len(src))
    return rows(set(zip(src.tolist(), dst.tolist(), strict=True)), 2 * each)


@pytest.mark.parametrize("confidence", [1.0, 20.0])
def test_a_taste_is_the_solution_of_the_normal_equations(confidence: float) -> None:
    suggest = FactorModel(long_tailed(100, 3), Training(factors=8, rounds=5, confidence=confidence))
    followed = ids(2, 9, 50)
    items = suggest._wide.T.astype(np.float64)
    normal = items.T @ items + (confidence - 1) * items[followed].T @ items[followed] + 0.01 * np.eye(8)
    expected = np.linalg.solve(normal, confidence * items[followed].sum(axis=0))
    assert np.allclose(suggest.taste(followed), expected, atol=2e-3)
    scores = items @ suggest.taste(followed)
    scores[followed] = -1
    assert np.allclose(scores[suggest(followed, 10).ids], np.sort(scores)[::-1][:10], atol=1e-5)


def test_it_finds_the_flock_of_the_followed() -> None:
    suggest = FactorModel(two_flocks(60, 1), SMALL)
    for start in (0, 60):
        found = suggest(ids(start, start + 1, start + 2), 20, viewer=120).ids // 60
        assert np.count_nonzero(found == start // 60) >= 18


@settings(deadline=None, max_examples=40)  # the first call compiles
@given(questions(), st.integers(0, 16))
def test_it_keeps_the_promises_of_a_recommender(question: Question, more: int) -> None:
    ties, accounts, *_ = question
    keeps_its_promises(FactorModel(rows(ties, accounts), Training(factors=3, rounds=2)), question, more)


def test_the_seed_and_nothing_else_decides() -> None:
    follows, followed = two_flocks(40, 2), ids(1, 5)
    first, second = (FactorModel(follows, SMALL)(followed, 30).ids.tolist() for _ in range(2))
    other = FactorModel(follows, Training(factors=8, rounds=5, seed=1))(followed, 30).ids.tolist()
    assert first == second != other


def test_somebody_without_a_follow_sees_the_popular() -> None:
    answer = FactorModel(rows({(0, 2), (1, 2), (0, 3)}, 6), SMALL)(ids(), 10)
    assert (answer.ids.tolist(), answer.backfilled) == ([2, 3], 2)


def test_a_missing_library_is_one_line_that_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.split(".")[0] == "implicit"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "implicit", None)
    with pytest.raises(Fault, match=r"implicit.* is not installed; install ringfence\[recommenders\]"):
        FactorModel(rows({(0, 1)}, 2))
