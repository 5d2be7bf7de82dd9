"""What is asked of a match? The hashes of one piece of media, as `ringfence media hash` writes them, a line each."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from ringfence.media.banks.bank import MOST_QUALITY
from ringfence.media.hashes import parse
from ringfence.media.items import Signal
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind

AS_IT_IS = "as it is"
MOST_LOOKS = 4_096  # of one picture or video: an hour and more, with a frame a second
MOST_TEXT = 1_000  # characters of an id or of the name of a transform


@dataclass(frozen=True, slots=True)
class Look:
    """One PDQ hash of a picture: of its pixels as they are, or as one would see them transformed.

    `quality` is from 0 to 100; None where nobody told it, and then it counts as good.
    """

    value: bytes
    transform: str = AS_IT_IS
    quality: int | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """One piece of media: its digests, and how it looks. `uploader` is the platform's id of who sent it, where told."""

    media_id: str
    digests: tuple[Signal, ...] = ()
    looks: tuple[Look, ...] = ()
    uploader: str | None = None

    @property
    def identity(self) -> bytes:
        """The hash by which this media is told from others."""
        return self.looks[0].value if self.looks else min(self.digests, key=lambda one: one.kind).value


class MediaLook(msgspec.Struct, frozen=True):
    """A PDQ hash, 64 hex digits, as it is written; `transform` names what was done to the pixels before."""

    pdq: str
    transform: str = AS_IT_IS
    quality: int | None = None


class MediaFrame(msgspec.Struct, frozen=True):
    """A frame of a video, as it is written."""

    pdq: str
    number: int
    quality: int | None = None


class MediaQuery(msgspec.Struct, frozen=True):
    """One piece of media by its hashes in hex, as it is written; at least one is there."""

    media_id: str = ""
    pdq: str | None = None
    quality: int | None = None
    looks: list[MediaLook] = []
    frames: list[MediaFrame] = []
    md5: str | None = None
    sha1: str | None = None
    sha256: str | None = None
    uploader: str | None = None


def read(line: bytes | str, where: str) -> Query:
    """A query from a line of JSON; what else the line holds is passed over. A video's frames are looks, too.

    Raises Fault for a line that is no such object, says no hash, or a hash that is none, which is not repeated.
    """
    try:
        found = msgspec.json.decode(line, type=MediaQuery)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # msgspec names the field and its type, never the value.
        raise Fault(f"is no query ({error})", where=where, mend="write it as `ringfence media hash` does") from error
    looks = tuple(_look(look, where) for look in found.looks)
    if found.pdq and not any(look.transform == AS_IT_IS for look in looks):
        looks = (_look(MediaLook(found.pdq, quality=found.quality), where), *looks)
    frames = (MediaLook(one.pdq, f"frame {one.number}", one.quality) for one in found.frames)
    looks = (*looks, *(_look(frame, where) for frame in frames))
    texts = ((kind, getattr(found, kind)) for kind in (HashKind.SHA256, HashKind.SHA1, HashKind.MD5))
    digests = tuple(Signal(kind, parse(kind, text, f"{where}, {kind}")) for kind, text in texts if text)
    return checked(Query(found.media_id, digests, looks, found.uploader), where)


def checked(query: Query, where: str) -> Query:
    """The query, if it can be answered. Raises Fault where it has no hash, too many, or a name without end."""
    for what, mend in _troubles(query):
        raise Fault(what, where=where, mend=mend)
    return query


def _troubles(query: Query) -> Iterator[tuple[str, str]]:
    if not query.looks and not query.digests:
        yield "has no hash", "give a PDQ hash or a digest; what cannot be hashed cannot be matched"
    if len(query.looks) > MOST_LOOKS:
        yield f"has {len(query.looks)} looks", f"give at most {MOST_LOOKS}"
    names = [query.media_id, query.uploader or "", *(look.transform for look in query.looks)]
    if max(map(len, names)) > MOST_TEXT or any("\n" in name for name in names):
        yield "has an id or a transform that is too long", f"give one line of at most {MOST_TEXT} characters"
    if any(look.quality is not None and not 0 <= look.quality <= MOST_QUALITY for look in query.looks):
        yield "has a quality out of bounds", f"give 0 to {MOST_QUALITY}"


def _look(look: MediaLook, where: str) -> Look:
    return Look(parse(HashKind.PDQ, look.pdq, f"{where}, pdq"), look.transform, look.quality)
