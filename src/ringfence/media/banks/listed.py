"""Which banks are there, and what is set for each?"""

import sqlite3
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields

from ringfence.media.banks import numbers
from ringfence.media.banks.bank import Bank, Remedy
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind, Opinion

_COLUMNS = tuple(field.name for field in fields(Bank))


@dataclass(frozen=True, slots=True)
class Size:
    """How much a bank holds: contents that are there, and their hashes."""

    contents: int
    entries: int


def every(db: sqlite3.Connection) -> Mapping[str, Bank]:
    """All banks by name, in the order of their names."""
    rows = db.execute(f"SELECT {', '.join(_COLUMNS)} FROM banks ORDER BY name").fetchall()
    return {row[0]: _bank(row) for row in rows}


def number(db: sqlite3.Connection, name: str) -> int:
    """The number that stands for a bank in the file. Raises Fault where there is none of that name."""
    row = db.execute("SELECT bank FROM banks WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise Fault("is no bank", where=repr(name), mend="see `ringfence media bank list`, or add it")
    return int(row[0])


def add(db: sqlite3.Connection, bank: Bank) -> None:
    """Add an empty bank, inside one transaction. Raises Fault where one has the name, in capitals or not."""
    _free(db, bank.name, but=0)
    places = ", ".join("?" for _ in _COLUMNS)
    db.execute(f"INSERT INTO banks ({', '.join(_COLUMNS)}) VALUES ({places})", astuple(bank))


def change(db: sqlite3.Connection, name: str, bank: Bank) -> None:
    """Give a bank other settings, inside one transaction, and perhaps another name."""
    mine = number(db, name)
    _free(db, bank.name, but=mine)
    settings = ", ".join(f"{column} = ?" for column in _COLUMNS)
    db.execute(f"UPDATE banks SET {settings} WHERE bank = ?", (*astuple(bank), mine))


def remove(db: sqlite3.Connection, name: str) -> None:
    """Remove a bank with all it holds, and all that was said of it, inside one transaction."""
    mine = number(db, name)
    contents = [row[0] for row in db.execute("SELECT content FROM contents WHERE bank = ?", (mine,))]
    if dropped := numbers.drop(db, contents):
        numbers.tell(db, dropped)
    db.execute("DELETE FROM reviews WHERE content IN (SELECT content FROM contents WHERE bank = ?)", (mine,))
    for table in ("feedback", "contents", "banks"):
        db.execute(f"DELETE FROM {table} WHERE bank = ?", (mine,))


def size(db: sqlite3.Connection, name: str) -> Size:
    """How much a bank holds; counted, which takes seconds for millions."""
    mine = number(db, name)
    (there,) = db.execute("SELECT count(*) FROM contents WHERE bank = ? AND NOT gone", (mine,)).fetchone()
    counted = "SELECT count(*) FROM contents CROSS JOIN entries USING (content) WHERE bank = ?"
    return Size(int(there), int(db.execute(counted, (mine,)).fetchone()[0]))


def hashes(db: sqlite3.Connection) -> Mapping[HashKind, int]:
    """How many hashes of each kind there are in all banks; counted, which takes a second or so for ten millions."""
    counted = dict(db.execute("SELECT kind, count(*) FROM entries GROUP BY kind").fetchall())
    return {kind: int(counted.get(number, 0)) for number, kind in enumerate(numbers.KINDS)}


def _free(db: sqlite3.Connection, name: str, *, but: int) -> None:
    if db.execute("SELECT 1 FROM banks WHERE name = ? AND bank != ?", (name, but)).fetchone():
        raise Fault("is the name of a bank already", where=repr(name), mend="choose another, capitals do not count")


def _bank(row: tuple[object, ...]) -> Bank:
    name, source, opinion, radius, least_quality, action, rollout, sources_needed, vetted = row
    return Bank(
        str(name),
        str(source),
        Opinion(str(opinion)),
        int(str(radius)),
        int(str(least_quality)),
        Remedy(str(action)),
        float(str(rollout)),
        int(str(sources_needed)),
        bool(vetted),
    )
