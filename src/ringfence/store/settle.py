"""Which validated rows may land in this store, and under which dense ids?

Works on tables of one DuckDB connection: `known` (who, id) holds the accounts that a row may name, `stage` the
validated rows of one chunk. `settle` turns them into `settled` (the rows in the store's columns) and `bad` ("row",
reason, words); the rows of `settled` that are not in `bad` may land.
"""

from collections.abc import Sequence
from pathlib import Path

from duckdb import DuckDBPyConnection

from ringfence.ingest.reasons import Reason
from ringfence.ingest.source import name
from ringfence.model.faults import Fault
from ringfence.model.words import Table
from ringfence.store import parts

IDS_END = 1 << 32  # dense ids are 32 bits wide


def load_known(connection: DuckDBPyConnection, files: Sequence[Path]) -> None:
    """Say which accounts rows may name: those in `files`, parts that have account_id and id."""
    accounts = parts.relation(files, parts.IDS)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE known AS SELECT account_id AS who, id FROM {accounts}")


def give_ids(connection: DuckDBPyConnection, table: Table, first: int) -> int:
    """Make every account that good rows of `stage` name known, in order of first arrival, from id `first` on.

    The new ones are in the table `arrived` (who, id). Returns the first id that is still free.
    """
    references = parts.REFERENCES[table]
    if not references:
        return first
    named = " UNION ALL ".join(
        f'SELECT {ref.account} AS who, "row" * {len(references)} + {place} AS place FROM stage WHERE bad_reason IS NULL'
        for place, ref in enumerate(references)
    )
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE arrived AS
        SELECT who, {first} - 1 + row_number() OVER (ORDER BY place) AS id
        FROM (SELECT who, min(place) AS place FROM ({named}) ANTI JOIN known USING (who)
              WHERE who IS NOT NULL GROUP BY who)""")
    following = first + _count(connection, "arrived")
    if following > IDS_END:
        raise Fault(f"more than {IDS_END} accounts", where=str(table), mend="divide this platform among workspaces")
    connection.execute("INSERT INTO known FROM arrived")
    return following


def settle(connection: DuckDBPyConnection, table: Table, stored: Sequence[Path]) -> None:
    """Look up dense ids, then set aside what is dangling or a duplicate, in the chunk or of the parts `stored`."""
    _look_up(connection, table)
    connection.execute("DROP TABLE stage")
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE bad AS
        SELECT "row", coalesce(bad_reason, '{Reason.DANGLING}') AS reason,
               coalesce(bad_words, 'account ''' || nobody || ''' is in no accounts row') AS words
        FROM settled WHERE bad_reason IS NOT NULL OR nobody IS NOT NULL""")
    if key := parts.KEYS.get(table):
        if stored:
            _set_aside_stored(connection, key, stored)
        _set_aside_repeated(connection, key)


def _look_up(connection: DuckDBPyConnection, table: Table) -> None:
    """Make `settled`, where `nobody` is the first account of a good row that is not known."""
    references = parts.REFERENCES[table]
    sql = {ref.column: f"known{place}.id" for place, ref in enumerate(references)} | {"object": parts.OBJECT}
    columns = ", ".join(f"{sql.get(column, name(column))} AS {name(column)}" for column in parts.COLUMNS[table])
    joins = " ".join(
        f"LEFT JOIN known AS known{place} ON known{place}.who = ({ref.account})" for place, ref in enumerate(references)
    )
    unknown = ", ".join(
        f"CASE WHEN bad_reason IS NULL AND known{place}.id IS NULL THEN {ref.account} END"
        for place, ref in enumerate(references)
    )
    nobody = f"coalesce({unknown})" if unknown else "NULL::VARCHAR"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE settled AS
        SELECT "row", bad_reason, bad_words, {nobody} AS nobody, {columns} FROM stage {joins}""")


def _set_aside_stored(connection: DuckDBPyConnection, key: str, stored: Sequence[Path]) -> None:
    before = parts.relation(stored, {key: "VARCHAR", **parts.ORIGIN})
    connection.execute(f"""
        INSERT INTO bad
        SELECT "row", '{Reason.DUPLICATE}',
               '{key} ''' || {key} || ''' is already in row ' || in_row || ' of ' || in_file
        FROM (FROM settled ANTI JOIN bad USING ("row")) JOIN {before} USING ({key})""")


def _set_aside_repeated(connection: DuckDBPyConnection, key: str) -> None:
    connection.execute(f"""
        INSERT INTO bad
        WITH good AS (SELECT "row", {key} FROM settled ANTI JOIN bad USING ("row")),
             repeated AS (SELECT {key}, min("row") AS first FROM good GROUP BY {key} HAVING count(*) > 1)
        SELECT "row", '{Reason.DUPLICATE}', '{key} ''' || {key} || ''' is already in row ' || first
        FROM good JOIN repeated USING ({key}) WHERE "row" > first""")


def _count(connection: DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0
