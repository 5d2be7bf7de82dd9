"""Full disks, killed builds and damaged files: the old segment serves, or a person is told."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from ringfence.media.index import coded, segment
from ringfence.media.index.live import MediaIndex
from ringfence.media.index.matches import Batch
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind

COUNT = 300


def batches(seed: int) -> list[Batch]:
    rng, sizes = np.random.default_rng(seed), {HashKind.PDQ: 32, HashKind.MD5: 16, HashKind.SHA1: 20}
    values = {kind: rng.integers(0, 256, (COUNT, size), dtype=np.uint8) for kind, size in sizes.items()}
    values[HashKind.PDQ][-1] = values[HashKind.PDQ][0]
    return [Batch(kind, value, np.arange(COUNT) + 1_000 * at) for at, (kind, value) in enumerate(values.items())]


def answers(index: MediaIndex, seed: int) -> tuple[int, int, int]:
    pdq, md5, sha1 = batches(seed)
    found = index.search(pdq.values.view(np.uint64))
    return len(found), len(index.exact(HashKind.MD5, md5.values)), len(index.exact(HashKind.SHA1, sha1.values))


ALL = (COUNT + 2, COUNT, COUNT)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of a segment with tables, up to change 5."""
    monkeypatch.setattr(coded, "FEW", 0)
    monkeypatch.setattr(coded, "ONE_BY_ONE", 1e12)
    MediaIndex.open(tmp_path / "index").rebuild(5, batches(1))
    return tmp_path / "index"


def the_segment(folder: Path) -> Path:
    found = segment.newest(folder)
    assert found is not None
    return found


def test_what_was_built_is_what_is_opened(folder: Path) -> None:
    index = MediaIndex.open(folder)
    index.verify()
    assert (index.upto, answers(index, 1), answers(index, 2)) == (5, ALL, (0, 0, 0))
    assert (folder / "segment-00000001" / "starts.npy").exists()


def test_no_folder_is_an_empty_index(tmp_path: Path) -> None:
    index = MediaIndex.open(tmp_path / "none")
    index.verify()
    assert (index.upto, answers(index, 1)) == (0, (0, 0, 0))


def test_the_newest_serves_the_one_before_stays_and_readers_keep_what_they_have(folder: Path) -> None:
    first = MediaIndex.open(folder)
    for upto in (6, 7, 8):
        MediaIndex.open(folder).rebuild(upto, batches(upto))
    assert sorted(path.name for path in folder.glob("*segment*")) == ["segment-00000003", "segment-00000004"]
    assert answers(first, 1) == ALL
    assert answers(MediaIndex.open(folder), 8) == ALL


