"""Which accounts has a person vetted as seeds? A small table in the workspace, with who said so and when."""

from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ringfence.model.faults import Fault
from ringfence.model.schemas import TIME
from ringfence.model.words import Opinion
from ringfence.store import audit
from ringfence.store.disk import write_whole
from ringfence.store.workspace import Workspace

VETTED = pa.schema([("account_id", pa.string()), ("opinion", pa.string()), ("source", pa.string()), ("at", TIME)])


def read(workspace: Workspace) -> pa.Table:
    """Every seed, oldest first; empty when there is none yet."""
    file = workspace.seeds_file
    if not file.exists():
        return VETTED.empty_table()
    try:
        return pq.read_table(file, schema=VETTED)
    except (pa.ArrowInvalid, OSError) as error:
        raise Fault(
            "it cannot be read as seeds", where=str(file), mend="restore it from a copy, or remove it"
        ) from error


def positive(workspace: Workspace) -> list[str]:
    """The account ids that discovery may start from."""
    table = read(workspace)
    return list(table.filter(pc.equal(table["opinion"], str(Opinion.POSITIVE)))["account_id"].to_pylist())


def add(workspace: Workspace, account_ids: Sequence[str], opinion: Opinion, source: str) -> int:
    """Put seeds on the list; one that is there already takes the new opinion. Returns how many there are now."""
    now = datetime.now(UTC)
    rows = [{"account_id": one, "opinion": str(opinion), "source": source, "at": now} for one in account_ids]
    kept = _without(read(workspace), account_ids)
    return _write(workspace, pa.concat_tables([kept, pa.Table.from_pylist(rows, VETTED)]), f"add {len(rows)}")


def retract(workspace: Workspace, account_ids: Sequence[str]) -> int:
    """Take seeds off the list; a Fault names one that is not on it. Returns how many are left."""
    table = read(workspace)
    if missing := sorted(set(account_ids) - set(table["account_id"].to_pylist())):
        raise Fault(f"{missing[0]!r} is no seed", where=str(workspace.seeds_file), mend="see `ringfence seeds list`")
    return _write(workspace, _without(table, account_ids), f"retract {len(account_ids)}")


def _without(table: pa.Table, account_ids: Sequence[str]) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table["account_id"], pa.array(account_ids, pa.string()))))


def _write(workspace: Workspace, table: pa.Table, act: str) -> int:
    audit.record(workspace, audit.Action.SEEDS_CHANGED, act)
    whole = BytesIO()
    pq.write_table(table, whole)
    write_whole(workspace.seeds_file, whole.getvalue())
    return int(table.num_rows)
