"""What does a file look like once it is open? Named columns, and chunks of rows that SQL can read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection
from duckdb.sqltypes import DuckDBPyType


@dataclass(frozen=True, slots=True)
class Raw:
    """A value as the file has it: SQL over a chunk's relation, and DuckDB's type of it."""

    sql: str
    type: DuckDBPyType


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows `start` (inclusive, from 0) to `stop` (exclusive) of a file.

    `relation` goes after FROM. Over it, `row` is the row number as a person counts (from 1), `broken` says in words
    why the row could not be read at all (else null), and `raw` is the row as JSON text.
    """

    start: int
    stop: int
    last: bool
    relation: str
    row: str
    broken: str
    raw: str


@dataclass(frozen=True, slots=True)
class Source:
    """An open file. `found` are the columns it has; `columns` those that may be read; `rows` is None when unknown.

    `chunks(connection, limit, cuts)` yields the whole file in order, at most `limit` rows a chunk. A chunk that
    starts before one of `cuts` (ascending row counts) ends there, so that a resumed file is cut as it was before.
    A chunk's relation can be read until the next one is asked for.
    """

    path: Path
    found: tuple[str, ...]
    columns: Mapping[str, Raw]
    rows: int | None
    chunks: Callable[[DuckDBPyConnection, int, Sequence[int]], Iterator[Chunk]]


def quoted(text: str) -> str:
    """`text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def name(column: str) -> str:
    """`column` as an SQL identifier."""
    return '"' + column.replace('"', '""') + '"'


def stop_after(start: int, limit: int, cuts: Sequence[int]) -> int:
    """Where a chunk that starts at `start` ends: at the first cut beyond it, else after `limit` rows."""
    return next((cut for cut in cuts if cut > start), start + limit)
