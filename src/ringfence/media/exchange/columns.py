"""How is a list of hashes in columns read (CSV, as lists of hashes are given to members)? By a mapping of its columns.

Rows with one id are one item with all their hashes. A row with a hash that is none, or without any, is bad.
"""

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import numpy as np

from ringfence.ingest.choices import choices
from ringfence.media.exchange import text_rows
from ringfence.media.exchange.column_mapping import Column, ColumnMapping
from ringfence.media.exchange.places import time
from ringfence.media.exchange.rows import Bad, Rows
from ringfence.media.exchange.sent import labels, signal, source_id
from ringfence.media.exchange.text_rows import LOST, TextRows
from ringfence.media.items import Item, Signal
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind, Opinion

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


@dataclass(frozen=True, slots=True)
class _Places:
    """Where in a row everything is, from 0; None for what no column holds. `columns` names them, for messages."""

    hashes: tuple[tuple[HashKind, int], ...]
    source_id: int | None
    quality: int | None
    labels: tuple[int, ...]
    opinion: int | None
    at: int | None
    columns: Mapping[int, Column]


class _Unusable(Exception):
    """A row that cannot be used; it says why, and repeats nothing of the row."""


def read(path: Path, mapping: ColumnMapping) -> Rows:
    """The items of a file, read through once. Raises Fault for no file, one not in the encoding, or without a column.

    Each time the items are gone through, the file is read once more; kept at once are those alone whose rows are apart.
    """
    table = text_rows.opened(path, mapping.encoding, mapping.delimiter)
    bad: list[Bad] = []
    good, begun = 0, array("q")
    last = ""
    for one in _each(table, mapping):
        if isinstance(one, Bad):
            bad.append(one)
            continue
        good += 1
        if one.name != last:
            last = one.name
            begun.append(hash(last))
    return Rows(table.digest, _Items(table, mapping, _more_than_once(begun)), good, tuple(bad))


@dataclass(frozen=True, slots=True)
class _Items:
    """What the rows say together, an item an id. `apart` holds the hashes of ids whose rows do not all follow."""

    table: TextRows
    mapping: ColumnMapping
    apart: frozenset[int]

    def __iter__(self) -> Iterator[Item]:
        kept: dict[str, _Gathered] = {}
        rows = (row for row in _each(self.table, self.mapping) if isinstance(row, _Row))
        for name, together in groupby(rows, key=attrgetter("name")):
            gathered = kept if hash(name) in self.apart else {}
            for row in together:
                _gather(gathered, row)
            if gathered is not kept:
                yield _item(name, gathered[name])
        yield from (_item(name, one) for name, one in kept.items())


def _each(table: TextRows, mapping: ColumnMapping) -> Iterator[_Row | Bad]:
    """Every row that is not empty, or why it cannot be used."""
    rows = iter(table)
    places = _places(mapping, _header(rows, mapping, table.path))
    for line, cells, trouble in rows:
        if trouble:
            yield Bad(line, trouble, "")
        elif any(cell.strip() for cell in cells):
            try:
                yield _row(cells, mapping, places)
            except _Unusable as error:
                yield Bad(line, str(error), mapping.delimiter.join(cells))


def _more_than_once(hashes: Sequence[int]) -> frozenset[int]:
    ordered = np.sort(np.asarray(hashes, np.int64))
    return frozenset(ordered[1:][ordered[1:] == ordered[:-1]].tolist())


def _item(name: str, one: _Gathered) -> Item:
    return Item(name, tuple(one.signals), tuple(one.labels), one.opinion, one.at)


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


def _places(mapping: ColumnMapping, found: Mapping[Column, int]) -> _Places:
    """Where in a row everything is, looked up once for all rows."""
    columns = mapping.columns
    at, opinion = columns.at, columns.opinion
    return _Places(
        tuple((kind, found[column]) for kind, column in columns.hashes().items()),
        None if columns.source_id is None else found[columns.source_id],
        None if columns.quality is None else found[columns.quality],
        tuple(found[column] for column in columns.labels),
        None if opinion is None else found[opinion],
        None if at is None else found[at],
        {place: column for column, place in found.items()},
    )


def _row(cells: list[str], mapping: ColumnMapping, places: _Places) -> _Row:
    quality = _cell(cells, places, places.quality, mapping)
    signals = tuple([_signal(kind, text, quality) for kind, place in places.hashes
                     if (text := _cell(cells, places, place, mapping))])  # fmt: skip
    if not signals:
        raise _Unusable("holds no hash")
    words = labels(*mapping.labels, *[_cell(cells, places, place, mapping) for place in places.labels])
    name = _cell(cells, places, places.source_id, mapping)
    if places.source_id is not None and not source_id(name):
        raise _Unusable("has no id, or one that cannot be kept")
    opinion = Opinion.POSITIVE
    if places.opinion is not None:
        opinion = _opinion(_cell(cells, places, places.opinion, mapping), mapping)
    return _Row(name or _made_id(signals), signals, words, opinion, _time(_cell(cells, places, places.at, mapping)))


def _cell(cells: list[str], places: _Places, place: int | None, mapping: ColumnMapping) -> str:
    if place is None:
        return ""
    if place >= len(cells):
        raise _Unusable(f"has {len(cells)} columns, not {place + 1}")
    text = cells[place].strip()
    if LOST in text:
        raise _Unusable(f"column {places.columns[place]} holds what is not {mapping.encoding}")
    if "\n" in text or "\r" in text:
        raise _Unusable(f"column {places.columns[place]} holds a line break: perhaps a quote before it is not closed")
    return text


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
    at = time(text) if text else None
    if text and at is None:
        raise _Unusable("its time is not ISO 8601")
    return at


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
