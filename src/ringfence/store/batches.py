"""What has been committed? A chunk of a file is one batch, and its manifest, written last, is the commit.

Parts are written under names that no manifest has yet. A process killed at any point leaves at worst parts that no
manifest names: nobody sees them, and the next writer removes them.
"""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import msgspec

from ringfence.ingest.reasons import Reason
from ringfence.model.faults import Fault
from ringfence.model.words import Table
from ringfence.store import disk

IDS = "account_ids"
QUARANTINE = "quarantine"
MANIFESTS = "manifests"
ASIDE = "aside"  # unfinished parts
SPILL = "spill"  # what queries put on disk while they run, in a folder for each process


class Bad(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rows of one batch that are quarantined for one reason, with the first as an example."""

    rows: int
    row: int
    words: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One committed batch: rows `start` to `stop` of a file, read into `table` with one mapping.

    `parts` are file names below the store, by folder. `next_id` is the first dense id that was still free after it.
    `attempt` grows when its dangling rows are tried again. `last` is true when the file ends here.
    """

    file: str
    sha256: str
    mapping: str
    table: Table
    start: int
    stop: int
    last: bool
    attempt: int
    parts: dict[str, list[str]]
    landed: int
    quarantined: dict[Reason, Bad]
    next_id: int

    @property
    def name(self) -> str:
        """Where its manifest is."""
        return name(self.table, self.sha256, self.mapping, self.start)

    @property
    def dangling(self) -> bool:
        return Reason.DANGLING in self.quarantined


def name(table: Table, sha256: str, mapping: str, start: int) -> str:
    """The same for every attempt at the same rows, so that a later one takes the place of the one before."""
    return f"{table}-{sha256[:16]}-{mapping[:8]}-{start:012d}"


def committed(store: Path) -> tuple[Manifest, ...]:
    """Every batch, in the order in which a file's rows come. Raises Fault for a manifest that cannot be read."""
    return tuple(map(_read, sorted((store / MANIFESTS).glob("*.json"))))


def commit(store: Path, manifest: Manifest) -> None:
    """Make the batch part of the store, at once and for good."""
    content = msgspec.json.format(msgspec.json.encode(manifest))
    disk.write_whole(store / MANIFESTS / f"{manifest.name}.json", content)


def files(store: Path, manifests: Iterable[Manifest], folder: str) -> list[Path]:
    """The parts in `folder` of all `manifests`."""
    return [store / folder / part for manifest in manifests for part in manifest.parts.get(folder, [])]


def sweep(store: Path, manifests: Iterable[Manifest]) -> None:
    """Remove what no manifest names. Only for the one writer: a reader would remove what is being written."""
    known = {store / folder / part for m in manifests for folder, parts in m.parts.items() for part in parts}
    with disk.writing(store):
        for folder in (*Table, IDS, QUARANTINE, MANIFESTS, ASIDE, SPILL):
            (store / folder).mkdir(parents=True, exist_ok=True)
        for left in (*(store / MANIFESTS).glob(".*"), *(store / ASIDE).iterdir()):
            left.unlink()
        for spilt in (store / SPILL).iterdir():
            if not _runs(int(spilt.name)):
                shutil.rmtree(spilt)
        for folder in (*Table, IDS, QUARANTINE):
            for part in set((store / folder).iterdir()) - known:
                part.unlink()


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read(path: Path) -> Manifest:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (msgspec.DecodeError, OSError) as error:
        what = f"is no manifest that this version can read ({error})"
        raise Fault(what, where=str(path), mend="restore the store folder from a copy") from error
