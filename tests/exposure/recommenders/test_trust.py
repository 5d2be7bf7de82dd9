"""Is the circle of trust where a random walk with restart really goes?"""

import numpy as np
import pytest
from tests.exposure.recommenders.parts import ids, long_tailed, rows

from ringfence.exposure.recommenders.salsa import Salsa
from ringfence.exposure.recommenders.trust import WHOLE, Walk
from ringfence.graph.csr import Csr

FINE = Walk(rounds=60, least=1e-13)


def some_follow_nobody(accounts: int, seed: int) -> Csr:
    """Every fifth account follows nobody, and the mass that comes there stays."""
    graph = long_tailed(accounts, seed)
    ties = zip(graph.sources().tolist(), graph.targets.tolist(), strict=True)
    return rows({(src, dst) for src, dst in ties if src % 5 != 1}, accounts)


def visits(follows: Csr, followed: list[int], back: float) -> list[float]:
    """Personalised PageRank by dense power iteration; whoever follows nobody keeps what arrives."""
    chances = np.zeros((follows.rows, follows.rows))
    for account in range(follows.rows):
        row = follows.row(account)
        chances[account, row] = (1 - back) / max(len(row), 1)
    mass = np.zeros(follows.rows)
    mass[followed] = 1 / len(followed)
    seen = np.zeros(follows.rows)
    for _ in range(200):
        seen += mass * np.where(follows.degree() > 0, back, 1)
        mass = mass @ chances
    found: list[float] = seen.tolist()
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_circle_is_the_top_of_a_dense_power_iteration(seed: int) -> None:
    follows, followed = some_follow_nobody(150, seed), [3, 40, 77]
    circle = Salsa(follows, circle=40, trusted=FINE).circle(ids(*followed)).tolist()
    expected = visits(follows, followed, 0.15)
    assert set(circle[:3]) == set(followed)
    others = sorted(set(range(150)) - set(followed), key=lambda account: -expected[account])
    assert np.allclose([expected[one] for one in circle[3:]], [expected[one] for one in others[:37]], atol=1e-6)


def test_a_coarse_walk_finds_nearly_the_same_circle_as_a_fine_one() -> None:
    follows = long_tailed(2_000, 9)
    circles = [set(Salsa(follows, circle=100, trusted=how).circle(ids(5, 6, 700)).tolist()) for how in (Walk(), FINE)]
    assert len(circles[0] & circles[1]) >= 90


def test_the_followed_come_first_even_where_the_circle_is_too_small_for_them() -> None:
    follows = rows({(account, 0) for account in range(1, 9)}, 9)
    assert Salsa(follows, circle=3).circle(ids(4, 5, 6, 7, 8)).tolist() == [4, 5, 6]


def test_nothing_of_one_question_is_left_for_the_next() -> None:
    suggest = Salsa(long_tailed(300, 2))
    first = suggest(ids(1, 2), 40).ids.tolist()
    suggest(ids(*range(200)), 40)
    assert suggest(ids(1, 2), 40).ids.tolist() == first
    for masses in (suggest._room.visits, suggest._room.now, suggest._room.later):
        assert not masses.any()


def test_the_whole_leaves_room_for_percents() -> None:
    assert WHOLE * 100 < 2**63
