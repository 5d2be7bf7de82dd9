"""What does one decision cost in process, from bytes to bytes, against five million accounts and 100,000 terms?

    python benchmarks/guard/decide.py

Two snapshots, one of whole numbers below 200 million, one of strings. Each figure is CPU time on one thread: the median
of nine turns over 300 different slates, with the least and the most. Beside it, in the same turns, what a platform
would write first: a set of the flagged ids between a JSON decoder and an encoder. Writes benchmarks/results/guard.md.
"""

import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from subprocess import run
from typing import Any

import msgspec
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ringfence.demo.tables import table, write
from ringfence.guard.decide import Guard
from ringfence.guard.policies.policy import default_policy
from ringfence.guard.service import raw_slates
from ringfence.guard.snapshots import shelf, signing, snapshot
from ringfence.guard.snapshots.flags import FLAGS
from ringfence.model.words import Surface
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.term import Term

RESULT = Path(__file__).parents[1] / "results" / "guard.md"
FLAGGED, UNIVERSE, TERMS, SLATE = 5_000_000, 200_000_000, 100_000, 500
SLATES, TURNS, SEARCHES = 300, 9, 20_000
SHARES = (0.025, 0.1)  # of a slate that is flagged: by chance, and a slate that leads there
LETTERS = np.array(list("abcdefghiklmnoprstuvw"))
NAME = "acct_"


def main() -> None:
    rng = np.random.default_rng(0)
    lexicon = terms(rng)
    flagged = np.unique(rng.integers(0, UNIVERSE, FLAGGED))
    rows, made = [], []
    with tempfile.TemporaryDirectory() as folder:
        for kind, prefix in (("whole numbers", ""), ("strings", NAME)):
            place = Path(folder) / kind
            made.append((kind, *publish(place, lexicon, flagged, prefix)))
            guard = Guard.load(place)
            rows += slates(guard, flagged, prefix, rng)
            if not prefix:
                rows += binary(guard, flagged, rng)
        typed = texts(guard, lexicon, rng)
    write(RESULT, page(rows, typed, made), "python benchmarks/guard/decide.py")


def terms(rng: np.random.Generator) -> Lexicon:
    """Made-up words, each a term."""
    words: set[str] = set()
    while len(words) < TERMS:
        words.add("".join(rng.choice(LETTERS, rng.integers(7, 13))))
    return Lexicon.of(Term(id=f"t{number}", term=word) for number, word in enumerate(sorted(words)))


def publish(folder: Path, lexicon: Lexicon, flagged: NDArray[np.int64], prefix: str) -> tuple[str, ...]:
    """Seconds to build and write, megabytes of the file, then seconds to load and what that takes of memory."""
    ids = pa.array(flagged).cast(pa.string())
    if prefix:
        ids = pc.binary_join_element_wise(prefix, ids, "")
    count = len(flagged)
    signals = pa.array(np.where(np.arange(count) % 10 < 9, "network:member", "network:nearby"))
    until = pa.nulls(count, FLAGS.field("until").type)
    flags = pa.table([ids, signals, pa.array(np.ones(count, np.float32)), until], schema=FLAGS)
    signer = signing.from_file(folder / signing.SECRET_FILE)
    signing.trust(folder, signer)
    began = time.perf_counter()
    built = snapshot.build(lexicon, default_policy(), flags, signer=signer)
    path = shelf.publish(folder, built, signer)
    took = time.perf_counter() - began
    loaded = run([sys.executable, __file__, "load", str(folder)], check=True, capture_output=True, text=True)
    return f"{took:.1f}", f"{path.stat().st_size / 1e6:.0f}", *loaded.stdout.split()


def load(folder: Path) -> None:
    """In a process of its own: seconds to load, then megabytes that it added: all, and what no other process shares."""
    me = psutil.Process()
    Guard.load(folder)  # compiled code is read, and the file is in the page cache
    gc.collect()
    before = me.memory_full_info()
    began = time.perf_counter()
    guard = Guard.load(folder)
    took = time.perf_counter() - began
    after = me.memory_full_info()
    print(f"{took:.2f} {(after.rss - before.rss) / 1e6:.0f} {(after.uss - before.uss) / 1e6:.0f}")
    del guard


