"""How many requests does the guard's service answer, how late, and what do others make of the same requests?

    python -m benchmarks.guard.served.measure [quick]

The service is a real process on core 0, the load generator another on core 1 (load.py says how it counts). Each figure
is the median of three turns, with the least and the most; what is compared takes turns. `quick` tries everything once
and briefly, and writes nothing. Writes benchmarks/results/guard-http.md.
"""

import statistics
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from benchmarks.guard.served import asked, load, loading, plain, platforms, rego, server, swapping
from benchmarks.guard.served.asked import Kind
from benchmarks.guard.served.load import Plan, Result
from benchmarks.guard.served.platforms import Platform
from benchmarks.guard.served.server import Server

from ringfence.demo.tables import table, write
from ringfence.guard import shelf
from ringfence.guard.publish import signer_of
from ringfence.terms.lexicon import Lexicon

RESULT = Path(__file__).parents[2] / "results" / "guard-http.md"
FEW, MANY, OPEN = 8, 32, 64  # connections: of the closed loops, and of the open one
REGO_IDS = {rego.OPA: (10_000, platforms.FLAGGED), rego.REGO_CPP: (1_000,)}
BOTH_CORES = (server.CORE, load.CORE)


@dataclass(frozen=True, slots=True)
class Length:
    """How long is measured: turns, seconds of a closed and of an open loop and of swaps, and builds."""

    turns: int
    closed: float
    open: float
    swaps: float


THOROUGH, QUICK = Length(3, 3.0, 6.0, 60.0), Length(1, 0.5, 1.0, 5.0)


@dataclass(frozen=True, slots=True)
class Turn:
    """One server asked for one kind: as much as it can do, and at half of that."""

    few: Result
    many: Result
    half: Result


def main() -> None:
    quick = sys.argv[1:] == ["quick"]
    length = QUICK if quick else THOROUGH
    made = {kind: platforms.platform(kind) for kind in (platforms.NUMBERS, platforms.STRINGS)}
    lines = ["# Guard: the service over HTTP", "", *told(length), ""]
    for section in (served, shared, beside, engines, snapshots, swaps):
        lines += section(made, length)
        print("\n".join(lines[-12:]), flush=True)
    if not quick:
        write(RESULT, lines, "python -m benchmarks.guard.served.measure")


def told(length: Length) -> list[str]:
    return [
        (
            f"{platforms.FLAGGED:,} flagged accounts of {platforms.ALL:,}, {platforms.TERMS:,} terms, slates of "
            f"{asked.SLATE}, {asked.VARIETY:,} different requests of each kind. A slate's candidates are drawn from "
            "all accounts, so 2.5% are flagged, unless a row says otherwise. Median of "
            f"{length.turns} turns, least and most in brackets. One worker on a core of its own, the load generator on "
            f"the other; closed loops of {FEW} and {MANY} connections find the most it can do, an open loop (Poisson, "
            f"{OPEN} connections) asks at half of the former, and lateness counts from when a request was due."
        ),
    ]


def served(made: dict[str, Platform], length: Length) -> list[str]:
    """The service's own figures, for each kind of request."""
    rows = []
    for kind in (make() for make in asked.kinds()):
        with server.guard(made[kind.platform].workspace) as one:
            rows.append(row(kind, [turn(one, kind, kind.expected, length) for _ in range(length.turns)]))
    return ["## One worker", "", *table(HEADER, rows)]


HEADER = (
    "request", f"requests/s, {FEW} connections", f"requests/s, {MANY}", "candidates/s", "CPU us", "half: p50 ms",
    "p99 ms", "p99.9 ms", "failed",
)  # fmt: skip


def turn(one: Server, kind: Kind, expected: bytes, length: Length) -> Turn:
    def ask(connections: int, seconds: float, rate: float = 0.0) -> Result:
        workers = list(one.workers)
        return load.run(Plan(one.port, kind.requests, connections, seconds, rate, expected=expected, processes=workers))

    few = ask(FEW, length.closed)
    return Turn(few, ask(MANY, length.closed), ask(OPEN, length.open, few.rate / 2))


