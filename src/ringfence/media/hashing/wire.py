"""How do a worker and the process that gives it work speak? Messages with their length before them, and open files.

A file goes over as an open descriptor, so that the worker need not open anything; bytes in memory go along behind.
"""

import socket
import struct
import time
from dataclasses import dataclass

import msgspec

from ringfence.media.hashes import SIZES
from ringfence.media.hashing.hashed import Hashed, Refused
from ringfence.media.hashing.kinds import Kind
from ringfence.media.hashing.limits import Limits
from ringfence.media.hashing.recipe import Recipe
from ringfence.model.words import HashKind

READY = b"\1"  # what a worker says first
_LENGTHS = struct.Struct("<QQ")  # of the message, and of the bytes behind it
MOST_REPLY = 64 << 20  # bytes; twenty thousand frames take four million


@dataclass(frozen=True, slots=True)
class Work:
    media_id: str
    video: bool
    format: str  # empty if it is refused
    refused: Refused | None
    seconds: float  # of processor time
    recipe: Recipe
    limits: Limits

    @property
    def kind(self) -> Kind | Refused:
        return self.refused or Kind(self.format, self.video)


def send_work(line: socket.socket, work: Work, file: int | None, content: bytes) -> None:
    message = msgspec.msgpack.encode(work)
    lengths = _LENGTHS.pack(len(message), len(content))
    if file is None:
        line.sendall(lengths)
    else:
        socket.send_fds(line, [lengths], [file])
    line.sendall(message)
    line.sendall(content)


def receive_work(line: socket.socket) -> tuple[Work, int | None, bytes] | None:
    """The next work, its open file if it is one, or its bytes; None when there is no more."""
    lengths, files, _, _ = socket.recv_fds(line, _LENGTHS.size, 1)
    if not lengths:
        return None
    lengths += exactly(line, _LENGTHS.size - len(lengths))
    length, behind = _LENGTHS.unpack(lengths)
    work = msgspec.msgpack.decode(exactly(line, length), type=Work)
    return work, files[0] if files else None, exactly(line, behind)


def send_reply(line: socket.socket, found: Hashed) -> None:
    message = msgspec.msgpack.encode(found)
    line.sendall(_LENGTHS.pack(len(message), 0) + message)


def receive_reply(line: socket.socket, deadline: float) -> Hashed:
    """Raises EOFError or OSError when the worker is gone, TimeoutError past the deadline, ValueError on nonsense.

    Whatever a decoder was made to do by a hostile file, here are read values of these types and nothing else.
    """
    length, behind = _LENGTHS.unpack(exactly(line, _LENGTHS.size, deadline))
    if length > MOST_REPLY or behind:
        raise ValueError
    found = msgspec.msgpack.decode(exactly(line, length, deadline), type=Hashed)
    values = [look.value for look in found.looks] + [frame.value for frame in found.frames]
    if any(len(value) != SIZES[HashKind.PDQ] for value in values):
        raise ValueError
    return found


def exactly(line: socket.socket, count: int, deadline: float | None = None) -> bytes:
    """So many bytes, however slowly they come, but not past the deadline of the monotonic clock."""
    parts = bytearray()
    while len(parts) < count:
        if deadline is not None:
            line.settimeout(max(deadline - time.monotonic(), 0.001))
        part = line.recv(min(count - len(parts), 1 << 20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)
