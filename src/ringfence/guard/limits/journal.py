"""What has been done about limits? A file that only grows, a line a batch; a line is there as a whole or not at all.

A batch counts from when its line ends. A process killed while it writes one leaves a part of a line without an end:
readers leave it out, since nobody was told of it, and the next writer cuts it off.
"""

from dataclasses import dataclass
from pathlib import Path

from ringfence.guard.limits.rows import FIRST, Act, Batch, decode, encode
from ringfence.model.faults import Fault
from ringfence.store import audit, disk
from ringfence.store.workspace import Workspace

FOLDER = "limits"
NAMED = 20  # accounts that an audit entry names


@dataclass(frozen=True, slots=True)
class Journal:
    """All batches, oldest first; `check` is the last line's, and `end` where it ends in the file."""

    batches: tuple[Batch, ...] = ()
    check: str = FIRST
    end: int = 0

    @property
    def next(self) -> int:
        """The number of the batch to come."""
        return len(self.batches) + 1


def file(workspace: Workspace) -> Path:
    """Where the journal is."""
    return workspace.path / FOLDER / "journal.jsonl"


def read(workspace: Workspace) -> Journal:
    """The journal as it stands. Raises Fault for a line that is not as it was written."""
    path = file(workspace)
    try:
        content = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise Fault(f"cannot be read: {error.strerror}", where=str(path), mend="make it readable") from error
    end = content.rfind(b"\n") + 1
    batches, check = [], FIRST
    for number, line in enumerate(content[:end].split(b"\n")[:-1], 1):
        batch, check = decode(line, check, f"{path}:{number}")
        batches.append(batch)
    return Journal(tuple(batches), check, end)


def append(workspace: Workspace, journal: Journal, batch: Batch) -> int:
    """Add a batch to the journal as it was read, after the audit entry that says so; its number, once it will last.

    Only under the workspace's lock. Raises Fault when it cannot be written; then the journal is as it was.
    """
    audit.record(workspace, audit.Action.LIMITS_CHANGED, _told(batch), actor=batch.by)
    disk.append(file(workspace), encode(batch, journal.check), journal.end)
    return batch.number


def _told(batch: Batch) -> str:
    what = f"batch {batch.undoes}" if batch.act is Act.UNDO else ", ".join(batch.accounts[:NAMED])
    more = f" and {len(batch.accounts) - NAMED:,} more" if len(batch.accounts) > NAMED else ""
    return f"batch {batch.number}: {batch.act} {what}{more}"
