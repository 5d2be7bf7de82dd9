"""In which ways are pictures changed, by those who share them and by those who want them not to be known again?"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

Edit = Callable[[Image.Image], Image.Image]
WHITE, BLACK, GREY = (255, 255, 255), (0, 0, 0), (128, 128, 128)
TURN = Image.Transpose


def _scaled(image: Image.Image, wide: float, high: float) -> Image.Image:
    return image.resize((round(image.width * wide), round(image.height * high)), Image.Resampling.LANCZOS)


def _again(image: Image.Image, quality: int) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(out).convert("RGB")


def _cropped(image: Image.Image, share: float) -> Image.Image:
    wide, high = round(image.width * share), round(image.height * share)
    return image.crop((wide, high, image.width - wide, image.height - high))


def _noisy(image: Image.Image) -> Image.Image:
    noise = np.random.default_rng(0).normal(0, 20, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def _framed(image: Image.Image, share: float, colour: tuple[int, int, int]) -> Image.Image:
    return ImageOps.expand(image, round(share * max(image.size)), colour)


def _letterboxed(image: Image.Image, colour: tuple[int, int, int] = BLACK) -> Image.Image:
    """Bars above and below, each a fifth of the height."""
    bar = image.height // 5
    whole = Image.new("RGB", (image.width, image.height + 2 * bar), colour)
    whole.paste(image, (0, bar))
    return whole


def _lettered(image: Image.Image) -> Image.Image:
    done = image.copy()
    size = image.height // 12
    ImageDraw.Draw(done).text(
        (size, image.height - 3 * size), "the early bird\ncatches the worm", WHITE, font_size=size
    )
    return done


def _logo(image: Image.Image, share: float) -> Image.Image:
    done, side = image.copy(), round(share * min(image.size))
    ImageDraw.Draw(done).ellipse((10, 10, 10 + side, 10 + side), fill=(20, 90, 200))
    return done


def _screen(image: Image.Image, ground: tuple[int, int, int], ink: tuple[int, int, int]) -> Image.Image:
    """As a telephone shows it: a bar with the time, one with a name, the picture from side to side, signs, a line."""
    width = 1080
    image = image.resize((width, round(width * image.height / image.width)), Image.Resampling.LANCZOS)
    top, below = 260, 420
    whole = Image.new("RGB", (width, top + image.height + below), ground)
    pen = ImageDraw.Draw(whole)
    pen.text((50, 25), "12:41", ink, font_size=42)
    pen.rectangle((960, 30, 1020, 62), outline=ink, width=4)
    pen.line((0, 100, width, 100), fill=GREY, width=2)
    pen.ellipse((40, 130, 140, 230), fill=(200, 120, 40))
    pen.text((170, 150), "firecrest_42", ink, font_size=44)
    whole.paste(image, (0, top))
    for place in range(3):
        left = 40 + place * 120
        pen.ellipse((left, top + image.height + 30, left + 70, top + image.height + 100), outline=ink, width=6)
    pen.text((40, top + image.height + 140), "kittiwake and 14 others", ink, font_size=40)
    pen.text((40, top + image.height + 210), "a fine day by the water, with wind", ink, font_size=40)
    pen.line((0, whole.height - 90, width, whole.height - 90), fill=GREY, width=2)
    return whole


def _turned(image: Image.Image, degrees: float) -> Image.Image:
    return image.rotate(degrees, Image.Resampling.BICUBIC)


def _mirrored(image: Image.Image) -> Image.Image:
    return image.transpose(TURN.FLIP_LEFT_RIGHT)


# What is to be seen through: at least 99 of 100.
SEEN_THROUGH: dict[str, Edit] = {
    "mirrored": _mirrored,
    "upside down": lambda image: image.transpose(TURN.FLIP_TOP_BOTTOM),
    "turned 90": lambda image: image.transpose(TURN.ROTATE_270),
    "turned 180": lambda image: image.transpose(TURN.ROTATE_180),
    "turned 270": lambda image: image.transpose(TURN.ROTATE_90),
    "white border 3%": lambda image: _framed(image, 0.03, WHITE),
    "black border 10%": lambda image: _framed(image, 0.1, BLACK),
    "white border, then black": lambda image: _framed(_framed(image, 0.05, WHITE), 0.05, BLACK),
    "letterbox 20%": _letterboxed,
    "letterbox 20%, JPEG 30": lambda image: _again(_letterboxed(image), 30),
    "on a light screen": lambda image: _screen(image, WHITE, (30, 30, 30)),
    "on a dark screen": lambda image: _screen(image, (18, 18, 18), (230, 230, 230)),
    "on a light screen, JPEG 60": lambda image: _again(_screen(image, WHITE, (30, 30, 30)), 60),
    "letterbox, mirrored": lambda image: _mirrored(_letterboxed(image)),
    "black border, turned 90": lambda image: _framed(image, 0.1, BLACK).transpose(TURN.ROTATE_270),
}
OTHERS: dict[str, Edit] = {
    "JPEG 50": lambda image: _again(image, 50),
    "JPEG 10": lambda image: _again(image, 10),
    "half the size": lambda image: _scaled(image, 0.5, 0.5),
    "a quarter of the size": lambda image: _scaled(image, 0.25, 0.25),
    "three quarters as wide": lambda image: _scaled(image, 0.75, 1),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "256 colours": lambda image: image.quantize(256).convert("RGB"),
    "half as bright again": lambda image: ImageEnhance.Brightness(image).enhance(1.5),
    "half as much contrast again": lambda image: ImageEnhance.Contrast(image).enhance(1.5),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(2)),
    "noise": _noisy,
    "two lines of text": _lettered,
    "a disc of 20%": lambda image: _logo(image, 0.2),
    "a disc of 40%": lambda image: _logo(image, 0.4),
    "cropped 2% a side": lambda image: _cropped(image, 0.02),
    "cropped 5% a side": lambda image: _cropped(image, 0.05),
    "turned 2": lambda image: _turned(image, 2),
    "turned 5": lambda image: _turned(image, 5),
}
EDITS = SEEN_THROUGH | OTHERS
