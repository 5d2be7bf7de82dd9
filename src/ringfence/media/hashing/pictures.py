"""What does a picture look like, in shades of grey and at most 512 pixels wide and high? Needs the extra `media`.

Scaled by Pillow's `thumbnail` as the authors' Python does it, so that hashes are the same to the bit. Like theirs it
does not turn a picture that says it lies on its side, and leaves transparency out of account; what viewers may see of
a picture with transparent parts comes as well, over white and over black.
"""

from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
    __version__,
    features,
)

from ringfence.media.hashing.hashed import AS_IT_IS, Reason, Refused
from ringfence.media.hashing.limits import MEGA, Limits
from ringfence.media.hashing.pdq import NAME, Luma, luma_of

SIDE = 512  # pixels; what the authors' Python scales to
REDUCING_GAP = 2  # Pillow's default: a JPEG is first decoded at no less than twice the size that is wanted
BACKGROUNDS = {"over white": (255, 255, 255), "over black": (0, 0, 0)}  # most pages are either
CODECS = {"JPEG": "libjpeg_turbo", "WEBP": "webp", "TIFF": "libtiff", "AVIF": "avif"}  # Pillow's words for them
# Read before a worker is confined. Each makes known to Pillow the format that it opens; no other is ever tried.
PLUGINS = (
    BmpImagePlugin, GifImagePlugin, JpegImagePlugin, MpoImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin,
)  # fmt: skip
AVIF = AvifImagePlugin.SUPPORTED
_TRANSPARENT = {"LA", "PA", "RGBA", "La", "RGBa"}
_FINE = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}  # more than eight bits a pixel

Image.MAX_IMAGE_PIXELS = None  # bounded here, with a line that says how


@dataclass(frozen=True, slots=True)
class Picture:
    """Luminances by name, the first as it is; and what decoded them."""

    lumas: dict[str, Luma]
    chain: str


def read(file: BinaryIO, kind: str, limits: Limits) -> Picture | Refused:
    """Open a file of Pillow's format `kind`; of an animated one the first frame. Raises whatever Pillow raises."""
    image: Image.Image = Image.open(file, formats=(kind,))
    refused = too_large(image.width, image.height, limits) or _too_much(image, kind, limits)
    if refused:
        return refused
    small = _eight_bits(image)
    small.thumbnail((SIDE, SIDE), reducing_gap=REDUCING_GAP)
    lumas = {AS_IT_IS: luma_of(np.asarray(small.convert("RGB")))}
    if small.mode == "RGBA":
        lumas |= _seen_over(small)
    return Picture(lumas, chain(kind))


def chain(kind: str) -> str:
    codec = CODECS.get(kind)
    decoder = f"{kind.lower()} {features.version(codec)}" if codec else kind.lower()
    return f"pillow {__version__}, {decoder}, thumbnail {SIDE}, {NAME}"


def too_large(width: int, height: int, limits: Limits) -> Refused | None:
    """Why a picture of so many pixels is not even begun."""
    if width * height <= limits.pixels:
        return None
    what = f"declares {width:,} x {height:,} pixels; at most {limits.pixels // MEGA:,} million are decoded"
    return Refused(Reason.PIXELS, what, "scale it down, or raise the limit")


def _too_much(image: Image.Image, kind: str, limits: Limits) -> Refused | None:
    """What a JPEG decoder leaves out while decoding needs no memory; every other format is decoded in full."""
    scale = min(image.width, image.height) // (SIDE * REDUCING_GAP) if kind == "JPEG" else 1
    scale = max((whole for whole in (1, 2, 4, 8) if whole <= scale), default=1)
    held = image.width * image.height // scale**2
    if held <= limits.decoded_pixels:
        return None
    bound = limits.decoded_pixels // MEGA
    what = f"has {image.width:,} x {image.height:,} pixels; at most {bound:,} million are held in memory at once"
    return Refused(Reason.PIXELS, what, "scale it down, or raise the limit")


def _eight_bits(image: Image.Image) -> Image.Image:
    """The same in a mode that can be scaled smoothly, with at most eight bits a channel."""
    if image.mode in _FINE:
        return _coarse(image)
    if image.mode in _TRANSPARENT or (image.has_transparency_data and image.mode in {"P", "L", "RGB", "1"}):
        return image.convert("RGBA")
    if image.mode in {"P", "1"}:
        return image.convert("RGB")
    return image


def _coarse(image: Image.Image) -> Image.Image:
    """Sixteen bits lose the lower eight. Wider ones have no fixed range, so theirs becomes the whole of it."""
    values = np.nan_to_num(np.asarray(image, np.float64))
    if image.mode.startswith("I") and values.min() >= 0 and values.max() < 1 << 16:
        return Image.fromarray((values / 257).round().astype(np.uint8))
    low, high = values.min(), values.max()
    return Image.fromarray(((values - low) * (255 / (high - low or 1))).round().astype(np.uint8))


def _seen_over(image: Image.Image) -> dict[str, Luma]:
    """What is seen of a transparent picture on each background; nothing new if it is opaque all over."""
    rgba = np.asarray(image)
    opaque = rgba[..., 3:] / 255.0
    if opaque.all() and opaque.min() == 1:
        return {}
    colours = rgba[..., :3] * opaque
    return {
        name: luma_of((colours + (1 - opaque) * colour).round().astype(np.uint8))
        for name, colour in BACKGROUNDS.items()
    }
