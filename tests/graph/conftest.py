from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ringfence.model.schemas import EVENTS
from ringfence.model.words import Table
from ringfence.store.load import load
from ringfence.store.workspace import Workspace

Ingest = Callable[[Workspace, Mapping[Table, Sequence[Mapping[str, object]]]], None]


@pytest.fixture
def new_workspace(tmp_path: Path) -> Callable[[], Workspace]:
    """Makes workspaces in which an account may be named before it is declared, so that its profile may come late."""
    numbers = count()

    def make() -> Workspace:
        workspace = Workspace.create(tmp_path / f"platform-{next(numbers)}")
        config = workspace.path / "ringfence.toml"
        config.write_text(config.read_text().replace('_accounts = "quarantine"', '_accounts = "accept"'))
        return Workspace.open(workspace.path)

    return make


@pytest.fixture
def ingest(tmp_path: Path) -> Ingest:
    """Loads rows as they are given; where a table asks for a time and the row says none, it is the first of all."""
    numbers = count()

    def into(workspace: Workspace, rows: Mapping[Table, Sequence[Mapping[str, object]]]) -> None:
        for table in [table for table in Table if rows.get(table)]:
            schema = EVENTS[table]
            whole = [{"at": 0, **row} if "at" in schema.names else dict(row) for row in rows[table]]
            file = tmp_path / f"{table}-{next(numbers)}.parquet"
            pq.write_table(pa.Table.from_pylist(whole, schema), file)
            assert load(workspace, [file]).quarantined == 0

    return into
