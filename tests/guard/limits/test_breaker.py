from math import floor

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.guard.limits.breaker import PER_DAY, PER_SHARE, room
from ringfence.guard.policies.strengths import floored

COUNTS = st.integers(0, 10**9)


@given(COUNTS, st.floats(0, 0.05), COUNTS, COUNTS, COUNTS)
def test_neither_cap_is_passed_and_one_is_reached(
    day: int, share: float, accounts: int, today: int, limited: int
) -> None:
    found = room(day, share, accounts=accounts, within_a_day=today, limited=limited)
    assert found.left >= 0
    left = {PER_DAY: day - today, PER_SHARE: floor(share * accounts) - limited}
    assert found.left == max(0, min(left.values()))
    assert found.left == max(0, left[found.cap])


@pytest.mark.parametrize(
    ("probability", "strength"),
    [(0.0, 0.0), (0.049, 0.0), (0.05, 0.05), (0.7, 0.7), (0.999, 0.95), (1.0, 1.0), (1.5, 1.0), (-1.0, 0.0)],
)
def test_a_strength_is_never_above_what_was_found(probability: float, strength: float) -> None:
    assert floored(pa.array([probability])).to_pylist() == [pytest.approx(strength, abs=1e-6)]


@given(st.lists(st.floats(0, 1)))
def test_a_strength_is_less_than_a_step_below(probabilities: list[float]) -> None:
    for probability, strength in zip(
        probabilities, floored(pa.array(probabilities, pa.float64())).to_pylist(), strict=True
    ):
        assert -1e-5 <= probability - strength < 0.05 + 1e-5


def test_what_is_not_known_has_no_strength() -> None:
    assert floored(pa.array([None, 0.5], pa.float64())).to_pylist() == [None, 0.5]
