from dataclasses import dataclass

import numpy as np
import pytest

from ringfence.discovery.habits import habits
from ringfence.discovery.kinds import kinds
from ringfence.discovery.likeness import Likeness, likeness
from ringfence.discovery.pool import LEARNABLE, VOTES, Pool, pool
from ringfence.discovery.seeds import seeds
from ringfence.discovery.signals import Signals, signals
from ringfence.discovery.walks import walks
from ringfence.graph.relations import Graph
from ringfence.kernels import threads

NOBODY = np.empty(0, np.int64)


@dataclass(frozen=True)
class Known:
    """What a pool ranks by, for every account of the graph."""

    like: Likeness
    near: Signals
    habits: np.ndarray
    activity: np.ndarray

    def ranked(self, positives: np.ndarray, negatives: np.ndarray = NOBODY, seed: int = 0) -> Pool:
        return pool(self.like, self.near, self.habits, self.activity, positives, negatives, seed)


@pytest.fixture(scope="module")
def positives(graph: Graph, members: list[str]) -> np.ndarray:
    return np.sort(graph.find(members[:6]))


@pytest.fixture(scope="module")
def known(graph: Graph, members: list[str]) -> Known:
    rows, found = np.arange(graph.size), kinds(graph)
    start = seeds(graph, members[:6])
    like = likeness(found, rows, graph.size, seed=0)
    does = [habits(kind, rows, graph.size) for kind in found]
    activity = np.sum([one[:, 1].astype(np.float64) for one in does], axis=0)
    return Known(like, signals(like, walks(graph, start.restarts), start.restarts), np.hstack(does), activity)


@pytest.fixture(scope="module")
def found(known: Known, positives: np.ndarray) -> Pool:
    return known.ranked(positives)


def test_a_planted_ring_is_found_again(
    graph: Graph, members: list[str], watchers: list[str], found: Pool, positives: np.ndarray
) -> None:
    first = np.argsort(-found.score)[: len(members)]
    hidden = np.setdiff1d(graph.find(members), positives)
    assert len(np.intersect1d(first, hidden)) >= 0.8 * len(hidden)
    assert len(np.intersect1d(first, graph.find(watchers))) <= 3


def test_what_the_rankers_say_adds_up_to_the_score(graph: Graph, found: Pool) -> None:
    assert found.names == (*VOTES, "nearest accounts")
    assert found.parts.shape == (len(found.names), graph.size)
    assert np.allclose(found.parts.sum(axis=0), found.score)
    assert np.isfinite(found.parts).all()
    assert (found.parts >= 0).all()


def test_positives_come_first_whatever_the_rankers_say(known: Known, watchers: list[str], graph: Graph) -> None:
    # Nothing is near these: every ranker that was asked of others would put them last.
    strangers = np.sort(np.append(graph.find(watchers[:2]), np.argsort(known.near.walk)[:3]))
    score = known.ranked(strangers).score
    assert score[strangers].min() > np.delete(score, strangers).max()
    assert np.ptp(score[strangers]) == 0


@pytest.mark.parametrize("number", range(LEARNABLE))
def test_too_few_to_learn_from_are_ranked_by_nearness_alone(known: Known, positives: np.ndarray, number: int) -> None:
    found = known.ranked(positives[:number])
    assert found.names == ("walk", "spreading", "nearest accounts")
    assert not found.forests
    assert np.isfinite(found.score).all()


def test_where_everybody_is_a_positive_there_is_nobody_to_tell_them_from(known: Known) -> None:
    found = known.ranked(np.arange(len(known.activity)))
    assert not found.forests
    assert np.ptp(found.score) == 0


def test_those_said_to_be_none_are_ranked_lower_by_every_learner(
    graph: Graph, members: list[str], known: Known, found: Pool, positives: np.ndarray
) -> None:
    said = np.sort(graph.find(members[20:25]))
    told = known.ranked(positives, said)
    for name, forest in told.forests.items():
        before = found.forests[name].ask(found.columns[name])[said]
        assert forest.ask(told.columns[name])[said].mean() < before.mean() - 0.1
    assert told.score[said].max() < told.score[positives].min()


def test_each_learner_is_asked_of_the_columns_it_was_grown_on(known: Known, found: Pool) -> None:
    widths = {name: table.shape[1] for name, table in found.columns.items()}
    own = known.like.directions.shape[1] + known.habits.shape[1]
    ties = own + known.near.values.shape[1]
    assert widths == {"habits": own, "habits, as active": own, "habits and ties, as active": ties}
    assert {name: int(forest.column.max()) < widths[name] for name, forest in found.forests.items()} == dict.fromkeys(
        widths, True
    )


def test_threads_change_nothing_and_another_seed_does(
    known: Known, found: Pool, positives: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "THREADS", 3)
    assert np.array_equal(known.ranked(positives).parts, found.parts)
    assert not np.array_equal(known.ranked(positives, seed=1).parts, found.parts)
