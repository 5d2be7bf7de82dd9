"""Are slots clicked as each rule declares?"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.exposure.choices import Choice, Rule, any_slot, by_position, named, top
from ringfence.model.faults import Fault

RULES = [top(1), top(3), any_slot(), by_position(), by_position(0.5), by_position(1.0)]


def chances(choice: Choice, *slate: int) -> list[float]:
    return [float(chance) for chance in choice.probabilities(np.array(slate, np.int32))]


def test_the_top_three_are_the_first_three_that_are_filled() -> None:
    assert chances(top(3), 7, 8, 9, 10) == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0])
    assert chances(top(3), -1, 8, -1, 9, 10, 11) == pytest.approx([0, 1 / 3, 0, 1 / 3, 1 / 3, 0])
    assert chances(top(3), 7, -1, -1, 8) == pytest.approx([1 / 2, 0, 0, 1 / 2])


def test_any_slot_that_is_filled_is_as_likely() -> None:
    assert chances(any_slot(), 7, -1, 8, 9) == pytest.approx([1 / 3, 0, 1 / 3, 1 / 3])


def test_position_weighs_by_its_formula_and_an_empty_slot_moves_nobody_up() -> None:
    weights = [1 / math.log2(2), 1 / math.log2(4)]
    assert chances(by_position(), 7, -1, 8) == pytest.approx([weights[0] / sum(weights), 0, weights[1] / sum(weights)])
    assert chances(by_position(0.5), 7, 8, -1, 9) == pytest.approx([8 / 13, 4 / 13, 0, 1 / 13])


@settings(deadline=None)  # the first call compiles
@given(st.sampled_from(RULES), st.lists(st.integers(-1, 5), min_size=1, max_size=12))
def test_only_filled_slots_are_clicked_and_some_slot_always_is(choice: Choice, slate: list[int]) -> None:
    found = chances(choice, *slate)
    assert sum(found) == pytest.approx(1 if max(slate) >= 0 else 0)
    assert all(chance == 0 for chance, shown in zip(found, slate, strict=True) if shown < 0)
    assert min(found) >= 0


def test_the_only_filled_slot_is_clicked_however_deep_it_is() -> None:
    assert chances(by_position(1e-9), *[-1] * 199, 4)[199] == 1


@pytest.mark.parametrize("decay", [0.0, -0.5, 1.5, math.nan])
def test_a_decay_that_is_none_is_refused(decay: float) -> None:
    with pytest.raises(Fault, match="decay"):
        by_position(decay)


def test_no_slot_to_click_is_refused() -> None:
    with pytest.raises(Fault, match="top"):
        top(0)


def test_rules_are_told_apart_by_name_and_value() -> None:
    assert len({choice.name for choice in RULES}) == len(RULES)
    assert top(3) == top(3) != top(2)


@given(st.integers(1, 10), st.floats(0, 1, exclude_max=True), st.sampled_from(list(Rule)))
def test_a_slot_is_drawn_as_likely_as_the_choice_says(filled: int, luck: float, rule: Rule) -> None:
    choice = named(rule)
    slate = np.full(10, -1, np.int32)
    slate[:filled] = np.arange(filled)
    passed = np.concatenate([[0.0], np.cumsum(choice.probabilities(slate))])
    slot = choice.slot(filled, luck)
    assert slot < filled
    assert passed[slot] - 1e-12 <= luck <= passed[slot + 1] + 1e-12
    if rule is Rule.TOP_3:
        assert slot == int(luck * min(3, filled))
