"""What was in a file of hashes? Its items, and the rows that are none, each with its reason."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ringfence.media.items import Item
from ringfence.model.faults import Fault
from ringfence.store import disk

MOST_BYTES = 4 << 30  # of one file; a list of ten million hashes has about 1 GB


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that cannot be used: the number of its first line, from 1, why, and what it says."""

    line: int
    reason: str
    row: str


@dataclass(frozen=True, slots=True)
class Rows:
    """A file as it was read: `digest` names its content, `good` counts the rows that made the items.

    The items may be gone through more than once.
    """

    digest: str
    items: Iterable[Item]
    good: int
    bad: tuple[Bad, ...]


def content(path: Path) -> tuple[bytes, str]:
    """What is in the file, and a digest of it. Raises Fault where it cannot be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Fault(f"is larger than {MOST_BYTES >> 30} GB", where=str(path), mend="split it")
        body = path.read_bytes()
    except OSError as error:
        raise Fault(f"cannot be read ({error.strerror})", where=str(path), mend="check its name and rights") from None
    return body, sha256(body).hexdigest()


def quarantine(file: Path, bad: Iterable[Bad]) -> None:
    """Write the bad rows where only their owner may read them: they may hold hashes, and whatever else is there."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("line", "reason", "row"))
    writer.writerows((one.line, one.reason, one.row) for one in bad)
    with disk.writing(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.parent.chmod(0o700)  # nobody reads it before it has its own mode
    disk.write_whole(file, text.getvalue().encode("utf-8", "replace"))
    file.chmod(0o600)
