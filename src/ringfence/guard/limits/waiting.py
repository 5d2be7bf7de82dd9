"""Who waits for a person? Accounts that the circuit breaker held, that people disagree on, and likely minors for care.

The lists are of the last run. An account that was limited or given back since no longer waits; see `limit_lists`.
"""

from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ringfence.guard.limits.journal import FOLDER
from ringfence.model.faults import Fault
from ringfence.store.disk import write_whole
from ringfence.store.workspace import Workspace

HELD, CARE = "held", "care"
DISPUTED, LIKELY_MINOR = "disputed", "likely_minor"
WAITING = pa.schema(
    [
        ("account_id", pa.string()),
        ("list", pa.string()),  # held or care
        ("why", pa.string()),  # the breaker's cap, disputed, or likely_minor
        ("strength", pa.float64()),
        ("network_id", pa.string()),
    ]
)


def keep(workspace: Workspace, held: pa.Table, cap: str, disputed: pa.Table, care: pa.Table) -> None:
    """Make these the lists: rows of CANDIDATES, best first."""
    parts = [(held, HELD, cap), (disputed, HELD, DISPUTED), (care, CARE, LIKELY_MINOR)]
    whole = BytesIO()
    pq.write_table(pa.concat_tables([_listed(*part) for part in parts]), whole, compression="zstd")
    write_whole(_file(workspace), whole.getvalue())


def read(workspace: Workspace) -> pa.Table:
    """Both lists, as WAITING; empty before the first run. Raises Fault for a file that cannot be read."""
    file = _file(workspace)
    if not file.exists():
        return WAITING.empty_table()
    try:
        return pq.read_table(file).cast(WAITING)
    except (pa.ArrowInvalid, ValueError, OSError) as error:
        mend = "remove it, and run `ringfence limits apply`"
        raise Fault("it cannot be read as a list of accounts", where=str(file), mend=mend) from error


def _listed(rows: pa.Table, name: str, why: str) -> pa.Table:
    columns = [
        rows["account_id"],
        *(pa.repeat(word, rows.num_rows) for word in (name, why)),
        rows["strength"],
        pc.fill_null(rows["network_id"], ""),
    ]
    return pa.Table.from_arrays(columns, schema=WAITING)


def _file(workspace: Workspace) -> Path:
    return workspace.path / FOLDER / "waiting.parquet"
