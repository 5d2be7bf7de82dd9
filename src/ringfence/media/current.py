"""Which index answers now? The newest on disk, brought on by every change that any process has made to the banks.

What changed is in the very next answer. When more changed than an index carries well, one is built anew beside it, by
one process for all, and takes its place when it is done.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import Protocol, Self

from ringfence.media.banks import journal, listed
from ringfence.media.banks.bank import Bank
from ringfence.media.banks.banks import Banks
from ringfence.media.hashes import RADIUS, Codes
from ringfence.media.index.live import NOTHING, MediaIndex
from ringfence.media.index.matches import Batch, Ids, Matches, Values
from ringfence.media.index.part import part
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind
from ringfence.store import disk

LOCK = ".rebuilding"
PAUSE = 60.0  # seconds before a rebuild that failed is tried again


class Index(Protocol):
    """What is needed of an index."""

    @property
    def upto(self) -> int: ...
    def search(self, codes: Codes, radius: int = RADIUS) -> Matches: ...
    def exact(self, kind: HashKind, values: Values) -> Matches: ...
    def change(self, upto: int, came: Sequence[Batch], gone: Ids) -> None: ...
    def rebuild(self, upto: int, batches: Iterable[Batch]) -> Self: ...


Open = Callable[[Path], Index]  # Raises Fault for an index that is damaged.


@dataclass(slots=True)
class Current:
    """An index over banks. `trouble` names why the last rebuild failed; what answers meanwhile is whole."""

    banks: Banks  # a connection of its own, by which nothing is ever changed
    folder: Path
    opened: Open
    rebuild_after: int
    index: Index = field(init=False)
    known: Mapping[str, Bank] = field(init=False, default_factory=dict)
    trouble: str = field(init=False, default="")
    _base: int = field(init=False)
    _seen: int | None = field(init=False, default=None)
    _fresh: Index | None = field(init=False, default=None)
    _thread: Thread | None = field(init=False, default=None)
    _swap: Lock = field(init=False, default_factory=Lock)
    _not_before: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.index = self.opened(self.folder)
        self._base = self.index.upto

    def catch_up(self) -> None:
        """Bring index and banks to this moment, within `banks.reading()`. Raises Fault where they do not fit."""
        with self._swap:
            fresh, self._fresh = self._fresh, None
        if fresh is not None and fresh.upto > self._base:
            self.index, self._base, self._seen = fresh, fresh.upto, None
        db = self.banks.db
        version = int(db.execute("PRAGMA data_version").fetchone()[0])
        if version == self._seen:
            return
        self.known = listed.every(db)
        waiting, change = journal.waiting(db, self._base), journal.last(db)
        if change != self.index.upto:
            since = self.index.upto
            self.index.change(change, tuple(journal.came(db, since)), journal.gone(db, since))
        if waiting > self.rebuild_after:
            self._begin()
        self._seen = version

    def _begin(self) -> None:
        if (self._thread is None or not self._thread.is_alive()) and time.monotonic() >= self._not_before:
            self._thread = Thread(target=self._apart, name="media index", daemon=True)
            self._thread.start()

    def _apart(self) -> None:
        try:
            fresh = renewed(self.banks.path, self.folder, self.opened, self.rebuild_after)
        except (Fault, MemoryError) as fault:
            self.trouble, self._not_before = f"the index could not be built anew: {fault}", time.monotonic() + PAUSE
            return
        self.trouble = ""
        with self._swap:
            self._fresh = fresh


def renewed(path: Path, folder: Path, opened: Open, most_behind: int) -> Index | None:
    """An index that is at most so many entries behind: the newest on disk, or else one that is built now.

    None while another process builds one.
    """
    with _alone(folder) as alone:
        if not alone:
            return None
        newest = opened(folder)
        with _moment(path) as banks:
            if newest.upto and journal.waiting(banks.db, newest.upto) <= most_behind:
                return newest
            return newest.rebuild(journal.last(banks.db), journal.came(banks.db, 0))


def rebuild(path: Path, folder: Path) -> Index:
    """Build the index from the banks, whatever there was before. Raises Fault while another process does."""
    with _alone(folder) as alone:
        if not alone:
            raise Fault("is being built by another process", where=str(folder), mend="wait until it is done")
        with _moment(path) as banks:
            blank = MediaIndex(folder, part(NOTHING), 0)
            return blank.rebuild(journal.last(banks.db), journal.came(banks.db, 0))


@contextmanager
def _moment(path: Path) -> Iterator[Banks]:
    banks = Banks(path)
    try:
        with banks.reading():
            yield banks
    finally:
        banks.close()


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether no other process builds in this folder, while this lasts; the system frees it when one is killed."""
    with disk.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            alone = True
        except BlockingIOError:
            alone = False
        yield alone
    finally:
        os.close(handle)
