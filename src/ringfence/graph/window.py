"""Which events are counted now, and which were counted before? Three views of each table say it once for all.

`fresh_posts` are the posts to count, `before_posts` those that a kept graph counted already, `whole_posts` both; and
so for every table that a graph is built from.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from ringfence.model.words import Table
from ringfence.store import batches, parts

COLUMNS: Mapping[str, Mapping[str, str]] = {
    **{str(table): parts.COLUMNS[table] for table in (Table.ACCOUNTS, Table.POSTS, Table.TIES, Table.REPORTS)},
    batches.IDS: parts.IDS,
}


def everything(events: duckdb.DuckDBPyConnection) -> None:
    """Count all that the views of `events` hold."""
    for view in COLUMNS:
        _view(events, f"fresh_{view}", f"FROM {view}")
        _view(events, f"whole_{view}", f"FROM {view}")
        _view(events, f"before_{view}", f"FROM {view} WHERE false")


def since(
    events: duckdb.DuckDBPyConnection, fresh: Mapping[str, Sequence[Path]], before: Mapping[str, Sequence[Path]]
) -> None:
    """Count the parts of `fresh`, by table, knowing those of `before`."""
    for view, columns in COLUMNS.items():
        new, old = list(fresh.get(view, ())), list(before.get(view, ()))
        for name, files in (("fresh", new), ("before", old), ("whole", old + new)):
            _view(events, f"{name}_{view}", f"FROM {parts.relation(files, columns)}")


def _view(events: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
    events.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {query}")
