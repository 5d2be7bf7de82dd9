"""Which number does a change, an entry or a content get? The next one; none is ever given twice.

Everything here runs inside one transaction of `schema.writing`.
"""

import json
import sqlite3
import time
from collections.abc import Sequence

from ringfence.model.words import HashKind

# As they stand in the file: never change the order.
KINDS = (HashKind.PDQ, HashKind.MD5, HashKind.SHA1, HashKind.SHA256)
NUMBERS = {kind: number for number, kind in enumerate(KINDS)}


def now() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1_000


def take(db: sqlite3.Connection, what: str, count: int) -> int:
    """The first of `count` new numbers for `what`: "content" or "entry"."""
    (last,) = db.execute(f"SELECT {what} FROM state").fetchone()
    db.execute(f"UPDATE state SET {what} = ?", (last + count,))
    return int(last) + 1


def change(db: sqlite3.Connection) -> int:
    """The number of the change of entries that this transaction makes. Ask once, after the entries came."""
    (last, entry) = db.execute("SELECT change, entry FROM state").fetchone()
    db.execute("UPDATE state SET change = ?", (last + 1,))
    db.execute("INSERT INTO changes VALUES (?, ?, ?)", (last + 1, entry, now()))
    return int(last) + 1


def drop(db: sqlite3.Connection, contents: Sequence[int]) -> list[int]:
    """Take all entries of these contents away, hashes and all. Returns their numbers, for `tell`."""
    listed = json.dumps(contents)
    rows = db.execute(
        "DELETE FROM entries WHERE content IN (SELECT value FROM json_each(?)) RETURNING entry", (listed,)
    )
    return [entry for (entry,) in rows.fetchall()]


def tell(db: sqlite3.Connection, dropped: Sequence[int]) -> None:
    """Number a change, and keep which entries are gone with it."""
    number = change(db)
    db.executemany("INSERT INTO gone VALUES (?, ?)", [(number, entry) for entry in sorted(dropped)])
