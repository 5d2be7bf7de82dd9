"""Which weights does a recommender that is trained on ties get? Two Parquet tables, of accounts and of ties."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ringfence.guard.policy import Damping
from ringfence.guard.policy_parts import HARD, STEP
from ringfence.ingest.source import quoted
from ringfence.model.faults import Fault
from ringfence.store import disk, events
from ringfence.store.workspace import Workspace

ACCOUNTS, TIES = "accounts.parquet", "ties.parquet"
FACTORS = pa.schema([("signal", pa.string()), ("factor", pa.float64())])
# Ties worth cutting that something else has found, in the workspace. They may only take weight away.
EXTRA = Path("damping") / "ties.parquet"
COLUMNS = ("src", "dst", "relation", "weight")

# An account's weight: by the signal that takes the most. A strength is a whole number of steps, whatever float32 made
# of it; this and `weights_of` reckon in the same order, so that they give the same number.
WEIGHTS = f"""
CREATE TEMP TABLE weights AS
SELECT account_id, min(least(1, greatest(0, 1 - taken)))::FLOAT AS weight
FROM (
    SELECT account_id, CASE WHEN $hard THEN 1 ELSE round(strength::DOUBLE / {STEP}) * {STEP} * factor END AS taken
    FROM flags JOIN factors USING (signal)
    WHERE until IS NULL OR until > $now
) GROUP BY account_id HAVING weight < 1
"""
# Both ends of a tie between accounts, one of a tie to an object.
DAMPED = """
SELECT src, dst, relation, min(weight)::FLOAT AS weight FROM (
    SELECT own.account_id AS src, coalesce(other.account_id, object) AS dst, relation,
           least(coalesce(source.weight, 1), coalesce(target.weight, 1)) AS weight
    FROM (
        SELECT DISTINCT src, dst, object, relation FROM ties
        WHERE src IN (FROM damped_ids) OR dst IN (FROM damped_ids)
    ) AS tie
    JOIN account_ids AS own ON own.id = tie.src
    LEFT JOIN account_ids AS other ON other.id = tie.dst
    LEFT JOIN weights AS source ON source.account_id = own.account_id
    LEFT JOIN weights AS target ON target.account_id = other.account_id
    UNION ALL
    SELECT src, dst, relation, greatest(0, weight) FROM extra WHERE weight < 1
) GROUP BY ALL
"""
DAMPED_IDS = "CREATE TEMP TABLE damped_ids AS SELECT id FROM account_ids SEMI JOIN weights USING (account_id)"
NO_EXTRA = "(SELECT '' AS src, '' AS dst, '' AS relation, 1::FLOAT AS weight WHERE false)"


@dataclass(frozen=True, slots=True)
class Damped:
    """What was written: accounts with a weight below 1, and ties that touch one or were named beside them."""

    accounts: int
    ties: int


def export(
    workspace: Workspace,
    flags: pa.Table,
    damping: Damping,
    folder: Path,
    *,
    policy_version: str,
    snapshot_version: str,
    now: datetime | None = None,
) -> Damped:
    """Write the weights of accounts and of ties into `folder`, each file whole or not at all.

    `flags` are rows of FLAGS. `accounts.parquet` has account_id and weight of all with a weight below 1, and
    `ties.parquet` src, dst, relation and weight of all ties of the store that touch one: the lesser weight of both
    ends. Both name the policy and the snapshot in their metadata. Memory is bounded by the setting store.memory_limit.
    """
    at = now or datetime.now(UTC)
    with disk.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    about = {"ringfence_policy": policy_version, "ringfence_snapshot": snapshot_version,
             "ringfence_mode": damping.mode, "ringfence_at": at.isoformat()}  # fmt: skip
    with events.connect(workspace) as connection:
        connection.register("flags", flags)
        connection.register("factors", _factors(damping))
        connection.execute(WEIGHTS, {"hard": damping.mode == HARD, "now": at})
        connection.execute(DAMPED_IDS)
        connection.execute(f"CREATE TEMP VIEW extra AS FROM {_extra(workspace)}")
        accounts = _written(connection, "FROM weights ORDER BY account_id", folder / ACCOUNTS, about)
        return Damped(accounts, _written(connection, DAMPED, folder / TIES, about))


def _factors(damping: Damping) -> pa.Table:
    rows = [{"signal": signal, "factor": factor} for signal, factor in damping.signals.items() if factor]
    return pa.Table.from_pylist(rows, FACTORS)


def _extra(workspace: Workspace) -> str:
    """SQL for FROM with the ties that something else has found. Raises Fault for a file of other columns."""
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
    return f"(SELECT {', '.join(COLUMNS)} FROM read_parquet({quoted(str(file))}))"


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
