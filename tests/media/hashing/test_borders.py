import numpy as np
import pytest
from benchmarks.media.drawn import drawing
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.media.hashing.borders import KINDS, LEAST_SIDE, within
from ringfence.media.hashing.pdq import Luma, luma_of

STRICT, FRAME = KINDS
PICTURE = luma_of(np.asarray(drawing(3, 200, 150)))
SIDES = st.tuples(*[st.integers(0, 60)] * 4)


def bordered(luma: Luma, sides: tuple[int, ...], shade: float) -> Luma:
    top, bottom, left, right = sides
    return np.pad(luma, ((top, bottom), (left, right)), constant_values=shade)


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, st.sampled_from([0.0, 128.0, 255.0]), st.sampled_from([0.0, 90.0, 255.0]))
def test_whatever_is_put_around_a_picture_comes_off_and_nothing_of_the_picture(
    inner: tuple[int, ...], outer: tuple[int, ...], shade: float, other: float
) -> None:
    # Its own outermost lines are no border, as they are not of one colour.
    assert within(PICTURE, STRICT) is None
    found = within(bordered(bordered(PICTURE, inner, shade), outer, other), STRICT)
    if sum(inner) + sum(outer) == 0:
        assert found is None
    else:
        assert found is not None
        assert np.array_equal(found, PICTURE)


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_blank_picture_or_one_with_next_to_nothing_in_it_nothing_is_left(kind: object) -> None:
    assert within(np.full((300, 200), 7.0), kind) is None  # type: ignore[arg-type]
    speck = np.zeros((300, 300))
    speck[100 : 100 + LEAST_SIDE - 1, 100:200] = PICTURE[: LEAST_SIDE - 1, :100]
    assert within(speck, kind) is None  # type: ignore[arg-type]
    assert within(np.zeros((1, 1)), kind) is None  # type: ignore[arg-type]


def test_text_on_a_screen_is_seen_through_and_noise_from_compression_too() -> None:
    page = bordered(PICTURE, (60, 80, 0, 0), 250)
    page[20:30, 10:50] = 30  # a fifth of a line
    page[40] = 128  # a line from side to side
    found = within(page, FRAME)
    assert found is not None
    assert found.shape == PICTURE.shape
    noisy = bordered(PICTURE, (40, 40, 40, 40), 10) + np.random.default_rng(1).uniform(-5, 5, (230, 280))
    found = within(noisy, STRICT)
    assert found is not None
    assert found.shape == PICTURE.shape
