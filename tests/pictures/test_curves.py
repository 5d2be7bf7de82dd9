"""Do curves tell every point, and can their labels be read?"""

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.exposure.estimates import Estimate
from ringfence.pictures.curves import exposure_curves

NOTHING = Estimate(float("nan"), float("nan"), float("nan"), 50)


def titles(drawn: str) -> list[str]:
    return [part.text or "" for part in ET.fromstring(drawn).iter("title")][1:]


def curve(*shares: float) -> list[Estimate]:
    return [Estimate(share, max(share - 0.1, 0), min(share + 0.1, 1), 50) for share in shares]


def test_curves_tell_every_point_with_its_interval_and_end_with_all_figures() -> None:
    arms = {"none": curve(0.2, 0.5, 0.9), "filter": curve(0.1, 0.1, 0.125), "hard": curve(0.0, 0.0, 0.05)}
    drawn = exposure_curves("follows one member", arms)
    words = {part.text for part in ET.fromstring(drawn).iter("text")}
    assert len(titles(drawn)) == 9
    assert "none, by slate 3: 90.0% (80.0% to 100%)" in titles(drawn)
    assert {"90.0%", "12.5%", "5.0%", "hard", "follows one member", "slates seen"} <= words
    assert (
        ET.fromstring(drawn).findtext("desc")
        == "Of test accounts, shown a member within 3 slates: 90.0% none, 12.5% filter, 5.0% hard."
    )


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_labels_never_cover_each_other_and_stand_in_the_order_of_their_curves(shares: list[float]) -> None:
    drawn = ET.fromstring(exposure_curves("random", {f"arm {n}": curve(share) for n, share in enumerate(shares)}))
    heights = [float(part.get("y") or "nan") for part in drawn.iter("text") if part.get("font-size") == "14"]
    ordered = sorted(heights)
    assert all(low - high >= 31.8 for high, low in pairwise(ordered))
    assert ordered[0] >= 14
    assert ordered[-1] <= 206
    for one, share in zip(heights, shares, strict=True):
        assert all(one < other for other, less in zip(heights, shares, strict=True) if less < share - 0.01)


@pytest.mark.parametrize("arms", [{"none": [NOTHING] * 3}, {"none": curve(0.5, 0.5), "filter": [NOTHING, *curve(0.1)]}])
def test_a_share_of_nothing_is_not_drawn(arms: dict[str, list[Estimate]]) -> None:
    drawn = exposure_curves("random", arms)
    assert "nan" not in drawn
    assert len(titles(drawn)) == sum(one.value == one.value for shares in arms.values() for one in shares)
