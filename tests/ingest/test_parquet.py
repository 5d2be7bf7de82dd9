from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.ingest import parquet
from ringfence.model.faults import Fault


def written(folder: Path, rows: int) -> Path:
    file = folder / "it's [1].parquet"
    pq.write_table(pa.table({"a b": range(rows)}), file, row_group_size=3)
    return file


def numbers(file: Path, limit: int, cuts: Sequence[int]) -> list[list[tuple[int, int]]]:
    source = parquet.open_file(file)
    with duckdb.connect() as connection:
        return [
            connection.execute(f'SELECT {chunk.row}, "a b" FROM {chunk.relation}').fetchall()
            for chunk in source.chunks(connection, limit, cuts)
        ]


@given(st.integers(0, 20), st.integers(1, 8), st.lists(st.integers(1, 20), max_size=3))
def test_chunks_hold_every_row_once_in_order_with_its_number(
    tmp_path_factory: pytest.TempPathFactory, rows: int, limit: int, cuts: list[int]
) -> None:
    chunks = numbers(written(tmp_path_factory.getbasetemp(), rows), limit, sorted(set(cuts)))
    assert [row for chunk in chunks for row in sorted(chunk)] == [(place + 1, place) for place in range(rows)]


def test_a_resumed_file_is_cut_where_it_was_cut_before(tmp_path: Path) -> None:
    chunks = list(parquet.open_file(written(tmp_path, 10)).chunks(duckdb.connect(), 4, [3, 6]))
    assert [(chunk.start, chunk.stop, chunk.last) for chunk in chunks] == [(0, 3, False), (3, 6, False), (6, 10, True)]


def test_a_file_without_rows_is_one_empty_chunk(tmp_path: Path) -> None:
    (chunk,) = parquet.open_file(written(tmp_path, 0)).chunks(duckdb.connect(), 4, [])
    assert (chunk.start, chunk.stop, chunk.last) == (0, 0, True)


def test_a_row_is_shown_as_json(tmp_path: Path) -> None:
    (chunk,) = parquet.open_file(written(tmp_path, 1)).chunks(duckdb.connect(), 4, [])
    assert duckdb.execute(f"SELECT {chunk.raw} FROM {chunk.relation}").fetchall() == [('{"a b":0}',)]


@pytest.mark.parametrize("keep", [0, 3, 40, -5])
def test_a_file_cut_short_or_of_another_kind_is_refused(tmp_path: Path, keep: int) -> None:
    file = written(tmp_path, 9)
    file.write_bytes(file.read_bytes()[:keep] if keep != 3 else b"kittiwake, firecrest\n" * 9)
    with pytest.raises(Fault, match="is not a whole Parquet file") as caught:
        parquet.open_file(file)
    assert caught.value.where == str(file)


def test_a_column_that_hides_the_row_number_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"file_row_number": [1]}), file)
    with pytest.raises(Fault, match="rename it"):
        parquet.open_file(file)
