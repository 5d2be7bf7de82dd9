"""How many requests does the guard's service answer, how late, and what do others make of the same requests?

    python benchmarks/guard/over_http.py [quick]

The service is a real process on core 0, the load generator another on core 1 (load.py says how it counts). What is
compared takes turns. `quick` tries everything once and briefly, and writes nothing. Writes
benchmarks/results/guard-http.md.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from benchmarks.guard.served import asked, load, plain, platforms, rego, server, swapping
from benchmarks.guard.served.asked import Kind
from benchmarks.guard.served.load import Plan, Result
from benchmarks.guard.served.platforms import Platform
from benchmarks.guard.served.server import Server

from ringfence.demo.tables import table, write
from ringfence.terms.lexicon import Lexicon

COMMAND = "python benchmarks/guard/over_http.py"
RESULT = Path(__file__).parents[2] / "results" / "guard-http.md"
CLOSED, OPEN = 16, 64  # connections of either loop
PEERS = (asked.NUMBERS, asked.STRINGS)  # kinds that the plain alternative is asked too
BOTH_CORES = (server.CORE, load.CORE)
ADDITIONS, USUAL = 20_000_000, 0.7  # and seconds of CPU for them when the machine is itself
HEADER = (
    "server", "request", "requests/s", "candidates/s", "CPU us", "core busy", "generator busy",
    "half: p50 ms", "p99 ms", "p99.9 ms", "failed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Length:
    """How long is measured: turns, and seconds of a closed loop, of an open one and of swaps."""

    turns: int
    closed: float
    open: float
    swaps: float


THOROUGH, QUICK = Length(3, 1.5, 3.0, 30.0), Length(1, 0.5, 1.0, 5.0)


@dataclass(frozen=True, slots=True)
class Turn:
    """One server asked for one kind: as much as it can do, and at half of that."""

    full: Result
    half: Result


@dataclass(slots=True)
class Turns:
    """What was measured of each kind, of the guard and of the plain alternative."""

    ours: dict[str, list[Turn]]
    theirs: dict[str, list[Turn]]
    rows: list[list[str]]
    notes: list[str]
    paces: list[float]  # calibrations


def main() -> None:
    quick = sys.argv[1:] == ["quick"]
    length = QUICK if quick else THOROUGH
    busy, began = os.getloadavg()[0], time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ringfence-guard-") as folder:
        made = platforms_in(Path(folder))
        turns, swapped = served(made, length)
        lines = [*one_worker(turns), *ratios(turns, Path(folder)), *shared(made, length), *swapped]
    taken = time.monotonic() - began
    top = ["# Guard: the service over HTTP", "", *told(length), "", *speed(turns.paces, busy, taken), ""]
    if quick:
        print("\n".join([*top, *lines]))
    else:
        write(RESULT, [*top, *lines], COMMAND)


def calibration() -> float:
    """Seconds of CPU that a plain loop takes: how fast the machine is at present. A tenth of it is run."""
    began, total = time.process_time(), 0
    for number in range(ADDITIONS // 10):
        total += number
    return (time.process_time() - began) * 10


def told(length: Length) -> list[str]:
    return [
        (
            f"{platforms.FLAGGED:,} flagged accounts of {platforms.ALL:,}, {platforms.TERMS:,} terms, slates of "
            f"{asked.SLATE} with 2.5% flagged, {asked.VARIETY:,} different requests of each kind. Median of "
            f"{length.turns} turns, least and most in brackets. One worker on a core of its own, the load generator on "
            f"the other. A closed loop of {CLOSED} connections for {length.closed:g} s finds the most it can do; an "
            f"open one (Poisson, {OPEN} connections) asks at half of that for {length.open:g} s, and lateness counts "
            "from when a request was due."
        ),
    ]


def speed(paces: Sequence[float], busy: float, taken: float) -> list[str]:
    """What the absolute figures rest on."""
    return [
        (
            f"Calibration: {ADDITIONS / 1e6:.0f} million additions in a Python loop take {spread(paces, '.2f')} s of "
            f"CPU, {len(paces)} times throughout, where {USUAL} s is usual for this machine. The load was {busy:.1f} "
            f"at the start and {os.getloadavg()[0]:.1f} at the end, 2 of it this bench's own. The whole took "
            f"{taken / 60:.1f} minutes. Compare ratios, not absolute figures."
        ),
    ]


def platforms_in(folder: Path) -> dict[str, Platform]:
    """Both platforms; that of numbers has two snapshots to swap."""
    lexicon = Lexicon.from_terms(platforms.words())
    counts = {platforms.NUMBERS: 2, platforms.STRINGS: 1}
    made = {kind: platforms.platform(folder, kind, lexicon, count) for kind, count in counts.items()}
    progress("snapshots built")
    return made


def served(made: dict[str, Platform], length: Length) -> tuple[Turns, list[str]]:
    """One worker of each platform asked for each kind, and about its swaps."""
    turns, kinds = Turns({}, {}, [], [], []), [make() for make in asked.kinds().values()]
    for name, one in made.items():
        with server.guard(one.workspace) as ours:
            for kind in (kind for kind in kinds if kind.platform == name):
                in_turns(ours, kind, turns, length)
            if name == platforms.NUMBERS:
                swapped = swaps(ours, one, kinds[0], length)
    return turns, swapped


def in_turns(ours: Server, kind: Kind, turns: Turns, length: Length) -> None:
    """The guard asked for one kind; where there is a plain alternative it takes turns with that."""
    load.once(ours.port, kind.requests[0])
    turns.paces.append(calibration())
    with ExitStack() as running:
        theirs = running.enter_context(plain.running(kind.platform)) if kind.name in PEERS else None
        if theirs:
            load.once(theirs.server.port, kind.requests[0])
        pairs = [
            (turn(ours, kind, kind.expected, length), theirs and turn(theirs.server, kind, plain.EXPECTED, length))
            for _ in range(length.turns)
        ]
    turns.ours[kind.name] = [mine for mine, _ in pairs]
    turns.rows.append(row("ringfence", kind, turns.ours[kind.name]))
    if theirs:
        turns.theirs[kind.name] = [other for _, other in pairs if other]
        turns.rows.append(row("FastAPI + Valkey", kind, turns.theirs[kind.name]))
        turns.notes = [theirs.versions]
    progress(kind.name)


def turn(one: Server, kind: Kind, expected: bytes, length: Length) -> Turn:
    def ask(connections: int, seconds: float, rate: float = 0.0) -> Result:
        workers = list(one.workers)
        return load.run(Plan(one.port, kind.requests, connections, seconds, rate, expected=expected, processes=workers))

    full = ask(CLOSED, length.closed)
    return Turn(full, ask(OPEN, length.open, full.rate / 2))


def row(name: str, kind: Kind, turns: Sequence[Turn]) -> list[str]:
    rates = [each.full.rate for each in turns]
    return [
        name,
        kind.name,
        spread(rates, ",.0f"),
        f"{statistics.median(rates) * kind.subjects:,.0f}",
        spread([each.full.cpu_each() * 1e6 for each in turns], ",.0f"),
        f"{statistics.median(sum(each.full.cpu) / each.full.seconds for each in turns):.0%}",
        f"{statistics.median(each.full.busy for each in turns):.0%}",
        *(spread([getattr(each.half, late) * 1e3 for each in turns], ".2f") for late in ("p50", "p99", "p999")),
        str(sum(each.full.failed + each.half.failed for each in turns)),
    ]


def one_worker(turns: Turns) -> list[str]:
    return [
        "## One worker", "",
        *table(HEADER, turns.rows),
        (f"{', '.join(turns.notes)}; both of its processes on the guard's core, a Unix socket between them, CPU of "
        "both together. It answers which candidates are in one set, without rules, reasons, viewers or versions. `core "
        "busy` is how much of its core the server got in the closed loop, `generator busy` the share of the time "
        "that the generator, which never sleeps there, had something to do on the other."), "",
    ]  # fmt: skip


def ratios(turns: Turns, folder: Path) -> list[str]:
    """How many times as much the guard does as each peer, turn by turn."""
    rows = []
    for name, theirs in turns.theirs.items():
        pairs = list(zip(turns.ours[name], theirs, strict=True))
        rows.append([
            "FastAPI + Valkey", name, f"{platforms.FLAGGED:,}",
            spread([our.full.rate / their.full.rate for our, their in pairs], ".1f"),
            spread([their.full.cpu_each() / our.full.cpu_each() for our, their in pairs], ".1f"),
            spread([their.half.p99 / our.half.p99 for our, their in pairs], ".1f"),
        ])  # fmt: skip
    ours = statistics.median(each.full.cpu_each() for each in turns.ours[asked.STRINGS])
    engines = {engine: rego.measure(engine, folder / "opa") for engine in (rego.REGO_CPP, rego.OPA)}
    rows += [engine_row(engine, measured, ours) for engine, measured in engines.items()]
    progress("policy engines")
    header = ("beside", "request", "flagged ids", "requests/s, times", "CPU, times", "p99 at half of its own, times")
    return [
        "## Times as good as its peers", "",
        *table(header, rows),
        (f"rego-cpp by regopy {version('regopy')}, Open Policy Agent's own engine by {rego.PACKAGE} {rego.RELEASE}: in "
        "process, JSON in and out, two list comprehensions for a policy, no HTTP, which a server would add. Their CPU "
        "for one slate is divided by the guard's for a whole request."), "",
    ]  # fmt: skip


def engine_row(engine: str, measured: rego.Measured | None, ours: float) -> list[str]:
    if measured is None:
        return [engine, asked.STRINGS, f"{rego.FLAGGED[engine]:,}", "", "not to be had here", ""]
    spent = spread([each * 1e6 for each in measured.each], ",.0f")
    times = spread([each / ours for each in measured.each], ".1f")
    return [engine, asked.STRINGS, f"{rego.FLAGGED[engine]:,}", "", f"{times}, of {spent} us", ""]


def shared(made: dict[str, Platform], length: Length) -> list[str]:
    """Two workers over one snapshot, and what each of them holds."""
    kind, one, text = asked.kinds()[asked.NUMBERS](), made[platforms.NUMBERS], made[platforms.STRINGS]
    with server.guard(one.workspace, 2, BOTH_CORES) as two:
        plan = Plan(
            two.port, kind.requests, CLOSED, length.closed,
            expected=kind.expected, sleep=load.LONGEST_POLL, processes=list(two.workers),
        )  # fmt: skip
        results = [load.run(plan) for _ in range(length.turns)]
        held = [server.memory(worker) for worker in two.workers]
    spent = np.array([each.cpu for each in results]).sum(axis=0)
    rows = [
        [f"worker {number}", f"{each.rss:.0f}", f"{each.pss:.0f}", f"{each.own:.0f}", f"{share:.0%}"]
        for number, (each, share) in enumerate(zip(held, spent / spent.sum(), strict=True))
    ]
    progress("two workers")
    return [
        "## Two workers, one mapped snapshot", "",
        *table(("process", "resident MB", "proportional MB", "its own MB", "share of the CPU time"), rows),
        (f"{kind.name}: {spread([each.rate for each in results], ',.0f')} requests/s, "
        f"{sum(each.failed for each in results)} failed, with the load generator on one of the two cores. The "
        f"snapshot's {one.megabytes:.0f} MB are mapped by both and lie in memory once: proportional size counts each "
        f"page by how many processes have it. It took {spread(one.seconds, '.1f')} s to build and write, that with "
        f"strings for ids ({text.megabytes:.0f} MB) {spread(text.seconds, '.1f')} s."), "",
    ]  # fmt: skip


def swaps(ours: Server, one: Platform, kind: Kind, length: Length) -> list[str]:
    """Lateness while snapshots are swapped."""
    swapped = swapping.measure(ours, one, kind, length.swaps)
    rows = []
    for name, result, count in (("none", swapped.quiet, 0), ("one a second", swapped.swapping, swapped.swaps)):
        late = [result.p50, result.p99, result.p999, result.longest, result.unpunctual]
        rows.append([name, str(count), *(f"{each * 1e3:.2f}" for each in late), str(result.failed)])
    more = f"{(swapped.swapping.p999 - swapped.quiet.p999) * 1e3:+.2f}"
    times = f"{swapped.swapping.p999 / swapped.quiet.p999:.1f}"
    header = ("swaps asked for", "done", "p50 ms", "p99 ms", "p99.9 ms", "longest ms", "generator late ms", "failed")
    progress("swaps")
    return [
        "## While snapshots are swapped", "",
        *table(header, rows),
        (f"{kind.name}, {swapping.RATE:,.0f} requests a second for {length.swaps:.0f} s, open loop, two snapshots of "
        f"{platforms.FLAGGED:,} accounts in turns. Swapping adds {more} ms at the 99.9th percentile, {times} times. "
        "The thread that reads them shares the worker's core. `generator late` is the 99.9th percentile of how late "
        "the generator itself sent what was due."), "",
        (f"uvicorn {version('uvicorn')}, uvloop {version('uvloop')}, msgspec {version('msgspec')}, "
        f"numba {version('numba')}."), "",
    ]  # fmt: skip


def spread(values: Iterable[float], form: str) -> str:
    """The median, with the least and the most where there are several."""
    held = sorted(values)
    middle = format(statistics.median(held), form)
    return middle if len(held) == 1 else f"{middle} ({held[0]:{form}} to {held[-1]:{form}})"


def progress(done: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {done}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
