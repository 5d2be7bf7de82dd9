"""What does each part of the store hold? Which columns, and which of them are dense ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ringfence.ingest.casts import TYPES
from ringfence.ingest.source import name, quoted
from ringfence.model.schemas import EVENTS
from ringfence.model.words import ACCOUNT_RELATIONS, Table

JOINS_ACCOUNTS = f"relation IN {tuple(sorted(map(str, ACCOUNT_RELATIONS)))}"
OBJECT = f"CASE WHEN NOT {JOINS_ACCOUNTS} THEN dst END"
DENSE = "UINTEGER"


@dataclass(frozen=True, slots=True)
class Reference:
    """A stored column of dense ids, and SQL over an event row for the account it stands for (null for none)."""

    column: str
    account: str


# In the order in which the new accounts of one row get their ids.
REFERENCES: Mapping[Table, tuple[Reference, ...]] = MappingProxyType(
    {
        Table.ACCOUNTS: (Reference("id", "account_id"),),
        Table.POSTS: (Reference("account", "account_id"),),
        Table.TIES: (Reference("src", "src"), Reference("dst", f"CASE WHEN {JOINS_ACCOUNTS} THEN dst END")),
        Table.SEARCHES: (),
        Table.IMPRESSIONS: (Reference("viewer", "viewer_id"),),
        Table.REPORTS: (),  # a target or a reporter may be no account of this platform
        Table.LABELS: (Reference("account", "account_id"),),
    }
)

# The column in which no two rows of a table are alike.
KEYS: Mapping[Table, str] = MappingProxyType(
    {Table.ACCOUNTS: "account_id", Table.POSTS: "post_id", Table.REPORTS: "report_id"}
)


def _columns(table: Table, *names: str) -> Mapping[str, str]:
    dense = {reference.column for reference in REFERENCES[table]}
    events = {field.name: TYPES[field.type] for field in EVENTS[table]} | {
        "object": TYPES[EVENTS[Table.TIES].field("dst").type]
    }
    return MappingProxyType({column: DENSE if column in dense else events[column] for column in names})


# What a reader sees of each table, with DuckDB's types.
COLUMNS: Mapping[Table, Mapping[str, str]] = MappingProxyType(
    {
        Table.ACCOUNTS: _columns(Table.ACCOUNTS, "id", *EVENTS[Table.ACCOUNTS].names),
        Table.POSTS: _columns(Table.POSTS, "post_id", "account", *EVENTS[Table.POSTS].names[2:]),
        Table.TIES: _columns(Table.TIES, "src", "dst", "object", "relation", "at", "weight"),
        Table.SEARCHES: _columns(Table.SEARCHES, *EVENTS[Table.SEARCHES].names),
        Table.IMPRESSIONS: _columns(Table.IMPRESSIONS, "at", "surface", "viewer", "shown_id", "position"),
        Table.REPORTS: _columns(Table.REPORTS, *EVENTS[Table.REPORTS].names),
        Table.LABELS: _columns(Table.LABELS, "account", *EVENTS[Table.LABELS].names[1:]),
    }
)
# Beside them a keyed table keeps where each row came from, so that a duplicate can name the first.
ORIGIN: Mapping[str, str] = MappingProxyType({"in_file": "VARCHAR", "in_row": "BIGINT"})

IDS: Mapping[str, str] = MappingProxyType({"account_id": "VARCHAR", "id": DENSE})

# `table_name` and not `table`, which SQL keeps for itself.
QUARANTINE: Mapping[str, str] = MappingProxyType(
    {
        "in_file": "VARCHAR",
        "in_row": "BIGINT",
        "table_name": "VARCHAR",
        "reason": "VARCHAR",
        "words": "VARCHAR",
        "raw": "VARCHAR",
    }
)


def relation(files: Sequence[Path], columns: Mapping[str, str]) -> str:
    """SQL for FROM that reads `columns` of all `files`; no files give no rows, with the same columns."""
    if files:
        listed = ", ".join(quoted(str(file)) for file in files)
        return f"(SELECT {', '.join(map(name, columns))} FROM read_parquet([{listed}]))"
    nothing = ", ".join(f"NULL::{kind} AS {name(column)}" for column, kind in columns.items())
    return f"(SELECT {nothing} WHERE false)"
