"""How fast is the audit of the cases appended to and verified, on PostgreSQL and on SQLite?

    python benchmarks/cases/audit.py

A real PostgreSQL server with its own settings for durability: what is committed is on the disk. Rows are appended by
one process, in transactions of one row and of many; all that is in the chain is then verified. Writes
benchmarks/results/cases-audit.md.
"""

import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import sqlalchemy as sa

sys.path.append(str(Path(__file__).parents[2]))
from tests.postgresql import Postgresql

from ringfence.cases import heads, verify
from ringfence.cases.audit import Act
from ringfence.cases.database import Database
from ringfence.cases.people import at_shell
from ringfence.store.workspace import CONFIG, Workspace

RESULT = Path(__file__).parents[1] / "results" / "cases-audit.md"
ROWS, BATCHES = 1_000_000, ((1, 2_000), (10, 20_000), (100, 100_000), (1_000, 200_000))  # rows a transaction, rows
DETAIL = {"order": "risk", "after": None, "cases": 50}


def main() -> None:
    server = Postgresql(durable=True)
    server.start()
    try:
        lines = [line for name in ("postgresql", "sqlite") for line in measured(name, server)]
    finally:
        server.stop()
    how = f"One process, one run, every commit synced to the disk. Load: {os.getloadavg()[0]:.1f}."
    text = "\n".join([
        "# The audit of the cases",
        "",
        "| database | what | rows | seconds | rows/s |",
        "|---|---|---|---|---|",
        *lines,
        "",
        f"{machine()} {how} Command: `python benchmarks/cases/audit.py`",
    ])  # fmt: skip
    RESULT.write_text(text + "\n", encoding="utf-8")
    print(text)


def measured(name: str, server: Postgresql) -> Sequence[str]:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder) / "platform")
        if name == "postgresql":
            file = workspace.path / CONFIG
            file.write_text(file.read_text().replace('database = ""', f'database = "{server.address(server.make())}"'))
            workspace = Workspace.open(workspace.path)
        with closing(Database.open(workspace)) as database:
            told = []
            for each, rows in BATCHES:
                seconds = appended(database, rows, each)
                told.append(_line(name, f"append, {each:,} a transaction", rows, seconds))
            appended(database, ROWS - sum(rows for _, rows in BATCHES), 1_000)
            rows, seconds = checked(database, workspace)
            return [*told, _line(name, "verify", rows, seconds)]


def appended(database: Database, rows: int, each: int) -> float:
    began = time.perf_counter()
    for start in range(0, rows, each):
        with database.transaction(at_shell("own")) as within:
            for number in range(start, start + each):
                within.record(Act.CASE_READ, f"case-{number:016x}", DETAIL)
    return time.perf_counter() - began


def checked(database: Database, workspace: Workspace) -> tuple[int, float]:
    head = heads.read(workspace.audit_heads, "own")
    assert head is not None
    began = time.perf_counter()
    with database.look() as connection:
        verdict = verify.verify(connection, "own", head.key, [head])
    assert not verdict.broken, verdict
    return verdict.rows, time.perf_counter() - began


def _line(name: str, what: str, rows: int, seconds: float) -> str:
    return f"| {name} | {what} | {rows:,} | {seconds:.1f} | {rows / seconds:,.0f} |"


def machine() -> str:
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    made = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {gigabytes:.0f} GB"
    return f"{made}, Python {platform.python_version()}, SQLAlchemy {sa.__version__}, psycopg {psycopg.__version__}."


if __name__ == "__main__":
    main()
