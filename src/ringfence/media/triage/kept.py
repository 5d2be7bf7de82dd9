"""What did the last triage see? Kept so that clusters keep their names, and a decision is on what was looked at.

It is replaced at each run: media whose events the platform has dropped is forgotten here as well.
"""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ringfence.media.triage.names import Named
from ringfence.media.triage.rank import Accounts
from ringfence.media.triage.run import Triage
from ringfence.media.triage.seen import Seen
from ringfence.model.faults import Fault
from ringfence.store.disk import write_whole
from ringfence.store.workspace import Workspace

UPLOADERS = pa.schema(
    [("cluster", pa.string()), ("account_id", pa.string()), ("in_network", pa.bool_()), ("care", pa.bool_())]
)


@dataclass(frozen=True, slots=True)
class Group:
    """One cluster of the last triage: its media (rows with key, media_id, sha256, md5, pdq, quality) and uploaders.

    `care` are uploaders that a child may be. They are on a list of their own, and never on the other.
    """

    cluster: str
    media: tuple[dict[str, object], ...]
    uploaders: tuple[str, ...]
    care: tuple[str, ...]


def folder(workspace: Workspace) -> Path:
    """Where triage keeps its files."""
    return workspace.media / "triage"


def names_before(workspace: Workspace) -> Named:
    """The cluster that each code was in at the last triage; empty before the first."""
    file = folder(workspace) / "media.parquet"
    if not file.exists():
        return {}
    rows = _read(file).select(["pdq", "cluster"])
    rows = rows.filter(pc.is_valid(rows["pdq"]))
    pairs = zip(rows["pdq"].to_pylist(), rows["cluster"].to_pylist(), strict=True)
    return {bytes.fromhex(code): cluster for code, cluster in pairs}


def keep(workspace: Workspace, seen: Seen, made: Triage, ids: pa.Array, accounts: Accounts) -> None:
    """Write down every cluster, and of those on a list who uploaded them; `ids` are the accounts' by dense id."""
    name = pa.array(made.groups.name, pa.string())
    own = made.groups.of[seen.of]
    listed = np.zeros(len(made.groups), bool)
    for care in (False, True):
        listed[made.listed(care=care)] = True
    pairs = np.unique(np.stack((own, seen.account))[:, listed[own]], axis=1)
    columns = [name.take(pa.array(pairs[0])), ids.take(pa.array(pairs[1])), accounts.found[pairs[1]]]
    uploaders = pa.Table.from_arrays([*columns, pa.array(accounts.minor[pairs[1]])], schema=UPLOADERS)
    media = seen.media.append_column("cluster", name.take(pa.array(made.groups.of)))
    for table, file in ((uploaders, "uploaders.parquet"), (media, "media.parquet")):
        content = BytesIO()
        pq.write_table(table, content, compression="zstd")
        write_whole(folder(workspace) / file, content.getvalue())


def group(workspace: Workspace, cluster: str) -> Group:
    """One cluster as the last triage saw it. Raises Fault where it saw none of that name."""
    file = folder(workspace) / "media.parquet"
    if not file.exists():
        raise Fault("nothing was triaged yet", where=str(workspace.path), mend="run `ringfence media triage`")
    media = _read(file)
    media = media.filter(pc.equal(media["cluster"], cluster)).drop_columns(["cluster"])
    if not media.num_rows:
        raise Fault(
            "is no cluster of the last triage", where=cluster, mend="run `ringfence media triage`, and copy one"
        )
    uploaders = _read(folder(workspace) / "uploaders.parquet")
    uploaders = uploaders.filter(pc.equal(uploaders["cluster"], cluster))
    care = uploaders["care"]
    return Group(
        cluster,
        tuple(media.to_pylist()),
        tuple(uploaders.filter(pc.invert(care))["account_id"].to_pylist()),
        tuple(uploaders.filter(care)["account_id"].to_pylist()),
    )


def _read(file: Path) -> pa.Table:
    try:
        return pq.read_table(file)
    except (OSError, pa.ArrowException) as error:
        mend = "remove it, then run `ringfence media triage`; clusters get new names"
        raise Fault("cannot be read", where=str(file), mend=mend) from error
