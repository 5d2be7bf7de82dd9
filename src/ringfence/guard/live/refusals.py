"""Which messages held no event, and why? One JSON line each, with its place in the log, where the message itself is.

Lines belong to a checkpoint: those written after it are cut off when the log is read again from there, and come anew.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from ringfence.ingest.streams.messages import Refused
from ringfence.ingest.streams.stream import Message
from ringfence.store import disk

FILE = "refused.jsonl"
MOST_BYTES = 64 << 20  # beyond them messages are still counted, and no longer listed
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Refusals:
    """The list, ready to be added to. Raises Fault, as `disk.writing` does, when it cannot be written."""

    __slots__ = ("_file", "_path", "size")

    def __init__(self, path: Path, size: int) -> None:
        """Go on from the first `size` bytes."""
        self._path = path
        with disk.writing(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab", buffering=0)
            self.size = min(size, os.fstat(self._file.fileno()).st_size)  # somebody may have emptied it
            self._file.truncate(self.size)

    def add(self, refused: Iterable[tuple[Message, Refused]]) -> None:
        lines = b"".join(map(_line, refused))
        if lines and self.size + len(lines) <= MOST_BYTES:
            with disk.writing(self._path.parent):
                left = memoryview(lines)
                while left:  # a disk about to be full takes a part first, and refuses the rest
                    left = left[self._file.write(left) :]
            self.size += len(lines)

    def keep(self) -> int:
        """Return how long the list is, once it will last."""
        with disk.writing(self._path.parent):
            os.fsync(self._file.fileno())
        return self.size

    def close(self) -> None:
        self._file.close()


def _line(one: tuple[Message, Refused]) -> bytes:
    message, refused = one
    stored = _EPOCH + timedelta(microseconds=message.stored)
    row = {
        "partition": message.partition,
        "offset": message.offset,
        "stored": stored.isoformat(),
        "reason": str(refused.reason),
        "words": refused.words,
    }
    return msgspec.json.encode(row) + b"\n"
