from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.cases.priority import WEIGHTS, Harm, priority

COUNTS = st.integers(0, 10**9)
HARMS = st.builds(
    Harm,
    viewers=st.none() | COUNTS,
    audience=COUNTS,
    minors_reached=COUNTS,
    minors_inside=COUNTS,
    growth=st.none() | st.floats(0, 1),
    quiet=st.none() | st.floats(0, 10_000),
    danger=st.booleans(),
)


@given(HARMS)
def test_a_priority_is_what_its_parts_add_up_to(harm: Harm) -> None:
    made = priority(harm)
    assert set(made.parts) == set(WEIGHTS)
    assert all(0.0 <= part <= 1.0 for part in made.parts.values())
    assert made.total == pytest.approx(sum(WEIGHTS[name] * part for name, part in made.parts.items()), abs=1e-6)
    assert sum(WEIGHTS.values()) == 1.0


@given(HARMS, st.integers(0, 10**6))
def test_more_harm_never_lowers_a_priority(harm: Harm, more: int) -> None:
    before = priority(harm)
    for worse in (
        replace(harm, viewers=None if harm.viewers is None else harm.viewers + more),
        replace(harm, audience=harm.audience + more),
        replace(harm, minors_reached=harm.minors_reached + more),
        replace(harm, minors_inside=harm.minors_inside + more),
        replace(harm, growth=min((harm.growth or 0.0) + more / 10**6, 1.0)),
        replace(harm, quiet=max((harm.quiet if harm.quiet is not None else 10_000.0) - more, 0.0)),
        replace(harm, danger=True),
    ):
        assert priority(worse).total >= before.total
        assert priority(worse).urgency >= before.urgency


def test_one_child_inside_counts_as_much_as_thirty_reached() -> None:
    nothing = Harm(viewers=0, audience=0, minors_reached=0, minors_inside=0, growth=0.0, quiet=None)
    inside, reached = priority(replace(nothing, minors_inside=1)), priority(replace(nothing, minors_reached=31))
    assert priority(nothing).total == 0.0
    assert inside.total == pytest.approx(0.125)
    assert reached.total == pytest.approx(0.125, abs=0.001)
