"""How do rows of who was shown whom at which position become slates, and what is wrong with those rows?"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import duckdb
import pyarrow as pa

# A position is a whole number from 0 on, however its column is typed. Nine digits are more than any slate has.
_WHOLE = r"[0-9]{1,9}([.]0+)?"
_POSITION = f"CASE WHEN regexp_full_match(trim(position::VARCHAR), '{_WHOLE}') THEN position::DOUBLE::BIGINT END"
_READ = f"""
CREATE OR REPLACE TEMP TABLE placed AS
SELECT nullif(viewer_id::VARCHAR, '') AS viewer_id, "at", nullif(shown_id::VARCHAR, '') AS shown_id,
       {_POSITION} AS position
FROM (rows)
"""
# Slates count from 0 where any row of the table does, else from 1.
_SLATES = """
WITH whole AS (FROM placed WHERE viewer_id IS NOT NULL AND shown_id IS NOT NULL AND position IS NOT NULL)
SELECT viewer_id, "at", list(shown_id ORDER BY position, shown_id) AS shown,
       max(position) - first + 1 - count(DISTINCT position) AS missing,
       count(*) - count(DISTINCT position) AS repeated
FROM whole, (SELECT least(1, min(position)) AS first FROM whole)
GROUP BY viewer_id, "at", first ORDER BY viewer_id, "at" NULLS FIRST
"""
_FLAWS = """
SELECT (SELECT count(*) FROM placed) AS rows,
       (SELECT count(*) FROM placed WHERE viewer_id IS NULL OR shown_id IS NULL OR position IS NULL) AS unreadable,
       count(*) AS slates, count(DISTINCT viewer_id) AS viewers,
       count(*) FILTER (missing > 0) AS with_gaps, coalesce(sum(missing), 0)::BIGINT AS missing,
       count(*) FILTER (repeated > 0) AS with_repeats, coalesce(sum(repeated), 0)::BIGINT AS repeated
FROM slates
"""
_EXAMPLES = """
SELECT min({'viewer': viewer_id, 'at': "at"::VARCHAR}) FILTER (missing > 0) AS with_gaps,
       min({'viewer': viewer_id, 'at': "at"::VARCHAR}) FILTER (repeated > 0) AS with_repeats
FROM slates
"""


@dataclass(frozen=True, slots=True)
class Flaws:
    """What the rows held, and what was wrong with them; `examples` names a slate for each kind that occurred."""

    rows: int
    unreadable: int  # rows without a viewer, an account or a whole position from 0 on; left out
    slates: int
    viewers: int  # with at least one slate
    with_gaps: int  # slates that lack a position before their last; the accounts after it move up
    missing: int  # positions lacking, over all slates
    with_repeats: int  # slates with two accounts at one position
    repeated: int  # rows at a position that their slate had before; kept, in order of id
    examples: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Slates:
    """One row a slate: viewer_id, at, shown (ids in order). By viewer, then time."""

    table: pa.Table
    flaws: Flaws


def slates(connection: duckdb.DuckDBPyConnection, rows: str, **parameters: str) -> Slates:
    """Read slates from SQL, with its parameters, for rows of viewer_id, "at", shown_id and position.

    One slate is what one viewer was shown at one time. Accounts keep the order of their positions.
    """
    connection.execute(_READ.replace("(rows)", f"({rows})"), parameters)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE slates AS {_SLATES}")
    (counts,) = connection.sql(_FLAWS).to_arrow_table().to_pylist()
    (examples,) = connection.sql(_EXAMPLES).to_arrow_table().to_pylist()
    order = 'ORDER BY viewer_id, "at" NULLS FIRST'
    table = connection.sql(f'SELECT viewer_id, "at", shown FROM slates {order}').to_arrow_table()
    connection.execute("DROP TABLE placed; DROP TABLE slates")
    told = {kind: _told(example) for kind, example in examples.items() if example}
    return Slates(table, Flaws(**counts, examples=MappingProxyType(told)))


def _told(example: Mapping[str, str | None]) -> str:
    when = f" at {example['at']}" if example["at"] else ""
    return f"viewer {example['viewer']!r}{when}"
