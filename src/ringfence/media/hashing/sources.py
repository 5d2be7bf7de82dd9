"""Where do files come from? Named one by one, found in folders, or held in memory."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ringfence.media.hashing.hashed import Reason, Refused
from ringfence.media.hashing.kinds import HEAD
from ringfence.media.hashing.limits import MEGA, Limits
from ringfence.model.faults import Fault


@dataclass(frozen=True, slots=True)
class File:
    media_id: str
    path: Path


@dataclass(frozen=True, slots=True)
class Content:
    """A file that is held in memory, as one that was just uploaded."""

    media_id: str
    content: bytes


Source = File | Content


@dataclass(frozen=True, slots=True)
class Opened:
    """An open descriptor, or None and the bytes; and the first of these."""

    descriptor: int | None
    content: bytes
    head: bytes

    def close(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)


def files(paths: Iterable[Path]) -> Iterator[File]:
    """Each path that is a file, and every file below one that is a folder, in the order of their names.

    Links to folders are not followed. Raises Fault for a path that is not there, or a folder that cannot be read.
    """
    for path in paths:
        if path.is_dir():
            for folder, folders, names in os.walk(path, onerror=_unreadable):
                folders.sort()
                yield from (_named(Path(folder, name)) for name in sorted(names))
        elif os.path.lexists(path):
            yield _named(path)
        else:
            raise Fault("is not there", where=str(path), mend="name a file, a folder, or - for lines of hashes")


def _named(path: Path) -> File:
    """By its path. Bytes of it that are no text are written as such, or no line could hold it."""
    return File(os.fsencode(path).decode(errors="backslashreplace"), path)


def _unreadable(error: OSError) -> None:
    raise Fault(f"cannot be read ({error.strerror})", where=str(error.filename), mend="check its rights") from error


def opened(source: Source, limits: Limits) -> Opened | Refused:
    """Open a regular file of no more bytes than allowed. Whoever gets it closes it."""
    if isinstance(source, Content):
        return _too_long(len(source.content), limits) or Opened(None, source.content, source.content[:HEAD])
    try:
        # Opening a pipe that nobody writes to would wait for ever.
        descriptor = os.open(source.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or "its name is none that a file can have"
        return Refused(Reason.UNREADABLE, f"cannot be read ({cause})", "check its name and rights")
    try:
        refused = _unfit(os.fstat(descriptor), limits)
        head = b"" if refused else os.pread(descriptor, HEAD, 0)
    except OSError as error:
        refused = Refused(Reason.UNREADABLE, f"cannot be read ({error.strerror})", "check its disk")
    if refused:
        os.close(descriptor)
        return refused
    return Opened(descriptor, b"", head)


def _unfit(status: os.stat_result, limits: Limits) -> Refused | None:
    if not stat.S_ISREG(status.st_mode):
        return Refused(Reason.UNREADABLE, "is no regular file", "leave it out")
    return _too_long(status.st_size, limits)


def _too_long(size: int, limits: Limits) -> Refused | None:
    if size <= limits.bytes:
        return None
    what = f"has {size / MEGA:,.0f} MB; at most {limits.bytes / MEGA:,.0f} are read"
    return Refused(Reason.BYTES, what, "cut it, or raise the limit")
