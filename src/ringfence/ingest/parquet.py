"""How is a Parquet file read? By DuckDB, a range of rows at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from ringfence.ingest.source import Chunk, Raw, Source, name, quoted, stop_after
from ringfence.model.faults import Fault

SUFFIXES = (".parquet",)
ROW_NUMBER = "file_row_number"  # DuckDB's own name for a row's place in the file, from 0


def open_file(path: Path) -> Source:
    """Read the columns and the row count. Raises Fault when the file is missing, cut short or no Parquet at all."""
    file = quoted(str(path))
    try:
        with duckdb.connect() as connection:
            header = connection.execute(f"SELECT * FROM read_parquet({file}) LIMIT 0").description or []
            rows = connection.execute(f"SELECT num_rows FROM parquet_file_metadata({file})").fetchone()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise Fault(f"is not a whole Parquet file ({reason})", where=str(path), mend="write the file again") from error
    columns = {found: Raw(name(found), kind) for found, kind, *_ in header}
    if ROW_NUMBER in columns:
        raise Fault(f"has a column {ROW_NUMBER}, which rows are counted by", where=str(path), mend="rename it")
    total = int(rows[0]) if rows else 0

    def chunks(_: duckdb.DuckDBPyConnection, limit: int, cuts: Sequence[int]) -> Iterator[Chunk]:
        return _chunks(file, tuple(columns), total, limit, cuts)

    return Source(path, tuple(columns), columns, total, chunks)


def _chunks(file: str, columns: Sequence[str], total: int, limit: int, cuts: Sequence[int]) -> Iterator[Chunk]:
    whole = ", ".join(f"{quoted(column)}: {name(column)}" for column in columns)
    start = 0
    while True:
        stop = min(stop_after(start, limit, cuts), total)
        yield Chunk(
            start=start,
            stop=stop,
            last=stop == total,
            relation=f"(FROM read_parquet({file}, {ROW_NUMBER}=true) "
            f"WHERE {ROW_NUMBER} >= {start} AND {ROW_NUMBER} < {stop})",
            row=f"{ROW_NUMBER} + 1",
            broken="NULL::VARCHAR",
            raw=f"CAST(to_json({{{whole}}}) AS VARCHAR)",
        )
        if stop == total:
            return
        start = stop
