"""Which terms are vetted, and how are they read, checked and written?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import msgspec
import pyarrow as pa

from ringfence.model.faults import Fault
from ringfence.store.disk import write_whole
from ringfence.store.workspace import Workspace
from ringfence.terms import combinations, formats
from ringfence.terms.formats import Layout
from ringfence.terms.match import Field, Hit, Matcher
from ringfence.terms.plain import plain
from ringfence.terms.rows import Row, Wrong, from_row
from ringfence.terms.term import Mode, Term

_HASHED = 4096  # terms encoded at a time


@dataclass(frozen=True)  # no slots: the matcher is built when first asked for and kept
class Lexicon:
    """Vetted terms, no two of them the same. `version` is a hash of their content, whatever their order."""

    terms: tuple[Term, ...]
    version: str

    @staticmethod
    def of(terms: Iterable[Term]) -> "Lexicon":
        """A lexicon of terms that have been checked before, as in a snapshot."""
        ordered = tuple(sorted(terms, key=lambda term: (plain(term.word), term.id)))
        content = blake2b(digest_size=8)
        for start in range(0, len(ordered), _HASHED):
            content.update(msgspec.msgpack.encode(ordered[start : start + _HASHED]))
        return Lexicon(ordered, content.hexdigest())

    @staticmethod
    def from_terms(terms: Iterable[str]) -> "Lexicon":
        """A lexicon of bare terms, each in the strictest category. Faults name the position of a term, from 1."""
        return from_rows(((number, {"term": term}) for number, term in enumerate(terms, 1)), "terms", unit="term")

    @staticmethod
    def load(path: Path | str) -> "Lexicon":
        """The lexicon in a CSV, TSV or JSONL file, or the active one of a workspace's folder; docs/lexicon.md has more.

        A sealed file is opened with the key in the environment (see seal.py). Raises Fault for what is no lexicon, and
        for one in which every term has expired.
        """
        path = Path(path)
        if path.is_dir():
            path = Workspace.open(path).lexicon_file
        lexicon = from_file(path)
        refuse_expired(lexicon, str(path))
        return lexicon

    def write(self, path: Path | str) -> None:
        """The same lexicon as a file, in the clear. When the disk fills up, the file stays as it was."""
        path = Path(path)
        write_whole(path, formats.written(self.terms, formats.format_of(path)))

    def __iter__(self) -> Iterator[Term]:
        return iter(self.terms)

    def __len__(self) -> int:
        return len(self.terms)

    def find(self, text: str, field: Field = "post") -> list[Hit]:
        """Every hit in a text, by place, the longer first; `field` says how the text is written."""
        return self.matcher.find(text, field)

    def find_many(self, texts: Iterable[str | None] | pa.Array | pa.ChunkedArray, field: Field = "post") -> pa.Table:
        """Every hit in many texts, as a table (see match.py) whose `row` counts the texts from 0."""
        return self.matcher.find_many(texts, field)

    @cached_property
    def matcher(self) -> Matcher:
        """A matcher over these terms, built once."""
        return Matcher(self.terms)


def from_file(path: Path) -> Lexicon:
    """The lexicon that a file has, also when all of it has expired, as an older version may."""
    form = formats.format_of(path)
    with formats.opened(path) as file:
        return from_rows(formats.rows(file, Layout(), form, str(path)).found, str(path))


def from_rows(rows: Iterable[tuple[int, Row]], where: str, *, unit: str = "row") -> Lexicon:
    """A lexicon of rows, each with its number. Raises Fault, which names the file and the row, at the first fault."""
    ids: dict[str, int] = {}
    senses: dict[object, int] = {}
    terms = []
    for number, row in rows:
        try:
            term = from_row(row)
            if (other := senses.setdefault(_sense(term), number)) != number:
                raise Wrong(f"the term is there already, at {where}, {unit} {other}", "remove one of the two")  # noqa: TRY301
            if (other := ids.setdefault(term.id, number)) != number:
                raise Wrong(f"the id is there already, at {where}, {unit} {other}", "give one of the two another id")  # noqa: TRY301
        except Wrong as wrong:
            raise Fault(wrong.what, where=f"{where}, {unit} {number}", mend=wrong.mend) from None
        terms.append(term)
    if not terms:
        raise Fault("there is no term in it", where=where, mend="add at least one")
    for anchor, fault in combinations.broken(terms):
        raise Fault(fault.what, where=f"{where}, {unit} {ids[anchor]}", mend=fault.mend)
    return Lexicon.of(terms)


def _sense(term: Term) -> object:
    """What two terms may not share. The same word may anchor several combinations, and be a term beside them."""
    word = plain(term.word)
    if term.mode is Mode.WORD and not term.combines:
        return word
    return word, term.mode, term.all_of, term.any_of, term.none_of, term.window


def refuse_expired(lexicon: Lexicon, where: str) -> None:
    """Raise Fault when there is no term left that has not expired."""
    today = datetime.now(UTC).date()
    if all(term.expires is not None and term.expires < today for term in lexicon):
        last = max(term.expires for term in lexicon if term.expires)
        raise Fault(f"every term in it has expired, the last on {last}", where=where, mend="vet and import them again")
