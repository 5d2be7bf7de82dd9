"""Which terms are vetted, and how are they read, checked and written?"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from functools import cached_property
from hashlib import blake2b
from io import StringIO
from pathlib import Path

import msgspec

from ringfence.model.faults import Fault
from ringfence.store.disk import write_whole
from ringfence.terms.match import Hit, Matcher
from ringfence.terms.term import COLUMNS, Term, from_row, row_faults

Row = Mapping[str, str | None]


@dataclass(frozen=True)  # no slots: the matcher is built when first asked for and kept
class Lexicon:
    """Vetted terms, no two of which fold to the same. `version` is a hash of their content, whatever their order."""

    terms: tuple[Term, ...]
    version: str

    @staticmethod
    def of(terms: Iterable[Term]) -> "Lexicon":
        """A lexicon of terms that have been checked before, as in a snapshot."""
        ordered = tuple(sorted(terms, key=lambda term: (term.folded, term.id)))
        return Lexicon(ordered, blake2b(msgspec.msgpack.encode(ordered), digest_size=8).hexdigest())

    @staticmethod
    def from_terms(terms: Iterable[str]) -> "Lexicon":
        """A lexicon of bare terms, each in the strictest category. Faults name the position of a term, from 1."""
        rows = ((f"terms, term {number}", {"term": term}) for number, term in enumerate(terms, 1))
        return _checked(rows, "terms")

    @staticmethod
    def read(path: Path | str) -> "Lexicon":
        """A lexicon from a UTF-8 CSV file with at least a `term` column; see docs/lexicon.md for the others."""
        return _checked(_rows(Path(path)), str(path))

    def write(self, path: Path | str) -> None:
        """The same lexicon as CSV. When the disk fills up, the file stays as it was."""
        sheet = StringIO(newline="")
        writer = csv.writer(sheet, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([cell or "" for cell in astuple(term)] for term in self.terms)
        write_whole(Path(path), sheet.getvalue().encode())

    def __iter__(self) -> Iterator[Term]:
        return iter(self.terms)

    def __len__(self) -> int:
        return len(self.terms)

    def match(self, text: str) -> tuple[Hit, ...]:
        """The terms found in a running text."""
        return self.matcher.match(text)

    @cached_property
    def matcher(self) -> Matcher:
        """A matcher over these terms, built once."""
        return Matcher(self.terms)


def _checked(rows: Iterable[tuple[str, Row]], where: str) -> Lexicon:
    """A lexicon of rows, each with the words that say where it stands, or the first fault among them."""
    seen: dict[str, str] = {}
    terms = []
    for place, row in rows:
        for what, mend in row_faults(row):
            raise Fault(what, where=place, mend=mend)
        term = from_row(row)
        for key, name in ((f"term {term.folded}", "the term"), (f"id {term.id}", "the id")):
            if key in seen:
                raise Fault(f"{name} is there already, at {seen[key]}", where=place, mend="remove one of the two")
            seen[key] = place
        terms.append(term)
    if not terms:
        raise Fault("there is no term in it", where=where, mend="add at least one")
    return Lexicon.of(terms)


def _rows(path: Path) -> Iterator[tuple[str, Row]]:
    reader = csv.DictReader(StringIO(_text(path), newline=""), strict=True)
    try:
        columns = [name.strip() for name in reader.fieldnames or ()]
        if "term" not in columns:
            found = ", ".join(columns) if columns else "none"
            raise Fault(
                f"it has no `term` column (found: {found})", where=str(path), mend="name the column of terms `term`"
            )
        reader.fieldnames = columns
        for row in reader:
            place = f"{path}, row {reader.line_num}"
            if None in row:
                raise Fault(
                    "it has more cells than the header", where=place, mend="put quotes around a term with a comma"
                )
            yield place, row
    except csv.Error as error:
        raise Fault(
            f"it is not readable as CSV ({error})",
            where=f"{path}, row {reader.reader.line_num}",
            mend="mend its quotes",
        ) from error


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Fault(
            f"the lexicon could not be read ({error.strerror})", where=str(path), mend="check its name and rights"
        ) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, error.start) + 1
        raise Fault("it is not UTF-8", where=f"{path}, row {row}", mend="save it as CSV in UTF-8") from error
