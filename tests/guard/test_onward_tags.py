from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ringfence.guard.onward_tags import COLUMNS, FILE, read, write
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace

NOW = datetime(2026, 11, 2, tzinfo=UTC)
LATER = NOW + timedelta(30)


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "workspace")


def test_what_is_written_is_read_until_its_end(place: Workspace) -> None:
    assert read(place, NOW) == {}
    write(place, {"wood": 0.5, "lake": 0.75}, LATER)
    assert read(place, NOW) == {"lake": 0.75, "wood": 0.5}
    assert read(place, LATER - timedelta(microseconds=1)) != {}
    assert read(place, LATER) == {}
    before = (place.path / FILE).read_bytes()
    write(place, {"lake": 0.75, "wood": 0.5}, LATER)
    assert (place.path / FILE).read_bytes() == before
    write(place, {}, LATER)
    assert read(place, NOW) == {}


@pytest.mark.parametrize(
    ("tag", "share", "until"),
    [("lake", 0.0, LATER), ("lake", 1.5, LATER), ("lake", float("nan"), LATER), ("lake", None, LATER),
     (None, 0.5, LATER), ("lake", 0.5, None)],
)  # fmt: skip
def test_what_says_nothing_of_a_tag_is_a_fault(
    place: Workspace, tag: str | None, share: float | None, until: datetime | None
) -> None:
    (place.path / FILE).parent.mkdir()
    pq.write_table(pa.Table.from_pylist([{"tag": tag, "share": share, "until": until}], COLUMNS), place.path / FILE)
    with pytest.raises(Fault, match="says of tag"):
        read(place, NOW)


def test_a_file_that_is_not_whole_is_one_line(place: Workspace) -> None:
    write(place, {"lake": 0.75}, LATER)
    whole = (place.path / FILE).read_bytes()
    for damaged in (b"", b"no", whole[:-1], whole[:20] + bytes(40) + whole[60:]):
        (place.path / FILE).write_bytes(damaged)
        with pytest.raises(Fault, match=r"tags.parquet: cannot be read") as told:
            read(place, NOW)
        assert "\n" not in str(told.value)
    pq.write_table(pa.table({"word": ["lake"]}), place.path / FILE)
    with pytest.raises(Fault, match="says of tag"):
        read(place, NOW)
