"""How long does a process take to have a snapshot ready, and how much memory does it then hold? One process each.

python -m benchmarks.guard.served.loading FOLDER
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
from benchmarks.guard.served.load import ROOT
from benchmarks.guard.served.server import Memory, memory

from ringfence.guard.decide import Guard


class Loaded(msgspec.Struct, frozen=True):
    """Seconds until the first answer, seconds until the second guard of the same process, and the memory in between."""

    first: float
    again: float
    before: Memory
    after: Memory


def measure(folder: Path) -> Loaded:
    """In a process of its own, with the file in the system's cache and kernels compiled by an earlier one."""
    command = [sys.executable, "-m", "benchmarks.guard.served.loading", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT)
    return msgspec.json.decode(done.stdout, type=Loaded)


def _ready(folder: Path) -> tuple[Guard, float]:
    """A guard that has answered on every kind of surface."""
    began = time.perf_counter()
    guard = Guard.load(folder)
    guard.search("a")
    guard.suggest(None, ["a"])
    guard.suggest(None, [1])
    return guard, time.perf_counter() - began


def main() -> None:
    folder, before = Path(sys.argv[1]), memory(os.getpid())
    guard, first = _ready(folder)
    after = memory(os.getpid())
    del guard
    _, again = _ready(folder)
    sys.stdout.buffer.write(msgspec.json.encode(Loaded(first, again, before, after)))


if __name__ == "__main__":
    main()
