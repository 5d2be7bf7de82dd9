"""A file of sections is whole and signed, or it is refused: whichever bit changed, wherever it ends."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringfence.guard.snapshots import container, signing
from ringfence.guard.snapshots.signing import Trusted
from ringfence.model.faults import Fault

SIGNER = signing.new()
TRUSTED = Trusted(frozenset({SIGNER.public}))
SECTIONS = {"first": b"kittiwake", "empty": b"", "last": bytes(range(256))}


def written(path: Path) -> Path:
    container.write(path, "nest", {"eggs": 4}, SECTIONS, SIGNER)
    return path


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    held = container.read(written(tmp_path / "a"), "nest", TRUSTED)
    assert {name: bytes(view) for name, view in held.sections.items()} == SECTIONS
    assert held.meta == {"eggs": 4}
    assert held.size == (tmp_path / "a").stat().st_size


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(max_size=20), st.binary(max_size=300), max_size=30))
def test_any_sections_come_back_aligned(tmp_path: Path, sections: dict[str, bytes]) -> None:
    path = tmp_path / "any"
    container.write(path, "nest", {}, sections, SIGNER)
    held = container.read(path, "nest", TRUSTED)
    assert {name: bytes(view) for name, view in held.sections.items()} == sections


def test_every_changed_byte_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a")
    whole = path.read_bytes()
    held = container.read(path, "nest", TRUSTED)
    padding = len(whole) - sum(map(len, SECTIONS.values()))
    slipped = 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x40]) + whole[place + 1 :])
        try:
            read = container.read(path, "nest", TRUSTED)
        except Fault:
            continue
        # Only the zeros between two sections are nobody's content; nothing that is read may differ.
        assert {name: bytes(view) for name, view in read.sections.items()} == SECTIONS
        assert read.meta == held.meta
        slipped += 1
    assert slipped < padding


def test_every_cut_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a")
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(Fault):
            container.read(path, "nest", TRUSTED)
    path.write_bytes(whole + b"\0")
    with pytest.raises(Fault, match="bytes long"):
        container.read(path, "nest", TRUSTED)


def test_a_file_by_another_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    container.write(path, "nest", {}, SECTIONS, signing.new())
    with pytest.raises(Fault, match="not trusted here"):
        container.read(path, "nest", TRUSTED)


def test_an_unsigned_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a")
    whole = bytearray(path.read_bytes())
    whole[16 : 16 + signing.KEY_BYTES + signing.SIGNATURE_BYTES] = bytes(signing.KEY_BYTES + signing.SIGNATURE_BYTES)
    path.write_bytes(whole)
    with pytest.raises(Fault, match="it is not signed"):
        container.read(path, "nest", TRUSTED)


def test_nothing_is_believed_without_a_trusted_key(tmp_path: Path) -> None:
    with pytest.raises(Fault):
        container.read(written(tmp_path / "a"), "nest", Trusted(frozenset()))


def test_the_signature_of_one_file_does_not_fit_another(tmp_path: Path) -> None:
    container.write(tmp_path / "b", "nest", {"eggs": 5}, SECTIONS, SIGNER)
    other = (tmp_path / "b").read_bytes()
    path = written(tmp_path / "a")
    whole = bytearray(path.read_bytes())
    whole[48:112] = other[48:112]
    path.write_bytes(whole)
    with pytest.raises(Fault, match="signature does not fit"):
        container.read(path, "nest", TRUSTED)


def test_a_file_of_another_kind_or_format_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a")
    with pytest.raises(Fault, match="it is a nest, not a burrow"):
        container.read(path, "burrow", TRUSTED)
    whole = bytearray(path.read_bytes())
    whole[8] = 9
    path.write_bytes(whole)
    with pytest.raises(Fault, match="its format is 9"):
        container.read(path, "nest", TRUSTED)


@pytest.mark.parametrize("content", [b"", b"x", bytes(5000), b"ringsnap" + bytes(200)])
def test_what_is_no_such_file_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(Fault) as caught:
        container.read(path, "nest", TRUSTED)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="could not be read"):
        container.read(tmp_path / "none", "nest", TRUSTED)


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    path = written(tmp_path / "a")
    before = path.read_bytes()
    target: tuple[object, str, Callable[..., None]] = (
        (os, "fsync", _full) if broken == "fsync" else (Path, "replace", _full)
    )
    monkeypatch.setattr(*target)
    with pytest.raises(Fault, match="No space left"):
        container.write(path, "nest", {"eggs": 9}, SECTIONS, SIGNER)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["a"]
