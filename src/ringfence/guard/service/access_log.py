"""What is written down of a request? One JSON line, without a text or an id.

A text is there as a hash under a random key that is replaced and forgotten, so that repeats within a day can be
counted and nothing can be looked up. The path of a request only appends a tuple; lines are encoded by the batch, and
a thread writes them, so that a slow disk never holds up an answer.
"""

import fcntl
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

import msgspec

from ringfence.model.faults import Fault
from ringfence.store import disk

BATCH = 64  # lines, about a tenth of a millisecond to encode
KEPT = 4  # files set aside
MOST_WAITING = 16_000_000  # bytes that wait for the disk; what comes then is counted as lost
KEY_BYTES = 32
HASH_BYTES = 8


class Line(NamedTuple):
    """One request. `at` is seconds since 1970 in UTC; `verdicts` counts subjects by verdict."""

    at: float
    route: str
    surface: str
    status: int
    subjects: int
    verdicts: Mapping[str, int]
    degraded: str
    microseconds: int
    query_hash: str
    policy: str
    snapshot: str
    lexicon: str
    key: str


class _Written(msgspec.Struct, frozen=True):
    at: datetime
    route: str
    surface: str
    status: int
    subjects: int
    verdicts: Mapping[str, int]
    degraded: str
    microseconds: int
    query_hash: str
    policy: str
    snapshot: str
    lexicon: str
    key: str


_ENCODER = msgspec.json.Encoder()


class TextHash:
    """Hashes texts under a key that all workers share, and that one of them replaces when it is old enough.

    Nothing but this memory ever holds a key, so the texts of an earlier key cannot be tried out any more.
    """

    __slots__ = ("_clock", "_made", "_owner", "_seconds", "_shared")

    def __init__(
        self, shared: "memoryview[int]", hours: float, *, owner: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._shared = shared
        self._seconds = hours * 3_600
        self._owner = owner
        self._clock = clock
        self._made = clock()
        if not any(shared[:KEY_BYTES]):  # the replacement of a worker that died goes on with the key that is there
            self._renew()

    def __call__(self, text: str) -> str:
        """The hash of a text, in hexadecimal."""
        key = self._shared[:KEY_BYTES]
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=HASH_BYTES, key=key).hexdigest()

    def tick(self) -> None:
        """Replace the key when its time is over."""
        if self._owner and self._clock() - self._made >= self._seconds:
            self._renew()

    def _renew(self) -> None:
        self._shared[:KEY_BYTES] = secrets.token_bytes(KEY_BYTES)
        self._made = self._clock()


class AccessLog:
    """Appends lines to a file that several workers share. Nothing here waits for the disk but `close`."""

    __slots__ = ("_file", "_handed", "_lines", "_queue", "_size", "_thread", "_written", "lost")

    def __init__(self, file: Path, size: int, lost: Callable[[int], object]) -> None:
        self._lines: list[Line] = []
        self._file = _File(file)
        self._size = size
        self.lost = lost
        self._handed = 0  # bytes; one counted by the event loop, the other by the thread
        self._written = 0
        self._queue: SimpleQueue[tuple[bytes, int] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="ringfence access log", daemon=True)
        self._thread.start()

    def add(self, line: Line) -> None:
        """Take down one request."""
        self._lines.append(line)
        if len(self._lines) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Hand over what there is; called twice a second besides."""
        if not self._lines:
            return
        lines, self._lines = self._lines, []
        if self._handed - self._written > MOST_WAITING:
            self.lost(len(lines))
            return
        encoded = encode(lines)
        self._handed += len(encoded)
        self._queue.put((encoded, len(lines)))

    def close(self) -> None:
        """Write everything, and return once it is written."""
        self.flush()
        self._queue.put(None)
        self._thread.join()
        self._file.close()

    def _write(self) -> None:
        while (batch := self._queue.get()) is not None:
            encoded, count = batch
            try:
                self._file.append(encoded, self._size)
            except OSError:
                self.lost(count)
            self._written += len(encoded)


def encode(lines: Sequence[Line]) -> bytes:
    """The lines as they are written."""
    return _ENCODER.encode_lines([_Written(datetime.fromtimestamp(line.at, UTC), *line[1:]) for line in lines])


class _File:
    """A file that grows by whole lines and is set aside when it is large, whoever else does the same."""

    __slots__ = ("_handle", "_path")

    def __init__(self, path: Path) -> None:
        self._path = path
        with disk.writing(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._handle = self._open()

    def append(self, lines: bytes, size: int) -> None:
        """All of the lines or none; the file is set aside afterwards when it is larger than `size`."""
        self._follow()
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        try:
            before = os.fstat(self._handle).st_size
            if os.write(self._handle, lines) != len(lines):
                os.ftruncate(self._handle, before)  # half a line would spoil the next one too
                raise OSError
            if before + len(lines) > size and self._is_current():
                self._set_aside()
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._handle)

    def _follow(self) -> None:
        """Go on in the new file when another worker, or the system's log rotation, has set this one aside."""
        if not self._is_current():
            handle = self._open()
            os.close(self._handle)
            self._handle = handle

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def _is_current(self) -> bool:
        try:
            named = self._path.stat()
        except FileNotFoundError:
            return False
        opened = os.fstat(self._handle)
        return (named.st_ino, named.st_dev) == (opened.st_ino, opened.st_dev)

    def _set_aside(self) -> None:
        for number in range(KEPT, 1, -1):
            earlier = self._path.with_name(f"{self._path.name}.{number - 1}")
            if earlier.exists():
                earlier.replace(self._path.with_name(f"{self._path.name}.{number}"))
        self._path.replace(self._path.with_name(f"{self._path.name}.1"))


def writable(file: Path) -> None:
    """A Fault when no line could be written there, at start rather than at the first request."""
    try:
        _File(file).close()
    except Fault as fault:
        raise Fault(fault.what, where=str(file), mend="choose another guard.access_log") from fault
