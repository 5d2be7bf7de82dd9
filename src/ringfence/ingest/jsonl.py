"""How are JSON lines read? A block of lines at a time; a line that is no object spoils only itself."""

import gzip
import io
import itertools
import json
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import cast

import duckdb
import pyarrow as pa
from duckdb.sqltypes import DuckDBPyType

from ringfence.ingest.source import Chunk, Raw, Source, quoted, stop_after
from ringfence.model.faults import Fault

SUFFIXES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
BLOCK_BYTES = 64 << 20  # keeps a chunk well under DuckDB's memory limit, however long its lines are
LINE_BYTES = 16 << 20  # no event is this long; without a bound one endless line would take all memory
SAMPLE = 1_000  # lines looked at to learn which columns the file has
LINES = "ringfence_lines"  # the name under which a block is shown to DuckDB
JSON = DuckDBPyType("JSON")
BOM = b"\xef\xbb\xbf"

Line = tuple[int, str, str | None]  # number from 1, text, why it cannot be read


def open_file(path: Path, wanted: Collection[str]) -> Source:
    """Look at the first lines. `wanted` are the columns that may be asked for, as one may first appear later on."""
    found = _found(path)
    names = sorted(wanted)
    pointers = ", ".join(quoted("/" + column.replace("~", "~0").replace("/", "~1")) for column in names)
    columns = {column: Raw(f"nullif(item[{place}], 'null')", JSON) for place, column in enumerate(names, 1)}

    def chunks(connection: duckdb.DuckDBPyConnection, limit: int, cuts: Sequence[int]) -> Iterator[Chunk]:
        return _chunks(connection, path, f"[{pointers}]", limit, cuts)

    return Source(path, found, columns, None, chunks)


def _chunks(
    connection: duckdb.DuckDBPyConnection, path: Path, pointers: str, limit: int, cuts: Sequence[int]
) -> Iterator[Chunk]:
    """`valid` guards every JSON function: they raise on malformed text, and CASE keeps it from them."""
    valid = "problem IS NULL AND json_valid(line) AND json_type(line) = 'OBJECT'"
    for start, stop, last, block in _blocks(path, limit, cuts):
        connection.register(LINES, block)
        yield Chunk(
            start=start,
            stop=stop,
            last=last,
            relation=f"(SELECT *, CASE WHEN {valid} THEN json_extract(line, {pointers}) END AS item FROM {LINES})",
            row="number",
            broken="coalesce(problem, CASE WHEN item IS NULL THEN 'is not one JSON object' END)",
            raw="line",
        )
        connection.unregister(LINES)


def _blocks(path: Path, limit: int, cuts: Sequence[int]) -> Iterator[tuple[int, int, bool, pa.Table]]:
    with _opened(path) as file:
        lines, start, last = _lines(file, path), 0, False
        while not last:
            stop = stop_after(start, limit, cuts)
            block, size, end = [], 0, start
            # A block that ends at a cut was within bounds when it was first read.
            while end < stop and (stop in cuts or size < BLOCK_BYTES) and (line := next(lines, None)):
                end, size = line[0], size + len(line[1])
                if line[1] or line[2]:
                    block.append(line)
            last = not file.peek(1)
            yield start, end, last, _arrow(block)
            start = end


def _arrow(lines: Sequence[Line]) -> pa.Table:
    numbers, texts, problems = zip(*lines, strict=True) if lines else ((), (), ())
    return pa.table(
        {
            "number": pa.array(numbers, pa.int64()),
            "line": pa.array(texts, pa.string()),
            "problem": pa.array(problems, pa.string()),
        }
    )


def _opened(path: Path) -> io.BufferedReader:
    if path.suffix == ".gz":
        return cast("io.BufferedReader", gzip.open(path, "rb"))
    return path.open("rb")


def _lines(file: io.BufferedReader, path: Path) -> Iterator[Line]:
    """Every line with its number; a blank one comes as empty text."""
    number = 0
    while True:
        try:
            line = file.readline(LINE_BYTES + 1)
            whole = len(line) <= LINE_BYTES
            rest = line
            while len(rest) > LINE_BYTES:  # an endless line is read past, not kept
                rest = file.readline(LINE_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            what = f"cannot be read past line {number}: {error}"
            raise Fault(what, where=str(path), mend="write the file again") from error
        if not line:
            return
        number += 1
        yield _line(number, line.removeprefix(BOM) if number == 1 else line, whole=whole)


def _line(number: int, line: bytes, *, whole: bool) -> Line:
    if not whole:
        return number, line[:1024].decode(errors="replace"), f"is longer than {LINE_BYTES >> 20} MB"
    try:
        return number, line.decode().strip(), None
    except UnicodeDecodeError:
        return number, line.decode(errors="replace").strip(), "is not UTF-8"


def _found(path: Path) -> tuple[str, ...]:
    """The keys of the first lines that are objects, in the order they appear."""
    keys: dict[str, None] = {}
    try:
        with _opened(path) as file:
            for _, text, problem in itertools.islice(_lines(file, path), SAMPLE):
                if text and not problem:
                    keys |= dict.fromkeys(_keys(text))
    except OSError as error:
        raise Fault(f"cannot be read: {error.strerror}", where=str(path), mend="name a file you may read") from error
    return tuple(keys)


def _keys(text: str) -> Collection[str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ()  # the line is quarantined when its block is read
    return value if isinstance(value, dict) else ()
