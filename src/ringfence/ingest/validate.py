"""Which rows may land, and why may the others not? One SQL query answers for a whole chunk."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from ringfence.ingest import casts
from ringfence.ingest.choices import choices
from ringfence.ingest.mapping import Mapping, check
from ringfence.ingest.reasons import Reason
from ringfence.ingest.source import Chunk, Raw, Source, name, quoted
from ringfence.model.faults import Fault
from ringfence.model.schemas import EVENTS, TIME
from ringfence.model.words import ACCOUNT_RELATIONS, Opinion, Relation, Surface, Table

CLOSED = {"relation": Relation, "surface": Surface, "opinion": Opinion}
IDS = frozenset({"account_id", "post_id", "src", "dst", "viewer_id", "shown_id", "report_id", "target", "reporter"}) | {
    "reply_to",
    "repost_of",
}
ID_LENGTH = 256
OBJECT_LENGTH = 2048  # the object of a tie may be a link, and browsers and servers agree on links of about this length
OBJECT_RELATIONS = tuple(sorted(set(Relation) - ACCOUNT_RELATIONS))
SHOWN = 80  # characters of a bad value that its reason repeats


@dataclass(frozen=True, slots=True)
class Check:
    """A row on which `fails` (SQL) is true has this reason; `words` (SQL) tells a person what was expected."""

    reason: Reason
    fails: str
    words: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How one file is read into one table. `unknown` are the columns that it has beyond those read."""

    table: Table
    unknown: tuple[str, ...]
    raws: tuple[str, ...]
    values: tuple[str, ...]
    checks: tuple[Check, ...]

    def sql(self, chunk: Chunk, only: str = "true") -> str:
        """A SELECT of "row", the columns of the table in order, and `bad_reason` and `bad_words` (null on a good row).

        `only` is SQL over "row": rows for which it is not true are left out.
        """
        fault = " ".join(f"WHEN {check.fails} THEN {number}" for number, check in enumerate(self.checks))
        reasons = " ".join(f"WHEN {number} THEN '{check.reason}'" for number, check in enumerate(self.checks))
        words = " ".join(f"WHEN {number} THEN {check.words}" for number, check in enumerate(self.checks))
        columns = ", ".join(map(name, EVENTS[self.table].names))
        raws = "".join(f", {raw}" for raw in self.raws)
        return f"""
            SELECT "row", {columns}, CASE fault {reasons} END AS bad_reason, CASE fault {words} END AS bad_words
            FROM (SELECT *, CASE {fault} END AS fault
            FROM (SELECT *, {", ".join(self.values)}
            FROM (SELECT {chunk.row} AS "row", {chunk.broken} AS broken{raws} FROM {chunk.relation})
            WHERE {only}))"""


def reading(source: Source, table: Table, mapping: Mapping) -> Reading:
    """Plan how `source` becomes rows of `table`. Raises Fault when no row of it ever could."""
    check(mapping, table)
    schema, where = EVENTS[table], str(source.path)
    raws: list[str] = []
    values: list[str] = []
    checks = [Check(Reason.MALFORMED, "broken IS NOT NULL", "'the line ' || broken")]
    for field in schema:
        held = _held(source, mapping, field, table)
        places = [Raw(f"raw{len(raws) + offset}", raw.type) for offset, raw in enumerate(held)]
        raws += [f"{raw.sql} AS {place.sql}" for raw, place in zip(held, places, strict=True)]
        value = _value(mapping, field, places, where)
        values.append(f"CAST({value} AS {casts.TYPES[field.type]}) AS {name(field.name)}")
        checks += _checks(field, places)
    read = mapping.sources(table)
    return Reading(
        table, tuple(found for found in source.found if found not in read), tuple(raws), tuple(values), tuple(checks)
    )


