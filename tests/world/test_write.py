import hashlib
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ringfence.model.faults import Fault
from ringfence.model.schemas import EVENTS
from ringfence.model.words import Table
from ringfence.world import write as writing
from ringfence.world.plan import Kind, plan
from ringfence.world.write import write


def fingerprint(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*.parquet"))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    worlds = [write(tmp_path / name, 1_000, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2))]
    prints = [fingerprint(world.folder) for world in worlds]
    assert prints[0] == prints[1]
    assert all(prints[0][name] != prints[2][name] for name in prints[0])
    assert worlds[0].seed_accounts == worlds[1].seed_accounts


def test_events_fit_their_schemas_and_nothing_dangles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "PART", 300)
    world = write(tmp_path / "world", 1_000, 3)
    tables = {path.stem: pq.read_table(path) for path in world.folder.glob("*.parquet")}
    assert all(tables[name].schema.equals(EVENTS[Table(name)]) for name in tables)
    accounts = set(tables["accounts"]["account_id"].to_pylist())
    assert len(accounts) == tables["accounts"].num_rows == world.accounts
    ties = list(zip(tables["ties"]["src"].to_pylist(), tables["ties"]["dst"].to_pylist(), strict=True))
    assert all(src != dst and src in accounts and dst in accounts for src, dst in ties)
    posts = tables["posts"]["post_id"].to_pylist()
    assert len(set(posts)) == len(posts) == world.posts
    assert set(tables["posts"]["account_id"].to_pylist()) <= accounts


def test_the_default_world_plants_405_promoters_and_every_kind() -> None:
    who = plan(200_000, 1)
    assert (who.kind == Kind.PROMOTER).sum() == 405
    assert set(np.unique(who.kind)) == set(Kind) - {Kind.RESEARCHER}
    assert who.networks == len(who.members) > 5


def test_the_order_of_accounts_gives_nothing_away() -> None:
    who = plan(200_000, 1)
    row_of = np.empty(who.accounts)
    row_of[who.order] = np.arange(who.accounts)
    member = np.isin(who.kind, [Kind.PROMOTER, Kind.BRIDGE, Kind.BACKUP])
    assert abs(np.corrcoef(member, row_of)[0, 1]) < 0.01


@pytest.mark.parametrize("accounts", [999, 10_000_001])
def test_a_size_out_of_range_is_refused(tmp_path: Path, accounts: int) -> None:
    with pytest.raises(Fault, match="choose from"):
        write(tmp_path / "world", accounts, 1)


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "world").mkdir()
    with pytest.raises(Fault, match="is there already"):
        write(tmp_path / "world", 1_000, 1)


def test_a_world_cut_short_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "_write_truth", broken)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path / "world", 1_000, 1)
    assert list(tmp_path.iterdir()) == []
