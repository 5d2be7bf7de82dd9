import hashlib
import io
import os
import signal
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.media.drawn import drawing
from PIL import Image

from ringfence.media.hashing.hashed import Hashed, Reason
from ringfence.media.hashing.limits import LIMITS
from ringfence.media.hashing.pool import Pool
from ringfence.media.hashing.sources import Content, File, Opened, files, opened
from ringfence.model.faults import Fault


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


GOOD = saved(drawing(1, 300, 200), "PNG")
JPEG = saved(drawing(1, 300, 200), "JPEG")
GIF = saved(drawing(2, 200, 200), "GIF", save_all=True, append_images=[drawing(3, 200, 200)])


def png(width: int, height: int, rows: int) -> bytes:
    """A grey picture that declares its size and has data for so many rows, all black, packed a thousandfold."""
    packer = zlib.compressobj()
    blocks = [packer.compress(bytes(1 + width)) for _ in range(rows)] + [packer.flush()]

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"".join(blocks)) + chunk(b"IEND", b"")


UNREADABLE = Reason.UNREADABLE
BAD = {
    "zero bytes": (b"", Reason.EMPTY),
    "truncated jpeg": (JPEG[: len(JPEG) // 2], Reason.BROKEN),
    "jpeg without its end": (JPEG[:-400], Reason.BROKEN),
    "truncated png": (GOOD[: len(GOOD) // 2], Reason.BROKEN),
    "only a beginning": (JPEG[:3], Reason.BROKEN),
    "broken first frame": (GIF[:900], Reason.BROKEN),
    "bomb": (png(60_000, 60_000, 10), Reason.PIXELS),
    "100 million pixels": (png(10_000, 10_000, 1), Reason.PIXELS),
    "svg": (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", Reason.KIND),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", Reason.KIND),
    "text.jpg": (b"no picture at all", Reason.KIND),
    "playlist": (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", Reason.KIND),
    "bad tiff": (b"II*\0\x08\0\0\0" + b"\xff" * 400, Reason.BROKEN),
    "bad bmp": (b"BM" + b"\xff" * 100, Reason.BROKEN),
    "bad webp": (b"RIFF\x20\0\0\0WEBPVP8X" + b"\xff" * 40, Reason.BROKEN),
    "bad mp4": (b"\0\0\0\x18ftypisom" + b"\0" * 12 + b"\xff" * 100, Reason.BROKEN),
}


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(workers=1) as made:
        yield made


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_one_line_with_its_digests_and_the_next_is_hashed(pool: Pool, name: str) -> None:
    content, reason = BAD[name]
    found, after = pool.each([Content(name, content), Content("good", GOOD)])
    assert found.media_id == name
    assert found.refused is not None
    assert found.refused.reason is reason
    assert "\n" not in found.refused.what + found.refused.mend
    assert not found.looks
    assert not found.frames
    assert found.sha256 == hashlib.sha256(content).digest()
    assert found.md5 == hashlib.md5(content).digest()
    assert after.refused is None


def test_a_wrong_name_and_a_broken_later_frame_hide_nothing(pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "photo.txt").write_bytes(GOOD)
    assert pool.hash(File("photo", tmp_path / "photo.txt")).looks == pool.hash(Content("m", GOOD)).looks
    # Animated pictures are hashed by their first frame, which is whole.
    assert pool.hash(Content("gif", GIF[:-2_000])).looks == pool.hash(Content("gif", GIF)).looks != ()


def test_what_is_no_file_is_refused_and_nothing_waits_for_it(pool: Pool, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a pipe")
    (tmp_path / "b nowhere").symlink_to(tmp_path / "gone")
    (tmp_path / "c device").symlink_to("/dev/zero")
    (tmp_path / "d folder").mkdir()
    (tmp_path / "d folder" / "good.png").write_bytes(GOOD)
    (tmp_path / os.fsdecode(b"e \xff.png")).write_bytes(GOOD)
    found = list(pool.each(files([tmp_path])))
    reasons = {Path(one.media_id).name[0]: reason(one) for one in found}
    assert reasons == {"a": UNREADABLE, "b": UNREADABLE, "c": UNREADABLE, "g": None, "e": None}
    assert any(one.media_id.endswith("e \\xff.png") for one in found)
    with pytest.raises(Fault, match="is not there"):
        list(files([tmp_path / "elsewhere"]))


def test_a_worker_out_of_memory_refuses_that_one_file_and_the_rest_go_on() -> None:
    small = replace(LIMITS, memory=700_000_000, decoded_pixels=10**9, pixels=10**9)
    with Pool(limits=small, workers=1) as pool:
        found = list(pool.each([Content("a", GOOD), Content("b", png(30_000, 30_000, 1)), Content("c", GOOD)]))
    assert [reason(one) for one in found] == [None, Reason.MEMORY, None]


def worker_of(pool: Pool) -> int:
    worker = pool._idle.get()
    assert worker is not None
    pool._idle.put(worker)
    return worker.process.pid


def killed(process: int, by: int) -> None:
    os.kill(process, by)
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGCONT)


def reason(found: Hashed) -> Reason | None:
    return found.refused.reason if found.refused else None


@pytest.mark.parametrize(
    ("sent", "because"),
    [(signal.SIGKILL, Reason.CRASHED), (signal.SIGXCPU, Reason.TIME)],
)
def test_one_that_is_killed_at_work_is_replaced_and_its_file_still_has_digests(sent: int, because: Reason) -> None:
    with Pool(workers=1) as pool:
        pool.hash(Content("a", GOOD))
        process = worker_of(pool)
        os.kill(process, signal.SIGSTOP)  # so that it is surely at work when it dies
        threading.Timer(0.3, killed, (process, sent)).start()
        found = pool.hash(Content("b", GOOD))
        assert reason(found) is because
        assert found.sha256 == hashlib.sha256(GOOD).digest()
        assert reason(pool.hash(Content("c", GOOD))) is None
        assert worker_of(pool) != process


def test_digests_after_a_crash_are_of_the_whole_file_however_much_of_it_was_read_before(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(GOOD)
    with Pool(workers=1) as pool:
        file = File("a", tmp_path / "a.png")
        pool.hash(file)
        process = worker_of(pool)
        os.kill(process, signal.SIGSTOP)
        threading.Timer(0.3, killed, (process, signal.SIGKILL)).start()
        half_read = opened(file, LIMITS)
        assert isinstance(half_read, Opened)
        assert half_read.descriptor is not None
        os.lseek(half_read.descriptor, 100, os.SEEK_SET)
        found = pool._hashed("a", half_read)
        half_read.close()
    assert reason(found) is Reason.CRASHED
    assert found.sha256 == hashlib.sha256(GOOD).digest()


def test_one_that_hangs_is_given_up_by_the_clock() -> None:
    with Pool(limits=replace(LIMITS, seconds=2.0, patience=1.0), workers=1) as pool:
        pool.hash(Content("a", GOOD))
        os.kill(worker_of(pool), signal.SIGSTOP)
        assert reason(pool.hash(Content("b", GOOD))) is Reason.TIME
        assert reason(pool.hash(Content("c", GOOD))) is None


def test_one_that_cannot_start_is_a_fault_and_none_is_left_behind() -> None:
    with Pool(limits=replace(LIMITS, memory=1_000_000), workers=1) as pool, pytest.raises(Fault, match="not start"):
        pool.hash(Content("a", GOOD))
    with Pool(workers=1) as pool:
        pool.hash(Content("a", GOOD))
        process = worker_of(pool)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_files_come_back_in_their_order_and_no_more_are_open_than_needed(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number:02}.png").write_bytes(saved(drawing(number, 40, 30), "PNG"))
    with Pool(workers=2) as pool:
        list(pool.each(files([tmp_path])))
        before = len(list(Path("/proc/self/fd").iterdir()))
        found = list(pool.each(files([tmp_path])))
        assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert [Path(one.media_id).name for one in found] == [f"{number:02}.png" for number in range(20)]


CONFINED = """
import os, sys
from ringfence.media.hashing.worker import allow_seconds, confine
confine(3_000_000_000)
allow_seconds(0.1)
act = sys.argv[1]
if act == "write":
    with open("left", "w") as file:
        file.write("kept")
elif act == "memory":
    bytes(4_000_000_000)
elif act == "more":
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
elif act == "time":
    while True:
        pass
"""


@pytest.mark.parametrize(("act", "says"), [("write", b"File too large"), ("memory", b"MemoryError"), ("time", b"")])
def test_a_worker_cannot_write_nor_take_more_memory_or_time(tmp_path: Path, act: str, says: bytes) -> None:
    done = subprocess.run([sys.executable, "-c", CONFINED, act], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == (-signal.SIGXCPU if act == "time" else 1)
    assert says in done.stderr
    assert [path.stat().st_size for path in tmp_path.iterdir()] in ([], [0])


def test_a_worker_knows_nothing_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGFENCE_TOKEN", "kittiwake")
    with Pool(workers=1) as pool:
        pool.hash(Content("a", GOOD))
        assert b"kittiwake" not in Path(f"/proc/{worker_of(pool)}/environ").read_bytes()
