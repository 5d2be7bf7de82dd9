"""How much may hashing one file cost? What needs more is refused."""

from dataclasses import dataclass

MEGA = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one file, and for the process that decodes it."""

    bytes: int = 4_000 * MEGA  # of a video; a longer one is decoded for longer than `video_seconds` anyway
    picture_bytes: int = 100 * MEGA
    pixels: int = 200 * MEGA  # as the file declares them; the largest sensors of telephones have as many
    decoded_pixels: int = 64 * MEGA  # held at once: a large JPEG is decoded at a half, a quarter or an eighth
    frames: int = 20_000  # hashed of a video
    memory: int = 2_000 * MEGA  # bytes of address space of the decoding process, its code among them
    seconds: float = 20.0  # of processor time for a picture
    video_seconds: float = 600.0  # the same for a video
    patience: float = 3.0  # how many times as long it may take by the clock, as other work takes its turns


LIMITS = Limits()
