"""Which column of a list of hashes is what? A small TOML file says so."""

import codecs
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from ringfence.model.faults import Fault
from ringfence.model.words import HashKind, Opinion
from ringfence.store.strict import STRICT

Column = Annotated[str, Field(min_length=1)] | Annotated[int, Field(ge=1)]


class Columns(BaseModel):
    """Columns by name, or by place from 1. Each hash of a row is one of the same piece of media."""

    model_config = STRICT
    source_id: Annotated[
        Column | None, Field(description="Its id in that list; without one it is made of the hashes.")
    ] = None
    pdq: Column | None = None
    md5: Column | None = None
    sha1: Column | None = None
    sha256: Column | None = None
    quality: Annotated[Column | None, Field(description="The quality of the PDQ hash, 0 to 100.")] = None
    labels: Annotated[tuple[Column, ...], Field(strict=False, description="What else is kept with it, as words.")] = ()
    opinion: Annotated[Column | None, Field(description="What is thought of it; see [opinions].")] = None
    at: Annotated[Column | None, Field(description="When it was last changed, as ISO 8601.")] = None

    def hashes(self) -> Mapping[HashKind, Column]:
        there = {kind: getattr(self, kind.value) for kind in HashKind}
        return {kind: column for kind, column in there.items() if column is not None}

    def all(self) -> tuple[Column, ...]:
        others = (self.source_id, self.quality, self.opinion, self.at, *self.labels)
        return (*self.hashes().values(), *(column for column in others if column is not None))


class ColumnMapping(BaseModel):
    model_config = STRICT
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8"
    header: bool = True
    columns: Columns
    labels: Annotated[tuple[str, ...], Field(strict=False, description="Words that every item gets.")] = ()
    opinions: Annotated[
        Mapping[str, Annotated[Opinion, Field(strict=False)]], Field(description="Their words for an opinion.")
    ] = {}


def read(path: Path) -> ColumnMapping:
    """The mapping in a TOML file. Raises Fault at the first thing wrong."""
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise Fault(f"cannot be read ({why})", where=str(path), mend="name a mapping file that exists") from None


def parse(text: str, where: str) -> ColumnMapping:
    try:
        mapping = ColumnMapping.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise Fault(f"is no TOML: {error}", where=where, mend="mend that line") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the mapping"
        raise Fault(f"{place}: {first['msg']}", where=where, mend="mend that setting") from None
    if not mapping.columns.hashes():
        mend = f"name a column under [columns] for one of {', '.join(HashKind)}"
        raise Fault("names no column with a hash", where=where, mend=mend)
    if not mapping.header and any(isinstance(column, str) for column in mapping.columns.all()):
        raise Fault("names a column of a file without a header", where=where, mend="give its place, from 1")
    if mapping.delimiter in '\r\n"\x00' or not mapping.delimiter.isascii():
        raise Fault("delimiter is none that separates", where=where, mend='use one such as "," ";" or "\\t"')
    _check_encoding(mapping.encoding, where)
    return mapping


def _check_encoding(name: str, where: str) -> None:
    try:
        known = codecs.lookup(name)._is_text_encoding  # noqa: SLF001 (Python's own mark for those that make text)
    except (LookupError, ValueError):
        known = False
    if not known:
        raise Fault("encoding is none that is known", where=where, mend='use one such as "utf-8", "utf-16" or "cp1252"')
