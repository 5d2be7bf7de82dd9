"""The recorded data lands through the mappings in examples, and every row is accounted for."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from ringfence.ingest import mapping
from ringfence.ingest.reasons import Reason
from ringfence.store import events
from ringfence.store.load import load
from ringfence.store.workspace import Workspace

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the recorded data is not beside the project")


def test_of_the_election_posts_each_id_lands_once(tmp_path: Path) -> None:
    file = DATA / "elections" / "posts.parquet"
    counted = "SELECT count(*), count(post_id), count(DISTINCT post_id) FROM read_parquet(?)"
    assert duckdb.execute(counted, [str(file)]).fetchall() == [(218_971, 218_968, 194_323)]
    assert ingest(tmp_path, file, "elections.toml", "posts") == (
        194_323,
        {Reason.MISSING: 218_971 - 218_968, Reason.DUPLICATE: 218_968 - 194_323},
    )


def test_every_use_of_a_topic_lands(tmp_path: Path) -> None:
    assert ingest(tmp_path, DATA / "weibo" / "uses.parquet", "weibo.toml", "ties") == (145_496, {})


def ingest(folder: Path, file: Path, using: str, table: str) -> tuple[int, Mapping[Reason, int]]:
    workspace = Workspace.create(folder / "platform")
    done = load(workspace, [file], mapping=mapping.read(ROOT / "examples" / "mappings" / using))
    with events.connect(workspace) as connection:
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchall() == [(done.landed,)]
    return done.landed, {bad.reason: bad.rows for bad in done.files[0].quarantined}
