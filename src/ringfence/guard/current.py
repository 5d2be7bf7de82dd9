"""Which guard answers right now, while snapshots are published beside it?"""

from pathlib import Path

from ringfence.guard.decide import DegradedGuard, Guard
from ringfence.guard.policy import Cause, Policy
from ringfence.guard.snapshot import CURRENT, load_current
from ringfence.model.faults import Fault

# Of the file that names the active snapshot: when and as which inode it was put there. None when there is no file.
Seen = tuple[int, int] | None


class Current:
    """Follows a folder's active snapshot. One that cannot be read leaves the last good one in place.

    Without a good one it answers by the fallback policy's degraded mode, and looks again when the folder changes.
    """

    __slots__ = ("_folder", "_guard", "_seen", "trouble")

    def __init__(self, folder: Path | str, fallback: Policy) -> None:
        self._folder = Path(folder)
        self._guard: Guard | DegradedGuard = DegradedGuard(fallback)
        self._seen: Seen = None
        self.trouble = "no_snapshot"  # a code, empty when all is well

    def guard(self) -> Guard | DegradedGuard:
        """The guard to ask. Costs one look at the file's status unless a new snapshot became active."""
        if (seen := self._look()) != self._seen:
            self._seen = seen
            self._load()
        return self._guard

    def _look(self) -> Seen:
        try:
            status = (self._folder / CURRENT).stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino

    def _load(self) -> None:
        try:
            self._guard = Guard(load_current(self._folder))
        except Fault:
            # Not raised: the platform's searches must go on. /readyz shows the trouble, `ringfence status` its cause.
            self.trouble = "no_snapshot" if self._seen is None else "unreadable_snapshot"
            if isinstance(self._guard, DegradedGuard):
                self._guard = DegradedGuard(self._guard.policy, Cause(self.trouble))
        else:
            self.trouble = ""
