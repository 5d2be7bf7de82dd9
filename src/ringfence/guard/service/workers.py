"""How do several processes answer on one port, and what becomes of one that dies or hangs?

All take connections from one listening socket that this process holds. With a socket each (SO_REUSEPORT) the kernel
would split the connections beforehand, and those that wait for a worker that dies would be lost with it. The workers
share the mapped snapshot by the page cache, and one piece of memory for their counts.
"""

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import DupFd
from typing import Any

from ringfence.guard.service.application import Place
from ringfence.guard.service.counters import Board
from ringfence.guard.service.serving import ENDING, refuse_more, run

LOG = logging.getLogger("ringfence.guard")
LOOK = 0.2  # seconds between two looks at the workers
HUNG = 15.0  # seconds without a turn of its event loop
SLOWEST_START = 120.0  # until the first one
SOON = 2.0  # a worker that dies sooner than that is replaced later each time
LONGEST_PAUSE = 10.0
KILLED_AFTER = 2.0  # seconds past the time that a worker has to end


@dataclass(slots=True)
class _Seat:
    """One place among the workers, and who fills it."""

    number: int
    process: SpawnProcess
    started: float
    failures: int = 0
    again_at: float = 0.0  # when a worker that died at once is replaced


def supervise(place: Place, listener: socket.socket, count: int, ready: Callable[[], object]) -> int:
    """Keep `count` workers answering until SIGTERM or SIGINT, then end them; gives the exit code."""
    told: list[int] = []
    before = {number: signal.signal(number, lambda sig, _: told.append(sig)) for number in ENDING}
    board = Board(count)
    seats = [_Seat(number, _start(place, listener, board, number), time.monotonic()) for number in range(count)]
    try:
        announced = False
        while not told:
            wait([seat.process.sentinel for seat in seats], LOOK)
            if told:
                break
            for seat in seats:
                _fill(seat, place, listener, board)
            if not announced and all(_beat(board, seat) for seat in seats):
                announced = True
                ready()
    finally:
        _tell(seats)
        time.sleep(min(place.settings.drain_notice_ms / 1000, place.settings.drain_seconds))
        refuse_more(listener)
        listener.close()
        code = _end(seats, place.settings.drain_seconds)
        for number, handler in before.items():
            signal.signal(number, handler)
    return code


def _start(place: Place, listener: socket.socket, board: Board, number: int) -> SpawnProcess:
    args = (place, listener, DupFdWhenSpawned(board.fileno), board.workers, number, os.getpid())
    process = get_context("spawn").Process(target=_answer, args=args, name=f"ringfence worker {number}")
    process.start()
    return process


@dataclass(frozen=True, slots=True)
class DupFdWhenSpawned:
    """A file descriptor on its way into a process that is being started."""

    fileno: int

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, (DupFd(self.fileno),)


def _arrived(moved: Any) -> int:
    fileno: int = moved.detach()
    return fileno


def _answer(place: Place, listener: socket.socket, board: int, workers: int, number: int, parent: int) -> None:
    """What a worker's process does. It is told its parent: that may be gone before the process can ask who it is."""
    run(place, listener, Board(workers, board), number, parent)


def _fill(seat: _Seat, place: Place, listener: socket.socket, board: Board) -> None:
    """Replace a worker that has died, or that hangs."""
    now = time.monotonic()
    if seat.process.is_alive():
        if not _hangs(board, seat, now):
            return
        LOG.error("worker %d hangs and is replaced", seat.number)
        seat.process.kill()
    seat.process.join()
    if not seat.again_at:
        LOG.error("worker %d ended with %s and is replaced", seat.number, seat.process.exitcode)
        board.counters(seat.number).put("pid", 0)
        seat.failures = seat.failures + 1 if now - seat.started < SOON else 0
        seat.again_at = now + min(LONGEST_PAUSE, 0.1 * 2**seat.failures if seat.failures else 0.0)
    if now >= seat.again_at:
        seat.process = _start(place, listener, board, seat.number)
        seat.started, seat.again_at = time.monotonic(), 0.0


def _beat(board: Board, seat: _Seat) -> bool:
    """Whether a worker's event loop has turned since it was started."""
    return board.counters(seat.number).get("beat") >= seat.started * 1000


def _hangs(board: Board, seat: _Seat, now: float) -> bool:
    if not _beat(board, seat):
        return now - seat.started > SLOWEST_START
    return now - board.counters(seat.number).get("beat") / 1000 > HUNG


def _tell(seats: Sequence[_Seat]) -> None:
    """Tell every worker to end."""
    for seat in seats:
        if seat.process.pid is not None and seat.process.is_alive():
            os.kill(seat.process.pid, signal.SIGTERM)


def _end(seats: Sequence[_Seat], seconds: float) -> int:
    """Wait for the workers, and kill what has not ended in its time."""
    last = time.monotonic() + seconds + KILLED_AFTER
    for seat in seats:
        seat.process.join(max(0.0, last - time.monotonic()))
        if seat.process.is_alive():
            seat.process.kill()
            seat.process.join()
    return 0 if all(seat.process.exitcode == 0 for seat in seats) else 1
