"""How does a page of an exchange become part of a bank? As a whole, with its checkpoint, and twice is as once."""

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b

from ringfence.media.banks import numbers
from ringfence.media.banks.numbers import NUMBERS
from ringfence.media.hashes import SIZES
from ringfence.media.items import Item, Page, Signal
from ringfence.model.faults import Fault
from ringfence.model.words import Opinion

CHANGED = "changed"  # a reviewer spoke of it, and its source has put other hashes there since
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Landed:
    """How many items of a page were new, were others than before, were there and are gone, or changed nothing."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class _Known:
    content: int
    signals: bytes
    stamp: bytes
    gone: bool
    review: str | None


@dataclass(frozen=True, slots=True)
class _New:
    """An item with the key it is found by, and two digests: one of its hashes, one of all the rest."""

    item: Item
    key: int
    signals: bytes
    stamp: bytes


def land(db: sqlite3.Connection, bank: int, page: Page, where: str) -> Landed:
    """Put a page and its checkpoint into a bank, inside one transaction. Raises Fault as `settle` does."""
    done = settle(db, bank, page.items, page.gone, where)
    db.execute("UPDATE banks SET checkpoint = ? WHERE bank = ?", (page.checkpoint, bank))
    return done


def settle(db: sqlite3.Connection, bank: int, listed: Sequence[Item], withdrawn: Sequence[str], where: str) -> Landed:
    """Bring a bank to what is listed. Of an id that comes twice the last counts.

    What is withdrawn is gone, even where it is listed as well. Raises Fault for an item without an id or with a hash of
    the wrong length, naming its place only, since at some exchanges the id is the hash.
    """
    items = {item.source_id: _new(item, f"{where}, item {place}") for place, item in enumerate(listed, 1)}
    for source in withdrawn:
        items.pop(source, None)
    known = _known(db, bank, {one.key for one in items.values()} | set(map(key, withdrawn)))
    # In the order of the keys, so that neighbours go to the same page of their index.
    fresh = sorted((new for source, new in items.items() if source not in known), key=lambda one: one.key)
    there = [(known[source], new) for source, new in items.items() if source in known]
    changed = [(old, new) for old, new in there if old.gone or (old.signals, old.stamp) != (new.signals, new.stamp)]
    other = [(old, new) for old, new in changed if old.gone or old.signals != new.signals]
    leaving = {known[source].content for source in withdrawn if source in known and not known[source].gone}

    marks = _reviewed_anew(db, other)
    dropped = numbers.drop(db, [*leaving, *(old.content for old, _ in other)])
    first = numbers.take(db, "content", len(fresh))
    numbered = [(first + place, new) for place, new in enumerate(fresh)]
    came = _add_entries(db, [*numbered, *((old.content, new) for old, new in other)])
    _write(db, bank, numbered, changed, leaving)
    db.executemany("UPDATE contents SET review = ?, vouched = NULL WHERE content = ?", marks)
    if came or dropped:
        numbers.tell(db, dropped)
    return Landed(len(fresh), len(changed), len(leaving), len(there) - len(changed))


def find(db: sqlite3.Connection, bank: int, source_id: str) -> int:
    """The number of the content that a bank's source knows by an id. Raises Fault where there is none."""
    row = db.execute(
        "SELECT content FROM contents WHERE bank = ? AND source_key = ? AND source_id = ? AND NOT gone",
        (bank, key(source_id), source_id),
    ).fetchone()
    if row is None:
        raise Fault("holds no content of that id", where="the bank", mend="see `ringfence media bank show`")
    return int(row[0])


def _new(item: Item, where: str) -> _New:
    if not item.source_id:
        raise Fault("has no id", where=where, mend="have its source say which item it is")
    for signal in item.signals:
        if len(signal.value) != SIZES[signal.kind]:
            what = f"has a {signal.kind.upper()} hash of {len(signal.value)} bytes"
            raise Fault(what, where=where, mend=f"it must have {SIZES[signal.kind]}")
    stamp = _stamp(item.labels, item.opinion, item.at)
    return _New(item, key(item.source_id), _digest(_in_order(item.signals)), stamp)


