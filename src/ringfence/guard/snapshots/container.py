"""How does one file hold many arrays, whole, signed and mapped into memory?

    magic, format, size of the head     8 + 2 + 6 bytes, little-endian
    key, signature                      32 + 64 bytes, Ed25519 (RFC 8032) of the head
    head                                MessagePack: kind, meta, and of each section its name, place, size and checksum
    sections                            each at a multiple of 64 bytes

The signature covers the head, and the head the checksum (BLAKE2b-256) of every section. A file longer or shorter
than its head says is refused, as one changed bit is.
"""

import mmap
import os
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from ringfence.guard.snapshots.signing import KEY_BYTES, SIGNATURE_BYTES, Signer, Trusted
from ringfence.model.faults import Fault
from ringfence.store import disk

MAGIC = b"ringsnap"
FORMAT = 4
ALIGNED = 64
CHECKSUM_BYTES = 32
# Of a head; a larger one is no head of ours, and is not read.
LARGEST_HEAD = 1 << 20

_PROLOGUE = struct.Struct("<8sHIH")  # magic, format, size of the head, zero
_HEAD_AT = _PROLOGUE.size + KEY_BYTES + SIGNATURE_BYTES


class _Section(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    name: str
    at: int
    size: int
    checksum: bytes


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: str
    meta: dict[str, Any]
    sections: tuple[_Section, ...]
    size: int  # of the whole file


_HEADS = msgspec.msgpack.Decoder(_Head)


@dataclass(frozen=True, slots=True)
class Container:
    """An opened file. Its sections are views of the mapped file: read-only, shared by all processes that map it."""

    meta: Mapping[str, Any]
    sections: Mapping[str, memoryview]
    checksums: Mapping[str, bytes]
    size: int  # bytes


def write(
    path: Path, kind: str, meta: Mapping[str, Any], sections: Mapping[str, bytes | memoryview], by: Signer
) -> None:
    """Put a file there, whole or not at all."""
    head, places = _head(kind, meta, sections)
    signed = _PROLOGUE.pack(MAGIC, FORMAT, len(head), 0) + by.public + by.sign(head) + head
    aside = path.with_name(f".{path.name}.{os.getpid()}.new")
    with disk.writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with aside.open("wb") as file:
                file.write(signed)
                for name, content in sections.items():
                    file.write(b"\0" * (places[name] - file.tell()))
                    file.write(content)
            aside.chmod(0o444)
            disk.keep(aside, path)
        except OSError:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
            raise


def read(path: Path, kind: str, trusted: Trusted, opened: Callable[[Path], memoryview] | None = None) -> Container:
    """Open a file and check all of it. Raises Fault, in one line, for what is not whole or not signed by a trusted key.

    It is mapped, unless `opened` is `in_memory`.
    """
    data = (opened or mapped)(path)
    if len(data) < _HEAD_AT:
        raise corrupt(path, "it is cut off in its head")
    head = _checked_head(path, data, kind, trusted)
    if len(data) != head.size:
        raise corrupt(path, f"it is {len(data)} bytes long where {head.size} were written")
    sections = {}
    for one in head.sections:
        view = data[one.at : one.at + one.size]
        if len(view) != one.size or checksum(view) != one.checksum:
            raise corrupt(path, f"the checksum of its part {one.name} does not match")
        sections[one.name] = view
    return Container(head.meta, sections, {one.name: one.checksum for one in head.sections}, head.size)


def checksum(content: bytes | memoryview) -> bytes:
    """The checksum that a section is recorded with."""
    return blake2b(content, digest_size=CHECKSUM_BYTES).digest()


def corrupt(path: Path, what: str) -> Fault:
    """The Fault for a file that is not what was written."""
    return Fault(what, where=str(path), mend="publish again, or activate another version")


def _head(
    kind: str, meta: Mapping[str, Any], sections: Mapping[str, bytes | memoryview]
) -> tuple[bytes, Mapping[str, int]]:
    """The head's bytes, and where each section starts, which depends on how long the head is: two passes settle it."""
    start, head = 0, b""
    rows: tuple[_Section, ...] = ()
    sums = {name: checksum(content) for name, content in sections.items()}
    for _ in range(4):  # places grow the head by a few bytes at the most
        at, listed = start, []
        for name, content in sections.items():
            at = -(-at // ALIGNED) * ALIGNED
            listed.append(_Section(name, at, memoryview(content).nbytes, sums[name]))
            at += memoryview(content).nbytes
        rows = tuple(listed)
        head = msgspec.msgpack.encode(_Head(kind, dict(meta), rows, at))
        if start == _HEAD_AT + len(head):
            break
        start = _HEAD_AT + len(head)
    return head, {row.name: row.at for row in rows}


def mapped(path: Path) -> memoryview:
    """The content of a file, shared with every process that maps it.

    It must be replaced by renaming another onto it, as `write` does: if it is cut short where it lies, reading what is
    gone ends the process (SIGBUS). That is why `write` leaves it read-only.
    """
    return _opened(path, lambda file: mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def in_memory(path: Path) -> memoryview:
    """The content of a file, copied: for small ones, which then may be changed by anybody."""
    return _opened(path, lambda file: file.read())


def _opened(path: Path, content: Callable[[BinaryIO], bytes | mmap.mmap]) -> memoryview:
    try:
        with path.open("rb") as file:
            return memoryview(content(file) if os.fstat(file.fileno()).st_size else b"")
    except OSError as error:
        what = f"it could not be read ({error.strerror})"
        raise Fault(what, where=str(path), mend="publish again, or activate another version") from error


def _checked_head(path: Path, data: memoryview, kind: str, trusted: Trusted) -> _Head:
    magic, written, size, _ = _PROLOGUE.unpack_from(data)
    if magic != MAGIC:
        raise corrupt(path, "it is no file of this kind")
    if written != FORMAT:
        mend = "upgrade ringfence or publish again"
        raise Fault(f"its format is {written}, and this ringfence reads {FORMAT}", where=str(path), mend=mend)
    raw = bytes(data[_HEAD_AT : _HEAD_AT + min(size, LARGEST_HEAD)])
    if len(raw) != size:
        raise corrupt(path, "it is cut off in its head")
    key = bytes(data[_PROLOGUE.size : _PROLOGUE.size + KEY_BYTES])
    trusted.check(key, bytes(data[_PROLOGUE.size + KEY_BYTES : _HEAD_AT]), raw, where=str(path))
    try:
        head = _HEADS.decode(raw)
    except msgspec.DecodeError as error:
        raise corrupt(path, "its head does not fit its format") from error
    if head.kind != kind:
        raise corrupt(path, f"it is a {head.kind}, not a {kind}")
    return head
