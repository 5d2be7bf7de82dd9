"""How fast is the audit of the cases appended to and verified, on PostgreSQL and on SQLite?

    python -m benchmarks.cases.audit

A real PostgreSQL server with its own settings for durability: what is committed is on the disk. Rows are appended by
one process, in transactions of one row and of many; all that is in the chain is then verified. Writes
benchmarks/results/cases-audit.md.
"""

import time
from collections.abc import Sequence
from contextlib import closing

from benchmarks.cases import places
from benchmarks.cases.places import Row
from tests.postgresql import Postgresql

from ringfence.cases import heads, verify
from ringfence.cases.audit import Act
from ringfence.cases.database import Database
from ringfence.cases.people import at_shell
from ringfence.demo import tables
from ringfence.store.workspace import Workspace

RESULT = places.RESULTS / "cases-audit.md"
ROWS, BATCHES = 1_000_000, ((1, 2_000), (10, 20_000), (100, 100_000), (1_000, 200_000))  # rows a transaction, rows
HEAD = ("database", "what", "rows", "seconds", "rows/s")
DETAIL = {"order": "risk", "after": None, "cases": 50}


def main() -> None:
    with places.server() as server:
        rows = [row for name in places.NAMES for row in measured(name, server)]
    about = f"One process, one run, every commit synced to the disk. {places.versions()}"
    lines = ["# The audit of the cases", "", about, "", *tables.table(HEAD, rows)]
    tables.write(RESULT, lines, "python -m benchmarks.cases.audit")


def measured(name: str, server: Postgresql) -> Sequence[Row]:
    with places.place(name, server) as workspace, closing(Database.open(workspace)) as database:
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


def _line(name: str, what: str, rows: int, seconds: float) -> Row:
    return name, what, f"{rows:,}", f"{seconds:.1f}", f"{rows / seconds:,.0f}"


if __name__ == "__main__":
    main()
