"""Are numbers told short, and never surer than they are?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.exposure.estimates import Estimate
from ringfence.pictures.figures import amount, count, interval, percent, points, times


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (0, "0%"),
        (1, "100%"),
        (0.5, "50.0%"),
        (0.912, "91.2%"),
        (0.0004, "0.04%"),
        (0.000001, "under 0.01%"),
        (0.9999999, "over 99.99%"),
        (np.nan, "\N{EN DASH}"),
    ],
)
def test_a_share_is_told_with_the_digits_it_deserves(share: float, told: str) -> None:
    assert percent(share) == told


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_some_is_never_told_as_none_nor_most_as_all(share: float) -> None:
    assert percent(share).rstrip("%") not in {"0", "0.0", "0.00", "100", "100.0", "100.00"}


def test_an_interval_at_either_end_is_open_on_one_side() -> None:
    assert interval(Estimate(0, 0, 0.015, 200)) == "at most 1.5%"
    assert interval(Estimate(1, 0.985, 1, 200)) == "at least 98.5%"
    assert interval(Estimate(0.5, 0.4, 0.6, 200)) == "40.0% to 60.0%"
    assert interval(Estimate(np.nan, np.nan, np.nan, 200)) == "nothing shown"


def test_large_numbers_are_grouped() -> None:
    assert count(2_987_211) == "2,987,211"


def test_differences_carry_their_sign_and_factors_may_have_no_end() -> None:
    assert points(Estimate(-0.02, -0.11, 0.075, 200)) == ("-2.0%", "-11.0% to +7.5%")
    assert times(Estimate(3.21, 2.14, 5.0, 200)) == ("3.2", "2.1 to 5.0")
    assert times(Estimate(3.21, 2.14, np.inf, 200)) == ("3.2", "at least 2.1")
    nothing = Estimate(np.nan, np.nan, np.nan, 200)
    assert points(nothing) == times(nothing) == ("\N{EN DASH}", "")
    assert (amount(1.517), amount(np.nan)) == ("1.52", "\N{EN DASH}")
