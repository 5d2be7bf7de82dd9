"""Which frames has a video, and what are their hashes? Needs the extra `video`.

As vPDQ does it: of every so many frames one is hashed, at the size that it is stored in.
"""

from collections.abc import Iterator
from typing import BinaryIO

import av
import numpy as np

from ringfence.media.hashing.hashed import Frame, Reason, Refused
from ringfence.media.hashing.limits import Limits
from ringfence.media.hashing.pdq import NAME, luma_of, pdq
from ringfence.media.hashing.pictures import too_large

# What is read is one open file. A playlist or a reference in it that names another file, or a host, leads nowhere.
_OPTIONS = {"protocol_whitelist": "none", "enable_drefs": "0", "use_absolute_path": "0"}
CHAIN = f"pyav {av.__version__}, ffmpeg {av.ffmpeg_version_info}, {NAME}"


def frames(file: BinaryIO, container: str, seconds: float, limits: Limits) -> Iterator[Frame | Refused]:
    """A frame about every `seconds`; as the last, why there are no more if that is not because the video ends.

    Raises whatever PyAV raises when the file breaks off, after the frames before.
    """
    with av.open(file, "r", format=container, options=_OPTIONS, metadata_errors="replace") as opened:
        if not opened.streams.video:
            yield Refused(Reason.KIND, "has sound and no pictures", "leave it out")
            return
        stream = opened.streams.video[0]
        stream.thread_type = "NONE"
        if refused := too_large(stream.width, stream.height, limits):
            yield refused
            return
        every = step(seconds, float(stream.average_rate or stream.guessed_rate or 1))
        yield from _hashed(opened, stream, every, limits)


def step(seconds: float, rate: float) -> int:
    """Of how many frames one is hashed, at `rate` frames a second; vPDQ rounds down."""
    return max(1, int(seconds * rate))


def _hashed(
    opened: av.container.InputContainer, stream: av.VideoStream, every: int, limits: Limits
) -> Iterator[Frame | Refused]:
    count = 0
    for number, frame in enumerate(opened.decode(stream)):
        if number % every:
            continue
        if refused := too_large(frame.width, frame.height, limits):
            yield refused
            return
        if count == limits.frames:
            what = f"has more than {limits.frames:,} frames to hash"
            yield Refused(Reason.FRAMES, what, "hash fewer a second, or raise the limit")
            return
        value, quality = pdq(luma_of(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)))
        at = float(frame.time if frame.time is not None else number / float(stream.average_rate or 1))
        yield Frame(at, number, value, quality)
        count += 1
