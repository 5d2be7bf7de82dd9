"""How does a platform that reads a file get its orders? One JSON line an order, each key once, whole or not at all."""

import fcntl
import os
from collections.abc import Collection
from pathlib import Path

import msgspec

from ringfence.cases.actions import REVERSIBLE, Action, Done, Order, Outcome, Unclear
from ringfence.model.faults import Fault
from ringfence.store import disk


class FileEnforcer:
    """Appends orders to a file that its owner alone may read. An order is done once it is on the disk.

    Several processes may write one file, under a lock beside it; who moves it away takes the same lock, so that no
    order is written to a file that was read already. A part of a line that somebody left who was killed is cut off.
    """

    name, at_once = "file", 1

    def __init__(self, file: Path, reversible: Collection[Action] = REVERSIBLE) -> None:
        self.reversible = reversible
        self._file = file
        self._keys: set[str] = set()
        self._end = 0
        self._inode = 0

    def carry_out(self, order: Order) -> Outcome:
        try:
            with disk.writing(self._file.parent):
                self._file.parent.mkdir(parents=True, exist_ok=True)
                lock = os.open(self._file.with_name(f".{self._file.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._write(order)
            finally:
                os.close(lock)
        except Fault as fault:
            return Unclear(str(fault))
        return Done()

    def _write(self, order: Order) -> None:
        self._catch_up()
        if order.key not in self._keys:
            line = msgspec.json.encode(order) + b"\n"
            disk.append(self._file, line, self._end)
            self._keys.add(order.key)
            self._end += len(line)

    def _catch_up(self) -> None:
        """Learn what others have written since, up to the last whole line."""
        if not self._file.exists():
            self._keys, self._end, self._inode = set(), 0, 0
            return
        with disk.writing(self._file.parent), self._file.open("rb") as handle:
            there = os.fstat(handle.fileno())
            if there.st_ino != self._inode or there.st_size < self._end:  # another file, as the platform took the last
                self._keys, self._end, self._inode = set(), 0, there.st_ino
            handle.seek(self._end)
            new = handle.read()
        whole = new[: new.rfind(b"\n") + 1]
        for line in whole.splitlines():
            try:
                self._keys.add(msgspec.json.decode(line, type=_Line).key)
            except msgspec.DecodeError:
                mend = "move the file away, and run the plan again"
                raise Fault("has a line that is no order", where=str(self._file), mend=mend) from None
        self._end += len(whole)


class _Line(msgspec.Struct):
    key: str
