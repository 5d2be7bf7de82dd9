"""How fast are known hashes found among a million and ten million, and is none missed?

    python benchmarks/media/index.py [--codes 1000000 --codes 10000000]

Random codes, half of them for `uneven`: with groups of near-duplicates and bits that are seldom set. Of the queries
two thirds are planted at every distance from 0 to 31, some at 32 to 35, which must not match, and the rest are like
nothing. Each index runs in a process of its own, on one thread, beside FAISS's and threatexchange's on the same data.
Seconds are of the processor, as other work shares the machine. Writes benchmarks/results/media-index.md.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from math import comb
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import psutil
from numba import njit
from numpy.typing import NDArray
from threatexchange.signal_type.pdq.pdq_index import PDQIndex

from ringfence.demo import tables
from ringfence.kernels.prefetch import prefetch
from ringfence.media.hashes import RADIUS, Codes, texts_of
from ringfence.media.index.live import MediaIndex
from ringfence.media.index.matches import Batch
from ringfence.media.index.part import part, rows_of
from ringfence.media.index.scan import one_by_one
from ringfence.media.index.tables import BUCKETS
from ringfence.model.words import HashKind

RESULT = Path(__file__).parents[1] / "results" / "media-index.md"
# What was set before measuring, at ten million and at one: milliseconds a query, queries a second, GB, seconds.
GOAL_MS, GOAL_EACH, GOAL_GB, GOAL_BUILD, GOAL_LOAD = {10_000_000: 0.25, 1_000_000: 0.1}, 5_000, 1.3, 5, 1
QUERIES, SLOW_QUERIES, CHECKED = 2_400, 240, 48
THREATEXCHANGE = "threatexchange PDQIndex"
QUICK = {"ringfence", THREATEXCHANGE}
SHAPES = ("even", "uneven")
TURNS, BUILDS = 5, 2

Measured = dict[str, Any]
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
Search = Callable[[Codes], Pairs]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--codes", type=int, action="append")
    sizes = options.parse_args().codes or [1_000_000, 10_000_000]
    began, busy, rows = time.perf_counter(), others(), list[Measured]()
    for size in sizes:
        for shape in SHAPES:
            for name in METHODS:
                if name != THREATEXCHANGE or size <= 1_000_000:
                    rows.append(stage(name, size, shape))
    busy = (others() - busy) / (time.perf_counter() - began)
    flag = "".join(f" --codes {size}" for size in sizes)
    tables.write(RESULT, report(rows, busy), f"python benchmarks/media/index.py{flag}")


def stage(name: str, size: int, shape: str) -> Measured:
    command = [sys.executable, __file__, "--stage", name, str(size), shape]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    measured: Measured = {"name": name, "size": size, "shape": shape} | json.loads(done.stdout)
    print(measured, file=sys.stderr)
    return measured


def drawn(size: int, shape: str) -> Codes:
    chance = np.random.default_rng(41)
    codes = chance.integers(0, 1 << 64, (size, 4), dtype=np.uint64)
    if shape == "uneven":
        quarter = size // 4
        # A quarter are copies, in groups from two to dozens, with some 16 bits changed; of a quarter half the bits
        # are set in one case of four only.
        codes[:quarter] = codes[quarter + chance.integers(0, size // 40, quarter)]
        for rows in (slice(0, quarter), slice(quarter, 2 * quarter)):
            seldom = chance.integers(0, 1 << 64, (quarter, 4), dtype=np.uint64)
            for _ in range(1 if rows.start else 3):
                seldom &= chance.integers(0, 1 << 64, (quarter, 4), dtype=np.uint64)
            if rows.start:
                codes[rows, :2] = seldom[:, :2]
            else:
                codes[rows] ^= seldom
    return codes


def asked(codes: Codes, count: int) -> tuple[Codes, NDArray[np.int64], NDArray[np.int64]]:
    """Queries, the code each was made of, and in how many bits it differs from that (-1: of none)."""
    chance = np.random.default_rng(42)
    queries = chance.integers(0, 1 << 64, (count, 4), dtype=np.uint64)
    source, bits = chance.integers(0, len(codes), count), np.arange(count) % 48
    bits[bits >= 36] = -1
    for one in np.flatnonzero(bits >= 0):
        row = np.unpackbits(codes[source[one]].view(np.uint8))
        row[chance.permutation(256)[: bits[one]]] ^= 1
        queries[one] = np.packbits(row).view(np.uint64)
    return queries, source, bits


def run(name: str, size: int, shape: str) -> Measured:
    codes = drawn(size, shape)
    queries, source, bits = asked(codes, QUERIES if name in QUICK else SLOW_QUERIES)
    with tempfile.TemporaryDirectory() as folder:
        search, measured = METHODS[name](codes, Path(folder))
        query, entry = search(queries)
        spent = [cpu(lambda: search(queries)) for _ in range(TURNS if name in QUICK else 1)]
        single = [wall(partial(search, queries[one : one + 1])) for one in range(len(queries))]
    pairs = set(zip(query.tolist(), entry.tolist(), strict=True))
    wanted = [(one, int(source[one])) for one in np.flatnonzero((bits >= 0) & (bits <= RADIUS)).tolist()]
    sample, truth = checked(codes, queries)
    near = np.bitwise_count(queries[query] ^ codes[entry]).sum(axis=1) <= RADIUS
    p50, p99 = np.percentile(single, [50, 99]) * 1e3
    return measured | {
        "ms": 1e3 * float(np.median(spent)) / len(queries), "p50": p50, "p99": p99, "planted": len(wanted),
        "found": sum(pair in pairs for pair in wanted), "truth": len(truth),
        "missed": len(truth - {pair for pair in pairs if pair[0] % sample == 0}), "extra": int((~near).sum()),
        "pairs": len(query) / len(queries),
    } | (reached(codes) if name == "ringfence" else {})  # fmt: skip


def checked(codes: Codes, queries: Codes) -> tuple[int, set[tuple[int, int]]]:
    """Every how many-th query was compared with each code, and all pairs of these."""
    step = max(1, len(queries) // CHECKED)
    truth = one_by_one(np.ascontiguousarray(queries[::step]), 0, len(queries[::step]), RADIUS, codes)
    return step, {(int(one) * step, int(other)) for one, other, _ in truth}


def ours(codes: Codes, folder: Path) -> tuple[Search, Measured]:
    batches = [Batch(HashKind.PDQ, codes.view(np.uint8), np.arange(len(codes)))]
    few = [Batch(HashKind.PDQ, codes[:10_000].view(np.uint8), np.arange(10_000))]
    MediaIndex.open(folder / "few").rebuild(1, few)  # what is compiled here is not compiled below
    MediaIndex.open(folder / "few").search(codes[:10])
    built = [timed(lambda: part(rows_of(batches))) for _ in range(BUILDS)]
    written = timed(lambda: MediaIndex.open(folder / "all").rebuild(1, batches))
    index = MediaIndex.open(folder / "all")
    loads = [wall(lambda: MediaIndex.open(folder / "all")) for _ in range(TURNS)]
    size = sum(path.stat().st_size for path in (folder / "all").rglob("*.npy"))
    index.search(codes[:1])
    queries, _, _ = asked(codes, QUERIES)
    two = sorted(wall(lambda: index.search(queries, threads=2)) for _ in range(TURNS))[TURNS // 2]

    def search(queries: Codes) -> Pairs:
        matches = index.search(queries)
        return matches.query, matches.entry

    return search, {
        "build": min(one[0] for one in built), "build wall": min(one[1] for one in built), "written": written[0],
        "written wall": written[1], "load": sorted(loads)[TURNS // 2], "gb": size / 1e9, "two": len(queries) / two,
    }  # fmt: skip


def by_faiss(make: Callable[[], Any], codes: Codes, _: Path) -> tuple[Search, Measured]:
    faiss.omp_set_num_threads(1)
    before = memory()
    index = make()
    rows = codes.view(np.uint8)
    spent, seconds = timed(
        lambda: index.add_with_ids(rows, np.arange(len(rows))) if "IDMap" in type(index).__name__ else index.add(rows)
    )

    def search(queries: Codes) -> Pairs:
        starts, _, entries = index.range_search(queries.view(np.uint8), RADIUS + 1)
        return np.repeat(np.arange(len(queries)), np.diff(starts.astype(np.int64))), entries

    return search, {"build": spent, "build wall": seconds, "gb": memory() - before}


def multi_hash() -> Any:
    """As Hasher-Matcher-Actioner sets it up: sixteen words, one bit of each flipped."""
    inner = faiss.IndexBinaryMultiHash(256, 16, 16)
    inner.nflip = 1
    return faiss.IndexBinaryIDMap2(inner)


def by_threatexchange(codes: Codes, _: Path) -> tuple[Search, Measured]:
    faiss.omp_set_num_threads(1)
    texts = texts_of(codes)
    before = memory()
    made: list[Any] = []
    spent, seconds = timed(lambda: made.append(PDQIndex(zip(texts, range(len(texts)), strict=True))))

    def search(queries: Codes) -> Pairs:
        found = [(at, one.metadata) for at, text in enumerate(texts_of(queries)) for one in made[0].query(text)]
        return np.array([at for at, _ in found], np.int64), np.array([entry for _, entry in found], np.int64)

    return search, {"build": spent, "build wall": seconds, "gb": memory() - before}


def reached(codes: Codes) -> Measured:
    """Nanoseconds to fetch a line of memory from a random place, asked for ahead, and lines that a query touches."""
    flat = codes.reshape(-1)
    places = np.random.default_rng(1).integers(0, len(codes), 2_000_000) * 4
    fetched(flat, places[:10])
    nanoseconds = min(cpu(lambda: fetched(flat, places)) for _ in range(TURNS)) / len(places) * 1e9
    bucket = len(codes) / BUCKETS  # codes in one, of which 17 are looked into for each of 16 words
    lines = 16 * 17 * (1 + 1 + 2 * bucket / 64)  # where it starts; the next words, which do not start at a line
    passing = 16 * 17 * bucket * sum(comb(16, bits) for bits in range(3)) / BUCKETS
    return {"line": nanoseconds, "lines": lines + 3 * passing}


@njit(nogil=True, cache=True)
def fetched(flat: NDArray[np.uint64], places: NDArray[np.int64]) -> int:
    total = np.uint64(0)
    for at in range(len(places)):
        if at + 24 < len(places):
            prefetch(flat, places[at + 24])
        total ^= flat[places[at]]
    return int(total)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the processor, and of the clock."""
    began, busy = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - busy, time.perf_counter() - began


