"""Build an index again and be killed at the k-th thing done to the disk, for every k; after each, open what is left.

    python tests/media/index/killed.py FOLDER

Prints what each opening found: the number of the last change it knows.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ringfence.media.index import segment
from ringfence.media.index.live import MediaIndex
from ringfence.media.index.matches import Batch
from ringfence.model.words import HashKind

EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "fcntl.flock"}


def batch(count: int) -> Batch:
    values = np.random.default_rng(1).integers(0, 256, (count, 32), dtype=np.uint8)
    return Batch(HashKind.PDQ, values, np.arange(count))


def killed_at(step: int, folder: Path) -> bool:
    """Whether the build was killed, and not done before it came to this step."""
    child = os.fork()
    if child == 0:
        left = step

        def count(*_: Any) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(lambda event, _: count() if event in EVENTS else None)
        synced, written = os.fsync, segment._Summed.write

        def sync(handle: int) -> None:
            count()
            synced(handle)

        def write(self: Any, content: Any) -> int:
            half = memoryview(content).cast("B")
            written(self, half[: len(half) // 2])
            count()
            return written(self, half[len(half) // 2 :])

        os.fsync, segment._Summed.write = sync, write  # type: ignore[assignment, method-assign]
        MediaIndex.open(folder).rebuild(2, [batch(200)])
        os._exit(0)
    return os.waitpid(child, 0)[1] == signal.SIGKILL


def main() -> None:
    folder = Path(sys.argv[1])
    MediaIndex.open(folder).rebuild(1, [batch(100)])
    step, killed = 0, True
    while killed:
        killed = killed_at(step, folder)
        index = MediaIndex.open(folder)
        index.verify()
        found = index.search(batch(200).values.view(np.uint64))
        if len(found) != 100 * index.upto:
            raise SystemExit(f"step {step}: {len(found)} found at change {index.upto}")
        print(index.upto, flush=True)  # noqa: T201 - the test reads it
        if index.upto == 2 and killed:  # the old one again, to be killed a little later
            MediaIndex.open(folder).rebuild(1, [batch(100)])
        step += 1


if __name__ == "__main__":
    main()
