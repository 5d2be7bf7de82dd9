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
    try:
        there = msgspec.msgpack.decode(file.read_bytes(), type=_Kept)
        if there.of == of:
            return there.made
    except (OSError, msgspec.DecodeError):
        pass  # nothing is kept yet, or what is kept is no use: it is worked out anew
    made = make()
    disk.write_private(file, msgspec.msgpack.encode(_Kept(of, made)))
    return made
