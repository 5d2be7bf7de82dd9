"""Which of a file's columns becomes which of ours? A small TOML file says so."""

import collections.abc
import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from ringfence.ingest.choices import choices
from ringfence.model.faults import Fault
from ringfence.model.schemas import EVENTS, TIME
from ringfence.model.words import Table

UNITS = ("s", "ms", "us", "ns")
SECTIONS = ("table", "columns", "constants")
OPTIONS = ("column", "prefix", "unit")


@dataclass(frozen=True, slots=True)
class Part:
    """One column of the file; `prefix` is put before each of its values."""

    column: str
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """Where one of our columns comes from. Several parts make one list; `unit` is that of a numeric time."""

    parts: tuple[Part, ...]
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """One file's columns in our words. A column of ours that is not named keeps its own name."""

    table: Table | None = None
    columns: collections.abc.Mapping[str, Column] = field(default_factory=dict)
    constants: collections.abc.Mapping[str, str] = field(default_factory=dict)
    where: str = "the mapping"

    def column(self, ours: str) -> Column:
        """Where `ours` comes from; a column that is not mapped comes from the one of the same name."""
        return self.columns.get(ours, Column((Part(ours),)))

    def sources(self, table: Table) -> frozenset[str]:
        """Every column of the file that is read for `table`."""
        ours = [name for name in EVENTS[table].names if name not in self.constants]
        return frozenset(part.column for name in ours for part in self.column(name).parts)

    @property
    def digest(self) -> str:
        """SHA-256 of what the mapping says, however its file is written."""
        said = {"columns": {k: asdict(v) for k, v in self.columns.items()}, "constants": dict(self.constants)}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def read(path: Path) -> Mapping:
    """Read a mapping file. Raises Fault for a file that is missing, is no TOML or says something unknown."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Fault("no such file", where=str(path), mend="name a mapping file that exists") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise Fault(f"cannot be read as TOML: {error}", where=str(path), mend="mend that line") from error
    return parse(said, where=str(path))


def parse(said: collections.abc.Mapping[str, Any], *, where: str) -> Mapping:
    """Build a mapping from the TOML tables `said`. Raises Fault, naming `where`, at the first thing unknown."""
    _known(said, SECTIONS, where, "key")
    table = _table(said["table"], where) if "table" in said else None
    columns = {
        ours: _column(theirs, f"{where}, columns.{ours}") for ours, theirs in _section(said, "columns", where).items()
    }
    constants = {
        ours: _constant(value, f"{where}, constants.{ours}")
        for ours, value in _section(said, "constants", where).items()
    }
    for ours in sorted(columns.keys() & constants.keys()):
        raise Fault(f"{ours} is both a column and a constant", where=where, mend="keep one of the two")
    mapping = Mapping(table, columns, constants, where)
    if table:
        check(mapping, table)
    return mapping


def check(mapping: Mapping, table: Table) -> None:
    """Raise Fault unless every column the mapping fills is one of `table` and takes what it is given."""
    schema = EVENTS[table]
    _known(mapping.columns.keys() | mapping.constants.keys(), schema.names, mapping.where, f"column of {table}")
    for ours, column in mapping.columns.items():
        where, kind = f"{mapping.where}, columns.{ours}", schema.field(ours).type
        if len(column.parts) > 1 and not pa.types.is_list(kind):
            raise Fault("only a list can be made of several columns", where=where, mend="name one column")
        if column.unit and kind != TIME:
            raise Fault("is not a time, so it has no unit", where=where, mend="remove unit")
        if any(part.prefix for part in column.parts) and kind not in (pa.string(), pa.list_(pa.string())):
            raise Fault("is not text, so it takes no prefix", where=where, mend="remove prefix")


def _section(said: collections.abc.Mapping[str, Any], name: str, where: str) -> dict[str, Any]:
    section = said.get(name, {})
    if not isinstance(section, dict):
        raise Fault(f"{name} is {section!r}", where=where, mend=f"write it as a section, [{name}]")
    return section


def _known(names: collections.abc.Iterable[str], valid: collections.abc.Sequence[str], where: str, what: str) -> None:
    for name in names:
        if name not in valid:
            raise Fault(f"unknown {what} {name!r}", where=where, mend=choices(name, valid))


def _table(name: object, where: str) -> Table:
    try:
        return Table(str(name))
    except ValueError:
        raise Fault(f"unknown table {name!r}", where=where, mend=choices(str(name), Table)) from None


def _column(theirs: object, where: str) -> Column:
    if isinstance(theirs, str):
        return Column((Part(theirs),))
    if not isinstance(theirs, dict):
        raise Fault(f"is {theirs!r}", where=where, mend='write "their column" or { column = "their column", ... }')
    _known(theirs, OPTIONS, where, "key")
    names = _strings(theirs.get("column"), "column", where)
    prefixes = _strings(theirs.get("prefix", ""), "prefix", where)
    if len(prefixes) == 1:
        prefixes *= len(names)
    if len(prefixes) != len(names):
        raise Fault(f"{len(prefixes)} prefixes for {len(names)} columns", where=where, mend="give one for each column")
    unit = theirs.get("unit")
    if unit is not None and unit not in UNITS:
        raise Fault(f"unknown unit {unit!r}", where=where, mend=choices(str(unit), UNITS))
    return Column(tuple(map(Part, names, prefixes)), unit)


def _strings(value: object, option: str, where: str) -> list[str]:
    items: list[object] = value if isinstance(value, list) else [value]
    texts = [item for item in items if isinstance(item, str)]
    if not texts or len(texts) < len(items):
        raise Fault(f"{option} is {value!r}", where=where, mend=f"write {option} as text or a list of texts")
    return texts


def _constant(value: object, where: str) -> str:
    if isinstance(value, (list, dict)):
        raise Fault(f"is {value!r}", where=where, mend="write one text, number or time")
    return str(value).lower() if isinstance(value, bool) else str(value)
