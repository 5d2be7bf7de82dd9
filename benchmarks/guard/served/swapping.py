"""How late are answers while the guard takes over another snapshot every second?"""

import threading
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.guard.served import load, platforms
from benchmarks.guard.served.asked import Kind
from benchmarks.guard.served.load import HOST, Plan, Result
from benchmarks.guard.served.server import Server

from ringfence.guard.snapshots import shelf
from ringfence.store.disk import write_whole

EVERY = 1.0
RATE = 300.0  # requests a second
CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class Swapped:
    """Lateness in a quiet run and in one with swaps, at the same rate, and how many swaps the server counted."""

    quiet: Result
    swapping: Result
    swaps: int


def measure(server: Server, one: platforms.Platform, kind: Kind, seconds: float) -> Swapped:
    """First without swaps, then with one a second, of the same server."""
    signed = list(platforms.activations(one, int((seconds + 2) / EVERY)))
    plan = Plan(server.port, kind.requests, CONNECTIONS, seconds, RATE, expected=kind.expected)
    quiet = load.run(plan)
    before = swaps(server)
    with swapping(one.workspace.snapshots, signed):
        noisy = load.run(plan)
    return Swapped(quiet, noisy, swaps(server) - before)


@contextmanager
def swapping(folder: Path, signed: Sequence[bytes]) -> Iterator[None]:
    """Activate one version after another, until this is left or there are none."""
    ended = threading.Event()

    def follow() -> None:
        for current in signed:
            write_whole(folder / shelf.CURRENT, current)
            if ended.wait(EVERY):
                return

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def swaps(server: Server) -> int:
    """How many swaps a server has counted."""
    with urllib.request.urlopen(f"http://{HOST}:{server.port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return int(sum(float(line.split()[-1]) for line in lines if line.startswith("ringfence_guard_swaps_total")))
