"""How long does one decision take in process?

Medians and spread of single calls against 200,000 flagged accounts and 10,000 terms, on one thread. Prints a table and
writes it to benchmarks/results/guard.md.
"""

import os
import platform
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter_ns
from typing import TypeVar

from ringfence.guard.decide import Guard
from ringfence.guard.policy import default_policy
from ringfence.guard.snapshot import build, read, write
from ringfence.terms.lexicon import Lexicon

FLAGGED = 200_000
ACCOUNTS = 20_000_000
TERMS = 10_000
CALLS = 3_000
WORDS = ("garden", "lake", "morning", "photo", "today", "wind", "walk", "happy", "recipe", "train")
Result = TypeVar("Result")
RESULTS = Path(__file__).parents[1] / "results" / "guard.md"


def main() -> None:
    chance = random.Random(0)
    flagged = chance.sample(range(ACCOUNTS), FLAGGED)
    terms = Lexicon.from_terms(["firecrest", *(f"{a}crest{n}" for n in range(TERMS // 10) for a in WORDS)][:TERMS])
    folder = RESULTS.parent
    folder.mkdir(exist_ok=True)
    snapshot, building = _timed(
        lambda: build(terms, default_policy(), {"network:member": [f"acct-{number:09}" for number in flagged]})
    )
    path = write(folder, snapshot)
    try:
        guard, loading = _timed(lambda: Guard(read(path)))
    finally:
        path.unlink()
    rows = [_row(name, calls) for name, calls in _cases(guard, chance, flagged)]
    table = "\n".join(
        [
            "| decision | median us | p90 us | p99 us |",
            "|---|---|---|---|",
            *rows,
        ]
    )
    page = _page(table, building, loading)
    RESULTS.write_text(page, "utf-8")
    print(page)


def _cases(guard: Guard, chance: random.Random, flagged: Sequence[int]) -> list[tuple[str, list[Callable[[], object]]]]:
    """Named lists of calls, no two with the same arguments, so that nothing is measured from a cache of answers."""

    def query(extra: str = "") -> Callable[[], object]:
        text = f"{' '.join(chance.choices(WORDS, k=4))} {chance.random():.6f} {extra}"
        return lambda: guard.search(text)

    def completions() -> Callable[[], object]:
        prefix = chance.choice(WORDS)[:3]
        offers = [f"{prefix}{' '.join(chance.choices(WORDS, k=2))}{number}" for number in range(10)]
        return lambda: guard.autocomplete(prefix, offers)

    def slate(share: float) -> Callable[[], object]:
        numbers = [
            chance.choice(flagged) if chance.random() < share else chance.randrange(ACCOUNTS) for _ in range(500)
        ]
        candidates = [f"acct-{number:09}" for number in numbers]
        return lambda: guard.suggest(None, candidates)

    return [
        ("search, nothing found", [query() for _ in range(CALLS)]),
        ("search, accented letters", [query("Ménagerie Straße") for _ in range(CALLS)]),
        ("search, blocked", [query("firecrest") for _ in range(CALLS)]),
        ("autocomplete, 10 candidates", [completions() for _ in range(CALLS)]),
        ("suggestion, 500 string ids, 1% flagged by chance", [slate(0) for _ in range(CALLS)]),
        ("suggestion, 500 string ids, 10% flagged", [slate(0.1) for _ in range(CALLS)]),
    ]


def _row(name: str, calls: Sequence[Callable[[], object]]) -> str:
    times = []
    for call in calls:
        start = perf_counter_ns()
        call()
        times.append((perf_counter_ns() - start) / 1000)
    cuts = statistics.quantiles(times, n=100)
    return f"| {name} | {statistics.median(times):.1f} | {cuts[89]:.1f} | {cuts[98]:.1f} |"


def _timed(act: Callable[[], Result]) -> tuple[Result, float]:
    start = perf_counter_ns()
    result = act()
    return result, (perf_counter_ns() - start) / 1e9


def _page(table: str, building: float, loading: float) -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in ("numba", "msgspec"))
    return f"""# Guard: decisions in process

{FLAGGED:,} flagged accounts, {TERMS:,} terms, {CALLS:,} calls of each kind on one thread.
Building the snapshot took {building:.2f} s, reading it and building the guard {loading:.2f} s.

{table}

{datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} cores, {memory:.0f} GB; Python {platform.python_version()}, {packages}.
Command: `python benchmarks/guard/{Path(sys.argv[0]).name}`
"""


if __name__ == "__main__":
    main()
