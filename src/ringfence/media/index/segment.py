"""How does an index lie on the disk? As a folder of arrays that is never changed.

Its manifest has their sizes and sums. A segment is written aside, synced and then renamed, so a build that is
killed, or that fills the disk, leaves nothing that is ever read. The newest segment serves; the one before it stays
until the next is built, for readers that are just opening it, and what a reader has mapped stays readable after that.
Arrays that are small are checked in full when a segment is opened, of the others the shape and size; `verify` reads
them all.
"""

import fcntl
import hashlib
import io
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
from numpy.typing import NDArray

from ringfence.kernels.threads import THREADS
from ringfence.media.hashes import SIZES
from ringfence.media.index.bits import SEED, WORDS
from ringfence.media.index.coded import Coded
from ringfence.media.index.digests import Digests
from ringfence.media.index.part import Part
from ringfence.media.index.tables import BUCKETS, Tables
from ringfence.media.index.vectors import LANES
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind
from ringfence.store import disk

FORMAT = f"ringfence media index 1, bits {SEED}"
MANIFEST, LOCK = "manifest.json", "build.lock"
SMALL = 8 << 20  # bytes of an array that is summed when it is opened: the starts of the buckets are 4 MB
MEND = "build the index again from the banks"

Array = NDArray[Any]


class Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An array's file, and what its bytes are: so no header that may be damaged has to be understood."""

    bytes: int
    sha256: str
    dtype: str
    shape: tuple[int, ...]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    upto: int
    arrays: dict[str, Stored]
    sha256: str  # of the manifest with this field empty


def newest(folder: Path) -> Path | None:
    """The newest whole segment of an index's folder."""
    found = sorted(folder.glob("segment-*"))
    return found[-1] if found else None


@contextmanager
def building(folder: Path) -> Iterator[None]:
    """Let nobody else build in the folder, and remove what killed builds have left there. Raises Fault."""
    with disk.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            what, mend = "is being built by another process", "wait until it is done, then try again"
            raise Fault(what, where=str(folder), mend=mend) from error
        for left in folder.glob(".segment-*"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def write(folder: Path, upto: int, part: Part) -> Path:
    """A new segment in the folder, within `building`. Raises Fault where it cannot be written whole."""
    last = newest(folder)
    name = f"segment-{int(last.name.removeprefix('segment-')) + 1 if last else 1:08d}"
    aside = folder / f".{name}"
    with disk.writing(folder):
        try:
            aside.mkdir()
            with ThreadPoolExecutor(THREADS) as pool:
                arrays = _arrays(part)
                paths = [aside / f"{name}.npy" for name in arrays]
                stored = dict(zip(arrays, pool.map(_store, paths, arrays.values()), strict=True))
            (aside / MANIFEST).write_bytes(_signed(Manifest(FORMAT, upto, stored, "")))
            disk.keep(aside / MANIFEST, aside / MANIFEST)
            disk.keep(aside, folder / name)
        except OSError:
            shutil.rmtree(aside, ignore_errors=True)  # the first failure is the one to tell of
            raise
    return folder / name


def clear(folder: Path) -> None:
    """Remove all segments but the newest and the one before it. One that stays by mischance is removed next time."""
    for old in sorted(folder.glob("segment-*"))[:-2]:
        shutil.rmtree(old, ignore_errors=True)


def _arrays(part: Part) -> dict[str, Array]:
    pdq, tables = part.pdq, part.pdq.tables
    arrays: dict[str, Array] = {
        "codes": pdq.codes, "first": pdq.first, "more_codes": pdq.more_codes, "more_entries": pdq.more_entries,
    }  # fmt: skip
    if tables is not None:
        arrays |= {"starts": tables.starts, "beside": tables.beside, "low": tables.low, "high": tables.high}
    for kind, digests in part.digests.items():
        arrays |= {f"{kind}_values": digests.values, f"{kind}_entries": digests.entries}
    return arrays


class _Summed(io.RawIOBase):
    """A file that is summed while it is written."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file, self.sum = file, hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        whole = memoryview(content).cast("B")
        self.sum.update(whole)
        return self._file.write(whole)


def _store(path: Path, array: Array) -> Stored:
    with path.open("xb") as file:
        summed = _Summed(file)
        np.lib.format.write_array_header_2_0(summed, np.lib.format.header_data_from_array_1_0(array))
        flat = array.reshape(-1)
        step = (16 << 20) // array.itemsize
        for start in range(0, len(flat), step):
            summed.write(flat[start : start + step])
        file.flush()
        os.fsync(file.fileno())
        return Stored(file.tell(), summed.sum.hexdigest(), array.dtype.str, array.shape)


def _signed(manifest: Manifest) -> bytes:
    """The manifest as JSON, with its sum in it."""
    empty = msgspec.structs.replace(manifest, sha256="")
    summed = hashlib.sha256(msgspec.json.encode(empty, order="sorted")).hexdigest()
    return msgspec.json.encode(msgspec.structs.replace(manifest, sha256=summed), order="sorted")


def read(segment: Path) -> tuple[Part, int]:
    """A segment's arrays, mapped, and the number of the last change it knows. Raises Fault where it is damaged."""
    manifest = _manifest(segment)
    arrays = {name: _mapped(segment / f"{name}.npy", stored) for name, stored in manifest.arrays.items()}
    try:
        part = _part(arrays)
    except (KeyError, ValueError) as error:
        raise _damaged(segment / MANIFEST) from error
    return part, manifest.upto


def verify(segment: Path) -> None:
    """Read all of a segment and raise Fault at the first file that is not as it was written."""
    for name, stored in _manifest(segment).arrays.items():
        path = segment / f"{name}.npy"
        _mapped(path, stored)
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != stored.sha256:
                raise _damaged(path)


def _manifest(segment: Path) -> Manifest:
    path = segment / MANIFEST
    try:
        content = path.read_bytes()
        manifest = msgspec.json.decode(content, type=Manifest)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, msgspec.DecodeError) as error:  # ValueError: what is no UTF-8
        raise _damaged(path) from error
    if _signed(manifest) != content:
        raise _damaged(path)
    if manifest.format != FORMAT:
        raise Fault("is of another version of ringfence", where=str(path), mend=MEND)
    return manifest


