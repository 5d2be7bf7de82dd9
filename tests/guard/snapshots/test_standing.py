"""What `ringfence status` says of the folder of snapshots."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ringfence.guard.snapshots import delta, shelf, signing
from ringfence.guard.snapshots.delta import Delta
from ringfence.guard.snapshots.flags import table
from ringfence.guard.snapshots.signing import Signer
from ringfence.guard.snapshots.snapshot import Built
from ringfence.guard.snapshots.standing import Standing, standing

Make = Callable[..., Built]
NOW = datetime(2026, 11, 2, tzinfo=UTC)


def change(base: Built) -> Delta:
    return Delta(base.version, 7, NOW, table([("cy", "account:hits", 0.5, None)]), {})


def test_nothing_published_is_no_trouble(tmp_path: Path, shelved: Path) -> None:
    assert standing(tmp_path / "none") == standing(shelved) == Standing()


def test_a_snapshot_and_its_delta_are_told(make: Make, shelved: Path, signer: Signer) -> None:
    base = make(created_at=NOW)
    shelf.publish(shelved, base, signer, NOW)
    assert standing(shelved, NOW) == Standing(base.version, NOW, "1")
    delta.write(shelved, change(base), signer)
    assert standing(shelved, NOW) == Standing(base.version, NOW, "1", 7, NOW)


@pytest.mark.parametrize(
    ("after", "trouble"),
    [
        (timedelta(hours=72, microseconds=-1), ""),
        (timedelta(hours=72), "is 72 hours old"),
        (-shelf.SKEW, ""),
        (-shelf.SKEW - timedelta(microseconds=1), "yet to come"),
    ],
)
def test_an_old_one_and_one_from_the_future_are_trouble(
    make: Make, shelved: Path, signer: Signer, after: timedelta, trouble: str
) -> None:
    shelf.publish(shelved, make(created_at=NOW), signer, NOW)
    told = standing(shelved, NOW + after).trouble
    assert len(told) == bool(trouble)
    assert all(trouble in line for line in told)


def test_what_cannot_be_believed_is_named_and_not_told_of(make: Make, shelved: Path, signer: Signer) -> None:
    base = make(created_at=NOW)
    path = shelf.publish(shelved, base, signer, NOW)
    delta.write(shelved, change(base), signing.new())
    told = standing(shelved, NOW)
    assert (told.snapshot, told.delta, told.delta_at) == (base.version, 0, None)
    assert "not trusted" in told.trouble[0]
    path.unlink()
    path.write_bytes(b"half")
    told = standing(shelved, NOW)
    assert (told.snapshot, len(told.trouble)) == ("", 1)
    assert "cut off" in told.trouble[0]
    (shelved / "current").write_bytes(b"kittiwake")
    assert "names no version" in standing(shelved, NOW).trouble[0]
