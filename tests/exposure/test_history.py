"""Is every measurement kept, and the right one compared with?"""

from pathlib import Path

import pytest
from tests.exposure.audits import measured

from ringfence.exposure import history
from ringfence.guard.files import signer_of
from ringfence.guard.snapshots.signing import Trusted
from ringfence.model.faults import Fault
from ringfence.store import disk
from ringfence.store.workspace import Workspace


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "platform")


def trusted(place: Workspace) -> Trusted:
    return Trusted(frozenset({signer_of(place).public}))


def test_measurements_are_kept_in_order_and_the_last_one_made_alike_is_found(place: Workspace) -> None:
    for day, leak, command in ((1, 0.1, "a"), (3, 0.3, "b"), (2, 0.2, "a")):
        one = measured(leak, at=f"2026-11-0{day}T06:00:00.000000+00:00", command=command)
        kept = history.keep(place, one, signer_of(place))
    assert [one.recipe.at[9] for one in history.every(place, trusted(place))] == ["1", "2", "3"]
    assert kept.measurement.read_bytes()
    last = history.latest(place, trusted(place), "a")
    assert last is not None
    assert last.recipe.at.startswith("2026-11-02")
    assert history.latest(place, trusted(place), "kittiwake") is None


def test_a_measurement_that_was_changed_is_no_baseline(place: Workspace) -> None:
    history.keep(place, measured(0.1, command="a"), signer_of(place))
    (file,) = (place.exposure / "history").glob("*.json")
    file.write_bytes(file.read_bytes().replace(b"0.9", b"0.1"))
    with pytest.raises(Fault, match="does not fit"):
        history.latest(place, trusted(place), "a")


def test_a_page_is_kept_beside_every_measurement_and_shows_the_days_before(place: Workspace) -> None:
    for day in (1, 2):
        kept = history.keep(place, measured(0.1, at=f"2026-11-0{day}"), signer_of(place))
    assert sorted(file.name for file in (place.exposure / "history").iterdir()) == [
        "20261101.html", "20261101.json", "20261102.html", "20261102.json",
    ]  # fmt: skip
    page = kept.page.read_bytes()
    assert page == (place.exposure / "history" / "20261102.html").read_bytes()
    assert b"2026-11-01 00:00" in page
    for file in (kept.page, kept.measurement):
        assert history.read(file.read_bytes(), trusted(place), str(file)).recipe.at == "2026-11-02"


def test_a_measurement_that_cannot_be_read_is_named_in_the_page_and_stops_nobody(place: Workspace) -> None:
    history.keep(place, measured(0.1, at="2026-11-01"), signer_of(place))
    (place.exposure / "history" / "20261101.json").write_bytes(b"{}")
    kept = history.keep(place, measured(0.1, at="2026-11-02"), signer_of(place))
    assert b"An earlier measurement: 20261101.json is no signed measurement" in kept.page.read_bytes()


def test_a_write_that_fails_leaves_what_was_there(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    history.keep(place, measured(0.1, at="2026-11-01"), signer_of(place))
    before = {file.name: file.read_bytes() for file in place.exposure.rglob("*") if file.is_file()}

    def full(_aside: Path, path: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(disk, "keep", full)
    with pytest.raises(Fault, match="No space left"):
        history.keep(place, measured(0.2, at="2026-11-02"), signer_of(place))
    assert {file.name: file.read_bytes() for file in place.exposure.rglob("*") if file.is_file()} == before
