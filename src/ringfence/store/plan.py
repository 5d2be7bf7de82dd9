"""Which files go into which tables, and in which order?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ringfence.ingest import formats, validate
from ringfence.ingest.choices import choices
from ringfence.ingest.mapping import Mapping
from ringfence.ingest.source import Source
from ringfence.ingest.validate import Reading
from ringfence.model.faults import Fault
from ringfence.model.words import Table


@dataclass(frozen=True, slots=True)
class Job:
    """One file, open, and how it is read."""

    source: Source
    reading: Reading


@dataclass(frozen=True, slots=True)
class Plan:
    """The files to load, accounts first, and the files of a folder that are no table's."""

    jobs: tuple[Job, ...]
    skipped: tuple[Path, ...]


def plan(paths: Sequence[Path], mapping: Mapping, table: Table | None) -> Plan:
    """Find and open every file, so that a fault in one of them is known before any row lands."""
    found: list[tuple[Table, Path]] = []
    skipped: list[Path] = []
    for path in paths:
        inside = list(_inside(path)) if path.is_dir() else [path]
        tables = {file: _named(file) for file in inside} if path.is_dir() else {path: _table(path, mapping, table)}
        found += [(known, file) for file, known in tables.items() if known]
        skipped += [file for file, known in tables.items() if not known]
        if not any(tables.values()):
            mend = f"name its files after their tables ({', '.join(Table)}), or name one file and its table"
            raise Fault("holds no file that is named after a table", where=str(path), mend=mend)
    order = list(Table)
    found.sort(key=lambda each: order.index(each[0]))
    return Plan(tuple(_job(file, known, mapping) for known, file in found), tuple(skipped))


def _job(file: Path, table: Table, mapping: Mapping) -> Job:
    source = formats.open_source(file, mapping.sources(table))
    return Job(source, validate.reading(source, table, mapping))


def _inside(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.iterdir()) if file.is_file() and file.name.endswith(formats.SUFFIXES))


def _table(path: Path, mapping: Mapping, table: Table | None) -> Table:
    named = table or mapping.table or _named(path)
    if named:
        return named
    mend = f"name its table: {choices(path.name.split('.')[0], Table)}"
    raise Fault("is not named after a table", where=str(path), mend=mend)


def _named(path: Path) -> Table | None:
    """The table that a file's name says: its own name, or that with a number or date behind a sign."""
    stem = path.name.split(".")[0]
    word = stem.split("-")[0].split("_")[0]
    return Table(word) if word in list(Table) else None
