"""Does item-based filtering suggest by the cosine of followers, as worked out by hand?"""

import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.exposure.recommenders.parts import Question, ids, keeps_its_promises, long_tailed, questions, rows

from ringfence.exposure.recommenders.item_based import ItemBased, similar
from ringfence.exposure.recommenders.ranking import GRAIN
from ringfence.graph.csr import Csr
from ringfence.model.faults import Fault


def cosines(follows: Csr) -> NDArray[np.float64]:
    dense = follows.to_scipy().toarray().astype(np.float64)
    norms = np.sqrt((dense**2).sum(axis=0))
    dense /= np.where(norms > 0, norms, 1)
    found = dense.T @ dense
    np.fill_diagonal(found, 0)
    return np.asarray(found)


def weighted(follows: Csr, seed: int) -> Csr:
    weights = np.random.default_rng(seed).random(follows.ties).astype(np.float32)
    return Csr(follows.starts, follows.targets, weights, follows.columns)


@settings(deadline=None)
@given(questions())
def test_it_agrees_with_dense_cosines_while_all_neighbours_are_kept(question: Question) -> None:
    ties, accounts, followed, wanted, viewer = question
    follows = rows(ties, accounts)
    scores = np.round(cosines(follows).astype(np.float32)[followed] / GRAIN).sum(axis=0)
    barred = {*followed, viewer} | set(np.flatnonzero(scores == 0).tolist())
    expected = sorted(set(range(accounts)) - barred, key=lambda one: (-scores[one], one))[:wanted]
    answer = ItemBased(follows, neighbours=20)(ids(*followed), wanted, viewer)
    found = answer.ids[: len(answer.ids) - answer.backfilled].tolist()
    # A cosine may lie between two grains, and float32 may round it to either; then two neighbours may change places.
    assert np.abs(scores[found] - scores[expected]).max(initial=0) <= len(followed)
    assert len(found) == len(expected)


@pytest.mark.parametrize("seed", range(3))
def test_the_neighbours_kept_are_the_most_similar(seed: int) -> None:
    follows = weighted(long_tailed(200, seed), seed)
    near, exact = similar(follows, 10), cosines(follows)
    for account in range(200):
        kept = near.row(account)
        beside = near.weights[near.starts[account] : near.starts[account + 1]]
        assert account not in kept
        assert np.allclose(beside, exact[account, kept], atol=1e-6)
        best = np.sort(exact[account])[::-1][:10]
        assert np.allclose(np.sort(beside)[::-1][:10], best[best > 0], atol=1e-6)


@settings(deadline=None, max_examples=40)
@given(questions(), st.integers(0, 16))
def test_it_keeps_the_promises_of_a_recommender(question: Question, more: int) -> None:
    ties, accounts, *_ = question
    keeps_its_promises(ItemBased(rows(ties, accounts), neighbours=3), question, more)


def test_training_twice_gives_the_same_neighbours() -> None:
    first, second = (similar(long_tailed(400, 7), 5) for _ in range(2))
    assert (first.targets == second.targets).all()
    assert (first.weights == second.weights).all()


def test_followers_in_common_count_and_ties_of_the_followed_do_not() -> None:
    ties = {(5, 0), (5, 1), (6, 0), (6, 1), (7, 2), (0, 3)}
    answer = ItemBased(rows(ties, 8))(ids(0), 1)
    assert answer.ids.tolist() == [1]


def test_a_tie_that_weighs_nothing_is_not_learnt_from() -> None:
    follows = rows({(5, 0), (5, 1), (6, 0), (6, 2)}, 7)
    damped = Csr(follows.starts, follows.targets, np.array([1, 0, 1, 1], np.float32), 7)
    answer = ItemBased(damped)(ids(0), 5)
    assert answer.ids[: len(answer.ids) - answer.backfilled].tolist() == [2]


def test_it_trains_without_a_warning_whatever_blas_does() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ItemBased(long_tailed(100, 1))


def test_a_missing_library_is_one_line_that_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.split(".")[0] == "implicit"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "implicit", None)
    with pytest.raises(Fault, match=r"implicit.* is not installed; install ringfence\[recommenders\]"):
        ItemBased(rows({(0, 1)}, 2))
