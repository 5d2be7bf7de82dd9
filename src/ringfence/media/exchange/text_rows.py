"""How is a file of rows read a row at a time, as often as needed, and never held as a whole?"""

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ringfence.media.exchange.rows import MOST_BYTES
from ringfence.model.faults import Fault

LOST = "\ufffd"  # stands for bytes that are not of the encoding
MOST_LOST = 0.1  # of the characters; with more the file is in another encoding
_AT_ONCE = 1 << 20  # characters
_MARK = "\ufeff"  # before the text in some files


@dataclass(frozen=True, slots=True)
class TextRows:
    """A file in columns: where it is, how it is written, and a digest of its content when it was first read."""

    path: Path
    encoding: str
    delimiter: str
    digest: str

    def __iter__(self) -> Iterator[tuple[int, list[str], str]]:
        """Each row: the number of its first line, its cells, and why it cannot be read, if so.

        Raises Fault where the file is no longer what it was.
        """
        if _digest(self.path) != self.digest:
            raise Fault("changed while it was read", where=str(self.path), mend="import it once more")
        with self.path.open(encoding=self.encoding, errors="replace", newline="") as file:
            reader = csv.reader(_unmarked(file), delimiter=self.delimiter)
            while True:
                first = reader.line_num + 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error:
                    yield first, [], "cannot be read as a row"
                else:
                    yield first, cells, ""


def opened(path: Path, encoding: str, delimiter: str) -> TextRows:
    """The rows of a file. Raises Fault where it cannot be read, is too large, or is not in the encoding."""
    rows = TextRows(path, encoding, delimiter, _digest(path))
    if _share_lost(path, encoding) > MOST_LOST:
        mend = 'set encoding in the mapping, such as "utf-16" or "cp1252"'
        raise Fault(f"is not {encoding}", where=str(path), mend=mend)
    return rows


def _digest(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Fault(f"is larger than {MOST_BYTES >> 30} GB", where=str(path), mend="split it")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Fault(f"cannot be read ({error.strerror})", where=str(path), mend="check its name and rights") from None


def _share_lost(path: Path, encoding: str) -> float:
    """The share of what cannot be read. UTF-16 and the like are known by their mark where the encoding says none."""
    lost = count = 0
    try:
        with path.open(encoding=encoding, errors="replace", newline="") as file:
            while text := file.read(_AT_ONCE):
                lost += text.count(LOST)
                count += len(text)
    except (UnicodeError, LookupError):
        return 1.0
    return lost / max(count, 1)


def _unmarked(file: io.TextIOBase) -> Iterator[str]:
    first = file.readline().removeprefix(_MARK)
    if first:
        yield first
    yield from file
