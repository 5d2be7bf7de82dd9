"""Does something that takes long have to be worked out again? Not while what it rests on is the same as when it was."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from ringfence.store import disk


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    of: str
    made: bytes


def kept(file: Path, of: str, make: Callable[[], bytes]) -> bytes:
    """What `make` makes of what `of` is a digest of, kept in a file that only its owner can read.

    A file of something else, or one that is no use, is written anew; it can be removed at any time.
    """
    there = _there(file)
    if there is not None and there.of == of:
        return there.made
    made = make()
    disk.write_private(file, msgspec.msgpack.encode(_Kept(of, made)))
    return made


def _there(file: Path) -> _Kept | None:
    """What is kept; None where nothing is, or nothing of use."""
    try:
        return msgspec.msgpack.decode(file.read_bytes(), type=_Kept)
    except (OSError, msgspec.DecodeError):
        return None
