"""What has been decided about new media? A file that only grows, a line a decision, each with the hashes it is on.

A decision counts from when its line ends. A process killed while it writes one leaves a part of a line without an end:
readers leave it out, since nobody was told of it, and the next writer cuts it off.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from ringfence.media.triage.kept import folder
from ringfence.model.faults import Fault
from ringfence.model.words import Opinion
from ringfence.store import disk
from ringfence.store.workspace import Workspace

OWNER_ONLY = 0o600


class Hashes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One media of a decided cluster: its id and its hashes, in hexadecimal digits."""

    key: str
    media_id: str | None = None
    sha256: str | None = None
    md5: str | None = None
    pdq: str | None = None
    quality: int | None = None


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line. An undoing has the number that it `undoes`, and neither opinion nor hashes."""

    number: int
    cluster: str
    by: str
    reason: str
    at: datetime
    opinion: Opinion | None = None
    hashes: tuple[Hashes, ...] = ()
    undoes: int = 0


def file(workspace: Workspace) -> Path:
    """Where the decisions are."""
    return folder(workspace) / "decisions.jsonl"


def read(workspace: Workspace) -> tuple[Decision, ...]:
    """All decisions, oldest first. Raises Fault for a line that is none, without repeating it."""
    path = file(workspace)
    try:
        content = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise Fault(f"cannot be read: {error.strerror}", where=str(path), mend="make it readable") from error
    lines = content[: content.rfind(b"\n") + 1].split(b"\n")[:-1]
    return tuple(_decision(line, number, path) for number, line in enumerate(lines, 1))


def standing(decisions: Sequence[Decision]) -> dict[str, Decision]:
    """The last decision on each cluster that was not undone."""
    undone = {one.undoes for one in decisions}
    return {one.cluster: one for one in decisions if not one.undoes and one.number not in undone}


def append(workspace: Workspace, decision: Decision) -> None:
    """Add a line, and return once it will last. Only under the workspace's lock; on failure the file is as it was."""
    path = file(workspace)
    with disk.writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        there = path.exists()
        handle = os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY)
        try:
            _write(handle, msgspec.json.encode(decision) + b"\n", _end(path))
        finally:
            os.close(handle)
        if not there:
            _sync(path.parent)  # the file's name must last too


def _end(path: Path) -> int:
    return path.read_bytes().rfind(b"\n") + 1


def _write(handle: int, line: bytes, at: int) -> None:
    try:
        os.ftruncate(handle, at)
        os.lseek(handle, at, os.SEEK_SET)
        left = memoryview(line)
        while left:  # a disk about to be full takes a part first, and refuses the rest
            left = left[os.write(handle, left) :]
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, at)
        raise


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _decision(line: bytes, number: int, path: Path) -> Decision:
    mend = "find out who changed it, and restore the file from a copy"
    try:
        decision = msgspec.json.decode(line, type=Decision)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Fault("is no decision", where=f"{path}:{number}", mend=mend) from None
    if decision.number != number:
        raise Fault(f"is decision {decision.number}", where=f"{path}:{number}", mend=mend)
    return decision
