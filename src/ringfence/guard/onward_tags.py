"""Which hashtags lead to members whom no flag stands for? Kept in the workspace until an end.

Their users are members that are held back or only likely, or people around whom members stand. What measures exposure
writes it; publish reads it, and takes the greater of this share and that of the tag's flagged users.
"""

from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ringfence.model.faults import Fault
from ringfence.model.schemas import TIME
from ringfence.store import disk
from ringfence.store.workspace import Workspace

FILE = Path("exposure") / "tags.parquet"
COLUMNS = pa.schema([("tag", pa.string()), ("share", pa.float64()), ("until", TIME)])
MEND = "run `ringfence exposure feed` again, or remove it"


def write(workspace: Workspace, tags: Mapping[str, float], until: datetime) -> None:
    """Keep shares (above 0, up to 1) of tags in their plain form, in place of those before, whole or not at all."""
    rows = [{"tag": tag, "share": tags[tag], "until": until} for tag in sorted(tags)]
    content = BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, COLUMNS), content)
    disk.write_whole(workspace.path / FILE, content.getvalue())


def read(workspace: Workspace, now: datetime) -> dict[str, float]:
    """The shares that have not ended; none where nothing was ever written.

    Raises Fault for a file that is not whole: a snapshot without what it held would show what is held back now.
    """
    file = workspace.path / FILE
    try:
        rows = pq.read_table(file, schema=COLUMNS).to_pylist()
    except FileNotFoundError:
        return {}
    except (pa.ArrowException, OSError) as error:
        raise Fault("cannot be read as tags and their shares", where=str(file), mend=MEND) from error
    for row in rows:
        if row["tag"] is None or row["until"] is None or not 0 < (row["share"] or 0) <= 1:
            raise Fault(f"says of tag {row['tag']!r} share {row['share']}", where=str(file), mend=MEND)
    return {row["tag"]: row["share"] for row in rows if row["until"] > now}
