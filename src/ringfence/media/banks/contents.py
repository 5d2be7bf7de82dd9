"""What is in a bank? Contents, each one piece of media by its hashes, with what its source and reviewers say."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from ringfence.media.banks.landing import CHANGED
from ringfence.media.banks.numbers import KINDS, NUMBERS
from ringfence.media.items import Signal
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind, Opinion


class Review(StrEnum):
    """What the platform's own reviewers said of a content. After `changed` nobody looked at its hashes of today."""

    CONFIRMED = "confirmed"
    DECONFIRMED = "deconfirmed"
    CHANGED = CHANGED


@dataclass(frozen=True, slots=True)
class Content:
    """One piece of media in a bank. `held` says why it is in quarantine, `vouched` when a person let it out of there.

    `gone` is what its source has withdrawn: the hashes are deleted, and only what was said of it is kept. `frames` is
    how many PDQ hashes a video has that are good enough for its bank; of anything else it is None.
    """

    content: int
    bank: str
    source_id: str
    labels: tuple[str, ...]
    opinion: Opinion
    at: datetime | None
    note: str | None
    disabled_until: datetime | None
    review: Review | None
    held: str | None
    vouched: datetime | None
    gone: bool
    frames: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One hash of a content."""

    entry: int
    kind: HashKind
    value: bytes
    quality: int | None
    content: Content


_CONTENT = (
    "contents.content, banks.name, source_id, labels, contents.opinion, at, note, disabled_until, review, held, "
    "vouched, gone, "
    # Sources label their videos so (NCMEC's list of videos, vPDQ text, what is hashed here).
    "CASE WHEN labels LIKE '%\"video\"%' THEN (SELECT count(*) FROM entries AS frame WHERE frame.content = "
    f"contents.content AND frame.kind = {NUMBERS[HashKind.PDQ]} "
    "AND coalesce(frame.quality, least_quality) >= least_quality) END"
)
_FROM = "FROM contents JOIN banks USING (bank)"


def one(db: sqlite3.Connection, content: int) -> Content:
    """A content by its number. Raises Fault where there is none."""
    found = db.execute(f"SELECT {_CONTENT} {_FROM} WHERE content = ?", (content,)).fetchone()
    if found is None:
        raise Fault("is in no bank", where=f"content {content}", mend="see `ringfence media bank show`")
    return _content(found)


def of_bank(db: sqlite3.Connection, bank: int, most: int, after: int = 0) -> tuple[Content, ...]:
    """The contents of a bank that are not gone, in the order they came, `most` of those after a number."""
    rows = db.execute(
        f"SELECT {_CONTENT} {_FROM} WHERE bank = ? AND content > ? AND NOT gone ORDER BY content LIMIT ?",
        (bank, after, most),
    )
    return tuple(map(_content, rows))


def held(db: sqlite3.Connection) -> tuple[Content, ...]:
    """The contents in quarantine."""
    rows = db.execute(f"SELECT {_CONTENT} {_FROM} WHERE held IS NOT NULL AND NOT gone ORDER BY content")
    return tuple(map(_content, rows))


def signals(db: sqlite3.Connection, content: int) -> tuple[Signal, ...]:
    """The hashes of a content."""
    rows = db.execute("SELECT kind, value, quality FROM entries WHERE content = ? ORDER BY entry", (content,))
    return tuple(Signal(KINDS[kind], value, quality) for kind, value, quality in rows)


def entries(db: sqlite3.Connection, numbers: Sequence[int]) -> Mapping[int, Entry]:
    """Entries by their numbers. Raises Fault when one is missing: then the index is of other banks than these."""
    rows = db.execute(
        f"SELECT entry, kind, entries.value, quality, {_CONTENT} FROM json_each(?) AS asked "
        "CROSS JOIN entries ON entry = asked.value CROSS JOIN contents USING (content) CROSS JOIN banks USING (bank)",
        (json.dumps(numbers),),
    )
    found = {entry.entry: entry for entry in _entries(rows)}
    if len(found) < len(set(numbers)):
        what = "finds entries that are in no bank"
        raise Fault(what, where="media index", mend="run `ringfence media index rebuild`")
    return found


def since(db: sqlite3.Connection, entry: int, most: int) -> tuple[Entry, ...]:
    """The next `most` entries after an entry, by number."""
    rows = db.execute(
        f"SELECT entry, kind, value, quality, {_CONTENT} FROM entries CROSS JOIN contents USING (content) "
        "CROSS JOIN banks USING (bank) WHERE entry > ? ORDER BY entry LIMIT ?",
        (entry, most),
    )
    return tuple(_entries(rows))


def _entries(rows: sqlite3.Cursor) -> Iterator[Entry]:
    for row in rows:
        yield Entry(row[0], KINDS[row[1]], row[2], row[3], _content(row[4:]))


def _content(row: Sequence[object]) -> Content:
    content, bank, source_id, labels, opinion, at, note, disabled, review, held_for, vouched, gone, frames = row
    return Content(
        int(str(content)),
        str(bank),
        str(source_id),
        tuple(json.loads(str(labels))),
        Opinion(str(opinion)),
        moment(at),
        None if note is None else str(note),
        moment(disabled),
        None if review is None else Review(str(review)),
        None if held_for is None else str(held_for),
        moment(vouched),
        bool(gone),
        None if frames is None else int(str(frames)),
    )


def moment(micros: object) -> datetime | None:
    """A time, from microseconds since 1970."""
    return None if micros is None else datetime.fromtimestamp(int(str(micros)) / 1_000_000, UTC)
