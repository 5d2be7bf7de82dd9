"""Which hashes were asked before, and what of it was found only later? Hashes and ids, never media.

A file of its own beside the banks, so that it can be lost without loss of what reviewers decided.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ringfence.media.banks import schema
from ringfence.media.hashes import SIZES
from ringfence.media.items import Signal
from ringfence.media.queries import Look, Query
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind
from ringfence.store import disk

FILE = "asked.sqlite"
VERSION = 1
DIGESTS = (HashKind.MD5, HashKind.SHA1, HashKind.SHA256)

_TABLES = """
CREATE TABLE IF NOT EXISTS asked (
    asked INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, media_id TEXT NOT NULL, uploader TEXT,
    looks BLOB NOT NULL, transforms TEXT NOT NULL, qualities TEXT NOT NULL, md5 BLOB, sha1 BLOB, sha256 BLOB
);
CREATE INDEX IF NOT EXISTS asked_at ON asked (at);
CREATE TABLE IF NOT EXISTS met (
    met INTEGER PRIMARY KEY AUTOINCREMENT, process TEXT NOT NULL, at REAL NOT NULL, queries INTEGER NOT NULL,
    content INTEGER, uploader TEXT
);
CREATE INDEX IF NOT EXISTS met_at ON met (at);
CREATE TABLE IF NOT EXISTS runs (
    run INTEGER PRIMARY KEY AUTOINCREMENT, since INTEGER NOT NULL, upto INTEGER NOT NULL, done INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS units (run INTEGER NOT NULL, unit TEXT NOT NULL, PRIMARY KEY (run, unit)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS found (
    run INTEGER NOT NULL, origin TEXT NOT NULL, origin_id TEXT NOT NULL, media_id TEXT NOT NULL, account TEXT,
    bank TEXT NOT NULL, content INTEGER NOT NULL, kind TEXT NOT NULL, distance INTEGER NOT NULL,
    transform TEXT NOT NULL, remedy TEXT, reasons TEXT NOT NULL,
    PRIMARY KEY (origin, origin_id, media_id, bank, content)
);
"""


@dataclass(frozen=True, slots=True)
class Past:
    """A query of before: its number, when it was asked (seconds since 1970), and its hashes."""

    number: int
    at: float
    query: Query


@dataclass(frozen=True, slots=True)
class Met:
    """A match of some process: when, and of which content. Without one it only counts its queries since its last."""

    at: float
    queries: int
    content: int | None
    uploader: str | None


def connect(path: Path) -> sqlite3.Connection:
    """A connection to the file, which is made where there is none. Raises Fault for one that cannot be used."""
    with disk.writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, schema.OWNER_ONLY))
    with schema.faults(path):
        db = sqlite3.connect(path, timeout=schema.PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            # What was asked in the last moments before a power cut may be lost; what was decided never is.
            for setting in ("journal_mode = WAL", "synchronous = NORMAL"):
                db.execute(f"PRAGMA {setting}")
            _settle(db, path)
        except BaseException:
            db.close()
            raise
    return db


def _settle(db: sqlite3.Connection, path: Path) -> None:
    found = db.execute("PRAGMA user_version").fetchone()[0]
    if found > VERSION:
        what = f"was written by a newer ringfence (schema {found}, this one knows {VERSION})"
        raise Fault(what, where=str(path), mend="update ringfence")
    if found < VERSION:
        with changing(db, path):
            for statement in _TABLES.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {VERSION}")


@contextmanager
def changing(db: sqlite3.Connection, path: Path) -> Iterator[None]:
    """One transaction on this file."""
    with schema.writing(db, path):
        yield


def keep(db: sqlite3.Connection, queries: Sequence[tuple[float, Query]]) -> None:
    """Keep queries, inside one transaction."""
    db.executemany(
        "INSERT INTO asked (at, media_id, uploader, looks, transforms, qualities, md5, sha1, sha256) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(at, one.media_id, one.uploader, *_columns(one)) for at, one in queries],
    )


def forget(db: sqlite3.Connection, asked_before: float, met_before: float) -> None:
    """Delete what was asked, and what was met, before these times, inside one transaction."""
    db.execute("DELETE FROM asked WHERE at < ?", (asked_before,))
    db.execute("DELETE FROM met WHERE at < ?", (met_before,))


def after(db: sqlite3.Connection, number: int, most: int) -> tuple[Past, ...]:
    """The next `most` queries after a number."""
    rows = db.execute("SELECT * FROM asked WHERE asked > ? ORDER BY asked LIMIT ?", (number, most))
    return tuple(_past(row) for row in rows)


def last(db: sqlite3.Connection) -> int:
    """The number of the last query that was kept."""
    return int(db.execute("SELECT coalesce(max(asked), 0) FROM asked").fetchone()[0])


def _columns(query: Query) -> tuple[object, ...]:
    values = {one.kind: one.value for one in query.digests}
    qualities = ",".join("" if one.quality is None else str(one.quality) for one in query.looks)
    looks = b"".join(one.value for one in query.looks), "\n".join(one.transform for one in query.looks), qualities
    return (*looks, *(values.get(kind) for kind in DIGESTS))


def _past(row: Sequence[object]) -> Past:
    number, at, media_id, uploader, looks, transforms, qualities, *values = row
    size, raw = SIZES[HashKind.PDQ], bytes(looks) if isinstance(looks, bytes) else b""
    parts = zip(
        (raw[start : start + size] for start in range(0, len(raw), size)),
        str(transforms).split("\n"),
        str(qualities).split(","),
        strict=False,
    )
    seen = tuple(Look(value, transform, int(quality) if quality else None) for value, transform, quality in parts)
    digests = tuple(
        Signal(kind, value) for kind, value in zip(DIGESTS, values, strict=True) if isinstance(value, bytes)
    )
    told = None if uploader is None else str(uploader)
    return Past(int(str(number)), float(str(at)), Query(str(media_id), digests, seen, told))


def tell(db: sqlite3.Connection, process: str, met: Sequence[Met]) -> None:
    """Tell other processes what this one met, inside one transaction."""
    db.executemany(
        "INSERT INTO met (process, at, queries, content, uploader) VALUES (?, ?, ?, ?, ?)",
        [(process, one.at, one.queries, one.content, one.uploader) for one in met],
    )


def heard(db: sqlite3.Connection, process: str, number: int, since: float) -> tuple[int, tuple[Met, ...]]:
    """What others met after a number and since a time, and the number to go on from."""
    rows = db.execute("SELECT * FROM met WHERE met > ? AND at >= ? ORDER BY met", (number, since)).fetchall()
    mine = tuple(Met(row[2], row[3], row[4], row[5]) for row in rows if row[1] != process)
    return (rows[-1][0] if rows else number), mine
