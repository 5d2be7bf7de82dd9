"""How is the guard's service, or a peer, started on a core of its own, and how much memory does it hold?"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from ringfence.store.workspace import Workspace

CORE = 0
_ADDRESS = re.compile(r"https?://[^:]+:(\d+)/")
_FIELD = re.compile(r"^(Rss|Pss|Shared_Clean|Private_Dirty): +(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that takes requests, and the processes that do its work."""

    port: int
    process: int
    workers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes of a process: resident, its fair part of what is shared, and what it has of its own."""

    rss: float
    pss: float
    own: float


@contextmanager
def guard(workspace: Workspace, workers: int = 1, cores: Sequence[int] = (CORE,)) -> Iterator[Server]:
    """The guard's own service over a workspace."""
    command = [sys.executable, "-m", "ringfence", "serve", "--port", "0", "--workers", str(workers)]
    with started([*command, "--workspace", str(workspace.path)], cores) as (port, process):
        children = psutil.Process(process).children(recursive=True) if workers > 1 else []
        answering = [child.pid for child in children if "resource_tracker" not in " ".join(child.cmdline())]
        yield Server(port, process, tuple(answering) or (process,))


@contextmanager
def started(command: Sequence[str], cores: Sequence[int], cwd: Path | None = None) -> Iterator[tuple[int, int]]:
    """The port that a server names once it is ready, and its process; it is ended afterwards."""
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        cwd=cwd,
    )
    os.sched_setaffinity(process.pid, set(cores))  # threads that it starts from now on keep to them too
    try:
        yield _port(process), process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stderr:
            process.stderr.close()


def memory(process: int) -> Memory:
    """What a process holds now, by /proc/PID/smaps_rollup."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text("ascii")
    held = {field: int(size) / 1000 for field, size in _FIELD.findall(text)}
    return Memory(held["Rss"], held["Pss"], held["Private_Dirty"])


def _port(process: subprocess.Popen[str]) -> int:
    """The port in what a server says on standard error."""
    said = []
    for line in process.stderr or ():
        said.append(line)
        if found := _ADDRESS.search(line):
            return int(found[1])
    raise RuntimeError(f"{process.args!r} ended with {process.wait()}: {''.join(said)[-2000:]}")
