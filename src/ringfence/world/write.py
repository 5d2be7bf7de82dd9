"""How is the generated platform put on disk? As event tables, a part at a time, with the truth in a folder of its own.

Nothing but evaluation may read `truth/`.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ringfence.model.faults import Fault
from ringfence.model.schemas import EVENTS
from ringfence.model.words import Table
from ringfence.world import people, traffic
from ringfence.world.adversary import NONE, Adversary
from ringfence.world.follows import tied, ties
from ringfence.world.plan import LARGEST, MEMBERS, SMALLEST, Kind, Plan, generator, plan
from ringfence.world.posts import START, Pools, pools, posts, seed_terms
from ringfence.world.text import post_columns

PART = 200_000  # accounts a part; bounds the memory, whatever the size of the platform
SEED_ACCOUNTS = 5

TRUTH = pa.schema([("account_id", pa.string()), ("kind", pa.string()), ("network", pa.int16()), ("child", pa.bool_())])
REPLACED = pa.schema([("account_id", pa.string()), ("stands_in_for", pa.string())])


@dataclass(frozen=True, slots=True)
class World:
    """What was written, and the seeds an analyst would have."""

    folder: Path
    accounts: int
    posts: int
    ties: int
    planted_members: int
    seed_terms: tuple[str, ...]
    seed_accounts: tuple[str, ...]
    seed: int
    adversary: Adversary


def write(
    folder: Path,
    accounts: int,
    seed: int,
    progress: Callable[[float], None] = lambda _: None,
    adversary: Adversary = NONE,
) -> World:
    """Write a platform of `accounts` accounts into a new `folder`; the same arguments give the same bytes.

    `adversary` says how members hide. `progress` is told the share that is done. A folder that is there already is
    refused, and a part-written one is removed on failure.
    """
    if not SMALLEST <= accounts <= LARGEST:
        raise Fault(
            f"a world of {accounts:,} accounts", where="--accounts", mend=f"choose from {SMALLEST:,} to {LARGEST:,}"
        )
    if folder.exists():
        raise Fault("the folder is there already", where=str(folder), mend="name a new folder or remove this one")
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        world = _write(unfinished, folder, plan(accounts, seed, adversary), progress)
        unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return world


def _write(folder: Path, final: Path, who: Plan, progress: Callable[[float], None]) -> World:
    (folder / "truth").mkdir(parents=True)
    row_of = row_of_places(who)
    pool = pools(who)
    written = dict.fromkeys(Table, 0)
    with _Writers(folder) as writers:
        parts = range(0, who.accounts, PART)
        for part, first in enumerate(parts):
            places = who.order[first : first + PART]
            for table, rows in _part(who, pool, places, row_of, part):
                writers.add(table, rows)
                written[table] += rows.num_rows
            progress((part + 1) / len(parts))
    _write_truth(folder / "truth" / "accounts.parquet", who, row_of)
    if who.adversary.regrowth:
        _write_replaced(folder / "truth" / "replaced.parquet", who, row_of)
    return World(
        folder=final,
        accounts=who.accounts,
        posts=written[Table.POSTS],
        ties=written[Table.TIES],
        planted_members=int(np.isin(who.kind, MEMBERS).sum()),
        seed_terms=tuple(seed_terms(who)),
        seed_accounts=tuple(account_ids(row_of[_seed_places(who)]).to_pylist()),
        seed=who.seed,
        adversary=who.adversary,
    )


def row_of_places(who: Plan) -> NDArray[np.int64]:
    """The row of the accounts table that each place is in."""
    row_of = np.empty(who.accounts, dtype=np.int64)
    row_of[who.order] = np.arange(who.accounts)
    return row_of


def _seed_places(who: Plan) -> NDArray[np.int64]:
    """Five promoters that reports led to, from anywhere in the networks but the isolated ones."""
    active = np.flatnonzero((who.kind == Kind.PROMOTER) & ~who.child)
    active = active[~who.isolated[who.network[active]]]
    return generator(who.seed, "seeds").choice(active, size=SEED_ACCOUNTS, replace=False)


def account_ids(rows: NDArray[np.int64]) -> pa.StringArray:
    """The id of each row of the accounts table: `a` and eight digits."""
    return pc.binary_join_element_wise("a", pc.utf8_lpad(pc.cast(pa.array(rows), pa.string()), 8, "0"), "")


def times(days: NDArray[np.float64]) -> pa.Array:
    """Days after the first event as UTC microseconds."""
    micros = START.astype("datetime64[us]").astype(np.int64) + (days * 86_400e6).astype(np.int64)
    return pa.array(micros).cast(pa.timestamp("us", tz="UTC"))


def _part(
    who: Plan, pool: Pools, places: NDArray[np.int64], row_of: NDArray[np.int64], part: int
) -> Iterator[tuple[Table, pa.Table]]:
    rng = generator(who.seed, "times", part)
    yield (
        Table.ACCOUNTS,
        people.accounts(who, places, account_ids(row_of[places]), times(who.created[places].astype(float)), part),
    )

    own = ties(who, places, part)
    at = tied(who, own, rng)
    order = np.argsort(row_of[own.src], kind="stable")
    relation = pa.DictionaryArray.from_arrays(own.replies[order].astype(np.int8), pa.array(["follows", "replies"]))
    yield (
        Table.TIES,
        _rows(
            Table.TIES,
            account_ids(row_of[own.src[order]]),
            account_ids(row_of[own.dst[order]]),
            relation.cast(pa.string()),
            times(at[order]),
            pa.nulls(len(order), pa.float64()),
        ),
    )

    said = posts(who, pool, places, part)
    numbers = (part << 32) + np.arange(len(said.author))
    post_ids = pc.binary_join_element_wise("p", pc.cast(pa.array(numbers), pa.string()), "")
    authors = account_ids(row_of[said.author])
    yield Table.POSTS, _rows(Table.POSTS, post_ids, authors, times(said.day), *post_columns(who, pool, said, part))

    yield Table.SEARCHES, _rows(Table.SEARCHES, *traffic.searches(who, pool, len(places), part, times))
    viewers, shown, columns = traffic.impressions(who, own, part, times)
    day, surface, position = columns
    yield (
        Table.IMPRESSIONS,
        _rows(Table.IMPRESSIONS, day, surface, account_ids(row_of[viewers]), account_ids(row_of[shown]), position),
    )
    targets, reporters, columns = traffic.reports(who, places, part, times)
    ids, reason, day = columns
    yield (
        Table.REPORTS,
        _rows(Table.REPORTS, ids, account_ids(row_of[targets]), reason, day, account_ids(row_of[reporters])),
    )


def _rows(table: Table, *columns: pa.Array) -> pa.Table:
    return pa.Table.from_arrays(list(columns), schema=EVENTS[table])


class _Writers:
    """One open Parquet file a table, closed together."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[Table, pq.ParquetWriter] = {}

    def __enter__(self) -> Self:
        return self

    def add(self, table: Table, rows: pa.Table) -> None:
        if table not in self._open:
            path = self._folder / f"{table}.parquet"
            self._open[table] = pq.ParquetWriter(path, EVENTS[table], compression="zstd", compression_level=1)
        self._open[table].write_table(rows)

    def __exit__(self, *_: object) -> None:
        for writer in self._open.values():
            writer.close()


def _write_truth(path: Path, who: Plan, row_of: NDArray[np.int64]) -> None:
    planted = np.flatnonzero(who.kind != Kind.ORDINARY)
    planted = planted[np.argsort(row_of[planted])]
    names = pa.array([kind.name.lower() for kind in Kind])
    table = pa.Table.from_arrays(
        [
            account_ids(row_of[planted]),
            names.take(pa.array(who.kind[planted])),
            pa.array(who.network[planted], mask=who.network[planted] < 0),
            pa.array(who.child[planted]),
        ],
        schema=TRUTH,
    )
    pq.write_table(table, path)


def _write_replaced(path: Path, who: Plan, row_of: NDArray[np.int64]) -> None:
    backups = np.flatnonzero(who.replaced >= 0)
    backups = backups[np.argsort(row_of[backups])]
    columns = [account_ids(row_of[backups]), account_ids(row_of[who.replaced[backups]])]
    pq.write_table(pa.Table.from_arrays(columns, schema=REPLACED), path)