def test_a_damaged_file_is_told_and_an_older_segment_is_not_served_instead(folder: Path) -> None:
    MediaIndex.open(folder).rebuild(6, batches(2))
    for path in sorted(the_segment(folder).iterdir()):
        whole = path.read_bytes()
        for damage in (b"", whole[:-1], whole + b"\0", whole[: len(whole) // 2]):
            path.write_bytes(damage)
            with pytest.raises(Fault, match=r"is damaged; build the index again") as told:
                MediaIndex.open(folder)
            assert str(path) in str(told.value)
        path.write_bytes(whole)
    assert answers(MediaIndex.open(folder), 2) == ALL


def test_any_flipped_bit_is_found_when_all_is_verified(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "SMALL", 0)  # as of large files, which are not read in full when opened
    rng = np.random.default_rng(2)
    index = MediaIndex.open(folder)
    for path in sorted(the_segment(folder).iterdir()):
        whole = path.read_bytes()
        for place in [8, *rng.integers(0, len(whole), 12)]:
            flipped = bytearray(whole)
            flipped[place] ^= 1 << int(rng.integers(0, 8))
            path.write_bytes(flipped)
            with pytest.raises(Fault, match=r"is damaged|another version"):
                index.verify()
        path.write_bytes(whole)
    index.verify()


def test_small_files_are_checked_in_full_when_opened(folder: Path) -> None:
    path = the_segment(folder) / "starts.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(Fault, match=r"starts\.npy: is damaged"):
        MediaIndex.open(folder)


def test_what_would_lead_a_search_astray_is_refused_or_harmless(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of files too large to be checked when opened, no bytes make a search read what is not its own."""
    monkeypatch.setattr(segment, "SMALL", 0)
    rng = np.random.default_rng(4)
    for name in ("beside", "low", "high", "codes"):
        path = the_segment(folder) / f"{name}.npy"
        whole = path.read_bytes()
        path.write_bytes(whole[:128] + rng.bytes(len(whole) - 128))
        answers(MediaIndex.open(folder), 1)
        path.write_bytes(whole)
    path = the_segment(folder) / "starts.npy"
    whole = path.read_bytes()
    path.write_bytes(whole[:128] + rng.bytes(len(whole) - 128))
    with pytest.raises(Fault, match="is damaged"):
        MediaIndex.open(folder)


def rewritten(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        path = the_segment(folder) / segment.MANIFEST
        fields = json.loads(path.read_bytes())
        change(fields)
        path.write_bytes(segment._signed(msgspec.convert(fields, segment.Manifest)))

    return act


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (rewritten(lambda fields: fields.update(format="another")), "another version"),
        (rewritten(lambda fields: fields["arrays"].pop("codes")), "is damaged"),
        (rewritten(lambda fields: fields["arrays"].pop("high")), "is damaged"),
        (rewritten(lambda fields: fields["arrays"].update(low=fields["arrays"]["first"])), "is damaged"),
        (lambda folder: (the_segment(folder) / segment.MANIFEST).write_text("{}"), "is damaged"),
        (lambda folder: (the_segment(folder) / segment.MANIFEST).write_text("[1"), "is damaged"),
        (lambda folder: (the_segment(folder) / segment.MANIFEST).unlink(), "is damaged"),
        (lambda folder: (the_segment(folder) / "low.npy").unlink(), "is damaged"),
    ],
)  # fmt: skip
def test_a_manifest_that_is_not_of_these_files_is_told(folder: Path, act: Callable[[Path], None], told: str) -> None:
    act(folder)
    with pytest.raises(Fault, match=told):
        MediaIndex.open(folder)


def test_a_segment_of_other_files_is_told(folder: Path, tmp_path: Path) -> None:
    other = MediaIndex.open(tmp_path / "other").rebuild(9, batches(1)[:1])
    assert other.upto == 9
    shutil.copy(the_segment(tmp_path / "other") / segment.MANIFEST, the_segment(folder) / segment.MANIFEST)
    with pytest.raises(Fault, match="is damaged"):
        MediaIndex.open(folder)


class Full:
    """Lets so many writes and syncs through; after them the disk is full."""

    def __init__(self, left: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = left
        for of, name in ((segment._Summed, "write"), (os, "fsync"), (os, "mkdir"), (os, "rename"), (os, "replace")):
            monkeypatch.setattr(of, name, self._counted(getattr(of, name)))

    def _counted(self, done: Callable[..., Any]) -> Callable[..., Any]:
        def act(*given: Any, **named: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return done(*given, **named)

        return act


def tried(build: Callable[[], MediaIndex]) -> tuple[MediaIndex | None, str]:
    try:
        return build(), ""
    except Fault as fault:
        return None, str(fault)


def test_wherever_the_disk_is_full_one_line_says_so_and_the_old_segment_serves(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, left, told = MediaIndex.open(folder), 0, 0
    while True:
        with monkeypatch.context() as patch:
            Full(left, patch)
            new, fault = tried(lambda: index.rebuild(6, batches(2)))
        if new is not None:
            break
        assert "No space left on device" in fault
        assert "\n" not in fault
        told += 1
        opened = MediaIndex.open(folder)
        # The very last sync comes after the rename: then the new one is whole, and may serve.
        seed = 1 if opened.upto == 5 else 2
        assert answers(opened, seed) == ALL == answers(index, 1)
        assert not list(folder.glob(".segment-*"))
        left += 1
    assert told > 30
    assert answers(new, 2) == ALL == answers(MediaIndex.open(folder), 2)


def test_wherever_a_build_is_killed_the_old_segment_serves_or_the_new_one_does(tmp_path: Path) -> None:
    command = [sys.executable, str(Path(__file__).with_name("killed.py")), str(tmp_path / "index")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = done.stdout.split()
    assert len(found) > 40
    assert set(found) == {"1", "2"}
    assert found[-1] == "2"
    assert found.count("1") > 30


def test_two_builds_at_once_are_refused(folder: Path) -> None:
    with segment.building(folder), pytest.raises(Fault, match="is being built by another process"):
        MediaIndex.open(folder).rebuild(6, batches(2))
    MediaIndex.open(folder).rebuild(6, batches(2))


def test_what_a_killed_build_left_is_removed_by_the_next(folder: Path) -> None:
    left = folder / ".segment-00000002"
    left.mkdir()
    (left / "codes.npy").write_bytes(b"half")
    assert MediaIndex.open(folder).rebuild(6, batches(2)).upto == 6
    assert not left.exists()
