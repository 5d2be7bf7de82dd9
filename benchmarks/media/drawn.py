"""Which pictures are hashed to measure with? Parts of an ordinary photograph, and drawn ones that show nothing."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

PHOTO = Path(__file__).parents[3] / "shared" / "data" / "photos" / "bridge-1-original.jpg"
GRIDS = ((1, 1), (1, 2), (2, 2), (2, 3), (3, 3))  # into how many rows and columns the photograph is cut


def photographs() -> list[Image.Image]:
    """A photograph of a bridge, whole and in parts; none where it is not at hand."""
    if not PHOTO.exists():
        return []
    whole = Image.open(PHOTO).convert("RGB")
    width, height = whole.size
    return [
        whole.crop(
            (width * column // wide, height * row // high, width * (column + 1) // wide, height * (row + 1) // high)
        )
        for high, wide in GRIDS
        for row in range(high)
        for column in range(wide)
    ]


def drawing(seed: int, width: int, height: int) -> Image.Image:
    """Shapes of every size on a shaded ground, with grain, as a photograph has them and without being of anything."""
    chance = np.random.default_rng(seed)
    ground = chance.normal(0, 1, (6, 8, 3)).cumsum(0).cumsum(1)
    ground = (ground - ground.min()) / (np.ptp(ground) or 1) * 255
    image = Image.fromarray(ground.astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(image)
    for size in 0.6 / np.arange(1, 60) ** 0.6:
        x, y = chance.uniform(-0.1, 1, 2) * (width, height)
        box = (x, y, x + size * width * chance.uniform(0.3, 1), y + size * height * chance.uniform(0.3, 1))
        colour = tuple(int(part) for part in chance.integers(0, 256, 3))
        shape = chance.integers(3)
        if shape == 0:
            pen.ellipse(box, fill=colour)
        elif shape == 1:
            pen.polygon([(box[0], box[3]), ((box[0] + box[2]) / 2, box[1]), (box[2], box[3])], fill=colour)
        else:
            pen.line(box, fill=colour, width=max(2, int(size * 40)))
    image = image.filter(ImageFilter.GaussianBlur(1.5))
    grain = chance.normal(0, 6, (height, width, 1))
    return Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))


def drawings(count: int) -> list[Image.Image]:
    """Of several sizes and shapes, as uploads are."""
    sizes = ((1200, 900), (900, 1200), (1600, 900), (800, 800), (640, 480), (2000, 1500))
    return [drawing(seed, *sizes[seed % len(sizes)]) for seed in range(count)]
