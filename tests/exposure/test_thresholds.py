"""Are promises read as they were written, and kept or broken by whole intervals?"""

import pytest
from tests.exposure.audits import around, measured

from ringfence.exposure.estimates import Estimate
from ringfence.exposure.thresholds import Bounds, Outcome, judge, outcome, parse
from ringfence.model.faults import Fault


@pytest.mark.parametrize(
    ("value", "expected"), [(0.02, Outcome.MET), (0.05, Outcome.OPEN), (0.06, Outcome.OPEN), (0.08, Outcome.MISSED)]
)
def test_a_bound_is_met_or_missed_by_the_whole_interval(value: float, expected: Outcome) -> None:
    assert outcome(around(value), 0.05) is expected


def test_an_interval_that_ends_on_the_bound_meets_it_and_a_figure_of_nothing_is_open() -> None:
    assert outcome(Estimate(0.03, 0.01, 0.05, 9), 0.05) is Outcome.MET
    assert outcome(Estimate(float("nan"), float("nan"), float("nan"), 9), 0.05) is Outcome.OPEN


def test_every_arm_but_the_first_is_judged_by_every_bound() -> None:
    findings = judge(measured(0.2, displaced=0.03).measured[0].exposure, parse("leak = 0.3\n", "here"))
    assert [(one.arm, one.figure, one.at_most, one.outcome) for one in findings] == [
        ("filter", "leak", 0.3, Outcome.MET),
        ("filter", "displaced", 0.01, Outcome.MISSED),
    ]


def test_another_file_has_another_digest_even_with_the_same_bounds() -> None:
    plain, remarked = parse("leak = 0.05\n", "a"), parse("leak = 0.05  # after looking\n", "a")
    assert plain.bounds == remarked.bounds == Bounds()
    assert plain.digest != remarked.digest


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("leek = 0.1", "leek is no bound"), ("leak = 5", "leak is 5"), ("leak = true", "leak is True"),
        ("leak = '5%'", "leak is '5%'"), ("leak = nan", "leak is nan"), ("leak", "no TOML"),
    ],
)  # fmt: skip
def test_a_file_that_promises_nothing_clear_is_refused(text: str, says: str) -> None:
    with pytest.raises(Fault, match=says):
        parse(text, "bounds.toml")