def row(kind: Kind, turns: Sequence[Turn]) -> list[str]:
    fast = [each.few.rate for each in turns]
    failed = sum(result.failed for each in turns for result in (each.few, each.many, each.half))
    return [
        kind.name,
        spread(fast, ",.0f"),
        spread([each.many.rate for each in turns], ",.0f"),
        f"{statistics.median(fast) * kind.subjects:,.0f}",
        spread([each.few.cpu_each() * 1e6 for each in turns], ".0f"),
        *(spread([getattr(each.half, name) * 1e3 for each in turns], ".2f") for name in ("p50", "p99", "p999")),
        str(failed),
    ]


def shared(made: dict[str, Platform], length: Length) -> list[str]:
    """Two workers over one snapshot, and what each of them holds."""
    kind = asked.kinds()[0]()
    with server.guard(made[kind.platform].workspace, 2, BOTH_CORES) as one:
        results = []
        for _ in range(length.turns):
            plan = Plan(one.port, kind.requests, MANY, length.closed, expected=kind.expected, processes=[*one.workers])
            results.append(load.run(plan))
        held = [server.memory(worker) for worker in one.workers]
    size = file_size(made[kind.platform])
    rows = [
        [f"worker {number}", f"{each.rss:.0f}", f"{each.pss:.0f}", f"{each.own:.0f}", f"{cpu:.0%}"]
        for number, (each, cpu) in enumerate(zip(held, shares(results), strict=True))
    ]
    return [
        "## Two workers, one mapped snapshot", "",
        *table(("process", "resident MB", "proportional MB", "its own MB", "share of the CPU time"), rows),
        (f"{kind.name}: {spread(load.rates(results), ',.0f')} requests/s, with the load generator on one of the two "
        f"cores. The snapshot's {size:.0f} MB are mapped by both and lie in memory once: proportional size counts each "
        "page by how many processes have it."), "",
    ]  # fmt: skip


def shares(results: Sequence[Result]) -> list[float]:
    """How the CPU time was split between workers."""
    spent = np.array([each.cpu for each in results]).sum(axis=0)
    return (spent / spent.sum()).tolist()  # type: ignore[no-any-return]


def beside(made: dict[str, Platform], length: Length) -> list[str]:
    """The plain alternative, in turns with the guard."""
    rows, names = [], set()
    for kind in (asked.kinds()[0](), asked.kinds()[3]()):
        with ExitStack() as running:
            ours = running.enter_context(server.guard(made[kind.platform].workspace))
            theirs = running.enter_context(plain.running(kind.platform))
            names.add(theirs.versions)
            turns: list[tuple[Turn, Turn]] = [
                (turn(ours, kind, kind.expected, length), turn(theirs.server, kind, plain.EXPECTED, length))
                for _ in range(length.turns)
            ]
            store, own = server.memory(theirs.store).rss, server.memory(ours.process).rss
        rows += [compared("ringfence", kind, [each for each, _ in turns], own, "1")]
        ratio = statistics.median(a.few.rate / b.few.rate for a, b in turns)
        rows += [compared("FastAPI + Valkey", kind, [each for _, each in turns], store, f"1/{ratio:.1f}")]
    header = ("server", "request", "requests/s", "beside ringfence", "CPU us", "half: p99 ms", "p99.9 ms", "MB")
    return [
        "## Beside what a platform would write", "",
        *table(header, rows),
        (f"{', '.join(sorted(names))}; both of its processes on the guard's core, a Unix socket between them, the "
        "store warm. CPU is of both together, MB of the store alone, of the guard all of it. It answers which candidates are "
        "in one set, without rules, reasons, viewers or versions."), "",
    ]  # fmt: skip


def compared(name: str, kind: Kind, turns: Sequence[Turn], megabytes: float, ratio: str) -> list[str]:
    return [
        name,
        kind.name,
        spread([each.few.rate for each in turns], ",.0f"),
        ratio,
        spread([each.few.cpu_each() * 1e6 for each in turns], ".0f"),
        *(spread([getattr(each.half, late) * 1e3 for each in turns], ".2f") for late in ("p99", "p999")),
        f"{megabytes:.0f}",
    ]


