"""Which guard answers right now, while snapshots and deltas are put beside it?

A thread looks at the folder, reads what is new, and only then hands it over: whoever asks never waits for a file. What
cannot be believed is refused and told of, and the last good one goes on answering.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ringfence.guard.decide import Guard
from ringfence.guard.degraded import DegradedGuard
from ringfence.guard.policies.policy import Cause, Policy
from ringfence.guard.snapshots import delta, shelf, snapshot
from ringfence.guard.snapshots.overlay import Known
from ringfence.guard.snapshots.signing import Trusted, trusted_in
from ringfence.guard.snapshots.snapshot import Snapshot
from ringfence.model.faults import Fault
from ringfence.model.words import Surface

EVERY = 0.1  # seconds between two looks
AGAIN = 5.0  # seconds after which what could not be read is tried again, as the disk may have been full
NICENESS = 10
_HOUR = 3600.0

# Of a file: when and as which inode it was put there. None when there is no file.
Seen = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Swap:
    """One handing over: which snapshot and delta, when (UTC seconds) and how long it took to read and ready them."""

    version: str
    sequence: int
    at: float
    seconds: float


class Current:
    """Follows a folder's active snapshot and its delta. Without a good one it answers by the policy's degraded mode."""

    def __init__(
        self,
        folder: Path | str,
        fallback: Policy,
        *,
        trusted: Trusted | None = None,
        every: float = EVERY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = Path(folder)
        self._trusted = trusted
        self._every = every
        self._clock = clock
        self._seen: tuple[Seen, Seen] | None = None
        self._tried = 0.0
        self._activation = 0
        self._file: Seen = None
        self._held = threading.Lock()
        self._stopped = threading.Event()
        self._guard: Guard | DegradedGuard = DegradedGuard(fallback)
        self.trouble = "no_snapshot"  # a code, empty when all is well
        self.swaps = 0
        self.last_swap: Swap | None = None
        self.look()
        self._thread = threading.Thread(target=self._follow, name="ringfence-current", daemon=True)
        self._thread.start()

    def guard(self) -> Guard | DegradedGuard:
        """The guard to ask."""
        return self._guard

    def close(self) -> None:
        """Follow the folder no more; the guard stays as it is."""
        self._stopped.set()
        self._thread.join()

    def look(self) -> None:
        """Look at the folder now, and take over what is new and good."""
        with self._held:
            seen = (_status(self._folder / shelf.CURRENT), self._delta_status())
            late = bool(self.trouble) and time.monotonic() - self._tried >= AGAIN
            if seen != self._seen or late:
                self._seen = seen
                self._tried = time.monotonic()
                self._take_over()

    def _follow(self) -> None:
        _yield_to_others()
        while not self._stopped.wait(self._every):
            try:
                self.look()
            except Exception:  # noqa: BLE001 - the thread must outlive whatever it meets; readiness tells of it
                self.trouble = "loader_failed"

    def _take_over(self) -> None:
        started = time.perf_counter()
        try:
            base = self._base()
            known, trouble = self._with_delta(base)
        except Fault as fault:
            self._refused(_code(fault, self._seen))
            return
        now, sequence = self._guard, known.sequence if known else 0
        if not (isinstance(now, Guard) and now.snapshot is base and now.sequence == sequence):
            fresh = Guard(base, known, self._clock)
            _warm(fresh)
            self._guard = fresh
            self.swaps += 1
            self.last_swap = Swap(base.version, fresh.sequence, self._clock(), time.perf_counter() - started)
        self.trouble = trouble

    def _base(self) -> Snapshot:
        """The active snapshot: the one at hand where it is still that. Raises Fault for one that may not be served."""
        trusted = self._keys()
        named = shelf.activation(self._folder, trusted)
        if named.sequence < self._activation:
            raise Refused("replayed_activation", self._folder)
        if named.at > datetime.fromtimestamp(self._clock(), UTC) + shelf.SKEW:
            raise Refused("activation_from_the_future", self._folder)
        path = shelf.file_of(self._folder, named.version)
        now, file = self._guard.snapshot if isinstance(self._guard, Guard) else None, _status(path)
        # The same content published again is the same version in a new file, and is younger.
        same = now and now.version == named.version and file in (self._file, None)
        base = now if now and same else snapshot.read(path, trusted)
        if now and base is not now and self._too_old(base) and not self._too_old(now):
            raise Refused("old_snapshot", self._folder)
        self._activation = named.sequence
        self._file = file or self._file
        return base

    def _with_delta(self, base: Snapshot) -> tuple[Known | None, str]:
        """What is known with the snapshot's delta; without it, and a code, where that cannot be believed."""
        path = delta.file_of(self._folder, base.version)
        before = (
            self._guard if isinstance(self._guard, Guard) and self._guard.snapshot.version == base.version else None
        )
        if not path.exists():
            return None, ""
        try:
            known = delta.read(path, base, self._keys())
        except Fault:
            return (before.known if before else None), "unreadable_delta"
        if before and known.sequence < before.sequence:
            return before.known, "replayed_delta"
        return known, ""

    def _refused(self, code: str) -> None:
        self.trouble = code
        if isinstance(self._guard, DegradedGuard):
            cause = Cause.NO_SNAPSHOT if code == "no_snapshot" else Cause.UNREADABLE_SNAPSHOT
            self._guard = DegradedGuard(self._guard.policy, cause)

    def _too_old(self, one: Snapshot) -> bool:
        return self._clock() >= one.created_at.timestamp() + one.policy.max_age_hours * _HOUR

    def _keys(self) -> Trusted:
        return trusted_in(self._folder) if self._trusted is None else self._trusted

    def _delta_status(self) -> Seen:
        guard = self._guard
        return _status(delta.file_of(self._folder, guard.snapshot.version)) if isinstance(guard, Guard) else None


class Refused(Fault):
    """A snapshot that is whole, and may not be served all the same. `code` says why."""

    def __init__(self, code: str, folder: Path) -> None:
        super().__init__(code.replace("_", " "), where=str(folder), mend="publish again")
        self.code = code


def _code(fault: Fault, seen: tuple[Seen, Seen] | None) -> str:
    if isinstance(fault, Refused):
        return fault.code
    return "no_snapshot" if seen is None or seen[0] is None else "unreadable_snapshot"


def _status(path: Path) -> Seen:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino


def _yield_to_others() -> None:
    """Have this thread run when those that answer leave it the processor. Only Linux counts threads one by one."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _warm(guard: Guard) -> None:
    """Have everything compiled and every table made before anybody waits for it."""
    guard.known.accounts.profiles_of_prints(np.frombuffer(bytes(16), np.uint64).reshape(1, 2))  # as a delta will ask
    guard.search("a")
    guard.tags(["a"])
    guard.autocomplete("a", ["a"])
    for surface in Surface:
        guard.recommend(None, surface, ["a"])
        guard.recommend(None, surface, [0])
