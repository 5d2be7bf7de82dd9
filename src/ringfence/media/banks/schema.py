"""Where do banks live? In one SQLite file that only its owner may read, each change of it whole or not at all.

Write-ahead log, synced at every commit: a process killed at any point leaves the last commit. Every change of entries
has a number of its own; the index over them is at one of these numbers, and is brought on by what came after.
"""

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ringfence.model.faults import Fault
from ringfence.store import disk

FILE = "banks.sqlite"
VERSION = 1
APPLICATION = 0x72666D62  # "rfmb", in the file's head
OWNER_ONLY = 0o600
PATIENCE = 60.0  # seconds that a writer waits for another one
CACHE = -131_072  # KiB of pages kept in memory
LOGGED = 16_384  # pages of the log, of 4 KiB, before they are moved into the file: fewer move the same page often
_SETTINGS = (
    "journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", f"cache_size = {CACHE}",
    f"wal_autocheckpoint = {LOGGED}",
)  # fmt: skip

# `signals` and `stamp` are digests by which a landing tells what changed. A content stays when its source withdraws
# it, without its hashes: what reviewers said of it must hold when it comes again.
_TABLES = """
CREATE TABLE state (
    change INTEGER NOT NULL, entry INTEGER NOT NULL, content INTEGER NOT NULL, rollout_key BLOB NOT NULL
);
CREATE TABLE banks (
    bank INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL COLLATE NOCASE UNIQUE, source TEXT NOT NULL,
    opinion TEXT NOT NULL, radius INTEGER NOT NULL, least_quality INTEGER NOT NULL, action TEXT NOT NULL,
    rollout REAL NOT NULL, sources_needed INTEGER NOT NULL, vetted INTEGER NOT NULL, checkpoint TEXT
);
CREATE TABLE contents (
    content INTEGER PRIMARY KEY, bank INTEGER NOT NULL, source_key INTEGER NOT NULL, source_id TEXT NOT NULL,
    labels TEXT NOT NULL, opinion TEXT NOT NULL, at INTEGER, signals BLOB NOT NULL, stamp BLOB NOT NULL,
    gone INTEGER NOT NULL DEFAULT 0, note TEXT, disabled_until INTEGER, review TEXT, held TEXT, vouched INTEGER
);
CREATE INDEX contents_by_source ON contents (bank, source_key);
CREATE TABLE entries (
    entry INTEGER PRIMARY KEY, content INTEGER NOT NULL, kind INTEGER NOT NULL, value BLOB NOT NULL, quality INTEGER
);
CREATE INDEX entries_by_content ON entries (content);
CREATE TABLE changes (change INTEGER PRIMARY KEY, last_entry INTEGER NOT NULL, at INTEGER NOT NULL);
CREATE TABLE gone (change INTEGER NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (change, entry)) WITHOUT ROWID;
CREATE TABLE reviews (
    review INTEGER PRIMARY KEY, content INTEGER NOT NULL, act TEXT NOT NULL, by TEXT NOT NULL, why TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX reviews_by_content ON reviews (content);
CREATE TABLE feedback (
    feedback INTEGER PRIMARY KEY, bank INTEGER NOT NULL, content INTEGER NOT NULL, opinion TEXT NOT NULL,
    why TEXT NOT NULL, at INTEGER NOT NULL, sent INTEGER
);
CREATE INDEX feedback_waiting ON feedback (bank) WHERE sent IS NULL;
"""


def connect(path: Path) -> sqlite3.Connection:
    """A connection to the banks at `path`, which are made where there are none. Close it when done.

    Raises Fault for a file that is no such database, is damaged, or was written by a newer version.
    """
    with disk.writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY))  # SQLite gives its log files the same mode
    with faults(path):
        db = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            for setting in _SETTINGS:
                db.execute(f"PRAGMA {setting}")
            _settle(db, path)
        except BaseException:
            db.close()
            raise
    return db


def _settle(db: sqlite3.Connection, path: Path) -> None:
    if _version(db, path) == VERSION:
        return
    with writing(db, path):
        if _version(db, path) != VERSION:  # by now another process may have made them
            for statement in _TABLES.split(";"):
                db.execute(statement)
            db.execute("INSERT INTO state VALUES (0, 0, 0, ?)", (secrets.token_bytes(32),))
            db.execute("INSERT INTO changes VALUES (0, 0, 0)")
            db.execute(f"PRAGMA application_id = {APPLICATION}")
            db.execute(f"PRAGMA user_version = {VERSION}")


def _version(db: sqlite3.Connection, path: Path) -> int:
    found = int(db.execute("PRAGMA user_version").fetchone()[0])
    application = int(db.execute("PRAGMA application_id").fetchone()[0])
    if found > VERSION and application == APPLICATION:
        what = f"was written by a newer ringfence (schema {found}, this one knows {VERSION})"
        raise Fault(what, where=str(path), mend="update ringfence")
    if application not in (0, APPLICATION) or (found and application != APPLICATION):
        raise Fault("is a database of something else", where=str(path), mend="move it away, or name another folder")
    return found


@contextmanager
def writing(db: sqlite3.Connection, path: Path) -> Iterator[None]:
    """One transaction, waiting for other writers. It is committed when the block ends, and undone when it raises."""
    with faults(path):
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


@contextmanager
def reading(db: sqlite3.Connection, path: Path) -> Iterator[None]:
    """One moment: all that is read in the block is of the same state, whatever others write meanwhile."""
    with faults(path):
        db.execute("BEGIN")
        try:
            yield
        finally:
            if db.in_transaction:
                db.execute("COMMIT")


@contextmanager
def faults(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into a Fault that names the file and the remedy, and never what was in it."""
    try:
        yield
    except sqlite3.OperationalError as error:
        busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        mend = "wait until the other process is done" if busy else "free some space or mend its permissions"
        raise Fault(f"cannot be used ({error})", where=str(path), mend=f"{mend}, then run it again") from error
    except sqlite3.DatabaseError as error:
        mend = "restore it from a copy, then run `ringfence media index rebuild`"
        raise Fault(f"is damaged ({error})", where=str(path), mend=mend) from error
