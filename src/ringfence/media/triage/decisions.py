"""What has been decided about new media? A file that only grows, a line a decision, each with the hashes it is on.

A decision counts from when its line ends. A process killed while it writes one leaves a part of a line without an end:
readers leave it out, since nobody was told of it, and the next writer cuts it off.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from ringfence.media.triage.kept import folder
from ringfence.model.faults import Fault
from ringfence.model.words import Opinion
from ringfence.store import disk
from ringfence.store.workspace import Workspace


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
    end = path.read_bytes().rfind(b"\n") + 1 if path.exists() else 0
    disk.append(path, msgspec.json.encode(decision) + b"\n", end)


def _decision(line: bytes, number: int, path: Path) -> Decision:
    mend = "find out who changed it, and restore the file from a copy"
    try:
        decision = msgspec.json.decode(line, type=Decision)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Fault("is no decision", where=f"{path}:{number}", mend=mend) from None
    if decision.number != number:
        raise Fault(f"is decision {decision.number}", where=f"{path}:{number}", mend=mend)
    return decision
