"""Which module reads this file? Its suffix says."""

from collections.abc import Collection
from pathlib import Path

from ringfence.ingest import jsonl, parquet
from ringfence.ingest.source import Source
from ringfence.model.faults import Fault

SUFFIXES = parquet.SUFFIXES + jsonl.SUFFIXES


def open_source(path: Path, wanted: Collection[str]) -> Source:
    """Open `path` to read the columns `wanted`. Raises Fault when it is missing or of no format known here."""
    if not path.is_file():
        raise Fault("no such file", where=str(path), mend="name a file that exists")
    if path.name.endswith(parquet.SUFFIXES):
        return parquet.open_file(path)
    if path.name.endswith(jsonl.SUFFIXES):
        return jsonl.open_file(path, wanted)
    raise Fault("is of no known format", where=str(path), mend=f"give it one of the suffixes {', '.join(SUFFIXES)}")
