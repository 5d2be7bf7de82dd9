"""How is a list of hashes in columns read (CSV, as lists of hashes are given to members)? By a mapping of its columns.

Rows with one id are one item with all their hashes. A row with a hash that is none, or without any, is bad.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

from ringfence.ingest.choices import choices
from ringfence.media.exchange import places
from ringfence.media.exchange.column_mapping import Column, ColumnMapping
from ringfence.media.exchange.rows import Bad, Rows, content
from ringfence.media.exchange.sent import labels, signal, source_id
from ringfence.media.items import Item, Signal
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind, Opinion

LOST = "\ufffd"  # stands for bytes that are not of the encoding
MOST_QUALITY = 100
# A name of a column that may be told: where a file has no header, its first row holds hashes.
_NAME = re.compile(r"[A-Za-z][A-Za-z _.-]{0,30}[0-9]{0,3}( [A-Za-z]{1,20}){0,3}")


@dataclass(slots=True)
class _Gathered:
    """What the rows of one id say together."""

    opinion: Opinion
    at: datetime | None
    signals: dict[Signal, None] = field(default_factory=dict)
    labels: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    signals: tuple[Signal, ...]
    labels: tuple[str, ...]
    opinion: Opinion
    at: datetime | None


class _Unusable(Exception):
    """A row that cannot be used; it says why, and repeats nothing of the row."""


def read(path: Path, mapping: ColumnMapping) -> Rows:
    """The items of a file. Raises Fault for no file, one that is not in the encoding, or lacks a column."""
    body, digest = content(path)
    rows = _rows(_text(body, mapping.encoding, path), mapping.delimiter)
    where = _header(rows, mapping, path)
    gathered: dict[str, _Gathered] = {}
    bad: list[Bad] = []
    good = 0
    for line, cells, trouble in rows:
        if trouble:
            bad.append(Bad(line, trouble, ""))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        try:
            _gather(gathered, _row(cells, mapping, where))
            good += 1
        except _Unusable as error:
            bad.append(Bad(line, str(error), mapping.delimiter.join(cells)))
    items = tuple(
        Item(name, tuple(one.signals), tuple(one.labels), one.opinion, one.at) for name, one in gathered.items()
    )
    return Rows(digest, items, good, tuple(bad))


def _text(body: bytes, encoding: str, path: Path) -> str:
    """The text without a byte order mark. UTF-16 and the like are known by it where the encoding does not say."""
    try:
        text = body.decode(encoding, "replace")
    except (UnicodeError, LookupError):
        text = LOST
    if text.count(LOST) * 10 > len(text):
        mend = 'set encoding in the mapping, such as "utf-16" or "cp1252"'
        raise Fault(f"is not {encoding}", where=str(path), mend=mend)
    return text.removeprefix("\ufeff")


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str], str]]:
    """Each row: the number of its first line, its cells, and why it cannot be read, if so."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        first = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield first, [], "cannot be read as a row"
        else:
            yield first, cells, ""


def _header(rows: Iterator[tuple[int, list[str], str]], mapping: ColumnMapping, path: Path) -> Mapping[Column, int]:
    """The place of each column that is mapped, from 0."""
    names: Mapping[str, int] = {}
    if mapping.header:
        _, cells, _ = next(rows, (1, [], ""))
        stripped = [cell.strip() for cell in cells]
        names = {name: place for place, name in enumerate(stripped)}
        if twice := [name for name, count in Counter(stripped).items() if count > 1 and name in mapping.columns.all()]:
            raise Fault(f"has two columns {twice[0]!r}", where=str(path), mend="map them by their places")
    found: dict[Column, int] = {}
    for column in mapping.columns.all():
        if isinstance(column, int):
            found[column] = column - 1
        elif column in names:
            found[column] = names[column]
        else:
            plain = [name for name in names if _NAME.fullmatch(name)]
            mend = choices(column, plain) if plain else "set header = false where it has no names of columns"
            raise Fault(f"has no column {column!r}", where=str(path), mend=mend)
    return found


def _row(cells: list[str], mapping: ColumnMapping, where: Mapping[Column, int]) -> _Row:
    def cell(column: Column | None) -> str:
        if column is None:
            return ""
        place = where[column]
        if place >= len(cells):
            raise _Unusable(f"has {len(cells)} columns, not {place + 1}")
        text = cells[place].strip()
        if LOST in text:
            raise _Unusable(f"column {column} holds what is not {mapping.encoding}")
        if "\n" in text or "\r" in text:
            raise _Unusable(f"column {column} holds a line break: perhaps a quote before it is not closed")
        return text

    columns = mapping.columns
    signals = tuple(_signal(kind, text, cell(columns.quality))
                    for kind, column in columns.hashes().items() if (text := cell(column)))  # fmt: skip
    if not signals:
        raise _Unusable("holds no hash")
    words = labels(*mapping.labels, *map(cell, columns.labels))
    name = cell(columns.source_id)
    if columns.source_id is not None and not source_id(name):
        raise _Unusable("has no id, or one that cannot be kept")
    opinion = _opinion(cell(columns.opinion), mapping) if columns.opinion is not None else Opinion.POSITIVE
    return _Row(name or _made_id(signals), signals, words, opinion, _time(cell(columns.at)))


def _signal(kind: HashKind, text: str, quality: str) -> Signal:
    made = signal(kind, text)
    if made is None:
        raise _Unusable(f"its {kind.upper()} hash is none")
    if kind is not HashKind.PDQ or not quality:
        return made
    if not (quality.isascii() and quality.isdigit()) or len(quality) > 3 or int(quality) > MOST_QUALITY:  # noqa: PLR2004
        raise _Unusable(f"its quality is no number up to {MOST_QUALITY}")
    return Signal(made.kind, made.value, int(quality))


def _opinion(text: str, mapping: ColumnMapping) -> Opinion:
    """Their word in ours. A word that nobody mapped is no opinion to act on."""
    if text in mapping.opinions:
        return mapping.opinions[text]
    try:
        return Opinion(text.lower())
    except ValueError:
        raise _Unusable("its opinion is none that the mapping knows") from None


def _time(text: str) -> datetime | None:
    if text and places.time(text) is None:
        raise _Unusable("its time is not ISO 8601")
    return places.time(text)


def _made_id(signals: tuple[Signal, ...]) -> str:
    content = b"".join(sorted(one.kind.encode() + one.value for one in signals))
    return f"row-{blake2b(content, digest_size=16).hexdigest()}"


def _gather(gathered: dict[str, _Gathered], row: _Row) -> None:
    """Add a row to its item. Rows that disagree make it disputed; the latest time counts."""
    one = gathered.setdefault(row.name, _Gathered(row.opinion, row.at))
    one.signals.update(dict.fromkeys(row.signals))
    one.labels.update(dict.fromkeys(row.labels))
    one.opinion = one.opinion if one.opinion is row.opinion else Opinion.DISPUTED
    one.at = max((at for at in (one.at, row.at) if at is not None), default=None)
