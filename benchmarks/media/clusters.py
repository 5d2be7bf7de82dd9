"""What does it cost to put a million media into groups of near-duplicates, exactly?

    python benchmarks/media/clusters.py [codes]

Random codes with planted groups of four, whose members differ from the first in at most 15 bits; the same with a flood:
one in ten is an altered copy of one picture; and the same with 32 bits that all codes share. What is found is compared
with what was planted. Writes benchmarks/results/media-clusters.md.
"""

import os
import resource
import sys
import time
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from ringfence.demo import tables
from ringfence.media.hashes import Codes
from ringfence.media.index.join import join_near

RESULT = Path(__file__).parents[1] / "results" / "media-clusters.md"
CODES, TURNS = 1_000_000, 3
GOAL = 90  # CPU seconds, set before measuring
GROUP, APART, FLOOD_APART = 4, 15, 15

Labels = NDArray[np.int64]


def main() -> None:
    count = int(float(sys.argv[1])) if len(sys.argv) > 1 else CODES
    began, busy = time.perf_counter(), others()
    join_near(*planted(10_000, "groups"))  # compiled before the clock starts
    rows = [row(count, shape) for shape in ("groups", "groups and a flood", "groups, 32 bits shared")]
    busy = (others() - busy) / (time.perf_counter() - began)
    tables.write(RESULT, report(count, rows, busy), "python benchmarks/media/clusters.py")


def planted(count: int, shape: str) -> tuple[Codes, Labels]:
    """Codes, and of each the place of the first of its group."""
    chance = np.random.default_rng(51)
    codes = chance.integers(0, 1 << 64, (count, 4), dtype=np.uint64)
    truth, groups = np.arange(count), count // 20
    for member in range(1, GROUP):
        copies = slice(member * groups, (member + 1) * groups)
        codes[copies], truth[copies] = altered(codes[:groups], APART, chance), np.arange(groups)
    if "flood" in shape:
        flood = slice(count - count // 10, count)
        codes[flood] = altered(np.repeat(codes[flood][:1], count // 10, axis=0), FLOOD_APART, chance)
        truth[flood] = flood.start
    if "shared" in shape:
        codes[:, 1] |= np.uint64(0xFFFFFFFF)
    return codes, truth


def altered(codes: Codes, most: int, chance: np.random.Generator) -> Codes:
    """The codes with at most so many bits changed."""
    bits = np.unpackbits(codes.view(np.uint8), axis=1)
    for _ in range(most):
        bits[np.arange(len(bits)), chance.integers(0, 256, len(bits))] ^= 1
    return np.packbits(bits, axis=1).view(np.uint64)


def row(count: int, shape: str) -> tuple[str, ...]:
    codes, truth = planted(count, shape)
    order = np.random.default_rng(52).permutation(count)  # what belongs together does not lie together
    codes, spent, seconds = np.ascontiguousarray(codes[order]), list[float](), list[float]()
    for _ in range(TURNS):
        parent, busy, began = np.arange(count), time.process_time(), time.perf_counter()
        join_near(codes, parent)
        spent.append(time.process_time() - busy)
        seconds.append(time.perf_counter() - began)
    # Two labellings are one partition if each label of the one goes with one of the other.
    both = len(np.unique(parent * count + truth[order]))
    groups = len(np.unique(parent)), len(np.unique(truth))
    print(shape, spent, seconds, groups, both, file=sys.stderr)
    return (
        shape, f"{np.median(spent):.1f}", f"{np.median(seconds):.1f}", f"{groups[0]:,}", f"{groups[1]:,}",
        "yes" if groups == (both, both) else "no", f"{memory():.1f}",
    )  # fmt: skip


def memory() -> float:
    """The most this process has held, in gigabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def others() -> float:
    """Seconds for which other processes have kept a core busy."""
    everybody, own = psutil.cpu_times(), resource.getrusage(resource.RUSAGE_SELF)
    return float(everybody.user + everybody.system - own.ru_utime - own.ru_stime)


def report(count: int, rows: list[tuple[str, ...]], busy: float) -> list[str]:
    return [
        "# Near-duplicates",
        "",
        (
            f"{count:,} PDQ hashes joined where they differ in at most 31 bits: groups of {GROUP}, up to {APART} bits "
            f"from the first. Medians of {TURNS} turns. Goal: {GOAL} CPU seconds for a million."
        ),
        "",
        *tables.table(["codes", "CPU s", "wall s", "groups found", "planted", "the same groups", "peak GB"], rows),
        f"Meanwhile other processes kept {busy:.1f} of {os.cpu_count()} cores busy.",
        "",
    ]


if __name__ == "__main__":
    main()
