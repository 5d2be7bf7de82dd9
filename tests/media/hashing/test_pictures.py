import io
from collections.abc import Callable

import numpy as np
import pytest
from benchmarks.media.drawn import drawing
from PIL import Image, features

from ringfence.media.hashing.hashed import AS_IT_IS, Hashed, Refused
from ringfence.media.hashing.kinds import HEAD, kind_of
from ringfence.media.hashing.limits import LIMITS
from ringfence.media.hashing.one import hash_one
from ringfence.media.hashing.pdq import luma_of, pdq
from ringfence.media.hashing.recipe import Recipe

PICTURE = drawing(5, 900, 700)
SLOW = Recipe()


def hashed(content: bytes, recipe: Recipe = SLOW) -> Hashed:
    return hash_one(io.BytesIO(content), "m1", kind_of(content[:HEAD]), recipe, LIMITS)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def first(content: bytes, recipe: Recipe = SLOW) -> bytes:
    found = hashed(content, recipe)
    assert found.refused is None
    assert found.quality == found.looks[0].quality
    assert found.looks[0].transform == AS_IT_IS
    return found.looks[0].value


def apart(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


KNOWN = first(saved(PICTURE, "PNG"))


def sixteen_bits(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)


STORED: dict[str, Callable[[Image.Image], bytes]] = {
    "jpeg": lambda image: saved(image, "JPEG", quality=90),
    "progressive": lambda image: saved(image, "JPEG", quality=90, progressive=True),
    "four inks": lambda image: saved(image.convert("CMYK"), "JPEG", quality=90),
    "grey": lambda image: saved(image.convert("L"), "JPEG", quality=90),
    "palette": lambda image: saved(image.quantize(256), "PNG"),
    "gif": lambda image: saved(image.quantize(256), "GIF"),
    "animated": lambda image: saved(image, "GIF", save_all=True, append_images=[image.rotate(90)], duration=50),
    "webp": lambda image: saved(image, "WEBP", quality=85),
    "animated webp": lambda image: saved(image, "WEBP", save_all=True, append_images=[image.rotate(90)]),
    "tiff": lambda image: saved(image, "TIFF"),
    "packed tiff": lambda image: saved(image, "TIFF", compression="tiff_lzw"),
    "bmp": lambda image: saved(image, "BMP"),
    "16 bits": lambda image: saved(sixteen_bits(image), "PNG"),
    "16 bits, tiff": lambda image: saved(sixteen_bits(image), "TIFF"),
    "32 bits": lambda image: saved(Image.fromarray(np.asarray(image.convert("L")).astype(np.int32) * 70_000), "TIFF"),
    "fractions": lambda image: saved(Image.fromarray(np.asarray(image.convert("L")).astype(np.float32) / 255), "TIFF"),
    "opaque": lambda image: saved(image.convert("RGBA"), "PNG"),
    "grey and opaque": lambda image: saved(image.convert("LA"), "PNG"),
}
if features.check("avif"):
    STORED["avif"] = lambda image: saved(image, "AVIF", quality=85)


@pytest.mark.parametrize("way", STORED)
def test_however_a_picture_is_stored_it_is_known_again(way: str) -> None:
    content = STORED[way](PICTURE)
    assert apart(first(content), KNOWN) <= 10
    assert apart(first(content, Recipe(fast=True)), KNOWN) <= 16


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_stored_on_its_side_is_hashed_as_stored_and_upright_in_one_of_its_forms(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    undone = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    lying = PICTURE if undone is None else PICTURE.transpose(Image.Transpose(undone))
    content = saved(lying, "PNG", exif=exif)
    assert first(content) == first(saved(lying, "PNG"))
    assert min(apart(look.value, KNOWN) for look in hashed(content).looks) <= 2


def test_what_shows_through_transparent_parts_is_hashed_over_white_and_black() -> None:
    drawn = PICTURE.convert("RGBA")
    drawn.putalpha(drawing(6, 900, 700).convert("L").point(lambda level: 255 * (level > 128)))
    content = saved(drawn, "PNG")
    # First as the reference has it, which scales and then leaves transparency out.
    small = drawn.copy()
    small.thumbnail((512, 512))
    assert first(content) == pdq(luma_of(np.asarray(small.convert("RGB"))))[0]
    values = [look.value for look in hashed(content).looks]
    for colour in ("white", "black"):
        seen = Image.new("RGBA", drawn.size, colour)
        seen.alpha_composite(drawn)
        shown = first(saved(seen.convert("RGB"), "PNG"))
        assert apart(shown, KNOWN) > 31
        assert min(apart(shown, value) for value in values) <= 10
    one_colour = saved(Image.new("RGBA", (300, 200), (9, 9, 9, 0)), "PNG")
    assert hashed(one_colour).quality == 0


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (3, 2)])
def test_pictures_of_one_pixel_and_blank_ones_have_a_hash_and_no_quality(mode: str, size: tuple[int, int]) -> None:
    found = hashed(saved(Image.new(mode, size), "PNG"))
    assert (found.refused, found.quality) == (None, 0)
    assert {len(look.value) for look in found.looks} == {32}


def test_the_chain_names_decoder_scaler_and_hash_and_their_versions() -> None:
    jpeg, png = saved(PICTURE, "JPEG"), saved(PICTURE, "PNG")
    assert hashed(jpeg).chain.startswith(f"pillow {Image.__version__}, jpeg {features.version('libjpeg_turbo')}")  # type: ignore[attr-defined]
    assert hashed(jpeg).chain.endswith("thumbnail 512, pdq-1")
    assert hashed(jpeg, Recipe(fast=True)).chain.startswith("simplejpeg ")
    assert hashed(png, Recipe(fast=True)).chain == hashed(png).chain != hashed(jpeg).chain


def test_a_mirrored_picture_in_a_frame_is_seen_through() -> None:
    framed = Image.new("RGB", (1000, 900), "white")
    framed.paste(PICTURE.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (50, 100))
    found = hashed(saved(framed, "PNG"))
    near = {look.transform: apart(look.value, KNOWN) for look in found.looks}
    assert near[AS_IT_IS] > 31
    assert near["without border, mirrored"] <= 10
    assert not isinstance(found.refused, Refused)
