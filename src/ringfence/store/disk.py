"""How does a file reach the disk whole or not at all? Written aside, synced, then renamed."""

import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from ringfence.model.faults import Fault

OWNER_ONLY = 0o600


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn a failure to write below `folder` into a Fault that names it and the remedy."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        what = "is more than the memory allowed can hold"
        raise Fault(what, where=str(folder), mend="raise memory_limit under [store] in ringfence.toml") from error
    except (OSError, duckdb.IOException) as error:
        what = f"cannot be written ({_cause(error)})"
        mend = "free some space or mend its permissions, then run the same command again"
        raise Fault(what, where=str(folder), mend=mend) from error


def _cause(error: OSError | duckdb.IOException) -> str:
    """The system's own words, which DuckDB gives as a number amid words of its own."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    number = re.search(r'"errno":"(\d+)"', str(error))
    return os.strerror(int(number[1])) if number else str(error).splitlines()[0]


def write_whole(path: Path, content: bytes) -> None:
    """Make `path` hold `content`: readers see the old file or the new one, and after return the new one lasts."""
    _write_whole(path, lambda aside: aside.write_bytes(content))


def write_private(path: Path, content: bytes) -> None:
    """The same, for a file and a folder that only their owner may read. Threads may write the same file at once."""

    def write(aside: Path) -> None:
        aside.unlink(missing_ok=True)  # a process killed before may have left it
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb") as file:
            file.write(content)

    with writing(path.parent):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_whole(path, write)


def _write_whole(path: Path, write: Callable[[Path], object]) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.new")
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(aside)
            keep(aside, path)
        except OSError:
            with suppress(OSError):  # the first failure is the one to tell of
                aside.unlink(missing_ok=True)
            raise


def keep(aside: Path, path: Path) -> None:
    """Sync the finished file `aside`, then give it the name `path`, and sync that too."""
    _sync(aside)
    aside.replace(path)
    _sync(path.parent)


def append(path: Path, line: bytes, at: int) -> None:
    """Make `path`, which only its owner may read, end with `line` after its first `at` bytes, and return once it lasts.

    What is after those bytes, as when a writer was killed, is cut off. Raises Fault when it cannot be written, and then
    the file has those bytes and no more.
    """
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT, OWNER_ONLY)
        try:
            _write_after(handle, line, at)
        finally:
            os.close(handle)
        if not at:
            _sync(path.parent)  # the file's name must last too


def _write_after(handle: int, line: bytes, at: int) -> None:
    try:
        os.ftruncate(handle, at)
        os.lseek(handle, at, os.SEEK_SET)
        left = memoryview(line)
        while left:  # a disk about to be full takes a part first, and refuses the rest
            left = left[os.write(handle, left) :]
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, at)
        raise


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
