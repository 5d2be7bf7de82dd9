"""Which entries came and went since a change? What an index over the banks is built from, and brought on by."""

import sqlite3
from collections.abc import Iterator, Sequence

import numpy as np

from ringfence.media.banks.numbers import KINDS
from ringfence.media.hashes import SIZES
from ringfence.media.index.matches import Batch, Ids
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind

CHUNK = 200_000  # rows read at a time


def last(db: sqlite3.Connection) -> int:
    """The number of the last change, 0 before the first."""
    return int(db.execute("SELECT change FROM state").fetchone()[0])


def waiting(db: sqlite3.Connection, change: int) -> int:
    """How many entries came or went after a change. Raises Fault for a change that these banks never made."""
    before = _last_entry(db, change)
    (entry,) = db.execute("SELECT entry FROM state").fetchone()
    (went,) = db.execute("SELECT count(*) FROM gone WHERE change > ?", (change,)).fetchone()
    return int(entry) - before + int(went)


def came(db: sqlite3.Connection, change: int) -> Iterator[Batch]:
    """The entries that came after a change and are still there, in batches of one kind each; after 0 all there are."""
    cursor = db.execute("SELECT kind, value, entry FROM entries WHERE entry > ?", (_last_entry(db, change),))
    while rows := cursor.fetchmany(CHUNK):
        for number, kind in enumerate(KINDS):
            mine = [row for row in rows if row[0] == number]
            if mine:
                yield _batch(kind, mine)


def gone(db: sqlite3.Connection, change: int) -> Ids:
    """The entries that were there at a change and are gone since, ascending."""
    known = (change, _last_entry(db, change))
    rows = db.execute("SELECT entry FROM gone WHERE change > ? AND entry <= ? ORDER BY entry", known)
    return np.fromiter((entry for (entry,) in rows), np.int64)


def _last_entry(db: sqlite3.Connection, change: int) -> int:
    row = db.execute("SELECT last_entry FROM changes WHERE change = ?", (change,)).fetchone()
    if row is None:
        what = f"the index knows change {change}, and the banks end at change {last(db)}"
        raise Fault(what, where="media index", mend="run `ringfence media index rebuild`")
    return int(row[0])


def _batch(kind: HashKind, rows: Sequence[tuple[int, bytes, int]]) -> Batch:
    values = np.frombuffer(b"".join(row[1] for row in rows), np.uint8).reshape(-1, SIZES[kind])
    return Batch(kind, values, np.fromiter((row[2] for row in rows), np.int64, len(rows)))
