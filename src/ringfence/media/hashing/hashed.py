"""What is known of a file once it has been hashed, or refused?"""

from dataclasses import dataclass
from enum import StrEnum

AS_IT_IS = "as it is"


class Reason(StrEnum):
    """Why a file was refused. This list is closed."""

    UNREADABLE = "unreadable"  # the system does not let us read it, or it is no file
    EMPTY = "empty"
    KIND = "kind"  # neither a picture nor a video of a kind that is decoded
    EXTRA = "extra"  # what decodes it is not installed
    BROKEN = "broken"
    BYTES = "bytes"
    PIXELS = "pixels"
    MEMORY = "memory"
    TIME = "time"
    FRAMES = "frames"
    CRASHED = "crashed"  # whatever decoded it has died
    LINE = "line"  # of a stream of hashes: it says nothing that can be matched


@dataclass(frozen=True, slots=True)
class Refused:
    """What is wrong with a file, and what a person can do about it."""

    reason: Reason
    what: str
    mend: str


@dataclass(frozen=True, slots=True)
class Look:
    """One PDQ hash of a picture: of its pixels as they are, or as one would see them `transform`ed."""

    value: bytes  # 32
    transform: str
    quality: int  # 0 to 100, of this look


@dataclass(frozen=True, slots=True)
class Frame:
    """One PDQ hash of a video."""

    at: float  # seconds from its start
    number: int  # from 0
    value: bytes  # 32
    quality: int  # 0 to 100


@dataclass(frozen=True, slots=True)
class Hashed:
    """All that is kept of a file. One that was refused has no looks, but has its digests wherever it could be read."""

    media_id: str
    md5: bytes | None = None
    sha1: bytes | None = None
    sha256: bytes | None = None
    looks: tuple[Look, ...] = ()  # the first is as it is; none if it is no picture
    quality: int | None = None  # of the first look
    chain: str = ""  # which decoder, scaler and hash, of which versions
    frames: tuple[Frame, ...] = ()  # of a video; what was hashed before it broke, if it was refused
    refused: Refused | None = None
