"""How are the hashes of a video written as text? As vPDQ does, a frame a line: `frame,quality,hash,timestamp`."""

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ringfence.media.hashes import codes_of, parse
from ringfence.media.hashing.hashed import Frame
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind

NEAR = 2  # bits; frames no further apart than that are one picture that stands still
MOST_QUALITY = 100
_MEND = "write frame,quality,hash,timestamp: whole numbers, 64 hexadecimal digits, seconds"


def to_text(frames: Iterable[Frame]) -> str:
    return "".join(f"{one.number},{one.quality},{one.value.hex()},{one.at:.3f}\n" for one in frames)


def of_text(text: str, where: str) -> tuple[Frame, ...]:
    """Read the lines again. Raises Fault with the number of the first that is none, without repeating it."""
    return tuple(_frames(text.splitlines(), where))


def _frames(lines: Sequence[str], where: str) -> Iterator[Frame]:
    for count, line in enumerate(lines, 1):
        if line.strip():
            yield _frame(line.strip().split(","), f"{where}, line {count}")


def _frame(fields: Sequence[str], where: str) -> Frame:
    try:
        number, quality, value, at = fields
        frame = Frame(float(at), int(number), parse(HashKind.PDQ, value, where), int(quality))
    except ValueError:
        raise Fault("is no frame of a video", where=where, mend=_MEND) from None
    if frame.number < 0 or not 0 <= frame.quality <= MOST_QUALITY or not math.isfinite(frame.at) or frame.at < 0:
        raise Fault("is no frame of a video: a number is out of bounds", where=where, mend=_MEND)
    return frame


def pruned(frames: Sequence[Frame], near: int = NEAR) -> tuple[Frame, ...]:
    """The frames without those at most `near` bits from the last one that stayed."""
    kept: list[Frame] = []
    for frame in frames:
        if not kept or _distance(kept[-1].value, frame.value) > near:
            kept.append(frame)
    return tuple(kept)


def _distance(one: bytes, other: bytes) -> int:
    first, second = codes_of([one, other])
    return int(np.bitwise_count(first ^ second).sum())
