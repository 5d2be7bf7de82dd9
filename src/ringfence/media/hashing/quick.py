"""What does a JPEG look like, decoded as little as hashing needs? Needs the extra `fast-media`.

Its decoder leaves out the colours and, by scaling while it decodes, most of the pixels; PDQ's own filters do the rest.
Up to ten bits apart from the authors' Python on ordinary photographs, as other authors' own implementations are.
"""

import simplejpeg

from ringfence.media.hashing.hashed import AS_IT_IS
from ringfence.media.hashing.pdq import NAME, Luma
from ringfence.media.hashing.pictures import SIDE

CHAIN = f"simplejpeg {simplejpeg.__version__}, scaled to {SIDE}, grey, {NAME}"


def size(content: bytes) -> tuple[int, int, bool]:
    """Width, height, and whether it can be decoded here: four inks cannot. Raises ValueError if it is no JPEG."""
    height, width, colours, _ = simplejpeg.decode_jpeg_header(content)
    return width, height, colours in {"Gray", "YCbCr", "RGB", "YCC"}


def lumas(content: bytes) -> dict[str, Luma]:
    """Its luminance, by the name of how it is looked at. Raises ValueError if it is broken."""
    grey = simplejpeg.decode_jpeg(content, "GRAY", min_height=SIDE, min_width=SIDE)
    return {AS_IT_IS: grey[:, :, 0].astype("float64")}
