"""How is a bank filled by one process at a time? By a lock of its own, as a fetch may take hours."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ringfence.model.faults import Fault
from ringfence.store import disk


@contextmanager
def filling(folder: Path, bank: str) -> Iterator[None]:
    """Be the only one that fills this bank; the system ends it even when the process is killed.

    Raises Fault at once when another process fills it.
    """
    with disk.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / f".{bank.casefold()}.filling").open("a")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            what = "is being filled by another process"
            raise Fault(what, where=f"bank {bank}", mend="wait until it is done, then run this one again") from None
        yield
