"""What does a snapshot say that live signals are laid over?"""

from collections.abc import Collection, Sequence
from pathlib import Path
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from ringfence.guard.live.accounts import STEPS
from ringfence.guard.live.view import Base, NoBase
from ringfence.guard.snapshots import shelf, snapshot
from ringfence.guard.snapshots.signing import Trusted
from ringfence.guard.snapshots.snapshot import Snapshot
from ringfence.guard.tag_risk import LEADING

_RISK = frozenset(LEADING)
_ROUNDING = 1e-4  # of a share that was written as so many twentieths
AGAIN = 5.0  # seconds after which what could not be read is tried again, as the guard itself does

# Of the file that names the active snapshot: when and as which inode it was put there. None when there is no file.
Seen = tuple[int, int] | None


class SnapshotBase:
    """A snapshot, asked for many accounts at once. Flags that end count until another snapshot is published."""

    __slots__ = ("_snapshot", "_with", "version")

    def __init__(self, held: Snapshot) -> None:
        self.version = held.version
        self._snapshot = held
        self._with: dict[frozenset[str], NDArray[np.bool_]] = {}

    def at_risk(self, accounts: Sequence[str]) -> Collection[str]:
        return self._having(_RISK, accounts)

    def having(self, signal: str, accounts: Sequence[str]) -> Collection[str]:
        return self._having(frozenset({signal}), accounts)

    def steps(self, tag: str) -> int:
        return int(self._snapshot.tags.get(tag, 0.0) * STEPS + _ROUNDING)

    def _having(self, signals: frozenset[str], accounts: Sequence[str]) -> Collection[str]:
        if not accounts:
            return ()
        if signals not in self._with:
            profiles = self._snapshot.profiles
            self._with[signals] = np.array([any(flag.signal in signals for flag in one) for one in profiles], np.bool_)
        found = self._with[signals][self._snapshot.accounts.profiles(list(accounts))]
        return {accounts[place] for place in np.flatnonzero(found).tolist()}


class Bases:
    """Follows the active snapshot of a folder."""

    __slots__ = ("_again_at", "_folder", "_seen", "_trusted", "base")

    def __init__(self, folder: Path, trusted: Trusted) -> None:
        self._folder = folder
        self._trusted = trusted
        self._seen: Seen = None
        self._again_at = 0.0  # where the last one could not be read
        self.base: Base = NoBase()

    def look(self) -> bool:
        """Take over a snapshot that has become active; whether there is another one now.

        Raises Fault when it cannot be read; then the last one stays, and it is tried again when it changes, or later.
        """
        seen = status(self._folder / shelf.CURRENT)
        if seen is None or (seen == self._seen and not 0 < self._again_at <= monotonic()):
            return False
        self._seen = seen
        self._again_at = monotonic() + AGAIN
        version = shelf.activation(self._folder, self._trusted).version
        another = version != self.base.version
        if another:
            self.base = SnapshotBase(snapshot.read(shelf.file_of(self._folder, version), self._trusted))
        self._again_at = 0.0
        return another


def status(path: Path) -> Seen:
    """When and as which inode a file was put there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino
