"""How do files become events? Chunk by chunk, each committed whole, so that a stopped load goes on where it was."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ringfence.ingest.mapping import Mapping
from ringfence.ingest.reasons import Reason
from ringfence.ingest.source import Chunk
from ringfence.model.faults import Fault
from ringfence.model.words import Table
from ringfence.store import batches, events, settle
from ringfence.store.batches import Manifest
from ringfence.store.land import File, Landing, land, retry
from ringfence.store.plan import Job, plan
from ringfence.store.workspace import Workspace

Progress = Callable[[str, int, int | None], None]
"""Told after each chunk: the file's name, its rows read so far, and all its rows where they are known."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """The rows of a file that are quarantined for one reason; `example` is the first of them, as file:row."""

    reason: Reason
    rows: int
    example: str
    words: str


@dataclass(frozen=True, slots=True)
class FileSummary:
    """What became of one file: rows that `landed` this time, rows that now stand in quarantine.

    `unchanged` is true when nothing was to be done: all of the same file was in the store already.
    """

    file: str
    table: Table
    landed: int
    quarantined: tuple[Quarantined, ...]
    unknown: tuple[str, ...]
    unchanged: bool


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """What became of every file, in the order in which they were read; `skipped` are no table's."""

    files: tuple[FileSummary, ...]
    skipped: tuple[str, ...]

    @property
    def landed(self) -> int:
        return sum(file.landed for file in self.files)

    @property
    def quarantined(self) -> int:
        return sum(reason.rows for file in self.files for reason in file.quarantined)


def load(
    workspace: Workspace,
    paths: Sequence[Path],
    *,
    mapping: Mapping | None = None,
    table: Table | None = None,
    progress: Progress | None = None,
) -> LoadSummary:
    """Ingest files, and folders of files that are named after tables.

    Good rows land, bad ones go to quarantine. A file whose like was loaded before, with the same mapping, is not
    loaded twice: only its dangling rows are tried again. Raises Fault before any row lands when a file cannot be
    used at all, and when the disk is full; what was committed by then stays, and the same call goes on from there.
    """
    planned = plan(paths, mapping or Mapping(), table)
    with workspace.lock(), _swept(workspace.store) as done, events.engine(workspace) as connection:
        loading = _Loading(workspace, connection, done, (mapping or Mapping()).digest, progress or _silent)
        summaries = tuple(loading.file(job) for job in planned.jobs)
    return LoadSummary(summaries, tuple(str(path) for path in planned.skipped))


@contextmanager
def _swept(store: Path) -> Iterator[dict[str, Manifest]]:
    """The committed batches by name. What a load cut short has left behind goes: the last one's and this one's."""
    done = {manifest.name: manifest for manifest in batches.committed(store)}
    batches.sweep(store, done.values())
    try:
        yield done
    except BaseException:
        with suppress(Fault):  # what stopped the load is the fault to tell of; the next load sweeps again
            batches.sweep(store, batches.committed(store))
        raise


class _Loading:
    """One run of `load`: the batches there are by now, and the accounts that rows may name by now."""

    def __init__(
        self,
        workspace: Workspace,
        connection: duckdb.DuckDBPyConnection,
        done: dict[str, Manifest],
        mapping: str,
        progress: Progress,
    ) -> None:
        self.workspace = workspace
        self.connection = connection
        self.done = done
        self.mapping = mapping
        self.progress = progress
        self.known: tuple[str, int] | None = None

    def file(self, job: Job) -> FileSummary:
        file = File(job.source.path, _sha256(job.source.path), self.mapping, job.reading)
        before = [manifest for manifest in self.done.values() if file.holds(manifest)]
        whole = any(manifest.last for manifest in before)
        if not whole or any(manifest.dangling for manifest in before):
            limit = self.workspace.config.ingest.chunk_rows
            cuts = sorted(manifest.stop for manifest in before)
            for chunk in job.source.chunks(self.connection, limit, cuts):
                self._chunk(file, chunk)
                self.progress(file.path.name, chunk.stop, job.source.rows)
        after = [manifest for manifest in self.done.values() if file.holds(manifest)]
        return _summary(file, before, after)

    def _chunk(self, file: File, chunk: Chunk) -> None:
        landing = self._landing(file)
        start = batches.name(file.table, file.sha256, file.mapping, chunk.start)
        before = self.done.get(start)
        if before is None:
            self.done[start] = land(landing, chunk)
        elif before.dangling:
            self.done[start] = retry(landing, chunk, before)

    def _landing(self, file: File) -> Landing:
        """Accounts are newcomers by nature. Others may be where no account is declared, or where the config says so."""
        declared = self._files(Table.ACCOUNTS)
        lenient = self.workspace.config.ingest.undeclared_accounts == "accept"
        newcomers = file.table == Table.ACCOUNTS or lenient or not declared
        folder = batches.IDS if newcomers else Table.ACCOUNTS
        # New ids join the known ones as they are given out, so only new accounts rows make these stale.
        state = (str(folder), 0 if newcomers else len(declared))
        if state != self.known:
            settle.load_known(self.connection, self._files(folder))
            self.known = state
        next_id = max((manifest.next_id for manifest in self.done.values()), default=0)
        return Landing(self.connection, self.workspace.store, file, self._files(file.table), next_id, newcomers)

    def _files(self, folder: str) -> list[Path]:
        return batches.files(self.workspace.store, self.done.values(), folder)


def _summary(file: File, before: Sequence[Manifest], after: Sequence[Manifest]) -> FileSummary:
    found: dict[Reason, Quarantined] = {}
    for manifest in sorted(after, key=lambda each: each.start):
        for reason, bad in manifest.quarantined.items():
            first = found.get(reason, Quarantined(reason, 0, f"{file.path.name}:{bad.row}", bad.words))
            found[reason] = Quarantined(reason, first.rows + bad.rows, first.example, first.words)
    landed = sum(manifest.landed for manifest in after) - sum(manifest.landed for manifest in before)
    return FileSummary(
        file=str(file.path),
        table=file.table,
        landed=landed,
        quarantined=tuple(found[reason] for reason in Reason if reason in found),
        unknown=file.reading.unknown,
        unchanged=list(before) == list(after),
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _silent(_file: str, _rows: int, _total: int | None) -> None:
    pass
