"""How are hashes written and read as JSON lines? So that a platform which hashes at upload need show nobody its media.

A line has `media_id` and any of `pdq` with `quality`, `md5`, `sha1`, `sha256` and `chain`; `looks` and `frames` where
they are known. What `ringfence media hash` prints can be read again.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, BinaryIO

import msgspec

from ringfence.media.hashes import parse
from ringfence.media.hashing.hashed import AS_IT_IS, Frame, Hashed, Look, Reason, Refused
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind

LONGEST = 16 << 20  # bytes of a line; one without an end would take all memory
_MEND = "write one JSON object with media_id, and pdq with quality, md5, sha1 or sha256 in hexadecimal digits"

Quality = Annotated[int, msgspec.Meta(ge=0, le=100)]
Number = Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)]
Seconds = Annotated[float, msgspec.Meta(ge=0)]


class LookLine(msgspec.Struct, frozen=True):
    pdq: str
    transform: str
    quality: Quality


class FrameLine(msgspec.Struct, frozen=True):
    at: Seconds
    number: Number
    pdq: str
    quality: Quality


class RefusedLine(msgspec.Struct, frozen=True):
    reason: Reason
    what: str
    mend: str


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    media_id: Annotated[str, msgspec.Meta(min_length=1)]
    pdq: str | None = None
    quality: Quality | None = None
    md5: str | None = None
    sha1: str | None = None
    sha256: str | None = None
    chain: str | None = None
    looks: tuple[LookLine, ...] = ()
    frames: tuple[FrameLine, ...] = ()
    refused: RefusedLine | None = None


_DECODER = msgspec.json.Decoder(Line)


def to_line(found: Hashed) -> bytes:
    """One JSON object, without the line's end."""
    first, refused = found.looks[:1], found.refused
    return msgspec.json.encode(
        Line(
            found.media_id,
            pdq=first[0].value.hex() if first else None,
            quality=found.quality,
            md5=found.md5.hex() if found.md5 else None,
            sha1=found.sha1.hex() if found.sha1 else None,
            sha256=found.sha256.hex() if found.sha256 else None,
            chain=found.chain or None,
            looks=tuple(LookLine(one.value.hex(), one.transform, one.quality) for one in found.looks[1:]),
            frames=tuple(FrameLine(one.at, one.number, one.value.hex(), one.quality) for one in found.frames),
            refused=RefusedLine(refused.reason, refused.what, refused.mend) if refused else None,
        )
    )


def of_line(line: bytes, where: str) -> Hashed:
    """Raises Fault, without repeating a hash, for a line that says nothing that can be matched or refused."""
    try:
        given = _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # A fault of a value's type names its place; the text of the line is never in it.
        cause = f" ({error})" if isinstance(error, msgspec.ValidationError) else ""
        raise Fault(f"is no line of hashes{cause}", where=where, mend=_MEND) from None
    if not (given.pdq or given.md5 or given.sha1 or given.sha256 or given.frames or given.refused):
        raise Fault("has no hash", where=where, mend=_MEND)
    if given.pdq and given.quality is None:
        raise Fault("has pdq without its quality", where=where, mend="write quality, 0 to 100, beside pdq")
    return _hashed(given, where)


def _hashed(given: Line, where: str) -> Hashed:
    def value(kind: HashKind, text: str) -> bytes:
        return parse(kind, text, where)

    first = (Look(value(HashKind.PDQ, given.pdq), AS_IT_IS, given.quality or 0),) if given.pdq else ()
    others = tuple(Look(value(HashKind.PDQ, one.pdq), one.transform, one.quality) for one in given.looks if given.pdq)
    refused = given.refused
    return Hashed(
        given.media_id,
        md5=value(HashKind.MD5, given.md5) if given.md5 else None,
        sha1=value(HashKind.SHA1, given.sha1) if given.sha1 else None,
        sha256=value(HashKind.SHA256, given.sha256) if given.sha256 else None,
        looks=first + others,
        quality=given.quality if given.pdq else None,
        chain=given.chain or "",
        frames=tuple(Frame(one.at, one.number, value(HashKind.PDQ, one.pdq), one.quality) for one in given.frames),
        refused=Refused(refused.reason, refused.what, refused.mend) if refused else None,
    )


def read(lines: BinaryIO, name: str) -> Iterator[Hashed]:
    """Every line but blank ones. One that cannot be read is refused, as `NAME, line 7`; the rest go on."""
    for number, line in enumerate(_lines(lines), 1):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        if len(line) > LONGEST:
            yield Hashed(where, refused=Refused(Reason.LINE, f"is longer than {LONGEST >> 20} MB", _MEND))
            continue
        try:
            yield of_line(line, where)
        except Fault as fault:
            yield Hashed(where, refused=Refused(Reason.LINE, fault.what, fault.mend))


def _lines(lines: BinaryIO) -> Iterable[bytes]:
    """Of a line that is too long the beginning, which is enough to tell; the rest is read past."""
    while line := lines.readline(LONGEST + 1):
        rest = line
        while len(rest) > LONGEST and not rest.endswith(b"\n"):
            rest = lines.readline(LONGEST + 1)
        yield line