@lru_cache(4_096)
def _stamp(labels: tuple[str, ...], opinion: Opinion, at: datetime | None) -> bytes:
    return _digest(f"{_as_json(labels)} {opinion} {micros(at)}".encode())


def _in_order(signals: Sequence[Signal]) -> bytes:
    """The hashes as bytes that do not tell in which order they came."""
    parts = [
        b"%d %d %s" % (NUMBERS[one.kind], -1 if one.quality is None else one.quality, one.value) for one in signals
    ]
    return parts[0] if len(parts) == 1 else b"".join(sorted(parts))


@lru_cache(4_096)
def _as_json(labels: tuple[str, ...]) -> str:
    return json.dumps(labels)


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=8).digest()


def key(source_id: str) -> int:
    """A short number for a source's id, by which it is found."""
    return int.from_bytes(_digest(source_id.encode()), "little", signed=True)


def micros(at: datetime | None) -> int | None:
    """Microseconds since 1970; a time without a zone is UTC."""
    if at is None:
        return None
    since = (at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _known(db: sqlite3.Connection, bank: int, keys: Collection[int]) -> Mapping[str, _Known]:
    rows = db.execute(
        # CROSS keeps this order: SQLite would otherwise read the whole bank for every key.
        "SELECT source_id, content, signals, stamp, gone, review FROM json_each(?) AS asked "
        "CROSS JOIN contents ON bank = ? AND source_key = asked.value",
        (json.dumps(sorted(keys)), bank),
    )
    return {row[0]: _Known(row[1], row[2], row[3], bool(row[4]), row[5]) for row in rows}


def _reviewed_anew(db: sqlite3.Connection, other: Sequence[tuple[_Known, _New]]) -> list[tuple[str | None, int]]:
    """What is left of the reviews of contents with other hashes than before: nothing, where any hash is new."""
    marks: list[tuple[str | None, int]] = []
    for old, new in other:
        if old.signals == new.signals:  # withdrawn, and the same again
            continue
        rows = db.execute("SELECT kind, value FROM entries WHERE content = ?", (old.content,)).fetchall()
        if not {(NUMBERS[one.kind], one.value) for one in new.item.signals} <= set(rows):
            marks.append((CHANGED if old.review else None, old.content))
    return marks


def _add_entries(db: sqlite3.Connection, contents: Sequence[tuple[int, _New]]) -> int:
    """Number and write the hashes of contents, each hash of one only once. Returns how many."""
    rows = [
        (content, NUMBERS[signal.kind], signal.value, signal.quality)
        for content, new in contents
        for signal in _distinct(new.item.signals)
    ]
    first = numbers.take(db, "entry", len(rows))
    db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?)", ((first + at, *row) for at, row in enumerate(rows)))
    return len(rows)


def _distinct(signals: Sequence[Signal]) -> Sequence[Signal]:
    if len(signals) == 1:
        return signals
    return list({(one.kind, one.value): one for one in reversed(signals)}.values())


def _write(
    db: sqlite3.Connection,
    bank: int,
    fresh: Sequence[tuple[int, _New]],
    changed: Sequence[tuple[_Known, _New]],
    leaving: set[int],
) -> None:
    db.executemany(
        "INSERT INTO contents (content, bank, source_key, source_id, labels, opinion, at, signals, stamp) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ((content, bank, new.key, new.item.source_id, *_said(new)) for content, new in fresh),
    )
    db.executemany(
        "UPDATE contents SET labels = ?, opinion = ?, at = ?, signals = ?, stamp = ?, gone = 0 WHERE content = ?",
        ((*_said(new), old.content) for old, new in changed),
    )
    db.executemany("UPDATE contents SET gone = 1 WHERE content = ?", ((content,) for content in leaving))


def _said(new: _New) -> tuple[object, ...]:
    item = new.item
    return _as_json(item.labels), item.opinion.value, micros(item.at), new.signals, new.stamp
