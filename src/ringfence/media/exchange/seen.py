"""Which items did an exchange still have when a bank began anew? The rest is removed in the end.

A file of 16 bytes each: first which pass it belongs to, then one digest an item. It is synced before the page with
these items lands, so that a pass that was broken off, however, never takes an item for missing that it had seen.
"""

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from ringfence.media.exchange.places import ANEW
from ringfence.model.faults import Fault
from ringfence.store import disk

_SIZE = 16


def begin(file: Path, begun: datetime) -> None:
    """Start the file of the pass that began then."""
    disk.write_whole(file, _digest(begun.isoformat()))
    file.chmod(0o600)


def add(file: Path, begun: datetime, source_ids: Iterable[str]) -> None:
    """Note items of the pass that began then. Raises Fault when the file is not of that pass."""
    with disk.writing(file.parent), _opened(file) as handle:
        _check(handle.read(_SIZE), file, begun)
        handle.seek(file.stat().st_size // _SIZE * _SIZE)  # what was half written when the power went is not counted
        handle.write(b"".join(map(_digest, source_ids)))
        handle.truncate()
        handle.flush()
        os.fsync(handle.fileno())


def missing(file: Path, begun: datetime, known: Iterable[str]) -> Iterator[str]:
    """Those of `known` that the pass did not see. Raises Fault when the file is not of that pass."""
    with disk.writing(file.parent), _opened(file) as handle:
        content = handle.read()
    _check(content[:_SIZE], file, begun)
    seen = {content[place : place + _SIZE] for place in range(_SIZE, len(content), _SIZE)}
    return (name for name in known if _digest(name) not in seen)


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("r+b")
    except FileNotFoundError:
        raise Fault("is missing", where=str(file), mend=ANEW) from None


def _check(head: bytes, file: Path, begun: datetime) -> None:
    if head != _digest(begun.isoformat()):
        raise Fault("is not of the pass that is to go on", where=str(file), mend=ANEW)


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_SIZE).digest()
