import os
from pathlib import Path

import pytest
from tests.guard.limits.parts import THEN, names, policy, scored
from tests.processes import PROCESSES

from ringfence.guard.limits import journal, waiting
from ringfence.guard.limits.automatic import apply, in_force
from ringfence.guard.limits.reviews import lift
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace


def test_a_killed_writer_loses_nothing_and_applies_no_half_batch(place: Workspace) -> None:
    apply(place, scored({"a01": 0.99}), policy(), THEN)
    file = journal.file(place)
    first = file.read_bytes()
    apply(place, scored({"a02": 0.99, "a03": 0.99}), policy(), THEN)
    whole = file.read_bytes()
    for cut in range(len(first), len(whole)):
        file.write_bytes(whole[:cut])
        assert journal.read(place).end == len(first)
    for cut in (len(first) + 1, len(whole) - 1):
        file.write_bytes(whole[:cut])
        assert names(in_force(place, THEN)) == ["a01"]
        apply(place, scored({"a02": 0.99, "a03": 0.99}), policy(), THEN)
        assert file.read_bytes() == whole  # mended, and the same again


def _killed_while_writing(path: Path, bytes_written: int) -> None:
    written = os.write

    def write(handle: int, data: bytes | memoryview) -> int:
        part = memoryview(data)[:bytes_written]
        written(handle, part)
        os.kill(os.getpid(), 9)
        return len(part)

    os.write = write  # type: ignore[assignment]
    apply(Workspace.open(path), scored({"a02": 0.99, "a03": 0.99}), policy(), THEN)


@pytest.mark.usefixtures("importable")
@pytest.mark.parametrize("bytes_written", [0, 40, 10**6])
def test_kill_9_while_a_batch_is_written(place: Workspace, bytes_written: int) -> None:
    apply(place, scored({"a01": 0.99}), policy(), THEN)
    worker = PROCESSES.Process(target=_killed_while_writing, args=(place.path, bytes_written))
    worker.start()
    worker.join(60)
    assert worker.exitcode == -9
    expected = ["a01", "a02", "a03"] if bytes_written == 10**6 else ["a01"]
    assert names(in_force(place, THEN)) == expected
    apply(place, scored({"a02": 0.99, "a03": 0.99}), policy(), THEN)
    assert names(in_force(place, THEN)) == ["a01", "a02", "a03"]


@pytest.mark.parametrize("step", ["os.write", "os.fsync", "os.ftruncate"])
def test_a_full_disk_leaves_the_journal_as_it_was(place: Workspace, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    apply(place, scored({"a01": 0.99}), policy(), THEN)
    file = journal.file(place)
    before, done = file.read_bytes(), getattr(os, step.removeprefix("os."))
    calls: list[int] = []

    def full(handle: int, *rest: bytes | int) -> int:
        if os.path.samestat(os.fstat(handle), file.stat()):
            calls.append(handle)
            if step == "os.write" and len(calls) == 1:
                return int(done(handle, memoryview(rest[0])[:10]))  # type: ignore[arg-type]  # a part fits
            if step != "os.ftruncate" or len(calls) == 1:
                raise OSError(28, "No space left on device")
        return done(handle, *rest)  # type: ignore[no-any-return]

    with monkeypatch.context() as patched:
        patched.setattr(step, full)
        with pytest.raises(Fault, match="No space left"):
            apply(place, scored({"a02": 0.99}), policy(), THEN)
    assert calls
    assert file.read_bytes() == before
    assert names(in_force(place, THEN)) == ["a01"]


def test_no_changed_byte_of_the_journal_passes(place: Workspace) -> None:
    apply(place, scored({"a01": 0.99}), policy(), THEN)
    lift(place, ["a01"], "wren", "why", now=THEN)
    file = journal.file(place)
    whole = file.read_bytes()
    last = whole.rindex(b"\n", 0, -1)
    for at in range(0, len(whole) - 1, 3):
        damaged = bytearray(whole)
        damaged[at] ^= 1
        file.write_bytes(damaged)
        with pytest.raises(Fault, match=r"journal\.jsonl:[12]"):
            journal.read(place)
    for gone in (whole[last + 1 :], whole[: last + 1] * 2, whole[last + 1 :] + whole[: last + 1]):
        file.write_bytes(gone)
        with pytest.raises(Fault, match=r"journal\.jsonl:[12]"):
            journal.read(place)


def test_waiting_lists_that_cannot_be_read_are_a_fault(place: Workspace) -> None:
    apply(place, scored({"a01": 0.99}), policy(), THEN)
    (place.path / "limits" / "waiting.parquet").write_bytes(b"no")
    with pytest.raises(Fault, match="list of accounts"):
        waiting.read(place)
