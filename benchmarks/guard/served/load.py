"""How many answers does a server give, and how late is each?

Run as a process of its own, on a core of its own, against this machine only, for a bounded time:

    python -m benchmarks.guard.served.load < PLAN > RESULT      (both MessagePack)

Requests are made beforehand, each a different one, and sent over connections that stay open. In a closed loop every
connection asks again as soon as it is answered, which finds the most a server can do. In an open loop requests are due
at random moments (Poisson) at a rate of their own, whatever the server does, and lateness counts from when a request
was due: a server that stalls is charged for all that had to wait.

The generator never sleeps on a core of its own: to wake a processor that sleeps cost the server some 30 microseconds a
request on a virtual machine, which no client far away asks of it.
"""

import gc
import os
import re
import select
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from pathlib import Path

import msgspec
import numpy as np
import psutil
from numpy.typing import NDArray

ROOT = Path(__file__).parents[3]
HOST = "127.0.0.1"
CORE = 1
FIRST_ANSWER = 120.0  # seconds
LAST_ANSWERS = 10.0  # seconds that are waited for answers after the end
CHUNK = 1 << 18
LONGEST_POLL = 0.05
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_END_OF_HEAD = b"\r\n\r\n"


class Plan(msgspec.Struct, frozen=True):
    """What to send. `rate` is of an open loop, requests a second; 0 asks for a closed one.

    An answer counts when it has status 200 and holds `expected`. `processes` are those whose CPU time is read.
    """

    port: int
    requests: list[bytes]
    connections: int
    seconds: float
    rate: float = 0.0
    warm: float = 0.5  # seconds before the measured ones
    expected: bytes = b""
    sleep: float = 0.0  # seconds at the most between two looks; for a core that is shared with a server
    processes: list[int] = []
    core: int | None = CORE
    seed: int = 0


class Result(msgspec.Struct, frozen=True):
    """What came back in the measured seconds. Lateness is in seconds, CPU seconds in the order of the processes."""

    answered: int
    seconds: float
    errors: dict[str, int]
    p50: float
    p99: float
    p999: float
    longest: float
    cpu: list[float]
    busy: float  # share of the time that the generator had something to do; near 1 it is the generator that limits
    unpunctual: float  # 99.9th percentile of how late the generator itself sent what was due, with a connection free

    @property
    def rate(self) -> float:
        return self.answered / self.seconds

    @property
    def failed(self) -> int:
        return sum(self.errors.values())

    def cpu_each(self) -> float:
        """Seconds of CPU for one request, of all processes together."""
        return sum(self.cpu) / max(1, self.answered)


