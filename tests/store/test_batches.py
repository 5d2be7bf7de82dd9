import os
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ringfence.model.faults import Fault
from ringfence.store import batches, events
from ringfence.store.load import load
from ringfence.store.workspace import Workspace


@pytest.fixture
def loaded(tmp_path: Path) -> Workspace:
    workspace = Workspace.create(tmp_path / "platform")
    pq.write_table(pa.table({"account_id": ["wren", "dipper"]}), tmp_path / "accounts.parquet")
    load(workspace, [tmp_path / "accounts.parquet"])
    return workspace


def accounts(workspace: Workspace) -> int:
    with events.connect(workspace) as connection:
        return len(connection.execute("FROM accounts").fetchall())


def test_a_part_without_a_manifest_is_seen_by_nobody_and_swept(loaded: Workspace) -> None:
    (part,) = (loaded.store / "accounts").iterdir()
    stray = part.with_name("accounts-stray-1.parquet")
    stray.write_bytes(part.read_bytes())
    assert accounts(loaded) == 2
    batches.sweep(loaded.store, batches.committed(loaded.store))
    assert list((loaded.store / "accounts").iterdir()) == [part]


def test_sweeping_leaves_the_spill_of_a_process_that_runs(loaded: Workspace) -> None:
    spill = loaded.store / batches.SPILL
    with subprocess.Popen(["true"]) as gone:
        pass
    for process in (os.getpid(), gone.pid):
        (spill / str(process)).mkdir()
    batches.sweep(loaded.store, batches.committed(loaded.store))
    assert [left.name for left in spill.iterdir()] == [str(os.getpid())]


def test_a_manifest_that_cannot_be_read_is_named(loaded: Workspace) -> None:
    (manifest,) = (loaded.store / batches.MANIFESTS).iterdir()
    manifest.write_bytes(manifest.read_bytes()[:-20])
    with pytest.raises(Fault, match=manifest.name):
        events.connect(loaded)


def test_a_missing_file_is_known_before_any_row_lands(loaded: Workspace, tmp_path: Path) -> None:
    pq.write_table(pa.table({"account_id": ["kittiwake"]}), tmp_path / "accounts-2.parquet")
    with pytest.raises(Fault, match=r"ties\.parquet: no such file"):
        load(loaded, [tmp_path / "accounts-2.parquet", tmp_path / "ties.parquet"])
    assert accounts(loaded) == 2
