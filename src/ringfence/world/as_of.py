"""What was there to see on a given day? A world's events up to then, as if it had been written on that day.

Only who was there, and what had happened: nothing that came later can be read off the folder, not even in the truth.
"""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ringfence.model.faults import Fault
from ringfence.model.words import Table
from ringfence.world.plan import DAYS, REMOVAL_DAY
from ringfence.world.posts import START

# Of each table: the column that says when, and those that name accounts, all of whom must be there.
WHEN_AND_WHO = {
    Table.POSTS: ("at", ("account_id",)),
    Table.TIES: ("at", ("src", "dst")),
    Table.SEARCHES: ("at", ()),
    Table.IMPRESSIONS: ("at", ("viewer_id", "shown_id")),
    Table.REPORTS: ("at", ("target", "reporter")),
}


def as_of(world: Path, day: float, folder: Path) -> Path:
    """Write what had happened in the `world` folder by the end of `day` (0 to 180) into a new `folder`; returns it.

    Accounts that open later are left out, with all that names them, and accounts removed later are active still. Reads
    and writes a part of a table at a time.
    """
    if not 0 <= day <= DAYS:
        raise Fault(f"day {day}", where="as of", mend=f"choose from 0 to {DAYS}")
    if folder.exists():
        raise Fault("the folder is there already", where=str(folder), mend="name a new folder or remove this one")
    last = moment(day)
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    (unfinished / "truth").mkdir(parents=True)
    try:
        _copy(world, unfinished, "accounts.parquet", lambda rows: _opened(rows, last, day))
        there = pq.read_table(unfinished / "accounts.parquet", columns=["account_id"])["account_id"].combine_chunks()
        for table, (at, who) in WHEN_AND_WHO.items():
            _copy(world, unfinished, f"{table}.parquet", partial(_happened, last=last, at=at, who=who, there=there))
        for file in sorted((world / "truth").glob("*.parquet")):
            _copy(world / "truth", unfinished / "truth", file.name, lambda rows: _known(rows, there))
        unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return folder


def moment(day: float) -> datetime:
    """The end of a day of the world's events, in UTC."""
    first: datetime = START.astype("datetime64[us]").astype(datetime)
    return first.replace(tzinfo=UTC) + timedelta(days=day)


def days(at: pa.ChunkedArray) -> NDArray[np.float64]:
    """Times as days after the world's first event."""
    micros = np.asarray(at.cast(pa.int64()).to_numpy()) - START.astype(np.int64)
    return np.asarray(micros / 86_400e6)


def _copy(source: Path, target: Path, name: str, kept: Callable[[pa.Table], pa.Table]) -> None:
    with pq.ParquetFile(source / name) as file:
        schema = file.schema_arrow
        with pq.ParquetWriter(target / name, schema, compression="zstd", compression_level=1) as writer:
            for group in range(file.num_row_groups):
                writer.write_table(kept(file.read_row_group(group)))


def _opened(rows: pa.Table, last: datetime, day: float) -> pa.Table:
    rows = rows.filter(pc.less_equal(rows["created_at"], pa.scalar(last, rows["created_at"].type)))
    if day >= REMOVAL_DAY:
        return rows
    status = pa.chunked_array([pa.array(["active"] * rows.num_rows, pa.string())])
    return rows.set_column(rows.schema.get_field_index("status"), rows.schema.field("status"), status)


def _happened(rows: pa.Table, last: datetime, at: str, who: tuple[str, ...], there: pa.StringArray) -> pa.Table:
    rows = rows.filter(pc.less_equal(rows[at], pa.scalar(last, rows[at].type)))
    for column in who:
        rows = rows.filter(pc.is_in(rows[column], value_set=there))
    return rows


def _known(rows: pa.Table, there: pa.StringArray) -> pa.Table:
    return rows.filter(pc.is_in(rows["account_id"], value_set=there))