def _held(source: Source, mapping: Mapping, field: pa.Field, table: Table) -> list[Raw]:
    """The file's columns that `field` is made of; none for a constant, or for an optional one the file lacks."""
    if field.name in mapping.constants:
        return []
    found, where = set(source.found), str(source.path)
    parts = mapping.column(field.name).parts
    missing = [part.column for part in parts if part.column not in found]
    wanted = field.name in mapping.columns or not field.nullable
    # A file of JSON lines that has no rows yet has no columns either, and that is no fault.
    if missing and wanted and (source.found or source.rows is not None):
        listed = ", ".join(source.found) or "none"
        hint = choices(missing[0], source.found)
        raise Fault(
            f"has no column {missing[0]!r} for {field.name} of {table}; it has {listed}",
            where=where,
            mend=f'{hint}, in a mapping with {field.name} = "..." under [columns]',
        )
    return [source.columns[part.column] for part in parts if part.column in source.columns]


def _value(mapping: Mapping, field: pa.Field, raws: list[Raw], where: str) -> str:
    if field.name in mapping.constants:
        return _constant(mapping, field)
    if not raws:
        return "NULL"
    column = mapping.column(field.name)
    value = casts.cast(field.type, column, raws)
    if value is not None:
        return value
    theirs, kinds = " and ".join(part.column for part in column.parts), ", ".join(str(raw.type) for raw in raws)
    mend = f"{field.name} is made of {casts.EXPECTED[field.type]}"
    if field.type == TIME and raws[0].type.id in casts.NUMBERS:
        mend = f'give its unit in a mapping: {field.name} = {{ column = "{theirs}", unit = "s" }}'
    raise Fault(f"column {theirs} is {kinds}, which can never be {field.name}", where=where, mend=mend)


def _constant(mapping: Mapping, field: pa.Field) -> str:
    said, where = mapping.constants[field.name], f"{mapping.where}, constants.{field.name}"
    closed = CLOSED.get(field.name)
    if closed and said not in list(closed):
        raise Fault(f"unknown {field.name} {said!r}", where=where, mend=choices(said, closed))
    text = quoted(said)
    return f"[{text}]" if pa.types.is_list(field.type) else text


def _checks(field: pa.Field, raws: list[Raw]) -> Iterator[Check]:
    column = name(field.name)
    if raws:
        # Where nothing is there, null is right; where something is there, null means that it could not be read.
        there = " OR ".join(casts.present(raw) for raw in raws)
        shown = " || ', ' || ".join(
            _shown(f"{raw.sql} ->> '$'" if casts.is_json(raw.type) else raw.sql) for raw in raws
        )
        words = f"'{field.name} is ' || {shown} || {quoted('; expected ' + casts.EXPECTED[field.type])}"
        yield Check(Reason.TYPE, f"{column} IS NULL AND ({there})", words)
    if not field.nullable:
        yield Check(Reason.MISSING, f"{column} IS NULL", f"'{field.name} is empty; every row needs one'")
    if field.name in IDS:
        yield from _id_checks(field.name)
    if closed := CLOSED.get(field.name):
        words = f"'{field.name} is ' || {_shown(column)} || '; use one of {', '.join(closed)}'"
        yield Check(Reason.CHOICE, f"{column} NOT IN {tuple(map(str, closed))}", words)
    if field.name == "weight":
        words = "'weight is ' || weight || '; expected a finite number above 0'"
        yield Check(Reason.RANGE, "weight IS NOT NULL AND NOT (isfinite(weight) AND weight > 0)", words)


def _id_checks(column: str) -> Iterator[Check]:
    limit = str(ID_LENGTH)
    if column == "dst":
        limit = f"(CASE WHEN relation IN {tuple(map(str, OBJECT_RELATIONS))} THEN {OBJECT_LENGTH} ELSE {ID_LENGTH} END)"
    words = f"'{column} has ' || length({column}) || ' characters; expected at most ' || {limit}"
    yield Check(Reason.ID, f"length({column}) > {limit}", words)
    words = f"'{column} is ' || {_shown(column)} || '; expected no control characters'"
    yield Check(Reason.ID, rf"regexp_matches({column}, '\p{{Cc}}')", words)


def _shown(value: str) -> str:
    """The start of a value, in quotes, with anything unprintable made visible."""
    text = f"regexp_replace(left(CAST({value} AS VARCHAR), {SHOWN}), '\\p{{Cc}}', '?', 'g')"
    return f"coalesce('''' || {text} || '''', 'empty')"
