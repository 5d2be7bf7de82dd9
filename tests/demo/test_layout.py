"""Do networks stand apart, and does everybody have a place on the map?"""

from collections import Counter
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.demo.layout import Edges, choose, lay_out

WIDTH = 960.0
NO_TIES = np.empty((0, 2), dtype=np.int64)


@st.composite
def maps(draw: st.DrawFn) -> tuple[list[str], Edges]:
    networks = draw(st.lists(st.sampled_from(["", "n1", "n2", "n3", "n4"]), min_size=1, max_size=40))
    node = st.integers(0, len(networks) - 1)
    ties = draw(st.lists(st.tuples(node, node), max_size=60))
    return networks, np.array(ties, dtype=np.int64).reshape(-1, 2)


@given(maps(), st.sampled_from([340.0, WIDTH]))
@settings(max_examples=40, deadline=None)
def test_discs_never_touch_and_everybody_stands_in_the_right_place(
    drawn: tuple[list[str], Edges], width: float
) -> None:
    networks, ties = drawn
    layout = lay_out(networks, ties, width, 130)
    for one, other in combinations(layout.discs, 2):
        assert np.hypot(one.x - other.x, one.y - other.y) > one.radius + other.radius
        assert one.y != other.y or abs(one.x - other.x) >= 130  # room for both captions
    for disc in layout.discs:
        inside = layout.places[np.array(networks) == disc.network_id]
        assert (np.hypot(*(inside - (disc.x, disc.y)).T) <= disc.radius + 1e-6).all()
        assert disc.size == len(inside)
    assert np.isfinite(layout.places).all()
    assert (layout.places >= 0).all()
    assert (layout.places <= (width, layout.height)).all()


@given(maps())
@settings(max_examples=10, deadline=None)
def test_the_same_map_is_laid_out_the_same(drawn: tuple[list[str], Edges]) -> None:
    assert (lay_out(*drawn, WIDTH, 130).places == lay_out(*drawn, WIDTH, 130).places).all()


def test_tied_accounts_stand_closer_than_untied_ones() -> None:
    camps = [list(range(10)), list(range(10, 20))]
    ties = np.array([pair for camp in camps for pair in combinations(camp, 2)], dtype=np.int64)
    places = lay_out(["n1"] * 20, ties, WIDTH, 130).places
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    within = np.mean([apart[a, b] for a, b in ties])
    across = apart[:10, 10:].mean()
    assert within < 0.7 * across


def test_an_account_in_no_network_stands_between_those_it_is_tied_to_and_outside_them() -> None:
    networks = ["n1"] * 30 + ["n2"] * 30 + [""]
    layout = lay_out(networks, np.array([[60, 0], [60, 30]]), WIDTH, 130)
    left, right = sorted(disc.x for disc in layout.discs)
    x, y = layout.places[60]
    assert left < x < right
    assert all(np.hypot(x - disc.x, y - disc.y) > disc.radius for disc in layout.discs)


def test_an_account_in_no_network_is_not_drawn_into_the_only_one_it_is_tied_to() -> None:
    layout = lay_out(["n1"] * 60 + [""] * 3, np.array([[60, 5], [61, 6], [62, 7], [62, 8]]), WIDTH, 130)
    (disc,) = layout.discs
    assert (np.hypot(*(layout.places[60:] - (disc.x, disc.y)).T) > disc.radius).all()


def test_of_too_many_the_best_tied_of_every_network_are_chosen() -> None:
    networks = ["big"] * 80 + ["small"] * 8 + [""] * 20
    ties = np.array([[0, other] for other in range(1, 80)] + [[87, other] for other in range(80, 87)])
    kept = choose(networks, ties, 44)
    assert Counter(networks[index] for index in kept) == {"big": 40, "small": 4}
    assert {0, 87} <= set(kept.tolist())
    assert choose(networks, NO_TIES, 500).tolist() == list(range(108))
