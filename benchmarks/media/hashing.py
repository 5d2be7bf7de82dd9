"""How long does it take to decode and hash a picture? Beside python-threatexchange's own way, on the same files.

    python benchmarks/media/hashing.py

Drawn pictures as JPEG in a mix of sizes as uploads have, 3 million pixels in the mean, and a photograph scaled to as
many where it is at hand. Processor time of one thread, in this process, the least of some rounds as others may be at
work; the way through a worker, with digests, is a row of its own.
"""

import importlib.metadata
import io
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is read: threads that wait cost time, too

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import pdqhash
from benchmarks.media.drawn import drawing, photographs
from PIL import Image
from threatexchange.signal_type.pdq.pdq_hasher import pdq_from_bytes

from ringfence.demo import tables
from ringfence.media.hashing import pictures, quick
from ringfence.media.hashing.digests import digests
from ringfence.media.hashing.hashed import Refused
from ringfence.media.hashing.limits import LIMITS
from ringfence.media.hashing.looks import looks
from ringfence.media.hashing.pool import Pool
from ringfence.media.hashing.sources import Content

RESULT = Path(__file__).parents[1] / "results" / "media-hashing.md"
SIZES = 10 * ((400, 300),) + 2 * ((640, 480),) + ((1600, 1200),) + 4 * ((4000, 3000),)
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
    introduction = (
        f"Milliseconds of processor time a picture, one thread, the least of {ROUNDS} rounds. Drawn: {len(files)} JPEG "
        f"files from 0.1 to 12 million pixels, {megapixels:.1f} million and {kilobytes:,.0f} kB in the mean. Photo: "
        "3.0 million pixels, too few for a JPEG decoder to leave any out by default. All looks are at least the "
        "eight forms."
    )
    versions = (
        f"{pictures.chain('JPEG')}; {quick.CHAIN}; pdqhash {importlib.metadata.version('pdqhash')}; "
        f"threatexchange {importlib.metadata.version('threatexchange')}. "
        f"So many processes wanted one of the cores, in the mean of the last five minutes: {os.getloadavg()[1]:.0f}."
    )
    table = tables.table(("", "drawn", "photograph", "goal for drawn"), rows)
    lines = ["# Decoding and hashing a picture", "", introduction, "", *table, versions, ""]
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


def milliseconds(way: Way, files: Sequence[bytes]) -> float:
    for content in files:
        way(content)  # what is made once for each size is made now
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for content in files:
            way(content)
        rounds.append((time.process_time() - began) / len(files) * 1e3)
    return min(rounds)


def through_a_worker(files: Sequence[bytes], photograph: Sequence[bytes]) -> tuple[str, ...]:
    """What a worker spends, without its start, and what it costs here to send it the file."""
    name = "default chain and digests, in a worker"
    return name, f"{worked(files):.1f}", f"{worked(photograph):.1f}" if photograph else "not here", ""


def worked(files: Sequence[bytes]) -> float:
    start, spent = spent_on([]), spent_on([*files] * ROUNDS)
    return (spent - start) / ROUNDS / len(files) * 1e3


def spent_on(files: Sequence[bytes]) -> float:
    """Seconds, of this process and of the worker once it is gone."""
    began = seconds()
    with Pool(workers=1) as pool:
        for content in [saved(drawing(0, 64, 64)), *files]:
            pool.hash(Content("picture", content))
    return seconds() - began


def seconds() -> float:
    every = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in every)


if __name__ == "__main__":
    main()
