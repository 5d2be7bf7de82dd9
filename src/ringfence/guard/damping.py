"""Which weights does a recommender that is trained on ties get? Two Parquet tables, of accounts and of ties.

Leaving members out of what is shown does not end what they teach: a recommender that learns from their ties goes on to
introduce the people around them to one another. So flagged accounts, and ties through them, are given less weight.
The weights are those that `Guard.damping` answers, at the same moment.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ringfence.guard.decide import Guard
from ringfence.guard.policies.parts import HARD
from ringfence.ingest.source import quoted
from ringfence.model.faults import Fault
from ringfence.store import disk, events
from ringfence.store.workspace import Workspace

ACCOUNTS, TIES = "accounts.parquet", "ties.parquet"
# Ties worth cutting that something else has found, in the workspace. They may only take weight away.
EXTRA = Path("damping") / "ties.parquet"
EXTRA_TIES = pa.schema(
    [("src", pa.string()), ("dst", pa.string()), ("relation", pa.string()), ("weight", pa.float32())]
)
COLUMNS = tuple(EXTRA_TIES.names)
BATCH = 65_536  # accounts that are asked about at a time

# Both ends of a tie between accounts, one of a tie to an object.
DAMPED = """
SELECT src, dst, relation, min(weight)::FLOAT AS weight FROM (
    SELECT own.account_id AS src, coalesce(other.account_id, object) AS dst, relation,
           least(coalesce(source.weight, 1), coalesce(target.weight, 1)) AS weight
    FROM (
        SELECT DISTINCT src, dst, object, relation FROM ties
        WHERE src IN (SELECT id FROM weights) OR dst IN (SELECT id FROM weights)
    ) AS tie
    JOIN account_ids AS own ON own.id = tie.src
    LEFT JOIN account_ids AS other ON other.id = tie.dst
    LEFT JOIN weights AS source ON source.id = tie.src
    LEFT JOIN weights AS target ON target.id = tie.dst
    UNION ALL
    SELECT src, dst, relation, greatest(0, weight) FROM extra WHERE weight < 1
) GROUP BY ALL
"""
NO_EXTRA = "(SELECT '' AS src, '' AS dst, '' AS relation, 1::FLOAT AS weight WHERE false)"


@dataclass(frozen=True, slots=True)
class Damped:
    """What was written: accounts with a weight below 1, and ties that touch one or were named beside them."""

    accounts: int
    ties: int


def hard(guard: Guard) -> Guard:
    """The same guard, by which a recommender learns nothing of any account with a damped signal."""
    return guard.under(replace(guard.policy, damping=replace(guard.policy.damping, mode=HARD)))


def export(workspace: Workspace, guard: Guard, folder: Path, now: datetime | None = None) -> Damped:
    """Write the weights of accounts and of ties into `folder`, each file whole or not at all.

    `accounts.parquet` has account_id and weight of all accounts of the store with a weight below 1; `ties.parquet` has
    src, dst, relation and weight of all its ties that touch one: the lesser weight of both ends. Both name the policy
    and the snapshot in their metadata. Memory is bounded by the setting store.memory_limit.
    """
    about = {
        "ringfence_policy": guard.policy.version,
        "ringfence_snapshot": guard.snapshot.version,
        "ringfence_mode": guard.policy.damping.mode,
        "ringfence_at": (now or datetime.now(UTC)).isoformat(),
    }
    with disk.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with events.connect(workspace) as connection:
        _weigh(connection, guard)
        connection.execute(f"CREATE VIEW extra AS FROM {_extra(connection, workspace)}")
        accounts = "SELECT account_id, weight FROM weights ORDER BY account_id"
        return Damped(
            _written(connection, accounts, folder / ACCOUNTS, about),
            _written(connection, DAMPED, folder / TIES, about),
        )


def _weigh(connection: duckdb.DuckDBPyConnection, guard: Guard) -> None:
    """Put every account of the store whose weight is below 1 into a table, asking the guard about some at a time."""
    connection.execute("CREATE TABLE weights (account_id VARCHAR, id UINTEGER, weight FLOAT)")
    with connection.cursor() as reading:
        for batch in reading.sql("SELECT account_id, id FROM account_ids").to_arrow_reader(BATCH):
            weight = guard.damping(batch["account_id"].to_pylist())
            rows = pa.Table.from_batches([batch]).append_column("weight", pa.array(weight))
            connection.register("asked", rows.filter(pa.array(weight < 1)))
            connection.execute("INSERT INTO weights FROM asked")


def feed(workspace: Workspace, ties: pa.Table) -> None:
    """Have these ties weigh less from the next export on, in place of those named before, whole or not at all.

    `ties` has the columns of `EXTRA_TIES`. Weights are no flags: nobody is left out of anything for one.
    """
    content = BytesIO()
    pq.write_table(ties.cast(EXTRA_TIES).sort_by([(name, "ascending") for name in COLUMNS]), content)
    disk.write_whole(workspace.path / EXTRA, content.getvalue())


def _extra(connection: duckdb.DuckDBPyConnection, workspace: Workspace) -> str:
    """SQL for FROM with the ties that something else has found. Raises Fault for a file that cannot be read as such."""
    file = workspace.path / EXTRA
    if not file.exists():
        return NO_EXTRA
    try:
        missing = set(COLUMNS) - set(pq.read_schema(file).names)
    except (pa.ArrowInvalid, OSError) as error:
        raise Fault("it cannot be read as ties", where=str(file), mend="write it again, or remove it") from error
    if missing:
        mend = f"name the columns {', '.join(COLUMNS)}"
        raise Fault(f"it has no column {', '.join(sorted(missing))}", where=str(file), mend=mend)
    ties = f"(SELECT {', '.join(COLUMNS)} FROM read_parquet({quoted(str(file))}))"
    try:
        # Read once from end to end: what is damaged inside is found before anything is written.
        connection.execute(
            f"SELECT max(hash(src, dst, relation)), max(greatest(0, weight)::FLOAT) FROM {ties}"
        ).fetchall()
    except duckdb.Error as error:
        raise Fault("it cannot be read as ties", where=str(file), mend="write it again, or remove it") from error
    return ties


def _written(connection: duckdb.DuckDBPyConnection, query: str, file: Path, about: Mapping[str, str]) -> int:
    """Write what a query gives as one Parquet file, whole or not at all; returns its rows."""
    aside = file.with_name(f".{file.name}.{os.getpid()}.new")
    metadata = ", ".join(f"{name}: {quoted(said)}" for name, said in about.items())
    options = f"FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{metadata}}}"
    with disk.writing(file.parent):
        try:
            rows = connection.execute(f"COPY ({query}) TO {quoted(str(aside))} ({options})").fetchall()[0][0]
            disk.keep(aside, file)
        finally:
            aside.unlink(missing_ok=True)
    return int(rows)