def slates(guard: Guard, flagged: NDArray[np.int64], prefix: str, rng: np.random.Generator) -> list[Sequence[str]]:
    """Rows for slates in JSON, ours beside a set of the same ids."""
    known: set[Any] = {f"{prefix}{one}" for one in flagged.tolist()} if prefix else set(flagged.tolist())
    plain = msgspec.json.Decoder(dict[str, Any])

    def beside(body: bytes) -> bytes:
        asked = plain.decode(body)["candidates"]
        return msgspec.json.encode({"kept": [one for one in asked if one not in known]})

    rows: list[Sequence[str]] = []
    for share in SHARES:
        bodies = [
            msgspec.json.encode({"viewer": ids[0], "candidates": ids})
            for ids in (drawn(flagged, share, prefix, rng) for _ in range(SLATES))
        ]
        name = f"{SLATE} {'strings' if prefix else 'whole numbers'}, {share:.1%} flagged, JSON"
        ours, theirs = turns(bodies, (partial(raw_slates.suggest, guard), beside))
        rows.append((name, spread(ours), spread(theirs)))
    return rows


def binary(guard: Guard, flagged: NDArray[np.int64], rng: np.random.Generator) -> list[Sequence[str]]:
    """A row for slates as bytes."""
    bodies = [np.array(drawn(flagged, SHARES[0], "", rng), np.uint32).tobytes() for _ in range(SLATES)]

    def verdicts(body: bytes) -> bytes:
        return guard.verdicts(Surface.SUGGESTION, None, np.frombuffer(body, np.uint32)).tobytes()

    (ours,) = turns(bodies, (verdicts,))
    return [(f"{SLATE} whole numbers, {SHARES[0]:.1%} flagged, bytes", spread(ours), "")]


def drawn(flagged: NDArray[np.int64], share: float, prefix: str, rng: np.random.Generator) -> list[Any]:
    """A slate of random accounts, a share of them flagged."""
    many = round(SLATE * share)
    ids = np.concatenate([rng.choice(flagged, many), rng.integers(0, UNIVERSE, SLATE - many)])
    rng.shuffle(ids)
    return [f"{prefix}{one}" for one in ids.tolist()] if prefix else ids.tolist()


def turns(bodies: Sequence[bytes], calls: Sequence[Callable[[bytes], object]]) -> list[list[float]]:
    """Microseconds of CPU a slate for each call in turn, the first turn thrown away."""
    took: list[list[float]] = [[] for _ in calls]
    for _ in range(TURNS + 1):
        for call, times in zip(calls, took, strict=True):
            began = time.process_time()
            for body in bodies:
                call(body)
            times.append((time.process_time() - began) / SLATES * 1e6)
    return [times[1:] for times in took]


def texts(guard: Guard, lexicon: Lexicon, rng: np.random.Generator) -> list[Sequence[str]]:
    """Rows for typed texts: each call by itself, wall time, a fresh term each time so that none was read before."""
    words = [lexicon.terms[place].term for place in rng.permutation(TERMS)[:SEARCHES].tolist()]
    innocent = [f"good coffee on the way to work {number}" for number in range(SEARCHES)]
    completions = [[f"{word[:4]}{end}" for end in ("ing", "s", "er", "work", "board")] * 2 for word in words[:2000]]
    cases: list[tuple[str, list[Callable[[], object]]]] = [
        ("search, nothing found", [partial(guard.search, text) for text in innocent]),
        ("search, blocked", [partial(guard.search, text) for text in words]),
        ("autocomplete, 10 completions", [partial(guard.autocomplete, some[0][:4], some) for some in completions]),
    ]
    rows: list[Sequence[str]] = []
    for name, calls in cases:
        took = np.array([one(call) for call in calls])
        rows.append((name, *(f"{np.percentile(took, part):.1f}" for part in (50, 99, 99.9))))
    return rows


def one(call: Callable[[], object]) -> float:
    began = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - began) / 1e3


def spread(times: Sequence[float]) -> str:
    return f"{statistics.median(times):.1f} ({min(times):.1f} to {max(times):.1f})"


def page(rows: Sequence[Sequence[str]], typed: Sequence[Sequence[str]], made: Sequence[Sequence[str]]) -> list[str]:
    ratio = [(*row, f"{float(row[2].split()[0]) / float(row[1].split()[0]):.1f}" if row[2] else "") for row in rows]
    told = (
        f"{FLAGGED:,} flagged accounts drawn from {UNIVERSE:,}, {TERMS:,} terms. CPU on one thread, median of {TURNS} "
        f"turns over {SLATES} slates, with the least and the most. Ours answers with the reason for each account; the "
        "set only leaves out."
    )
    return [
        "# Guard: decisions in process",
        "",
        told,
        "",
        *table(("slate", "ringfence us", "set of ids us", "times as fast"), ratio),
        "One call at a time, wall time; every blocked search is for a term that was not asked for before.",
        "",
        *table(("text", "median us", "p99 us", "p99.9 us"), typed),
        "The artefact. Memory is what loading adds: all that is mapped or held, and what no other process shares.",
        "",
        *table(("ids", "build and publish s", "file MB", "load s", "memory MB", "of its own MB"), made),
    ]


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    load(Path(sys.argv[2])) if sys.argv[1:2] == ["load"] else main()
