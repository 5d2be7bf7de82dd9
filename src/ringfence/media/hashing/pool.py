"""How are many files hashed so that none can harm the rest? In workers with limits; one that dies is replaced.

with Pool() as pool:
    found = pool.hash(Content("photo-7", upload))      # from any thread
    for found in pool.each(files([Path("uploads")])):  # in their order
        ...
"""

import os
import queue
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from ringfence.media.hashing.hashed import Hashed, Reason, Refused
from ringfence.media.hashing.kinds import Kind, kind_of
from ringfence.media.hashing.limits import LIMITS, Limits
from ringfence.media.hashing.recipe import Recipe, need
from ringfence.media.hashing.sources import Opened, Source, opened
from ringfence.media.hashing.wire import READY, Work, exactly, receive_reply, send_work
from ringfence.model.faults import Fault

START = 60.0  # seconds for a worker to say that it is there, on a busy machine
USES = 1_000  # files until a worker is replaced, should a decoder leak
WAITING = 4  # files a worker, given out ahead so that none waits for a slow one
KEPT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "SYSTEMROOT")  # of the environment; it may hold secrets
# Threads of a library for linear algebra take address space each, and small matrices need none.
ALONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    line: socket.socket
    uses: int = 0

    def end(self) -> int:
        """Kill it if it still runs; its exit code, negative for a signal."""
        self.line.close()
        try:
            # One that died by itself is left to say of what.
            return self.process.wait(0.05)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Pool:
    """Workers that hash one file each at a time. They start when they are first needed. Safe to use from any thread."""

    def __init__(self, recipe: Recipe | None = None, limits: Limits = LIMITS, workers: int | None = None) -> None:
        self._recipe = recipe or Recipe()
        need(self._recipe)
        self._limits = limits
        self.workers = workers or os.cpu_count() or 1
        self._idle: queue.SimpleQueue[_Worker | None] = queue.SimpleQueue()
        for _ in range(self.workers):
            self._idle.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every worker, once each has done what it is at."""
        for _ in range(self.workers):
            worker = self._idle.get()
            if worker:
                worker.end()
        for _ in range(self.workers):
            self._idle.put(None)

    def hash(self, source: Source) -> Hashed:
        """Hash one file. Whatever is wrong with it is in what comes back; raises Fault if no worker starts."""
        file = opened(source, self._limits)
        if isinstance(file, Refused):
            return Hashed(source.media_id, refused=file)
        try:
            return self._hashed(source.media_id, file)
        finally:
            file.close()

    def each(self, sources: Iterable[Source]) -> Iterator[Hashed]:
        """Hash file after file, on all workers; they come back in the order in which they went in."""
        with ThreadPoolExecutor(self.workers) as threads:
            waiting: deque[Future[Hashed]] = deque()
            try:
                for source in sources:
                    waiting.append(threads.submit(self.hash, source))
                    if len(waiting) > WAITING * self.workers:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def _hashed(self, media_id: str, file: Opened) -> Hashed:
        kind = kind_of(file.head)
        found = self._asked(media_id, file, kind)
        if isinstance(found, Hashed):
            return found
        # What killed a worker still has digests, which another can make without decoding it.
        if file.descriptor is not None:
            os.lseek(file.descriptor, 0, os.SEEK_SET)
        again = self._asked(media_id, file, found)
        return again if isinstance(again, Hashed) else Hashed(media_id, refused=found)

    def _asked(self, media_id: str, file: Opened, kind: Kind | Refused) -> Hashed | Refused:
        """What a worker answers, or why it does not."""
        worker = self._idle.get()
        try:
            worker = worker or _started(self._limits.memory)
            work = self._work(media_id, kind)
            answer = _answer(worker, work, file, self._limits.patience)
            if isinstance(answer, Refused) or worker.uses >= USES:
                worker.end()
                worker = None
            return answer
        finally:
            self._idle.put(worker)

    def _work(self, media_id: str, kind: Kind | Refused) -> Work:
        if isinstance(kind, Refused):
            return Work(media_id, False, "", kind, self._limits.video_seconds, self._recipe, self._limits)  # noqa: FBT003
        seconds = self._limits.video_seconds if kind.video else self._limits.seconds
        return Work(media_id, kind.video, kind.format, None, seconds, self._recipe, self._limits)


def _answer(worker: _Worker, work: Work, file: Opened, patience: float) -> Hashed | Refused:
    worker.uses += 1
    deadline = time.monotonic() + work.seconds * patience
    try:
        worker.line.settimeout(work.seconds * patience)
        send_work(worker.line, work, file.descriptor, file.content)
        return replace(receive_reply(worker.line, deadline), media_id=work.media_id)
    except TimeoutError:
        return _too_slow(work.seconds)
    except (OSError, EOFError, ValueError):
        code = worker.end()
        return _too_slow(work.seconds) if code == -signal.SIGXCPU else _died(code)


def _too_slow(seconds: float) -> Refused:
    return Refused(
        Reason.TIME, f"takes more than {seconds:g} seconds to decode", "store it smaller, or raise the limit"
    )


def _died(code: int) -> Refused:
    cause = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return Refused(Reason.CRASHED, f"ended the process that decoded it ({cause})", "treat it as hostile")


def _started(memory: int) -> _Worker:
    ours, theirs = socket.socketpair()
    environment = {name: os.environ[name] for name in KEPT if name in os.environ} | ALONE
    command = [sys.executable, "-m", "ringfence.media.hashing.worker", str(theirs.fileno()), str(memory)]
    process = subprocess.Popen(  # noqa: S603 - this very interpreter and module
        command,
        pass_fds=[theirs.fileno()],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # decoders complain of broken files there
    )
    theirs.close()
    worker = _Worker(process, ours)
    try:
        exactly(ours, len(READY), time.monotonic() + START)
    except (OSError, EOFError) as error:
        worker.end()
        what = "a process that decodes media does not start"
        raise Fault(what, where="hashing", mend=f"allow it more memory than {memory:,} bytes, or free some") from error
    return worker
