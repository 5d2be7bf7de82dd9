"""How does one chunk of a file become one batch of the store?"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
from msgspec import structs

from ringfence.ingest.reasons import Reason
from ringfence.ingest.source import Chunk, name, quoted
from ringfence.ingest.validate import Reading
from ringfence.model.faults import Fault
from ringfence.model.words import Table
from ringfence.store import batches, disk, parts, settle
from ringfence.store.batches import Bad, Manifest

# The lightest level: it costs less time than the disk saves, and ids compress well at any.
PARQUET = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1"


@dataclass(frozen=True, slots=True)
class File:
    """A file on its way into the store. Its content and its mapping are its identity; its name is not."""

    path: Path
    sha256: str
    mapping: str
    reading: Reading

    @property
    def table(self) -> Table:
        return self.reading.table

    def holds(self, manifest: Manifest) -> bool:
        """Is this batch one of the file's?"""
        return (manifest.sha256, manifest.mapping, manifest.table) == (self.sha256, self.mapping, self.table)


@dataclass(frozen=True, slots=True)
class Landing:
    """What landing a chunk rests on.

    `stored` are the table's committed parts, `next_id` is the first dense id still free, and `newcomers` says
    whether a row may name an account that is not known yet.
    """

    connection: duckdb.DuckDBPyConnection
    store: Path
    file: File
    stored: Sequence[Path]
    next_id: int
    newcomers: bool


def land(landing: Landing, chunk: Chunk) -> Manifest:
    """Commit the rows of a new chunk."""
    manifest = _batch(landing, chunk, attempt=1, only="true", kept="")
    batches.commit(landing.store, manifest)
    return manifest


def retry(landing: Landing, chunk: Chunk, before: Manifest) -> Manifest:
    """Try the dangling rows of the batch `before` again, and only those. Commits when any of them lands."""
    (old,) = batches.files(landing.store, [before], batches.QUARANTINE)
    held = f"FROM read_parquet({quoted(str(old))})"
    only = f"\"row\" IN (SELECT in_row {held} WHERE reason = '{Reason.DANGLING}')"
    kept = f"{held} WHERE reason <> '{Reason.DANGLING}' UNION ALL BY NAME "
    after = _batch(landing, chunk, attempt=before.attempt + 1, only=only, kept=kept)
    if not after.landed:
        return before
    # Of the parts only the quarantine is replaced: what landed before stays where it is.
    landed = {
        folder: before.parts.get(folder, []) + after.parts.get(folder, [])
        for folder in (str(landing.file.table), batches.IDS)
    }
    merged = structs.replace(after, parts={**after.parts, **landed}, landed=before.landed + after.landed)
    batches.commit(landing.store, merged)
    return merged


def _batch(landing: Landing, chunk: Chunk, *, attempt: int, only: str, kept: str) -> Manifest:
    """Write the parts of a batch; nobody sees them before its manifest is committed.

    `only` says which rows to read, and `kept` is SQL that puts older rows before the newly quarantined ones.
    """
    connection, store, file = landing.connection, landing.store, landing.file
    with disk.writing(store):
        with _reading(file.path, store):
            stage = file.reading.sql(chunk, only)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE stage AS {stage}")
        next_id = landing.next_id
        if landing.newcomers:
            next_id = settle.give_ids(connection, file.table, next_id)
        settle.settle(connection, file.table, landing.stored)
        quarantined = f"{kept} {_quarantined_sql(file, chunk)}"
        connection.execute(f"CREATE OR REPLACE TEMP TABLE quarantined AS {quarantined}")
        manifest = Manifest(
            file=file.path.name,
            sha256=file.sha256,
            mapping=file.mapping,
            table=file.table,
            start=chunk.start,
            stop=chunk.stop,
            last=chunk.last,
            attempt=attempt,
            parts={},
            landed=_count(connection, 'settled ANTI JOIN bad USING ("row")'),
            quarantined=_reasons(connection),
            next_id=next_id,
        )
        return structs.replace(manifest, parts=_write_parts(landing, manifest))


def _write_parts(landing: Landing, manifest: Manifest) -> dict[str, list[str]]:
    table, connection = manifest.table, landing.connection
    origin = f', {quoted(manifest.file)} AS in_file, "row" AS in_row' if table in parts.KEYS else ""
    columns = ", ".join(map(name, parts.COLUMNS[table]))
    sql: dict[str, str] = {}
    if manifest.landed:
        sql[table] = f'SELECT {columns}{origin} FROM settled ANTI JOIN bad USING ("row")'
    if manifest.next_id > landing.next_id:
        sql[batches.IDS] = f"SELECT who AS account_id, id::{parts.DENSE} AS id FROM arrived"
    if manifest.quarantined:
        sql[batches.QUARANTINE] = "FROM quarantined ORDER BY in_row"
    part = f"{manifest.name}-{manifest.attempt}.parquet"
    for folder, query in sql.items():
        aside = landing.store / batches.ASIDE / f"{folder}-{part}"
        connection.execute(f"COPY ({query}) TO {quoted(str(aside))} ({PARQUET})")
        disk.keep(aside, landing.store / folder / part)
    return {folder: [part] for folder in sql}


def _quarantined_sql(file: File, chunk: Chunk) -> str:
    return f"""
        SELECT {quoted(file.path.name)} AS in_file, "row" AS in_row, '{file.table}' AS table_name, reason, words, raw
        FROM bad JOIN (SELECT {chunk.row} AS "row", {chunk.raw} AS raw FROM {chunk.relation}) USING ("row")"""


def _reasons(connection: duckdb.DuckDBPyConnection) -> dict[Reason, Bad]:
    found = connection.execute("""
        SELECT reason, count(*), min(in_row), arg_min(words, in_row)
        FROM quarantined GROUP BY reason ORDER BY reason""")
    return {Reason(reason): Bad(rows, row, words) for reason, rows, row, words in found.fetchall()}


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return int(row[0]) if row else 0


@contextmanager
def _reading(path: Path, store: Path) -> Iterator[None]:
    """Tell a file that cannot be read from a store that cannot be written: queries may spill there as they read."""
    try:
        yield
    except (duckdb.OutOfMemoryException, duckdb.InterruptException):
        raise
    except duckdb.Error as error:
        if str(store) in str(error):
            raise
        what = f"cannot be read to its end ({str(error).splitlines()[0]})"
        raise Fault(what, where=str(path), mend="write the file again; what was committed of it stays") from error
