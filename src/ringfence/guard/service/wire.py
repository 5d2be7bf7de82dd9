"""How is a slate written in bytes, for callers whose account ids are numbers below 2**32?

Everything is little-endian and has one length only: what is longer or shorter than its header says is refused. The
layout is published in docs/service.md; it never changes under the same magic.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.guard.policies.policy import Cause
from ringfence.model.words import Surface, Verdict

REQUEST_MAGIC, ANSWER_MAGIC = b"RFS1", b"RFA1"
NO_VIEWER = 0xFFFF_FFFF
MINOR_FLAG = 1

REQUEST_HEADER = struct.Struct("<4sBBHII")  # magic, surface, flags, reserved, viewer, count
ANSWER_HEADER = struct.Struct("<4sB3s8sI")  # magic, cause, reserved, version prefix, count
NOTHING = bytes(3)
NO_VERSION = bytes(8)

# The numbers of the wire are part of the format: a new word goes to the end.
SURFACES = (Surface.SEARCH, Surface.AUTOCOMPLETE, Surface.HASHTAG, Surface.SUGGESTION, Surface.RECOMMENDATION)
CAUSES = (
    "",
    Cause.NO_SNAPSHOT,
    Cause.UNREADABLE_SNAPSHOT,
    Cause.STALE_SNAPSHOT,
    Cause.DEADLINE,
    Cause.MALFORMED,
    Cause.TOO_LONG,
    Cause.OVERLOADED,
)
VERDICTS = (Verdict.ALLOW, Verdict.REVIEW, Verdict.DEMOTE, Verdict.DROP, Verdict.BLOCK)
CAUSE_CODES = {cause: code for code, cause in enumerate(CAUSES)}
_ID = np.dtype("<u4")


class WireError(ValueError):
    """These bytes are no such message. The text names the rule that is broken and repeats nothing of them."""


@dataclass(frozen=True, slots=True)
class SlateRequest:
    """A slate to judge: `ids` are the candidates, `viewer` is None for nobody in particular."""

    surface: Surface
    ids: NDArray[np.uint32]
    viewer: int | None = None
    minor: bool = False


@dataclass(frozen=True, slots=True)
class SlateVerdicts:
    """One verdict for each candidate, in their order: 0 allow, 1 review, 2 demote, 3 drop, 4 block."""

    verdicts: NDArray[np.uint8]
    version: bytes  # the first eight bytes of the snapshot's version, zeroes without one
    degraded: str = ""


def encode_request(request: SlateRequest) -> bytes:
    """A request as it is sent."""
    viewer = NO_VIEWER if request.viewer is None else request.viewer
    flags = MINOR_FLAG if request.minor else 0
    header = REQUEST_HEADER.pack(REQUEST_MAGIC, SURFACES.index(request.surface), flags, 0, viewer, request.ids.shape[0])
    return header + request.ids.astype(_ID, copy=False).tobytes()


def decode_request(body: bytes, most: int) -> SlateRequest:
    """The request in a body of at most `most` candidates, or a WireError."""
    if len(body) < REQUEST_HEADER.size:
        raise WireError("it is shorter than its header")
    magic, surface, flags, reserved, viewer, count = REQUEST_HEADER.unpack_from(body)
    if magic != REQUEST_MAGIC:
        raise WireError("it does not begin with RFS1")
    if surface >= len(SURFACES):
        raise WireError("its surface is not known")
    if reserved or flags & ~MINOR_FLAG:
        raise WireError("a reserved bit is set")
    if count > most:
        raise WireError(f"it has more than {most} candidates")
    if len(body) != REQUEST_HEADER.size + count * _ID.itemsize:
        raise WireError("its length does not fit its count")
    ids = np.frombuffer(body, _ID, count, REQUEST_HEADER.size).astype(
        np.uint32
    )  # compiled code takes no read-only view
    return SlateRequest(SURFACES[surface], ids, None if viewer == NO_VIEWER else viewer, bool(flags & MINOR_FLAG))


def encode_answer(answer: SlateVerdicts) -> bytes:
    """An answer as it is sent."""
    count = answer.verdicts.shape[0]
    header = ANSWER_HEADER.pack(ANSWER_MAGIC, CAUSE_CODES[answer.degraded], NOTHING, answer.version, count)
    return header + answer.verdicts.astype(np.uint8, copy=False).tobytes()


def decode_answer(body: bytes) -> SlateVerdicts:
    """The answer in a body, or a WireError. A client must check it: what it cannot read, it must not show."""
    if len(body) < ANSWER_HEADER.size:
        raise WireError("it is shorter than its header")
    magic, cause, reserved, version, count = ANSWER_HEADER.unpack_from(body)
    if magic != ANSWER_MAGIC:
        raise WireError("it does not begin with RFA1")
    if cause >= len(CAUSES):
        raise WireError("its cause is not known")
    if reserved != NOTHING:
        raise WireError("a reserved byte is set")
    if len(body) != ANSWER_HEADER.size + count:
        raise WireError("its length does not fit its count")
    verdicts = np.frombuffer(body, np.uint8, count, ANSWER_HEADER.size)
    if count and verdicts.max() >= len(VERDICTS):
        raise WireError("a verdict is not known")
    return SlateVerdicts(verdicts, version, CAUSES[cause])
