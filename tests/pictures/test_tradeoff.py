"""Does the plot of leak against cost show every arm, the target, and names that can be read?"""

from itertools import combinations
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.exposure.estimates import Estimate
from ringfence.pictures.colours import GREEN
from ringfence.pictures.tradeoff import LETTER, PLOT, Target, tradeoff

AXES = ("cost", "leak")
TARGET = Target(0.01, 0.05)
SHARES = st.floats(0, 1)


def around(value: float) -> Estimate:
    return Estimate(value, max(value - 0.02, 0), min(value + 0.02, 1), 200)


def drawn(*arms: tuple[float, float], target: Target = TARGET) -> ET.Element:
    named = {f"arm{place}": (around(across), around(up)) for place, (across, up) in enumerate(arms)}
    return ET.fromstring(tradeoff("fof", AXES, named, target))


def places(picture: ET.Element) -> list[tuple[float, float]]:
    return [(float(dot.get("cx") or "nan"), float(dot.get("cy") or "nan")) for dot in picture.iter("circle")]


def region(picture: ET.Element) -> tuple[float, float, float, float]:
    (rect,) = [part for part in picture.iter("rect") if part.get("fill") == GREEN]
    x, y, width, height = (float(rect.get(name) or "nan") for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


@given(st.lists(st.tuples(SHARES, SHARES), min_size=1, max_size=8))
@settings(deadline=None, max_examples=50)
def test_a_point_is_in_the_region_exactly_where_its_arm_is_in_the_target(arms: list[tuple[float, float]]) -> None:
    picture = drawn(*arms)
    left, top, right, bottom = region(picture)
    for (across, up), (x, y) in zip(arms, places(picture), strict=True):
        if abs(across - 0.01) > 1e-3 and abs(up - 0.05) > 1e-3:
            assert (across <= TARGET.across and up <= TARGET.up) == (left <= x <= right and top <= y <= bottom)
        assert PLOT[0] <= x <= PLOT[2]
        assert PLOT[1] <= y <= PLOT[3]


def test_names_of_arms_at_one_place_do_not_cover_each_other() -> None:
    picture = drawn((0, 0), (0.001, 0), (0, 0.001), (0.01, 0), (0.08, 0), (0.5, 0.001))
    names = [part for part in picture.iter("text") if (part.text or "").startswith("arm")]
    assert len(names) == 6
    boxes = [
        (float(part.get("x") or "nan"), float(part.get("y") or "nan"), LETTER * len(part.text or "")) for part in names
    ]
    for (x, y, width), (other_x, other_y, other_width) in combinations(boxes, 2):
        assert abs(y - other_y) >= 11 or x + width <= other_x or other_x + other_width <= x


def test_every_arm_is_told_with_both_intervals_and_so_are_the_bounds() -> None:
    told = drawn((0.0, 0.5), (0.1, 0.0)).findtext("desc") or ""
    assert "Promised: leak at most 5.0%, cost at most 1.0%." in told
    assert "arm0: leak 50.0% (48.0% to 52.0%), cost 0% (at most 2.0%)" in told
    assert "arm1: leak 0% (at most 2.0%), cost 10.0% (8.0% to 12.0%)" in told


def test_an_arm_of_nothing_is_told_and_not_drawn() -> None:
    nothing = Estimate(float("nan"), float("nan"), float("nan"), 200)
    written = tradeoff("fof", AXES, {"none": (around(0), nothing), "hard": (around(0), around(0))}, TARGET)
    picture = ET.fromstring(written)
    assert len(places(picture)) == 1
    assert "none: leak \N{EN DASH} (nothing shown)" in (picture.findtext("desc") or "")
    assert "nan" not in written


def test_bounds_of_zero_and_of_all_stand() -> None:
    for target in (Target(0, 0), Target(1, 1)):
        assert len(places(drawn((0, 0), target=target))) == 1
