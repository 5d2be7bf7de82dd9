"""How does a list of seeds in a CSV file read?"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from ringfence.discovery.vetted import Said
from ringfence.ingest.choices import choices
from ringfence.model.faults import Fault
from ringfence.model.words import Opinion, SeedKind

COLUMNS = tuple(field.name for field in fields(Said) if field.name != "by")


def read(file: Path, usual: Said) -> list[Said]:
    """One seed a row. The column `seed` must be there; what a row leaves out is as in `usual`.

    Raises Fault that names the line: for a column that is none of COLUMNS, a word not on its list, a day that is none.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Fault("it cannot be read", where=str(file), mend="make it a readable UTF-8 file") from error
    rows = csv.DictReader(lines)
    named = tuple(rows.fieldnames or ())
    if strangers := [name for name in named if name not in COLUMNS]:
        mend = f"the columns are {', '.join(COLUMNS)}"
        raise Fault(f"unknown column {strangers[0]!r}", where=f"{file}, line 1", mend=mend)
    if "seed" not in named:
        raise Fault("it has no column seed", where=f"{file}, line 1", mend=f"the columns are {', '.join(COLUMNS)}")
    said = list(_said(rows, usual, file))
    if not said:
        raise Fault("it has no row", where=str(file), mend="add at least one seed")
    return said


def last_day(day: str, where: str) -> datetime:
    """When a seed that holds until the end of a day expires. Raises Fault for what is no day."""
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), UTC)
    except (ValueError, OverflowError) as error:
        raise Fault(f"{day!r} is no day", where=where, mend="write it as 2027-01-31") from error


def _said(rows: "csv.DictReader[str]", usual: Said, file: Path) -> Iterator[Said]:
    for row in rows:
        where = f"{file}, line {rows.line_num}"
        if None in row or None in row.values():
            raise Fault("it has not as many cells as line 1", where=where, mend="quote cells that hold a comma")
        given: Mapping[str, str] = {name: cell.strip() for name, cell in row.items() if cell.strip()}
        if "seed" not in given:
            raise Fault("it names no seed", where=where, mend="fill the column seed, or leave the row out")
        yield replace(
            usual,
            seed=given["seed"],
            kind=SeedKind(_word(given["kind"], SeedKind, where)) if "kind" in given else usual.kind,
            opinion=Opinion(_word(given["opinion"], Opinion, where)) if "opinion" in given else usual.opinion,
            source=given.get("source", usual.source),
            note=given.get("note", usual.note),
            expires=last_day(given["expires"], where) if "expires" in given else usual.expires,
        )


def _word(word: str, words: type[SeedKind] | type[Opinion], where: str) -> str:
    if word not in list(words):
        raise Fault(f"{word!r} is none of its words", where=where, mend=choices(word, words))
    return word
