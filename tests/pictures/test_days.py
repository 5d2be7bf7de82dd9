"""Do days stand at their times, and are gaps left where nothing was measured?"""

from datetime import UTC, datetime
from itertools import pairwise
from xml.etree import ElementTree as ET

from ringfence.exposure.estimates import Estimate
from ringfence.pictures.days import by_day

NOTHING = Estimate(float("nan"), float("nan"), float("nan"), 200)
DAYS = [datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2, 9)]


def around(value: float) -> Estimate:
    return Estimate(value, max(value - 0.02, 0), min(value + 0.02, 1), 200)


def test_points_stand_at_their_times_with_their_intervals() -> None:
    drawn = ET.fromstring(by_day("0", "Leak", DAYS, {"none": [around(0.4)] * 3}, 0.05))
    dots = [dot for dot in drawn.iter("circle") if dot.find("title") is not None]
    xs = [float(dot.get("cx") or "nan") for dot in dots]
    assert [dot.findtext("title") for dot in dots][1] == "none, 2026-11-02 00:00: 40.0% (38.0% to 42.0%)"
    assert abs((xs[2] - xs[1]) / (xs[1] - xs[0]) - 7) < 0.1
    assert "bound 5.0%" in [part.text for part in drawn.iter("text")]
    assert drawn.findtext("desc") == "3 measurements. At the last: none 40.0%."


def test_a_day_without_an_arm_or_of_nothing_is_not_drawn() -> None:
    written = by_day("0", "Leak", DAYS, {"none": [None, NOTHING, around(0.1)], "hard": [around(0.0), None, None]}, 0.05)
    drawn = ET.fromstring(written)
    assert "nan" not in written
    assert len([dot for dot in drawn.iter("circle") if dot.find("title") is not None]) == 2


def test_measurements_at_one_time_stand() -> None:
    assert ET.fromstring(by_day("0", "Leak", [DAYS[0]] * 2, {"none": [around(0.4)] * 2}, 0.05)) is not None


def test_dates_do_not_cover_each_other() -> None:
    many = [datetime(2026, 11, 1 + day // 24, day % 24, tzinfo=UTC) for day in range(90)]
    drawn = ET.fromstring(by_day("0", "Leak", many, {"none": [around(0.4)] * 90}, 0.05))
    xs = [float(part.get("x") or "nan") for part in drawn.iter("text") if (part.text or "").startswith("2026")]
    assert all(after - before >= 80 for before, after in pairwise(xs))
