from pathlib import Path

import numpy as np
import pdqhash
import pytest
from benchmarks.media.drawn import drawing
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from ringfence.media.hashing.pdq import FORMS, forms, luma_of, pdq

PHOTOS = Path("../shared/data/photos")
# What the authors' Python makes of these photographs: pdq/python/pdqhashing/tests/pdq_test.py in their repository.
PUBLISHED = {
    "bridge-1-original": "d8f8f0cce0f4a84f0e370a22028f67f0b36e2ed596623e1d33e6b39c4e9c9b22",
    "bridge-2-rotate-90": "38a50efd71c83f429013d68d0ffffc52e34e0e15ada952a9d29684214aa9e5af",
    "bridge-3-rotate-180": "2dadda64b5a142e5d362209057da895ae63b8c7fc277b4b766b319361f893188",
    "bridge-4-rotate-270": "a5f0a457248995e8c9065c275aaa54d8b61ba4bdf8fcfc0387c32f8b0bfc4f05",
    "bridge-5-flipx": "d8f80f31e0f417b00e37f5dd028f980fb36ed12a9662c1e233e64c634e9c64dd",
    "bridge-6-flipy": "0dad259bb1a1bd18d362576556da32a1e63b7380c2374b4866b3c6c91b89ce77",
    "bridge-7-flip-plus-1": "f0a5e10271dcc0bd9c5309720fff018de34ef1e8ada9a956d2967ade1ea91a50",
    "bridge-8-flip-minus-1": "69f05aa8a4996a17c146a2da5aaaab07b61b5b60f8fc07fc83c3d0740bfcb0fa",
}
photographs = pytest.mark.skipif(not PHOTOS.is_dir(), reason="the photographs in ../shared/data/photos are not here")


def twin(rgb: NDArray[np.uint8]) -> tuple[bytes, int]:
    """By pdqhash, which is the authors' C++, in single precision."""
    bits, quality = pdqhash.compute(rgb)
    return np.packbits(bits).tobytes(), int(quality)


def apart(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


@photographs
@pytest.mark.parametrize("name", PUBLISHED)
def test_a_photographs_hash_is_the_published_one_to_the_bit(name: str) -> None:
    image = Image.open(PHOTOS / f"{name}.jpg")
    image.thumbnail((512, 512))
    value, quality = pdq(luma_of(np.asarray(image.convert("RGB"))))
    assert (value.hex(), quality) == (PUBLISHED[name], 100)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 99), st.integers(64, 700), st.integers(64, 700))
def test_of_any_size_it_is_what_the_authors_own_code_makes_of_the_same_pixels(
    seed: int, width: int, height: int
) -> None:
    rgb = np.asarray(drawing(seed, width, height))
    (value, quality), (other, as_good) = pdq(luma_of(rgb)), twin(rgb)
    # A frequency that is the median but for rounding may fall on either side.
    assert apart(value, other) <= 2
    assert abs(quality - as_good) <= 1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 99), st.integers(1, 300), st.integers(1, 300))
def test_each_form_is_the_hash_of_the_pixels_so_turned(seed: int, width: int, height: int) -> None:
    luma = np.random.default_rng(seed).uniform(0, 255, (height, width)).cumsum(0).cumsum(1)
    luma = luma / luma.max() * 255
    turned = {
        "as it is": luma,
        "upside down": luma[::-1],
        "mirrored": luma[:, ::-1],
        "turned 180": luma[::-1, ::-1],
        "mirrored and turned 270": np.rot90(luma[:, ::-1], 1),
        "turned 90": np.rot90(luma, -1),
        "turned 270": np.rot90(luma, 1),
        "mirrored and turned 90": np.rot90(luma[:, ::-1], -1),
    }
    values, quality = forms(luma)
    assert tuple(turned) == FORMS
    assert values == [pdq(np.ascontiguousarray(pixels))[0] for pixels in turned.values()]
    assert quality == pdq(luma)[1]


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (63, 65), (2, 2), (1080, 1920)])
def test_a_blank_picture_of_any_shape_has_no_quality_and_one_hash(shape: tuple[int, int]) -> None:
    for shade in (0.0, 127.3, 255.0):
        values, quality = forms(np.full(shape, shade))
        assert (set(values), quality) == ({bytes(32)}, 0)
