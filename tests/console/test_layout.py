"""Everybody has a place of their own on the map, the same one each time, near those they are tied to."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.console.layout import SIDE, places


@settings(max_examples=6)
@given(st.integers(0, 40), st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=60))
def test_any_network_has_places_within_the_map(size: int, ties: list[tuple[int, int]]) -> None:
    pairs = sorted({(min(pair), max(pair)) for pair in ties if pair[0] != pair[1] and max(pair) < size})
    first, second = (np.array([pair[end] for pair in pairs], np.int64) for end in (0, 1))
    weight = np.linspace(0, 9, len(pairs))
    stand = places(size, first, second, weight)
    assert stand.shape == (size, 2)
    assert np.isfinite(stand).all()
    assert ((stand >= 0) & (stand <= SIDE)).all()
    assert len({tuple(place) for place in stand.tolist()}) == size
    assert (stand == places(size, first, second, weight)).all()


@pytest.mark.parametrize("size", [60, 2_400])  # on the coarse grid, and on the fine one
def test_groups_stand_together(size: int) -> None:
    chance = np.random.default_rng(3)
    group = np.arange(size) % 3
    one, other = chance.integers(0, size, (2, 12 * size))
    inside = (group[one] == group[other]) & (one < other)
    first, second = one[inside], other[inside]
    stand = places(size, first, second, np.ones(len(first)))
    middles = np.array([stand[group == number].mean(axis=0) for number in range(3)])
    to_own = np.linalg.norm(stand - middles[group], axis=1)
    nearest = np.linalg.norm(stand[:, None] - middles[None], axis=2).argmin(axis=1)
    assert (nearest == group).mean() > 0.97
    assert to_own.mean() < 0.25 * SIDE
