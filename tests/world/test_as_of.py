"""Does a world as of a day show all that had happened, and nothing of what had not?"""

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from ringfence.model.faults import Fault
from ringfence.model.schemas import EVENTS
from ringfence.model.words import Table
from ringfence.store.load import load
from ringfence.store.workspace import Workspace
from ringfence.world import as_of as views
from ringfence.world import write as writing
from ringfence.world.adversary import Adversary
from ringfence.world.as_of import WHEN_AND_WHO, as_of, days, moment
from ringfence.world.write import World, write


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "PART", 900)
        return write(tmp_path_factory.mktemp("days") / "world", 2_000, 6, adversary=Adversary(regrowth=0.5))


@pytest.mark.parametrize("day", [0, 60, 120, 133.5, 179])
def test_nothing_later_is_shown_and_nothing_earlier_is_lost(world: World, tmp_path: Path, day: float) -> None:
    view = as_of(world.folder, day, tmp_path / "view")
    opened = pq.read_table(world.folder / "accounts.parquet")
    opened = opened.filter(pc.less_equal(opened["created_at"], moment(day)))["account_id"].combine_chunks()
    assert pq.read_table(view / "accounts.parquet")["account_id"].combine_chunks().equals(opened)
    for table, (at, who) in WHEN_AND_WHO.items():
        shown, whole = (pq.read_table(folder / f"{table}.parquet") for folder in (view, world.folder))
        assert shown.schema.equals(EVENTS[table])
        assert not shown.num_rows or days(shown[at]).max() <= day
        expected = days(whole[at]) <= day
        for column in who:
            assert pc.all(pc.is_in(shown[column], value_set=opened)).as_py() is not False
            expected &= np.asarray(pc.is_in(whole[column], value_set=opened))
        assert shown.num_rows == expected.sum()
    for name in ("accounts", "replaced"):
        known = pq.read_table(view / "truth" / f"{name}.parquet")["account_id"]
        assert not len(known) or pc.all(pc.is_in(known, value_set=opened)).as_py()


def test_a_removal_is_seen_from_its_day_on_and_back_ups_after_it(world: World, tmp_path: Path) -> None:
    removed, backups = [], []
    for day in (119, 120, 151.5):
        view = as_of(world.folder, day, tmp_path / str(day))
        removed.append(pc.sum(pc.equal(pq.read_table(view / "accounts.parquet")["status"], "removed")).as_py())
        backups.append(pq.read_table(view / "truth" / "replaced.parquet").num_rows)
    assert removed[0] == backups[0] == backups[1] == 0
    assert removed[1] == removed[2] == backups[2] > 0


def test_the_last_day_is_the_world_but_for_what_happened_before_an_account_opened(world: World, tmp_path: Path) -> None:
    view = as_of(world.folder, 180, tmp_path / "view")
    for table in (Table.ACCOUNTS, Table.POSTS, Table.TIES, Table.REPORTS):
        shown, whole = (pq.read_table(folder / f"{table}.parquet") for folder in (view, world.folder))
        assert shown.equals(whole)


def test_a_view_can_be_ingested(world: World, tmp_path: Path) -> None:
    load(Workspace.create(tmp_path / "workspace"), [as_of(world.folder, 40, tmp_path / "view")])


@pytest.mark.parametrize("day", [-1, 181, float("nan")])
def test_a_day_that_is_none_is_one_line(world: World, tmp_path: Path, day: float) -> None:
    with pytest.raises(Fault, match="choose from 0 to 180"):
        as_of(world.folder, day, tmp_path / "view")


def test_a_folder_that_is_there_is_left_alone_and_a_view_cut_short_leaves_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(Fault, match="is there already"):
        as_of(world.folder, 10, tmp_path)
    monkeypatch.setattr(views, "_happened", broken)
    with pytest.raises(OSError, match="No space"):
        as_of(world.folder, 10, tmp_path / "view")
    assert list(tmp_path.iterdir()) == []
