import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ringfence.ingest.reasons import Reason
from ringfence.model.faults import Fault
from ringfence.model.words import Table
from ringfence.store import audit, events
from ringfence.store.config import settings
from ringfence.store.load import load
from ringfence.store.workspace import Workspace

ROWS, CHUNK = 6_000, 500
CHILD = "import sys; from ringfence.cli import run; run()"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "platform")


def jsonl(path: Path, *rows: Mapping[str, object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def rows(workspace: Workspace, query: str) -> list[tuple[object, ...]]:
    with events.connect(workspace) as connection:
        return connection.execute(query).fetchall()


def follow(src: str, dst: str) -> dict[str, object]:
    return {"src": src, "dst": dst, "relation": "follows", "at": "2026-01-01T00:00:00Z"}


def test_the_same_file_lands_once(workspace: Workspace, tmp_path: Path) -> None:
    file = jsonl(tmp_path / "ties.jsonl", follow("a", "b"), follow("b", "c"))
    first, second = load(workspace, [file]), load(workspace, [file])
    assert (first.landed, second.landed, second.files[0].unchanged) == (2, 0, True)
    assert rows(workspace, "SELECT count(*) FROM ties") == [(2,)]


def test_ids_are_dense_in_order_of_arrival_and_stay(workspace: Workspace, tmp_path: Path) -> None:
    load(workspace, [jsonl(tmp_path / "ties.jsonl", follow("b", "a"))])
    load(workspace, [jsonl(tmp_path / "ties-2.jsonl", follow("c", "a"))])
    assert rows(workspace, "SELECT account_id, id FROM account_ids ORDER BY id") == [("b", 0), ("a", 1), ("c", 2)]


def test_an_object_is_no_account(workspace: Workspace, tmp_path: Path) -> None:
    load(workspace, [jsonl(tmp_path / "ties.jsonl", {**follow("a", "firecrest"), "relation": "uses_hashtag"})])
    assert rows(workspace, "SELECT src, dst, object FROM ties") == [(0, None, "firecrest")]
    assert rows(workspace, "SELECT count(*) FROM account_ids") == [(1,)]


def test_reports_with_reasons_of_their_own_land(workspace: Workspace, tmp_path: Path) -> None:
    report = {"report_id": "r1", "target": "a", "reason": "spam", "at": "2026-01-01T00:00:00Z"}
    assert load(workspace, [jsonl(tmp_path / "reports.jsonl", report)]).quarantined == 0
    assert rows(workspace, "SELECT target, reason FROM reports") == [("a", "spam")]


def test_dangling_rows_are_tried_again_and_only_they(workspace: Workspace, tmp_path: Path) -> None:
    load(workspace, [jsonl(tmp_path / "accounts.jsonl", {"account_id": "a"})])
    ties = jsonl(
        tmp_path / "ties.jsonl", follow("a", "b"), follow("a", "a2"), {**follow("a", "a"), "relation": "likes"}
    )
    first = load(workspace, [ties])
    assert {bad.reason: bad.rows for bad in first.files[0].quarantined}[Reason.DANGLING] == 2
    load(workspace, [jsonl(tmp_path / "accounts-2.jsonl", {"account_id": "b"})])
    assert load(workspace, [ties]).landed == 1
    assert rows(workspace, "SELECT count(*) FROM ties") == [(1,)]
    assert rows(workspace, "SELECT count(*) FROM quarantine") == [(2,)]


def test_empty_tables_are_empty_views(workspace: Workspace) -> None:
    for table in Table:
        assert rows(workspace, f"SELECT * FROM {table}") == []


def test_parquet_and_jsonl_give_the_same_store(tmp_path: Path) -> None:
    ties = [follow(f"a{n % 7}", f"a{n % 5}") for n in range(50)]
    stores = [Workspace.create(tmp_path / name) for name in ("jsonl", "parquet")]
    pq.write_table(pa.Table.from_pylist(ties), tmp_path / "ties.parquet")
    load(stores[0], [jsonl(tmp_path / "ties.jsonl", *ties)])
    load(stores[1], [tmp_path / "ties.parquet"])
    query = 'SELECT src, dst, object, relation, epoch_us("at"), weight FROM ties ORDER BY ALL'
    assert rows(stores[0], query) == rows(stores[1], query)


def many(tmp_path: Path) -> Path:
    ties = [follow(f"a{n * 7919 % 900}", f"a{n % 800}") for n in range(ROWS)]
    pq.write_table(pa.Table.from_pylist(ties), tmp_path / "ties.parquet")
    return tmp_path / "ties.parquet"


def small_chunks(path: Path) -> Workspace:
    Workspace.create(path)
    config = path / "ringfence.toml"
    config.write_text(config.read_text().replace("chunk_rows = 2000000", f"chunk_rows = {CHUNK}"))
    return Workspace.open(path)


@pytest.mark.parametrize("manifests", [0, 2, 7])
def test_a_killed_load_goes_on_where_it_was(tmp_path: Path, manifests: int) -> None:
    file, whole, cut = many(tmp_path), small_chunks(tmp_path / "whole"), small_chunks(tmp_path / "cut")
    load(whole, [file])
    child = subprocess.Popen([sys.executable, "-c", CHILD, "ingest", str(file), "--workspace", str(cut.path)])
    deadline = time.monotonic() + 30
    while len(list(cut.store.rglob("*.json"))) < manifests and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    if manifests == 0:
        time.sleep(0.5)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    landed = rows(cut, "SELECT count(*) FROM ties")[0][0]
    assert isinstance(landed, int)
    assert landed % CHUNK == 0
    load(cut, [file])
    for query in ("SELECT account_id, id FROM account_ids ORDER BY id", "SELECT src, dst FROM ties ORDER BY ALL"):
        assert rows(cut, query) == rows(whole, query)


def test_a_full_disk_is_one_line_and_the_next_load_finishes(tmp_path: Path) -> None:
    file, workspace = many(tmp_path), small_chunks(tmp_path / "platform")
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)); " + CHILD
    command = [sys.executable, "-B", "-c", limited, "ingest", str(file), "--workspace", str(workspace.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert rows(workspace, "SELECT count(*) FROM ties")[0][0] in range(0, ROWS, CHUNK)
    load(workspace, [file])
    assert rows(workspace, "SELECT count(*) FROM ties") == [(ROWS,)]


def test_a_read_that_cannot_be_audited_does_not_happen(workspace: Workspace) -> None:
    workspace.audit_file.mkdir()
    with pytest.raises((Fault, OSError)):
        audit.record(workspace, audit.Action.SCORES_READ, "scores")


def test_entries_of_the_audit_come_back_in_order(workspace: Workspace) -> None:
    written = [audit.record(workspace, audit.Action.NETWORK_READ, f"net-{n}", actor="wren") for n in range(3)]
    assert list(audit.read(workspace)) == written


def test_the_config_that_is_written_names_every_setting_and_an_unknown_one_is_refused(workspace: Workspace) -> None:
    config = workspace.path / "ringfence.toml"
    assert all(f"{key.split('.')[1]} = " in config.read_text() for key, _, _ in settings())
    config.write_text("[ingest]\nchunk_row = 5\n")
    with pytest.raises(Fault, match="chunk_row"):
        Workspace.open(workspace.path)


def test_two_writers_do_not_meet(workspace: Workspace, tmp_path: Path) -> None:
    with workspace.lock(), pytest.raises(Fault, match="another ringfence command"):
        load(workspace, [jsonl(tmp_path / "ties.jsonl", follow("a", "b"))])