def _mapped(path: Path, stored: Stored) -> Array:
    try:
        if path.stat().st_size != stored.bytes:
            raise _damaged(path)
        if stored.bytes <= SMALL and hashlib.sha256(path.read_bytes()).hexdigest() != stored.sha256:
            raise _damaged(path)
        # Of a plain array compiled code need not be told anew whether it is mapped.
        if 0 in stored.shape:
            return np.empty(stored.shape, stored.dtype)
        dtype = np.dtype(stored.dtype)
        header = stored.bytes - dtype.itemsize * int(np.prod(stored.shape))
        return np.memmap(path, dtype, "r", header, stored.shape).view(np.ndarray)
    except (OSError, ValueError, TypeError) as error:
        raise _damaged(path) from error


def _part(arrays: Mapping[str, Array]) -> Part:
    codes = _shaped(arrays["codes"], (-1, 4), "u8")
    count = len(codes)
    more = len(arrays["more_codes"])
    digests: dict[HashKind, Digests] = {}
    for kind in HashKind:
        if kind is not HashKind.PDQ:
            values = _shaped(arrays[f"{kind}_values"], (-1, SIZES[kind]), "u1")
            digests[kind] = Digests(values, _shaped(arrays[f"{kind}_entries"], (len(values),), "i8"))
    tables = _tables(arrays, codes) if "starts" in arrays else None
    first = _shaped(arrays["first"], (count,), "u4", "i8")
    more_codes = _shaped(arrays["more_codes"], (more,), "i8")
    return Part(Coded(codes, tables, first, more_codes, _shaped(arrays["more_entries"], (more,), "i8")), digests)


def _tables(arrays: Mapping[str, Array], codes: Array) -> Tables:
    count = len(codes)
    starts = _shaped(arrays["starts"], (WORDS, BUCKETS + 1), "u4")
    # What leads a kernel through memory must lead it right.
    if (starts[:, 0] != 0).any() or (starts[:, -1] != count).any() or (starts[:, 1:] < starts[:, :-1]).any():
        raise ValueError("starts")
    numbers = ((WORDS - 1) * count,)
    beside = _shaped(arrays["beside"], (WORDS * count + LANES,), "u2")
    low, high = _shaped(arrays["low"], numbers, "u2"), _shaped(arrays["high"], numbers, "u1", "u2")
    return Tables(codes, starts, beside, low, high)


def _shaped(array: Array, shape: tuple[int, ...], *kinds: str) -> Array:
    """The array, if it has this shape (-1: any length) and one of these types."""
    fits = array.ndim == len(shape) and all(want in {-1, has} for want, has in zip(shape, array.shape, strict=True))
    if not fits or array.dtype.str[1:] not in kinds or not array.flags.c_contiguous:
        raise ValueError("shape")
    return array


def _damaged(path: Path) -> Fault:
    return Fault("is damaged", where=str(path), mend=MEND)