def cpu(work: Callable[[], object]) -> float:
    return timed(work)[0]


def wall(work: Callable[[], object]) -> float:
    return timed(work)[1]


def memory() -> float:
    """What this process holds, in gigabytes."""
    return float(psutil.Process().memory_info().rss) / 1e9


def others() -> float:
    """Seconds for which processes other than this and its own have kept a core busy."""
    everybody = psutil.cpu_times()
    own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return float(everybody.user + everybody.system - sum(one.ru_utime + one.ru_stime for one in own))


METHODS: dict[str, Callable[[Codes, Path], tuple[Search, Measured]]] = {
    "ringfence": ours,
    "FAISS IndexBinaryFlat": partial(by_faiss, lambda: faiss.IndexBinaryFlat(256)),
    "FAISS MultiHash 16x16 in IDMap2": partial(by_faiss, multi_hash),
    THREATEXCHANGE: by_threatexchange,
}


def report(rows: list[Measured], busy: float) -> list[str]:
    mine = [row for row in rows if row["name"] == "ringfence"]
    return [
        "# Known hashes",
        "",
        (
            f"PDQ hashes within {RADIUS} of 256 bits, one thread. `uneven`: near-duplicates in groups, and bits that "
            f"are seldom set. Queries planted at every distance from 0 to {RADIUS}; {QUERIES:,} for ringfence and "
            f"threatexchange, {SLOW_QUERIES} for the others; medians of {TURNS} turns for the former. CPU is of the "
            "whole batch by one call (threatexchange has none: hash by hash), p50 and p99 are wall time of one query "
            "by itself on the shared machine. Missed: of all pairs that comparing each code gives for about "
            f"{CHECKED} of the queries. GB of ringfence: all mapped arrays, codes and entries in them; of the others, "
            "what the process grew by."
        ),
        "",
        *tables.table(
            ["codes", "", "index", "CPU ms a query", "p50, p99 ms", "planted found", "missed", "wrong", "GB",
             "build CPU s"],
            [told(row) for row in rows],
        ),
        "Ringfence by itself:",
        "",
        *tables.table(
            ["codes", "", "goal ms", "queries a second, 1 and 2 threads", "build wall s", "to disk: CPU, wall s",
             "load s", "limit ms", "times the limit"],
            [alone(row) for row in mine],
        ),
        (
            f"Goals at ten million: {GOAL_EACH:,} queries a second on one core, {GOAL_GB} GB, build {GOAL_BUILD} s, "
            f"load {GOAL_LOAD} s. One thread's queries a second are of CPU time, two threads' of the clock. The limit "
            "is what the lines of memory that a query reads of even codes would take at random places, all asked for "
            "ahead; lines of a bucket lie in a row, so it can be passed. threatexchange's index is measured at a "
            "million only."
        ),
        "",
        f"Meanwhile other processes kept {busy:.1f} of {os.cpu_count()} cores busy.",
        "",
    ]  # fmt: skip


def told(row: Measured) -> list[str]:
    return [
        f"{row['size']:,}", row["shape"], row["name"], f"{row['ms']:.3f}", f"{row['p50']:.3f}, {row['p99']:.3f}",
        f"{row['found']} of {row['planted']}", f"{row['missed']} of {row['truth']}", str(row["extra"]),
        f"{row['gb']:.2f}", f"{row['build']:.1f}",
    ]  # fmt: skip


def alone(row: Measured) -> list[str]:
    limit = row["lines"] * row["line"] / 1e6
    return [
        f"{row['size']:,}", row["shape"], str(GOAL_MS.get(row["size"], "")),
        f"{1e3 / row['ms']:,.0f}, {row['two']:,.0f}",
        f"{row['build wall']:.1f}", f"{row['written']:.1f}, {row['written wall']:.1f}", f"{row['load']:.3f}",
        f"{limit:.3f} ({row['lines']:,.0f} lines of {row['line']:.0f} ns)", f"{row['ms'] / limit:.1f}",
    ]  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["--stage"]:
        print(json.dumps(run(sys.argv[2], int(sys.argv[3]), sys.argv[4]), default=float))
    else:
        main()
