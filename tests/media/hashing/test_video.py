import io
from fractions import Fraction

import av
import numpy as np
import pdqhash
import pytest
from benchmarks.media.drawn import drawing
from PIL import Image

from ringfence.media.hashing.hashed import Hashed, Reason
from ringfence.media.hashing.kinds import HEAD, kind_of
from ringfence.media.hashing.limits import LIMITS
from ringfence.media.hashing.one import hash_one
from ringfence.media.hashing.pool import Pool
from ringfence.media.hashing.recipe import Recipe
from ringfence.media.hashing.sources import Content
from ringfence.media.hashing.video import step
from ringfence.media.hashing.vpdq import pruned

SIZE, RATE, LENGTH = (320, 240), 10, 45


def filmed(container: str, codec: str = "mpeg4") -> bytes:
    """Three drawn pictures that a window moves over, one after the other."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as opened:
        stream = opened.add_stream(codec, rate=Fraction(RATE))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.bit_rate = 2_000_000
        for number in range(LENGTH):
            scene = SCENES[number // 15].crop((number, 0, number + SIZE[0], SIZE[1]))
            opened.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(scene))))
        opened.mux(stream.encode())
    return out.getvalue()


SCENES = [drawing(seed, SIZE[0] + LENGTH, SIZE[1]) for seed in (11, 12, 13)]
FILM = filmed("mp4")


def hashed(content: bytes, seconds: float = 1.0, most: int = 100) -> Hashed:
    limits = LIMITS.__class__(frames=most, pixels=10**6)
    return hash_one(io.BytesIO(content), "film", kind_of(content[:HEAD]), Recipe(video_seconds=seconds), limits)


def apart(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


@pytest.mark.parametrize(
    ("container", "codec"), [("mp4", "mpeg4"), ("matroska", "mpeg4"), ("avi", "mpeg4"), ("mpegts", "mpeg2video")]
)
def test_every_so_many_frames_one_is_hashed_as_the_authors_own_code_hashes_it(container: str, codec: str) -> None:
    content = filmed(container, codec)
    found = hashed(content, 0.5)
    assert found.refused is None
    assert found.looks == ()
    assert found.sha256 is not None
    with av.open(io.BytesIO(content), "r") as opened:
        twins = [pdqhash.compute(frame.to_ndarray(format="rgb24")) for frame in opened.decode(video=0)]
    # What the container says its rate is may be off by rounding, and rounded down it then is one less.
    every = found.frames[1].number
    assert every in {4, 5}
    assert [frame.number for frame in found.frames] == list(range(0, len(twins), every))
    for frame in found.frames:
        bits, quality = twins[frame.number]
        assert apart(frame.value, np.packbits(bits).tobytes()) <= 2
        assert abs(frame.quality - quality) <= 1
        assert frame.at == pytest.approx(frame.number / RATE, abs=0.11)


def test_a_step_is_rounded_down_and_never_nothing() -> None:
    assert [step(1, 29.97), step(0.5, 25), step(0, 25), step(0.01, 25), step(2, 30)] == [29, 12, 1, 1, 60]


def test_a_still_picture_is_kept_once() -> None:
    every = hashed(FILM, 0).frames
    assert len(every) == LENGTH
    kept = pruned(every)
    assert 3 <= len(kept) < LENGTH
    assert kept[0] == every[0]


def test_a_film_that_breaks_off_or_is_too_long_keeps_its_frames_and_is_refused() -> None:
    packets = filmed("matroska")
    cut = hashed(packets[: len(packets) * 2 // 3], 0)
    assert 0 < len(cut.frames) < LENGTH
    long = hashed(FILM, 0, most=7)
    assert (len(long.frames), long.refused and long.refused.reason) == (7, Reason.FRAMES)
    assert cut.frames == hashed(packets, 0).frames[: len(cut.frames)]


def test_what_only_begins_as_a_video_is_refused() -> None:
    for content in (FILM[:40], FILM[: len(FILM) // 2], b"\x1aE\xdf\xa3" + bytes(100)):
        found = hashed(content)
        assert found.refused is not None
        assert found.refused.reason is Reason.BROKEN
        assert found.md5 is not None


def test_a_worker_hashes_films_like_this_process() -> None:
    with Pool(Recipe(video_seconds=0.5), workers=1) as pool:
        assert pool.hash(Content("film", FILM)) == hashed(FILM, 0.5)


def test_a_frame_is_the_picture_that_it_shows() -> None:
    first = hashed(FILM).frames[0]
    out = io.BytesIO()
    SCENES[0].crop((0, 0, *SIZE)).save(out, "PNG")
    still = hashed(out.getvalue())
    assert Image.open(out).size == SIZE
    assert apart(first.value, still.looks[0].value) <= 10
