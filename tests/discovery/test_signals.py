from dataclasses import replace
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata

from ringfence.discovery.kinds import kinds
from ringfence.discovery.likeness import Likeness, likeness
from ringfence.discovery.seeds import Seeds, seeds
from ringfence.discovery.signals import NAMES, NOTHING, RARE, STAY, STEPS, Signals, ranked, signals
from ringfence.discovery.walks import Walks, walks
from ringfence.graph.relations import Graph

VALUES = arrays(np.float64, st.integers(1, 30), elements=st.sampled_from([-2.0, 0.0, 1.0, 1.5, 7.0]))


@pytest.fixture(scope="module")
def start(graph: Graph, members: list[str], watchers: list[str]) -> Seeds:
    # The last column is a term that two of the seeds use and two others.
    users = graph.find([*members[:2], *members[10:12]])
    return seeds(graph, [*members[:5], watchers[0]], shared=[np.sort(users)])


@pytest.fixture(scope="module")
def near(graph: Graph, start: Seeds) -> Walks:
    return walks(graph, start.restarts)


@pytest.fixture(scope="module")
def like(graph: Graph, start: Seeds) -> Likeness:
    some = np.flatnonzero(np.arange(graph.size) % 3 == 0)
    return likeness(kinds(graph), np.union1d(some, np.flatnonzero(start.restarts.any(axis=1))), graph.size, seed=0)


def without(start: Seeds, near: Walks, columns: np.ndarray) -> tuple[Walks, np.ndarray]:
    """The walks and restarts of all columns but these."""
    kept = ~columns
    return Walks(near.long[:, kept], near.short[:, kept]), start.restarts[:, kept]


def test_a_seeds_signals_are_those_that_the_other_seeds_give_it(
    graph: Graph, like: Likeness, near: Walks, start: Seeds
) -> None:
    found = signals(like, near, start.restarts).values
    for account in np.flatnonzero(start.restarts.any(axis=1)):
        own = start.restarts[account] > 0
        others = signals(like, *without(start, near, own)).values
        row = np.searchsorted(like.rows, account)
        expected = others[row].copy()
        # A count over all seeds is told as if the others were as many as all.
        column, half = NAMES.index("rare things"), 0.5 * np.log1p(like.unit.degree()[row])
        lost = len(own) / np.count_nonzero(~own)
        expected[column] = np.log1p(np.expm1(expected[column] + half) * lost) - half
        assert np.allclose(found[row], expected, atol=1e-4), graph.accounts[int(account)]


def test_more_of_a_seeds_own_mass_changes_nothing_about_it(like: Likeness, near: Walks, start: Seeds) -> None:
    account = int(start.accounts[0])
    own = start.restarts[account] > 0
    louder = Walks(near.long.copy(), near.short.copy())
    louder.long[:, own] *= 1_000
    louder.short[:, own] *= 1_000
    row = np.searchsorted(like.rows, account)
    quiet, loud = (signals(like, one, start.restarts).values for one in (near, louder))
    assert np.array_equal(quiet[row], loud[row])
    assert not np.array_equal(np.delete(quiet, row, axis=0), np.delete(loud, row, axis=0))


def test_each_measure_is_as_computed_densely(like: Likeness, near: Walks, start: Seeds) -> None:
    found = signals(like, near, start.restarts).values.astype(np.float64)
    unit, smooth = (one.to_scipy().toarray().astype(np.float64) for one in (like.unit, like.smooth))
    mass = start.restarts[like.rows].astype(np.float64)
    mass /= mass.sum(axis=0)
    counted = mass == 0
    columns = counted.sum(axis=1)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.asarray((values * counted).sum(axis=1) / columns)

    def spread(begin: np.ndarray) -> np.ndarray:
        there = begin
        for _ in range(STEPS):
            there = STAY * begin + (1 - STAY) * smooth @ there
        return there

    rows = len(like.rows)
    everywhere = spread(np.full((rows, 1), 1 / rows))[:, 0]
    cosine = unit @ (unit.T @ mass) * counted
    users = (unit > 0).sum(axis=0)
    rare = np.where(users <= RARE, np.log(rows / np.maximum(users, 1)), 0)
    things = ((unit > 0) * rare) @ ((unit > 0).T @ mass)
    expected = {
        "long walk": np.log(mean(near.long[like.rows]) + NOTHING),
        "short walk": np.log(mean(near.short[like.rows]) + NOTHING),
        "spreading": np.log(mean(spread(mass)) / np.maximum(everywhere, NOTHING) + NOTHING),
        "cosine": mean(cosine),
        "closest three": np.sort(cosine, axis=1)[:, ::-1][:, :3].mean(axis=1),
        "rare things": np.log1p(mass.shape[1] * mean(things)) - 0.5 * np.log1p((unit > 0).sum(axis=1)),
    }
    assert tuple(expected) == NAMES
    for name, column in zip(NAMES, found.T, strict=True):
        assert np.allclose(column, expected[name], rtol=1e-4, atol=1e-4), name


def test_signals_are_finite_where_no_seed_is_among_the_rows_and_where_there_is_but_one(
    graph: Graph, near: Walks, start: Seeds
) -> None:
    away = np.flatnonzero(~start.restarts.any(axis=1))[:50]
    like = likeness(kinds(graph), away, graph.size, seed=0)
    assert np.isfinite(signals(like, near, start.restarts).values).all()
    one = start.restarts[:, :1]
    like = likeness(kinds(graph), np.sort(np.append(away, start.accounts[0])), graph.size, seed=0)
    found = signals(like, Walks(near.long[:, :1], near.short[:, :1]), one).values
    assert np.isfinite(found).all()
    row = int(np.searchsorted(like.rows, start.accounts[0]))
    assert found[row, NAMES.index("long walk")] == pytest.approx(log(NOTHING))


@given(VALUES)
def test_ranks_are_mean_ranks_the_largest_first(values: np.ndarray) -> None:
    assert np.allclose(ranked(values), rankdata(-values, method="average") / len(values))


def test_nothing_has_no_ranks() -> None:
    assert ranked(np.empty(0)).shape == (0,)


def test_four_fifths_are_away_and_never_the_nearest(like: Likeness, near: Walks, start: Seeds) -> None:
    found = signals(like, near, start.restarts)
    three = [NAMES.index(name) for name in ("short walk", "spreading", "cosine")]
    mean = np.sum([rankdata(-found.values[:, column]) for column in three], axis=0)
    edge = np.quantile(mean, 0.2)
    clear = np.abs(mean - edge) > 1e-6  # on the edge itself rounding may decide
    assert clear.sum() >= len(mean) - 3
    assert np.array_equal(found.away()[clear], (mean > edge)[clear])
    assert 0.75 <= found.away().mean() <= 0.8
    assert not found.away()[np.argmin(mean)]


def test_of_equals_nobody_is_away() -> None:
    assert not Signals(np.zeros((9, len(NAMES)), np.float32)).away().any()


def test_rows_in_which_nobody_is_near_anybody_spread_nothing(like: Likeness, near: Walks, start: Seeds) -> None:
    alone = replace(like, smooth=replace(like.smooth, weights=np.zeros_like(like.smooth.weights)))
    spread = signals(alone, near, start.restarts).spread
    outside = ~start.restarts[like.rows].any(axis=1)
    assert np.allclose(spread[outside], log(NOTHING), atol=1e-3)
