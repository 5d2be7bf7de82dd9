"""How does a foreign value become one of ours? As SQL that gives the value, or null where it cannot be read.

Each cast returns None when values of that type can never become ours, so that the whole file is refused at once.
"""

from collections.abc import Callable, Sequence

import pyarrow as pa
from duckdb.sqltypes import DuckDBPyType

from ringfence.ingest.mapping import Column, Part
from ringfence.ingest.source import Raw, name, quoted
from ringfence.model.schemas import MEDIA, TIME

INTEGERS = frozenset(
    f"{sign}{size}"
    for sign in ("", "u")
    for size in ("tinyint", "smallint", "integer", "bigint", "hugeint")  # DuckDB's names
)
FLOATS = frozenset({"float", "double"})
NOTHING = frozenset({"null"})  # a column of nulls only, whose writer knew no type for it
TEXTS = frozenset({"varchar", "enum", "uuid"}) | NOTHING
TIMES = frozenset(
    {
        "timestamp",
        "timestamp_s",
        "timestamp_ms",
        "timestamp_ns",
        "timestamp with time zone",
        "timestamptz_ns",
        "date",
    }  # DuckDB's names
)
NUMBERS = INTEGERS | FLOATS | {"decimal"}
SCALARS = NUMBERS | TEXTS | TIMES | {"boolean"}
MICROSECONDS = {"s": "1000000", "ms": "1000", "us": "1", "ns": "0.001"}
# The years that Arrow, Python and ISO 8601 all hold; outside them a time is most likely in the wrong unit.
YEARS = "TIMESTAMPTZ '0001-01-01 00:00:00+00' AND TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'"

TYPES = {
    pa.string(): "VARCHAR",
    pa.int32(): "INTEGER",
    pa.float64(): "DOUBLE",
    TIME: "TIMESTAMPTZ",
    pa.list_(pa.string()): "VARCHAR[]",
    pa.list_(MEDIA): "STRUCT(media_id VARCHAR, sha256 VARCHAR, md5 VARCHAR, pdq VARCHAR, quality INTEGER)[]",
}
"""DuckDB's type for each type an event column may have."""

EXPECTED = {
    pa.string(): "text, a number or a time",
    pa.int32(): "a whole number",
    pa.float64(): "a number",
    TIME: "an ISO 8601 time (2026-01-31T12:00:00Z) in the years 1 to 9999, or a number whose unit a mapping gives",
    pa.list_(pa.string()): "a list of texts or one text",
    pa.list_(MEDIA): "a list of media ids or of objects that have a media_id",
}
"""What a column of each type may be made of, in words."""


def is_json(kind: DuckDBPyType) -> bool:
    return str(kind) == "JSON"


def _children(kind: DuckDBPyType) -> dict[str, DuckDBPyType]:
    """The fields of a struct, or the one `child` of a list; a fixed list's length, which is no type, is left out."""
    return {field: held for field, held in kind.children if isinstance(held, DuckDBPyType)}


def present(raw: Raw) -> str:
    """SQL: is there a value at all? Empty text and not-a-number are as good as none."""
    if raw.type.id in FLOATS:
        return f"({raw.sql} IS NOT NULL AND NOT {_not_a_number(raw.sql)})"
    if is_json(raw.type):
        return f"({raw.sql} IS NOT NULL AND {raw.sql} <> '\"\"')"
    if raw.type.id == "varchar":
        return f"({raw.sql} <> '')"
    return f"({raw.sql} IS NOT NULL)"


def cast(kind: pa.DataType, column: Column, raws: Sequence[Raw]) -> str | None:
    """SQL that makes one value of `kind` of `raws`, one for each part of `column`."""
    if pa.types.is_list(kind):
        item = _text if kind == pa.list_(pa.string()) else _medium
        lists = [_list(raw, part, item) for raw, part in zip(raws, column.parts, strict=True)]
        nothing = "[]" if len(raws) > 1 else "NULL"
        held = [
            one and f"(CASE WHEN {present(raw)} THEN {one} ELSE {nothing} END)"
            for raw, one in zip(raws, lists, strict=True)
        ]
        return None if None in held else " || ".join(one for one in held if one)
    (raw,), (part,) = raws, column.parts
    if kind == TIME:
        return _time(raw, column.unit)
    if kind == pa.string():
        return _text(raw, part)
    return _number(raw, TYPES[kind])


def _text(raw: Raw, part: Part) -> str | None:
    """Whole numbers written as floats lose their ".0": an id was an integer until a null made its column a float."""
    text = _plain(raw)
    return text and (f"{quoted(part.prefix)} || {text}" if part.prefix else text)


def _plain(raw: Raw) -> str | None:
    if is_json(raw.type):
        number = _whole(f"TRY_CAST({raw.sql} ->> '$' AS DOUBLE)")
        return (
            f"CASE json_type({raw.sql}) WHEN 'OBJECT' THEN NULL WHEN 'ARRAY' THEN NULL"
            f" WHEN 'DOUBLE' THEN {number} ELSE nullif({raw.sql} ->> '$', '') END"
        )
    if raw.type.id in FLOATS:
        return _whole(raw.sql)
    if raw.type.id == "varchar":
        return f"nullif({raw.sql}, '')"
    return f"CAST({raw.sql} AS VARCHAR)" if raw.type.id in SCALARS else None


