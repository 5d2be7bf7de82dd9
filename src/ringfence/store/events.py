"""What happened on the platform? Every event table as a view over the committed parts."""

import os

import duckdb

from ringfence.model.words import Table
from ringfence.store import batches, parts
from ringfence.store.workspace import Workspace


def engine(workspace: Workspace) -> duckdb.DuckDBPyConnection:
    """An empty DuckDB with the workspace's limits. Times are UTC; nothing is fetched from anywhere."""
    settings = workspace.config.store
    spill = workspace.store / batches.SPILL / str(os.getpid())
    connection = duckdb.connect(
        config={
            "memory_limit": settings.memory_limit,
            "temp_directory": str(spill),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            **({"threads": str(settings.threads)} if settings.threads else {}),
        }
    )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    return connection


def connect(workspace: Workspace) -> duckdb.DuckDBPyConnection:
    """A connection in which every table is a view, over what was committed when it was made.

    Views: account_ids(account_id, id), quarantine(in_file, in_row, table_name, reason, words, raw), and one for each
    event table with the columns of `parts.COLUMNS`, where accounts are dense ids (UINTEGER). A table that has no rows
    is an empty view. Times are TIMESTAMPTZ: fetch them with `connection.sql(query).to_arrow_table()`.
    """
    connection = engine(workspace)
    done = batches.committed(workspace.store)
    views = {str(table): parts.COLUMNS[table] for table in Table} | {
        batches.IDS: parts.IDS,
        batches.QUARANTINE: parts.QUARANTINE,
    }
    for view, columns in views.items():
        relation = parts.relation(batches.files(workspace.store, done, view), columns)
        connection.execute(f"CREATE VIEW {view} AS FROM {relation}")
    return connection
