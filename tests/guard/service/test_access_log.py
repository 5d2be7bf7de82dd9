import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ringfence.guard.service import access_log
from ringfence.guard.service.access_log import KEPT, AccessLog, Line, TextHash, encode, writable
from ringfence.guard.service.counters import Board
from ringfence.model.faults import Fault

LINE = Line(1.5, "search", "search", 200, 1, {"block": 1}, "", 120, "00ff", "1", "a" * 16, "l1", "frontend")


def no_loss(count: int) -> None:
    raise AssertionError(count)


def read(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_bytes().splitlines()]


def test_a_line_says_what_it_should(tmp_path: Path) -> None:
    log = AccessLog(tmp_path / "log", 1_000_000, no_loss)
    log.add(LINE)
    log.close()
    (line,) = read(tmp_path / "log")
    assert line["at"] == "1970-01-01T00:00:01.500000Z"
    assert {name: line[name] for name in line if name != "at"} == {
        "route": "search",
        "surface": "search",
        "status": 200,
        "subjects": 1,
        "verdicts": {"block": 1},
        "degraded": "",
        "microseconds": 120,
        "query_hash": "00ff",
        "policy": "1",
        "snapshot": "a" * 16,
        "lexicon": "l1",
        "key": "frontend",
    }


def test_close_writes_everything_in_order(tmp_path: Path) -> None:
    log = AccessLog(tmp_path / "log", 100_000_000, no_loss)
    for count in range(1000):
        log.add(LINE._replace(subjects=count))
    log.close()
    assert [line["subjects"] for line in read(tmp_path / "log")] == list(range(1000))


def test_it_is_set_aside_by_size_and_nothing_is_lost_before_the_oldest(tmp_path: Path) -> None:
    log = AccessLog(tmp_path / "log", 20_000, no_loss)
    for count in range(1280):
        log.add(LINE._replace(subjects=count))
    log.close()
    files = sorted(tmp_path.iterdir())
    assert {file.name for file in files} <= {"log", *(f"log.{number}" for number in range(1, KEPT + 1))}
    assert (tmp_path / f"log.{KEPT}").exists()
    kept = [line["subjects"] for file in reversed(files) for line in read(file)]
    assert kept == list(range(1280))[-len(kept) :]
    assert all(file.stat().st_size < 20_000 + access_log.BATCH * 400 for file in files)


def test_several_workers_write_whole_lines_into_one_file_while_it_is_set_aside(tmp_path: Path) -> None:
    file = tmp_path / "log"
    logs = [AccessLog(file, 60_000, no_loss) for _ in range(3)]

    def work(number: int) -> None:
        for count in range(256):
            logs[number].add(LINE._replace(subjects=number * 1000 + count))
        logs[number].close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen = [line["subjects"] for part in tmp_path.iterdir() for line in read(part)]
    assert sorted(map(str, seen)) == sorted(str(number * 1000 + count) for number in range(3) for count in range(256))


def test_a_file_that_the_system_moves_away_is_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "log"
    log = AccessLog(file, 1_000_000, no_loss)
    log.add(LINE)
    log.flush()
    until(lambda: file.stat().st_size > 0)
    file.rename(tmp_path / "moved")
    log.add(LINE)
    log.close()
    assert len(read(file)) == len(read(tmp_path / "moved")) == 1


def until(true: Callable[[], object]) -> None:
    last = time.monotonic() + 60
    while not true():
        if time.monotonic() > last:
            raise AssertionError("it never came true")
        time.sleep(0.005)


def test_what_cannot_be_written_is_counted_and_leaves_no_half_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "log"
    lost: list[int] = []
    log = AccessLog(file, 1_000_000, lost.append)
    real = os.write
    full = True

    def write(handle: int, content: bytes) -> int:
        return real(handle, content[:10]) if full else real(handle, content)

    monkeypatch.setattr(os, "write", write)
    log.add(LINE)
    log.flush()
    until(lambda: lost == [1])
    full = False
    log.add(LINE._replace(subjects=7))
    log.close()
    assert [line["subjects"] for line in read(file)] == [7]


def test_lines_are_let_go_when_the_disk_stands_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost: list[int] = []
    go = threading.Event()
    log = AccessLog(tmp_path / "log", 1_000_000, lost.append)
    real = log._file.append

    def wait(lines: bytes, size: int) -> None:
        go.wait()
        real(lines, size)

    monkeypatch.setattr(access_log, "MOST_WAITING", 1_000)
    monkeypatch.setattr(access_log._File, "append", lambda _, lines, size: wait(lines, size))
    for _ in range(30):
        log.add(LINE)
        log.flush()
    assert sum(lost) > 0
    go.set()
    log.close()
    assert len(read(tmp_path / "log")) + sum(lost) == 30


def test_a_place_that_takes_no_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(Fault, match=r"guard\.access_log"):
        writable(tmp_path / "folder")


def test_a_text_hashes_alike_while_its_key_lasts_and_never_again() -> None:
    now = [0.0]
    shared = Board(1).secret()
    texts = TextHash(shared, 24, owner=True, clock=lambda: now[0])
    other = TextHash(shared, 24, owner=False, clock=lambda: now[0])
    first, key = texts("kittiwake"), bytes(shared[:32])
    assert first == other("kittiwake") != texts("firecrest")
    now[0] = 23.9 * 3600
    texts.tick()
    assert texts("kittiwake") == first
    now[0] = 24 * 3600
    other.tick()
    assert texts("kittiwake") == first
    texts.tick()
    assert texts("kittiwake") == other("kittiwake") != first
    assert key not in bytes(shared)


def test_another_run_has_another_key() -> None:
    assert TextHash(Board(1).secret(), 24, owner=True)("robin") != TextHash(Board(1).secret(), 24, owner=True)("robin")


def test_a_worker_that_replaces_another_goes_on_with_the_key() -> None:
    shared = Board(1).secret()
    assert TextHash(shared, 24, owner=True)("robin") == TextHash(shared, 24, owner=True)("robin")


def test_encoding_makes_one_line_of_each() -> None:
    assert encode([LINE, LINE]).count(b"\n") == 2
