"""Can every colour be told from the ground?"""

import re

import numpy as np
import pytest

from ringfence.demo.pictures import NETWORK_COLOURS
from ringfence.pictures.colours import ARMS, GREY, of_arm


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("colour", sorted({*NETWORK_COLOURS, *ARMS, GREY}))
@pytest.mark.parametrize("ground", ["#ffffff", "#14181d"])
def test_every_colour_stands_out_by_day_and_by_night(colour: str, ground: str) -> None:
    light, dark = sorted((luminance(colour), luminance(ground)), reverse=True)
    assert re.fullmatch(r"#[0-9a-f]{6}", colour)
    assert (light + 0.05) / (dark + 0.05) >= 3  # WCAG 2.2, 1.4.11: graphical objects


def test_any_number_of_arms_has_colours() -> None:
    assert len({of_arm(place) for place in range(8)}) == 8
    assert of_arm(8) == of_arm(0)
