"""How long does it take to decode and hash a picture? Beside python-threatexchange's own way, on the same files.

    python benchmarks/media/hashing.py

Drawn pictures as JPEG of several sizes, 3 million pixels in the mean, and a photograph scaled to as many where it is at
hand. Processor time of one thread, in this process; the way through a worker, with digests, is a row of its own.
"""

import importlib.metadata
import io
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is read: threads that wait cost time, too

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import pdqhash
from PIL import Image
from threatexchange.signal_type.pdq.pdq_hasher import pdq_from_bytes

from benchmarks.media.drawn import drawing, photographs
from ringfence.demo import tables
from ringfence.media.hashing import pictures, quick
from ringfence.media.hashing.digests import digests
from ringfence.media.hashing.hashed import Refused
from ringfence.media.hashing.limits import LIMITS
from ringfence.media.hashing.looks import looks
from ringfence.media.hashing.pool import Pool
from ringfence.media.hashing.sources import Content

RESULT = Path(__file__).parents[1] / "results" / "media-hashing.md"
SIZES = ((640, 480), (1280, 960), (1600, 1200), (2048, 1536), (4000, 2000))  # 3.1 million pixels in the mean
QUALITY = 88
ROUNDS = 5
GOALS = {"default chain, all looks": 17.0, "fast chain, all looks": 12.0}  # ms of processor time
Way = Callable[[bytes], object]


def main() -> None:
    files = [saved(drawing(seed, *size)) for seed, size in enumerate(SIZES)]
    photograph = [saved(image.resize((2048, 1464))) for image in photographs()[:1]]
    rows = [row(name, way, files, photograph) for name, way in WAYS.items()]
    rows.append(through_a_worker(files, photograph))
    megapixels = statistics.mean(width * height for width, height in SIZES) / 1e6
    kilobytes = statistics.mean(map(len, files)) / 1e3
    lines = [
        "# Decoding and hashing a picture",
        "",
        f"Milliseconds of processor time a picture, one thread, the median of {ROUNDS} rounds. Drawn: {len(files)} JPEG "
        f"files, {megapixels:.1f} million pixels and {kilobytes:,.0f} kB in the mean. Photograph: 3.0 million pixels. "
        "All looks are at least the eight forms.",
        "",
        *tables.table(("", "drawn", "photograph", "goal"), rows),
        f"{pictures.chain('JPEG')}; {quick.CHAIN}; pdqhash {importlib.metadata.version('pdqhash')}; "
        f"threatexchange {importlib.metadata.version('threatexchange')}.",
        "",
    ]
    tables.write(RESULT, lines, "python benchmarks/media/hashing.py")


def saved(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def default(content: bytes) -> pictures.Picture:
    found = pictures.read(io.BytesIO(content), "JPEG", LIMITS)
    if isinstance(found, Refused):
        raise SystemExit(found.what)
    return found


def by_pdqhash(content: bytes) -> object:
    """The same decoding and scaling, then the authors' C++ for the eight forms."""
    image = Image.open(io.BytesIO(content))
    image.thumbnail((pictures.SIDE, pictures.SIDE))
    return pdqhash.compute_dihedral(np.asarray(image.convert("RGB")))


WAYS: dict[str, Way] = {
    "threatexchange, pdq_from_bytes, one look": pdq_from_bytes,
    "the same thumbnail, pdqhash, eight forms": by_pdqhash,
    "default chain, all looks": lambda content: looks(default(content).lumas),
    "  of which decoding and scaling": default,
    "fast chain, all looks": lambda content: looks(quick.lumas(content)),
    "  of which decoding": quick.lumas,
    "three digests": lambda content: digests(io.BytesIO(content)),
}


def row(name: str, way: Way, files: Sequence[bytes], photograph: Sequence[bytes]) -> tuple[str, ...]:
    drawn = milliseconds(way, files)
    goal = f"{GOALS[name]:.0f}: {'met' if drawn <= GOALS[name] else '**missed**'}" if name in GOALS else ""
    return name, f"{drawn:.1f}", told(way, photograph), goal


def told(way: Way, files: Sequence[bytes]) -> str:
    return f"{milliseconds(way, files):.1f}" if files else "not here"


def milliseconds(way: Way, files: Sequence[bytes], clock: Callable[[], float] = time.process_time) -> float:
    for content in files:
        way(content)  # what is made once for each size is made now
    rounds = []
    for _ in range(ROUNDS):
        began = clock()
        for content in files:
            way(content)
        rounds.append((clock() - began) / len(files) * 1e3)
    return statistics.median(rounds)


def through_a_worker(files: Sequence[bytes], photograph: Sequence[bytes]) -> tuple[str, ...]:
    """By the clock, as the time is spent in another process."""
    with Pool(workers=1) as pool:

        def way(content: bytes) -> object:
            return pool.hash(Content("picture", content))

        drawn = milliseconds(way, files, time.perf_counter)
        photographed = f"{milliseconds(way, photograph, time.perf_counter):.1f}" if photograph else "not here"
    return "default chain and digests in a worker, by the clock", f"{drawn:.1f}", photographed, ""


if __name__ == "__main__":
    main()
