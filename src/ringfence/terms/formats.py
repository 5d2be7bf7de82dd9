"""Which rows does a file of terms have, and how is a list written as one?

CSV, TSV and JSON lines, told apart by their suffix. A file is read line by line and within bounds, as it may come from
anywhere: what is too big, compressed, binary or not UTF-8 is refused in one line that says so.
"""

import csv
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from ringfence.ingest.choices import choices
from ringfence.model.faults import Fault
from ringfence.terms import seal
from ringfence.terms.rows import Row, as_json, as_text
from ringfence.terms.term import COLUMNS, Term

KIND = "lexicon"
FILE_BYTES = 256 << 20
LINE_BYTES = 1 << 20
BOM = b"\xef\xbb\xbf"
# The first bytes of what is often sent in the place of a text file.
_FOREIGN = {
    b"PK\x03\x04": "a zip file or a spreadsheet",
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ\x00": "an xz file",
    b"\x28\xb5\x2f\xfd": "a zstandard file",
    b"7z\xbc\xaf\x27\x1c": "a 7z file",
    b"PAR1": "a Parquet file",
    b"%PDF-": "a PDF",
    b"\xd0\xcf\x11\xe0": "a spreadsheet or document",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_LINE = msgspec.json.Decoder(dict[str, Any])


class Format(StrEnum):
    """How terms are laid out in a file."""

    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"
    TREND_QUERY = "trend-query"


_SUFFIXES = {".csv": Format.CSV, ".tsv": Format.TSV, ".jsonl": Format.JSONL, ".ndjson": Format.JSONL}
_DELIMITERS = {Format.CSV: ",", Format.TSV: "\t"}


@dataclass(frozen=True, slots=True)
class Layout:
    """What a file says: `columns` has its name for a column of ours, `defaults` the text for empty cells."""

    columns: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of(pairs: Iterable[str], defaults: Mapping[str, str | None]) -> "Layout":
        """From pairs such as `term=keyword`, as the command line has them. Raises Fault for a column that is none."""
        columns = {}
        for pair in pairs:
            ours, _, theirs = (piece.strip() for piece in pair.partition("="))
            if ours not in COLUMNS:
                raise Fault(
                    f"{ours!r} is no column of a lexicon", where=f"--column {pair}", mend=choices(ours, COLUMNS)
                )
            if not theirs or ours in columns:
                what = f"{ours} is mapped twice" if theirs else "it names no column of the file"
                raise Fault(what, where=f"--column {pair}", mend="write each as OURS=THEIRS, such as term=keyword")
            columns[ours] = theirs
        return Layout(columns, {name: text for name, text in defaults.items() if text})


@dataclass(slots=True)
class Rows:
    """The rows of a file, to be read once; `aside` fills with the columns that nothing was made of."""

    found: Iterator[tuple[int, Row]]
    aside: dict[str, None] = field(default_factory=dict)


def format_of(path: Path) -> Format:
    """What the suffix of a file says. Raises Fault when it says nothing."""
    named = _SUFFIXES.get(path.suffix.lower())
    if named is None:
        mend = f"use one of the suffixes {', '.join(_SUFFIXES)}, or name its format"
        raise Fault("its suffix is of no known format", where=str(path), mend=mend)
    return named


def opened(path: Path) -> BinaryIO:
    """A file of terms, unsealed and at its start. Raises Fault for what cannot be one."""
    try:
        about = path.stat()
        if stat.S_ISDIR(about.st_mode) or not stat.S_ISREG(about.st_mode):
            raise Fault("the lexicon could not be read (it is no file)", where=str(path), mend="name a file")
        if about.st_size > FILE_BYTES:
            raise Fault(f"it is larger than {FILE_BYTES >> 20} MB", where=str(path), mend="split the list")
        file = path.open("rb")
    except OSError as error:
        what = f"the lexicon could not be read ({error.strerror})"
        raise Fault(what, where=str(path), mend="check its name and rights") from error
    start = file.peek(32)
    if seal.is_sealed(start):
        with file:
            return BytesIO(seal.unseal(file.read(FILE_BYTES), KIND, where=str(path)))
    for magic, name in _FOREIGN.items():
        if start.startswith(magic):
            file.close()
            raise Fault(f"it is {name}, not UTF-8 text", where=str(path), mend="save it as CSV in UTF-8")
    return file


def rows(file: BinaryIO, layout: Layout, form: Format, where: str) -> Rows:
    """The rows of an opened file with the number of their line. Raises Fault, also while they are read."""
    read = Rows(iter(()))
    lines = _lines(file, where)
    if form is Format.JSONL:
        read.found = _json_rows(lines, layout, read.aside, where)
    else:
        read.found = _csv_rows(lines, _DELIMITERS[form], layout, read.aside, where)
    return read


def written(terms: Iterable[Term], form: Format) -> bytes:
    """Terms as a file that reads back as the same terms."""
    if form is Format.JSONL:
        return b"".join(msgspec.json.encode(as_json(term)) + b"\n" for term in terms)
    if form not in _DELIMITERS:
        raise Fault(
            "terms are not written as trend queries", where=str(form), mend=choices("", (*_DELIMITERS, "jsonl"))
        )
    sheet = StringIO(newline="")
    writer = csv.DictWriter(sheet, COLUMNS, restval="", delimiter=_DELIMITERS[form], lineterminator="\n")
    writer.writeheader()
    writer.writerows(as_text(term) for term in terms)
    return sheet.getvalue().encode()


def _lines(file: BinaryIO, where: str) -> Iterator[str]:
    number = 0
    while raw := file.readline(LINE_BYTES + 1):
        number += 1
        try:
            if len(raw) > LINE_BYTES:
                raise Fault(
                    f"it is longer than {LINE_BYTES >> 20} MB",
                    where=f"{where}, row {number}",
                    mend="check that the file is a list of terms",
                )
            text = (raw.removeprefix(BOM) if number == 1 else raw).decode()
        except UnicodeDecodeError as error:
            raise Fault("it is not UTF-8", where=f"{where}, row {number}", mend="save it as CSV in UTF-8") from error
        if "\0" in text:
            what = "it has a control character (NUL), as binary files and UTF-16 have"
            raise Fault(what, where=f"{where}, row {number}", mend="save it as CSV in UTF-8")
        yield text


def _csv_rows(
    lines: Iterator[str], delimiter: str, layout: Layout, aside: dict[str, None], where: str
) -> Iterator[tuple[int, Row]]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        places = _places(header, layout, where)
        aside.update((name, None) for at, name in enumerate(header) if name and at not in places.values())
        picks, width = tuple(places.items()), len(header)
        for cells in reader:
            if len(cells) > width:
                what, mend = "it has more cells than the header", "put quotes around a term with a comma"
                raise Fault(what, where=f"{where}, row {reader.line_num}", mend=mend)
            if len(cells) < width:
                if not cells:
                    continue
                cells.extend([""] * (width - len(cells)))
            row: dict[str, Any] = {name: cell for name, at in picks if (cell := cells[at])}
            yield reader.line_num, {**layout.defaults, **_filled(row)} if layout.defaults else row
    except csv.Error as error:
        what = f"it is not readable as {'TSV' if delimiter != ',' else 'CSV'} ({error})"
        raise Fault(what, where=f"{where}, row {reader.line_num}", mend="mend its quotes") from error


def _json_rows(lines: Iterator[str], layout: Layout, aside: dict[str, None], where: str) -> Iterator[tuple[int, Row]]:
    names = {theirs: ours for ours, theirs in _names(layout).items()}
    missing = set(layout.columns.values())
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            cells = _LINE.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            what = f"it is not one JSON object ({error})"
            raise Fault(what, where=f"{where}, row {number}", mend='write each line as {"term": "..."}') from error
        missing.difference_update(cells)
        row = {names[name]: cell for name, cell in cells.items() if name in names}
        if len(row) < len(cells):
            aside.update((name, None) for name in cells if name not in names)
        yield number, {**layout.defaults, **_filled(row)}
    if missing:
        what = f"no row has a column {min(missing)!r}, as --column has it"
        raise Fault(what, where=where, mend="name a column of the file")


def _filled(row: Mapping[str, Any]) -> dict[str, Any]:
    """The cells that say something, so that the others leave the defaults be."""
    return {
        name: cell for name, cell in row.items() if not (cell is None or (isinstance(cell, str) and not cell.strip()))
    }


def _names(layout: Layout) -> dict[str, str]:
    """The file's name for each of our columns; one that is given to another column is not ours any more."""
    taken = set(layout.columns.values())
    return {name: name for name in COLUMNS if name not in taken} | dict(layout.columns)


def _places(header: list[str], layout: Layout, where: str) -> dict[str, int]:
    """At which place of a row each column stands."""
    names = _names(layout)
    found = ", ".join(filter(None, header)) or "none"
    for ours, theirs in names.items():
        if header.count(theirs) > 1:
            raise Fault(f"its column `{theirs}` is there twice", where=where, mend="remove or rename one of the two")
        if theirs not in header and (ours == "term" or ours in layout.columns):
            mend = "name the column of terms `term`" if theirs == "term" else "name a column of the file"
            mend += f", or say which it is with --column {ours}=NAME" if theirs == "term" else ""
            raise Fault(f"it has no `{theirs}` column (found: {found})", where=where, mend=mend)
    return {ours: header.index(theirs) for ours, theirs in names.items() if theirs in header}