def run(plan: Plan) -> Result:
    """Carry out a plan in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.guard.served.load"]
    done = subprocess.run(command, input=msgspec.msgpack.encode(plan), stdout=subprocess.PIPE, check=True, cwd=ROOT)
    return msgspec.msgpack.decode(done.stdout, type=Result)


def post(path: str, body: bytes, kind: str = "application/json") -> bytes:
    """A request as it goes over the wire."""
    head = f"POST {path} HTTP/1.1\r\nhost: guard\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def once(port: int, request: bytes) -> None:
    """Ask one thing and wait for its answer: a server may compile at its first."""
    connection = _Connection(port)
    connection.socket.settimeout(FIRST_ANSWER)
    connection.socket.sendall(request)
    while not connection.answer(connection.socket.recv(CHUNK)):
        pass
    connection.socket.close()


class _Connection:
    """One open connection, and since when the request on it was due; 0 while it is idle."""

    __slots__ = ("buffer", "due", "socket", "wanted")

    def __init__(self, port: int) -> None:
        self.due = 0.0
        self.buffer = b""
        self.wanted = 0
        self.open(port)

    def open(self, port: int) -> None:
        self.socket = socket.create_connection((HOST, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, CHUNK)
        self.buffer, self.wanted = b"", 0

    def answer(self, data: bytes) -> bytes | None:
        """The whole answer once its last bytes are here."""
        self.buffer = self.buffer + data if self.buffer else data
        if not self.wanted:
            head = self.buffer.find(_END_OF_HEAD)
            if head < 0:
                return None
            length = _LENGTH.search(self.buffer, 0, head)
            self.wanted = head + len(_END_OF_HEAD) + int(length[1] if length else 0)
        if len(self.buffer) < self.wanted:
            return None
        whole, self.buffer, self.wanted = self.buffer, b"", 0
        return whole


class _Load:
    """A plan while it is carried out."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.poll = select.epoll()
        self.idle: deque[_Connection] = deque()
        self.by_file: dict[int, _Connection] = {}
        self.sent = 0
        self.late: list[float] = []
        self.unpunctual: list[float] = []
        self.errors: Counter[str] = Counter()
        self.measuring = False
        self.idled = 0.0  # seconds
        for _ in range(plan.connections):
            self._watch(_Connection(plan.port))

    def result(self) -> Result:
        due = _moments(self.plan) if self.plan.rate else None
        began = time.perf_counter()
        if due is None:
            self._closed(began + self.plan.warm)
        else:
            self._open(due + began, began + self.plan.warm)
        self.measuring, cpu, self.idled, start = True, self._cpu(), 0.0, time.perf_counter()
        end = start + self.plan.seconds
        if due is None:
            self._closed(end)
        else:
            self._open(due + began, end)
        taken, idled = time.perf_counter() - start, self.idled
        spent = [after - before for before, after in zip(cpu, self._cpu(), strict=True)]
        answered = len(self.late)
        self._wait()
        return _result(self, answered, taken, spent, 1 - idled / taken)

    def _closed(self, end: float) -> None:
        """Ask on every connection, again and again."""
        while (now := time.perf_counter()) < end:
            while self.idle:
                self._send(now)
            if not self._receive(min(self.plan.sleep, end - now)):
                self.idled += time.perf_counter() - now

    def _open(self, due: NDArray[np.float64], end: float) -> None:
        """Ask when a request is due, or as soon as a connection is free for it."""
        while (now := time.perf_counter()) < end:
            while self.idle and self.sent < len(due) and due[self.sent] <= now:
                moment = float(due[self.sent])
                if self.measuring and len(self.idle) > 1:
                    self.unpunctual.append(now - moment)
                self._send(moment)
            if not self._receive(0):
                self.idled += time.perf_counter() - now

    def _send(self, due: float) -> None:
        connection = self.idle.popleft()
        request = self.plan.requests[self.sent % len(self.plan.requests)]
        self.sent += 1
        connection.due = due
        try:
            connection.socket.sendall(request)
        except OSError as error:
            self._lost(connection, type(error).__name__)

    def _receive(self, seconds: float) -> int:
        """Take what has come; gives how many connections had something."""
        ready = self.poll.poll(seconds)
        for file, _ in ready:
            connection = self.by_file[file]
            try:
                data = connection.socket.recv(CHUNK)
            except OSError as error:
                self._lost(connection, type(error).__name__)
                continue
            if not data:
                self._lost(connection, "closed")
            elif (whole := connection.answer(data)) is not None:
                self._take(connection, whole)
        return len(ready)

    def _take(self, connection: _Connection, whole: bytes) -> None:
        good = whole.startswith(b"HTTP/1.1 200 ") and self.plan.expected in whole
        if not good:
            self.errors[whole[9:12].decode("latin-1") if whole[9:12] != b"200" else "unexpected"] += 1
        elif self.measuring:
            self.late.append(time.perf_counter() - connection.due)
        connection.due = 0.0
        self.idle.append(connection)

    def _lost(self, connection: _Connection, why: str) -> None:
        """Open a connection again. That an idle one was closed is no error: nothing was asked on it."""
        if connection.due:
            self.errors[why] += 1
        del self.by_file[connection.socket.fileno()]
        if connection in self.idle:
            self.idle.remove(connection)
        connection.socket.close()
        connection.due = 0.0
        try:
            connection.open(self.plan.port)
        except OSError as error:
            self.errors[f"connecting: {type(error).__name__}"] += 1
            return
        self._watch(connection)

    def _watch(self, connection: _Connection) -> None:
        self.by_file[connection.socket.fileno()] = connection
        self.poll.register(connection.socket, select.EPOLLIN)
        self.idle.append(connection)

    def _wait(self) -> None:
        """Wait for what is still open; what never comes is an error."""
        last = time.perf_counter() + LAST_ANSWERS
        while self._open_now() and time.perf_counter() < last:
            self._receive(LONGEST_POLL)
        if left := self._open_now():
            self.errors["unanswered"] += left

    def _open_now(self) -> int:
        return sum(1 for connection in self.by_file.values() if connection.due)

    def _cpu(self) -> list[float]:
        times = [psutil.Process(process).cpu_times() for process in self.plan.processes]
        return [each.user + each.system for each in times]


def _moments(plan: Plan) -> NDArray[np.float64]:
    """When each request of an open loop is due, from the beginning of the warm-up."""
    count = int(plan.rate * (plan.warm + plan.seconds) * 1.2) + 100
    return np.cumsum(np.random.default_rng(plan.seed).exponential(1 / plan.rate, count))


def _result(load: _Load, answered: int, taken: float, spent: list[float], busy: float) -> Result:
    late = np.array(load.late or [np.nan])
    p50, p99, p999 = np.quantile(late, [0.5, 0.99, 0.999]).tolist()
    unpunctual = float(np.quantile(load.unpunctual, 0.999)) if load.unpunctual else 0.0
    return Result(answered, taken, dict(load.errors), p50, p99, p999, float(late.max()), spent, busy, unpunctual)


def main() -> None:
    plan = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Plan)
    if plan.core is not None:
        os.sched_setaffinity(0, {plan.core})
    gc.disable()
    sys.stdout.buffer.write(msgspec.msgpack.encode(_Load(plan).result()))


if __name__ == "__main__":
    main()
