import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.discovery import aggregates
from ringfence.discovery.aggregates import Hop, circles, standard, surroundings
from ringfence.graph.relations import Graph

TIES = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=40)
NAMES = [str(number) for number in range(9)]


def graph_of(relation: str, pairs: list[tuple[int, int]]) -> Graph:
    table = pa.table({"src": [a for a, _ in pairs], "dst": [b for _, b in pairs]})
    return Graph.from_tables({relation: table}, features=np.zeros((9, 1)))


def by_hand(values: list[np.ndarray]) -> list[np.ndarray]:
    stack = np.array(values)
    return [stack.mean(axis=0), stack.std(axis=0), stack.max(axis=0)] if values else [np.zeros(2)] * 3


@settings(deadline=None)
@given(TIES, st.integers(0, 99))
def test_moments_over_neighbours_are_those_counted_by_hand(pairs: list[tuple[int, int]], seed: int) -> None:
    graph = graph_of("follows", pairs)
    values = np.random.default_rng(seed).normal(size=(9, 2)).astype(np.float32)
    for one in circles(graph):
        made = Hop(one, one.held(values), values).moments(np.arange(9))
        for account in range(9):
            beside = {b for a, b in pairs if a == account} | {a for a, b in pairs if b == account}
            expected = by_hand([values[other] for other in sorted(beside - {account})])
            assert np.array([block[account] for block in made]) == pytest.approx(np.array(expected), abs=1e-3)


@settings(deadline=None)
@given(TIES, st.integers(0, 99))
def test_what_stands_at_an_object_is_the_mean_of_its_other_users(pairs: list[tuple[int, int]], seed: int) -> None:
    graph = graph_of("shares_link", pairs)
    values = np.random.default_rng(seed).normal(size=(9, 2)).astype(np.float32)
    users = {link: sorted({a for a, b in pairs if b == link}) for _, link in pairs}
    for one in circles(graph):
        made = Hop(one, one.held(values), values).moments(np.arange(9))
        for account in range(9):
            shared = [link for link in sorted(users) if account in users[link] and len(users[link]) > 1]
            means = [values[[u for u in users[link] if u != account]].mean(axis=0) for link in shared]
            assert np.array([block[account] for block in made]) == pytest.approx(np.array(by_hand(means)), abs=1e-3)


def test_rows_for_some_accounts_are_those_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(1)
    graph = graph_of("follows", [(int(a), int(b)) for a, b in chance.integers(9, size=(30, 2))])
    values = chance.normal(size=(9, 3)).astype(np.float32)
    described = surroundings(circles(graph), values, ["a", "b", "c"])
    every = described.of(np.arange(9))
    assert every.shape == (9, len(described.names))
    assert (described.of(np.array([7, 2, 4])) == every[[7, 2, 4]]).all()
    monkeypatch.setattr(aggregates, "THREADS", 1)
    assert described.of(np.arange(9)).tobytes() == every.tobytes()


def test_with_very_many_features_the_least_telling_aggregates_are_left_out() -> None:
    graph = graph_of("follows", [(0, 1), (1, 2)])
    values = np.random.default_rng(2).normal(size=(9, 500)).astype(np.float32)
    described = surroundings(circles(graph), values, [f"f{n}" for n in range(500)])
    assert described.of(np.arange(9)).shape[1] == len(described.names) == 1_000
    assert described.names[500] == "neighbours' mean of f0 (follows)"


def test_a_constant_column_tells_nothing_and_goes() -> None:
    values, varied = standard(np.array([[1e9, 3.0, 0.0], [1e9, 5.0, 0.0]], np.float32))
    assert varied.tolist() == [False, True, False]
    assert values.tolist() == [[-1.0], [1.0]]
