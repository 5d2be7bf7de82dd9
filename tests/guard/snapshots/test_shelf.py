"""The folder of snapshots: what is served, what can be gone back to, and what is never believed."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from ringfence.guard.snapshots import shelf, signing
from ringfence.guard.snapshots.signing import Signer, trusted_in
from ringfence.guard.snapshots.snapshot import Built
from ringfence.model.faults import Fault

Make = Callable[..., Built]


def test_the_last_two_are_kept_and_one_goes_back_and_forth(make: Make, shelved: Path, signer: Signer) -> None:
    first, second, third = (make([bird]) for bird in ("firecrest", "kittiwake", "dunlin"))
    for one in (first, second, third):
        shelf.publish(shelved, one, signer)
    assert shelf.versions(shelved) == (second.version, third.version)
    assert shelf.active(shelved, trusted_in(shelved)).version == third.version
    assert shelf.rollback(shelved, signer).version == second.version
    assert shelf.active(shelved, trusted_in(shelved)).version == second.version
    assert shelf.rollback(shelved, signer).version == third.version


def test_the_number_of_an_activation_always_rises(make: Make, shelved: Path, signer: Signer) -> None:
    built = make()
    shelf.put(shelved, built, signer)
    numbers = [shelf.activate(shelved, built.version, signer).sequence for _ in range(3)]
    assert numbers == [1, 2, 3]
    assert shelf.activation(shelved, trusted_in(shelved)).previous == ""


def test_without_one_before_there_is_no_way_back(make: Make, shelved: Path, signer: Signer) -> None:
    with pytest.raises(Fault, match="no snapshot is active"):
        shelf.rollback(shelved, signer)
    shelf.publish(shelved, make(), signer)
    with pytest.raises(Fault, match="no version to go back to"):
        shelf.rollback(shelved, signer)


def test_only_a_whole_snapshot_by_its_own_key_is_activated(make: Make, shelved: Path, signer: Signer) -> None:
    shelf.publish(shelved, make(["firecrest"]), signer)
    before = (shelved / "current").read_bytes()
    broken = shelf.put(shelved, make(["kittiwake"]), signer)
    broken.write_bytes(broken.read_bytes()[:-9])
    foreign = shelf.put(shelved, make(["dunlin"]), signing.new())
    for version in (broken.stem, foreign.stem, "0" * 16, "../secret"):
        with pytest.raises(Fault):
            shelf.activate(shelved, version, signer)
    assert (shelved / "current").read_bytes() == before


def test_a_broken_one_is_refused_and_says_the_way_back(make: Make, shelved: Path, signer: Signer) -> None:
    first, second = make(["firecrest"]), make(["kittiwake"])
    shelf.publish(shelved, first, signer)
    path = shelf.publish(shelved, second, signer)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(Fault, match=f"activate {first.version}"):
        shelf.active(shelved, trusted_in(shelved))
    shelf.activate(shelved, first.version, signer)
    assert shelf.active(shelved, trusted_in(shelved)).version == first.version


@pytest.mark.parametrize("content", [b"", b"kittiwake", b"{}", b"\xff../../etc\n"])
def test_a_current_that_names_nothing_is_refused_and_can_be_mended(
    make: Make, shelved: Path, signer: Signer, content: bytes
) -> None:
    built = make()
    shelf.publish(shelved, built, signer)
    (shelved / "current").write_bytes(content)
    with pytest.raises(Fault, match="names no version"):
        shelf.active(shelved, trusted_in(shelved))
    shelf.activate(shelved, built.version, signer)
    assert shelf.active(shelved, trusted_in(shelved)).version == built.version


def test_a_current_that_somebody_edited_is_refused(make: Make, shelved: Path, signer: Signer) -> None:
    first, second = make(["firecrest"]), make(["kittiwake"])
    shelf.publish(shelved, first, signer)
    shelf.publish(shelved, second, signer)
    said = (shelved / "current").read_bytes()
    (shelved / "current").write_bytes(said.replace(second.version.encode(), first.version.encode(), 1))
    with pytest.raises(Fault, match="signature does not fit"):
        shelf.active(shelved, trusted_in(shelved))
    forged = msgspec.json.decode(said)
    other = signing.new()
    forged["key"] = msgspec.to_builtins(other.public)
    (shelved / "current").write_bytes(msgspec.json.encode(forged))
    with pytest.raises(Fault, match="not trusted"):
        shelf.active(shelved, trusted_in(shelved))


def test_a_current_that_cannot_be_read_is_a_fault(shelved: Path) -> None:
    (shelved / "current").mkdir()
    with pytest.raises(Fault, match="could not be read"):
        shelf.active(shelved, trusted_in(shelved))


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_a_write_that_fails_leaves_what_was_served(
    make: Make, shelved: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    served = make(["firecrest"])
    shelf.publish(shelved, served, signer)
    before = sorted(path.name for path in shelved.iterdir())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(step, full)
        with pytest.raises(Fault, match="No space left"):
            shelf.publish(shelved, make(["kittiwake"]), signer)
        with pytest.raises(Fault, match="No space left"):
            shelf.activate(shelved, served.version, signer)
    assert sorted(path.name for path in shelved.iterdir()) == before
    assert shelf.active(shelved, trusted_in(shelved)).version == served.version


def test_what_is_put_there_is_not_served_before_it_is_activated(make: Make, shelved: Path, signer: Signer) -> None:
    first = make(["firecrest"])
    shelf.publish(shelved, first, signer, datetime.now(UTC))
    shelf.put(shelved, make(["kittiwake"]), signer)
    assert shelf.active(shelved, trusted_in(shelved)).version == first.version