def engines(_: dict[str, Platform], length: Length) -> list[str]:
    """General policy engines, each in a process of its own."""
    found, rows = rego.available(), []
    for engine, counts in REGO_IDS.items():
        if engine not in found:
            rows.append([engine, "", "not to be had here", "", "", ""])
            continue
        tried = counts[:1] if length is QUICK else counts
        rows += [
            engine_row(engine, count, [rego.measure(engine, count) for _ in range(length.turns)]) for count in tried
        ]
    header = ("engine", "flagged ids", "to load, s", "CPU us a slate", "grows by MB", "slates")
    named = ", ".join(f"{engine} {named}" for engine, named in sorted(found.items()))
    return [
        "## Beside policy engines", "",
        *table(header, rows),
        (f"{named}. In process, JSON in and out, 500 strings against one object of flagged ids, two list "
        "comprehensions for a policy: no HTTP, which a server would add. Go collects garbage on threads whose CPU time counts."), "",
    ]  # fmt: skip


def engine_row(engine: str, count: int, turns: Sequence[rego.Measured | None]) -> list[str]:
    done = [each for each in turns if each]
    if not done:
        return [engine, f"{count:,}", "more than 300 s, or failed", "", "", ""]
    return [
        engine,
        f"{count:,}",
        spread([each.load for each in done], ".1f"),
        spread([each.each * 1e6 for each in done], ",.0f"),
        spread([each.grown for each in done], ",.0f"),
        str(sum(each.slates for each in done)),
    ]


def snapshots(made: dict[str, Platform], length: Length) -> list[str]:
    """How long a snapshot takes to build and to load, and what it holds."""
    rows, lexicon = [], Lexicon.from_terms(platforms.words())
    for kind, one in made.items():
        built = [platforms.build(kind, lexicon, signer_of(one.workspace))[1] for _ in range(length.turns)]
        loaded = [loading.measure(one.workspace.snapshots) for _ in range(length.turns)]
        grown = [each.after.rss - each.before.rss for each in loaded]
        rows.append([
            kind, spread(built, ".1f"), f"{file_size(one):.0f}",
            spread([each.again for each in loaded], ".2f"), spread([each.first for each in loaded], ".2f"),
            spread(grown, ".0f"), spread([each.after.own - each.before.own for each in loaded], ".0f"),
            spread([each.after.rss for each in loaded], ".0f"),
        ])  # fmt: skip
    header = (
        "ids", "build s", "file MB", "load s", "first load of a process s", "grows by MB", "of its own MB", "process MB",
    )  # fmt: skip
    return [
        "## Snapshots", "",
        *table(header, rows),
        ("A build starts from a lexicon and a table of flags in memory and ends with the sections to write. A load "
        "maps the file, checks its sums and its signature, readies the tables and answers once on each kind of surface; the "
        "first of a process also loads compiled code."), "",
    ]  # fmt: skip


def swaps(made: dict[str, Platform], length: Length) -> list[str]:
    """Lateness while snapshots are swapped."""
    rows = []
    for kind in (asked.kinds()[0](), asked.kinds()[3]()):
        swapped = swapping.measure(made[kind.platform], kind, swapping.RATE, length.swaps)
        for name, result, count in (("none", swapped.quiet, 0), ("one a second", swapped.swapping, swapped.swaps)):
            late = [result.p50, result.p99, result.p999, result.longest]
            rows.append([kind.name, name, str(count), *(f"{each * 1e3:.2f}" for each in late), str(result.failed)])
    header = ("request", "swaps asked for", "done", "p50 ms", "p99 ms", "p99.9 ms", "longest ms", "failed")
    return [
        "## While snapshots are swapped", "",
        *table(header, rows),
        (f"{swapping.RATE:,.0f} requests a second for {length.swaps:.0f} s, open loop, two snapshots of "
        f"{platforms.FLAGGED:,} accounts in turns. The thread that reads them has the worker's own core."), "",
        (f"uvicorn {version('uvicorn')}, uvloop {version('uvloop')}, msgspec {version('msgspec')}, "
        f"numba {version('numba')}."), "",
    ]  # fmt: skip


def spread(values: Iterable[float], form: str) -> str:
    """The median, with the least and the most where they differ."""
    held = sorted(values)
    middle = format(statistics.median(held), form)
    return middle if len(held) == 1 else f"{middle} ({held[0]:{form}} to {held[-1]:{form}})"


def file_size(one: Platform) -> float:
    """Megabytes of its first snapshot's file."""
    return shelf.file_of(one.workspace.snapshots, one.versions[0]).stat().st_size / 1e6


if __name__ == "__main__":
    main()