def _not_a_number(number: str) -> str:
    """Without isnan: DuckDB 2.0 answers that from a file's statistics, which leave not-a-number out."""
    return f"(NOT isfinite({number}) AND abs({number}) <> 'infinity'::DOUBLE)"


def _whole(number: str) -> str:
    return (
        f"CASE WHEN {_not_a_number(number)} THEN NULL WHEN {number} = trunc({number}) AND abs({number}) < 1e18"
        f" THEN CAST(CAST({number} AS BIGINT) AS VARCHAR) ELSE CAST({number} AS VARCHAR) END"
    )


def _number(raw: Raw, kind: str) -> str | None:
    if raw.type.id in FLOATS:  # pandas writes what is missing as not-a-number
        return f"TRY_CAST(CASE WHEN NOT {_not_a_number(raw.sql)} THEN {raw.sql} END AS {kind})"
    if raw.type.id in NUMBERS:
        return f"TRY_CAST({raw.sql} AS {kind})"
    text = _scalar_text(raw)
    return text and f"TRY_CAST({text} AS {kind})"


def _time(raw: Raw, unit: str | None) -> str | None:
    if unit:
        number = _number(raw, "DECIMAL(28, 9)")  # keeps every digit of a time in nanoseconds; not-a-number is null
        if number is None:
            return None
        micros = f"TRY_CAST({number} * {MICROSECONDS[unit]} AS BIGINT)"
        # Beyond these bounds make_timestamp would raise; they are the years 1 and 9999.
        micros = f"CASE WHEN {micros} BETWEEN -62135596800000000 AND 253402300799999999 THEN {micros} END"
        return f"CAST(make_timestamp({micros}) AS TIMESTAMPTZ)"
    value = raw.sql if raw.type.id in TIMES else _scalar_text(raw)
    if value is None:
        return None
    moment = f"TRY_CAST({value} AS TIMESTAMPTZ)"
    return f"CASE WHEN {moment} BETWEEN {YEARS} THEN {moment} END"


def _scalar_text(raw: Raw) -> str | None:
    """The text of a text or JSON value, from which a number or a time is then read."""
    if is_json(raw.type):
        return f"CASE WHEN json_type({raw.sql}) NOT IN ('OBJECT', 'ARRAY') THEN trim({raw.sql} ->> '$') END"
    return f"trim(CAST({raw.sql} AS VARCHAR))" if raw.type.id in TEXTS else None


Item = Callable[[Raw, Part], str | None]


def _list(raw: Raw, part: Part, item: Item) -> str | None:
    """A list, or one value as a list of one. Null where one of its items cannot be read."""
    if is_json(raw.type):
        items = f"CASE WHEN json_type({raw.sql}) = 'ARRAY' THEN CAST({raw.sql} AS JSON[]) ELSE [{raw.sql}] END"
        return _items(items, raw.type, part, item, gone="e IS NULL OR e IN ('null', '\"\"')")
    if raw.type.id in {"list", "array"}:
        return _items(raw.sql, _children(raw.type)["child"], part, item, gone=None)
    return _items(f"[{raw.sql}]", raw.type, part, item, gone=None)


def _items(items: str, kind: DuckDBPyType, part: Part, item: Item, *, gone: str | None) -> str | None:
    one = Raw("e", kind)
    value = item(one, part)
    if value is None:
        return None
    held = f"list_filter({items}, lambda e: {f'NOT ({gone})' if gone else present(one)})"
    made = f"list_transform({held}, lambda e: {value})"
    return f"(CASE WHEN len(list_filter({made}, lambda e: e IS NULL)) = 0 THEN {made} END)"


def _medium(raw: Raw, _: Part) -> str | None:
    fields = [MEDIA.field(place) for place in range(MEDIA.num_fields)]
    bare = _plain(raw)
    alone = bare and ", ".join([f"media_id: {bare}"] + [f"{f.name}: NULL::{TYPES[f.type]}" for f in fields[1:]])
    if is_json(raw.type):
        shape = ", ".join(f'"{f.name}":"{TYPES[f.type]}"' for f in fields)
        made = f"json_transform({raw.sql}, {quoted('{' + shape + '}')})"
        return (
            f"CASE WHEN json_type({raw.sql}) <> 'OBJECT' THEN (CASE WHEN {bare} IS NOT NULL THEN {{{alone}}} END)"
            f" WHEN nullif({made}.media_id, '') IS NOT NULL THEN {made} END"
        )
    if raw.type.id != "struct":
        return alone and f"CASE WHEN {bare} IS NOT NULL THEN {{{alone}}} END"
    return _struct(raw, fields)


def _struct(raw: Raw, fields: Sequence[pa.Field]) -> str | None:
    held = _children(raw.type)
    if "media_id" not in held:
        return None
    made: list[str] = []
    for wanted in fields:
        one = Raw(f"{raw.sql}.{name(wanted.name)}", held[wanted.name]) if wanted.name in held else None
        value: str | None = "NULL"
        if one:
            value = _plain(one) if wanted.type == pa.string() else _number(one, TYPES[wanted.type])
        if value is None:
            return None
        made.append(f"{wanted.name}: CAST({value} AS {TYPES[wanted.type]})")
    identity = _plain(Raw(f"{raw.sql}.media_id", held["media_id"]))
    return f"CASE WHEN {identity} IS NOT NULL THEN {{{', '.join(made)}}} END"
