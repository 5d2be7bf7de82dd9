import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.media.index.bits import WORDS
from ringfence.media.index.live import FURTHEST
from ringfence.media.index.plan import WIDEST, Plan, choose, met_by_words
from ringfence.media.index.tables import BUCKETS

RADII = st.lists(st.integers(-1, WIDEST), min_size=WORDS, max_size=WORDS)


@settings(deadline=None, max_examples=300)
@given(RADII, st.data())
def test_where_a_plan_is_exact_some_word_leads_to_each_near_code_and_the_next_lets_it_pass(
    radii: list[int], data: st.DataObject
) -> None:
    radius = sum(one + 1 for one in radii) - 1
    if radius < 0:
        return
    apart = [0] * WORDS
    for _ in range(data.draw(st.integers(0, min(radius, 160)))):
        apart[data.draw(st.integers(0, WORDS - 1))] += 1
    ahead = [*range(1, WORDS), 0]
    assert any(apart[i] <= radii[i] and apart[i] + apart[j] <= radii[i] + radii[j] + 1 for i, j in enumerate(ahead))


@settings(deadline=None)
@given(RADII)
def test_a_plan_that_could_miss_a_code_is_refused(radii: list[int]) -> None:
    sure = sum(one + 1 for one in radii) - 1
    Plan(sure, tuple(radii), 0.0)
    with pytest.raises(ValueError, match="would miss"):
        Plan(sure + 1, tuple(radii), 0.0)


def test_a_plan_has_a_radius_for_each_word() -> None:
    for radii in ((1,) * 15, (-2, *(3,) * 15)):
        with pytest.raises(ValueError, match="16 radii"):
            Plan(1, radii, 0.0)


@pytest.mark.parametrize("count", [1, 10_000, 10_000_000])
def test_the_chosen_plan_costs_no_more_than_even_ones_at_any_radius(count: int) -> None:
    met = np.full((WORDS, 17), count / BUCKETS)
    costs = [choose(radius, met, count).cost for radius in range(FURTHEST + 1)]
    assert costs == sorted(costs)
    sixteen = choose(31, met, count)
    if count > 1:
        assert sixteen.radii == (1,) * WORDS


def test_a_word_that_many_codes_share_is_left_alone() -> None:
    met = np.full((WORDS, 17), 150.0)
    met[[2, 9]] = 1_000_000.0
    radii = choose(31, met, 10_000_000).radii
    assert radii[2] == radii[9] == -1


def test_how_many_codes_are_met_is_what_counting_all_pairs_tells() -> None:
    rng = np.random.default_rng(3)
    words = np.where(rng.random((WORDS, 400)) < 0.3, 77, rng.integers(0, BUCKETS, (WORDS, 400)))
    starts = np.zeros((WORDS, BUCKETS + 1), np.uint32)
    for word, row in enumerate(words):
        starts[word, 1:] = np.cumsum(np.bincount(row, minlength=BUCKETS))
    apart = np.bitwise_count((words[:, :, None] ^ words[:, None, :]).astype(np.uint16)).reshape(WORDS, -1)
    truth = [np.bincount(row, minlength=17) / 400 for row in apart]
    np.testing.assert_allclose(met_by_words(starts), truth, atol=1e-6)
