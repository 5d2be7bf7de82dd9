import gzip
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.ingest import jsonl, validate
from ringfence.ingest.mapping import Mapping, parse
from ringfence.ingest.reasons import Reason
from ringfence.model.faults import Fault
from ringfence.model.words import Table

Rows = list[dict[str, Any]]
GOOD = b'{"post_id": 1.0, "account_id": "wren", "at": "2026-01-31T12:00:00Z"}'


def read(file: Path, table: Table = Table.POSTS, using: Mapping | None = None, limit: int = 1_000) -> Rows:
    used = using or Mapping()
    source = jsonl.open_file(file, used.sources(table))
    reading = validate.reading(source, table, used)
    rows: Rows = []
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for chunk in source.chunks(connection, limit, ()):
            rows += connection.sql(f'FROM ({reading.sql(chunk)}) ORDER BY "row"').to_arrow_table().to_pylist()
    return rows


def lines(folder: Path, content: bytes) -> Path:
    file = folder / "posts.jsonl"
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_one_bad_line_spoils_only_itself(tmp_path: Path, ending: bytes) -> None:
    bad = [b"kittiwake", b'{"post_id": ', b"[1]", b'"wren"', b"null", b"\xff\xfe", b"[" * 10_000, b"{}{}"]
    file = lines(tmp_path, ending.join([b"\xef\xbb\xbf" + GOOD, b"", *bad, b"  ", GOOD]))
    rows = read(file)
    assert [row["row"] for row in rows] == [1, 3, 4, 5, 6, 7, 8, 9, 10, 12]
    assert [row["bad_reason"] for row in rows] == [None, *["malformed"] * 8, None]
    assert rows[0]["post_id"] == "1"
    assert rows[6]["bad_words"] == "the line is not UTF-8"


@pytest.mark.parametrize(
    ("line", "reason", "words"),
    [
        ({"account_id": None}, Reason.MISSING, "account_id is empty"),
        ({"account_id": ""}, Reason.MISSING, "account_id is empty"),
        ({"account_id": {"id": 1}}, Reason.TYPE, "expected text"),
        ({"account_id": "w\u0000"}, Reason.ID, "account_id is 'w?'"),
        ({"at": 1769862615}, Reason.TYPE, "at is '1769862615'; expected an ISO 8601 time"),
        ({"at": "2026"}, Reason.TYPE, "at is '2026'; expected"),
        ({"links": ["a", ["b"]]}, Reason.TYPE, "expected a list of texts"),
        ({"links": {"a": 1}}, Reason.TYPE, "expected a list of texts"),
        ({"media": [{"sha256": "00"}]}, Reason.TYPE, "that have a media_id"),
    ],
)
def test_each_kind_of_bad_value_has_one_reason_in_words(
    tmp_path: Path, line: dict[str, Any], reason: Reason, words: str
) -> None:
    file = lines(tmp_path, GOOD + b"\n" + json.dumps({**json.loads(GOOD), **line}).encode())
    row = read(file)[1]
    assert row["bad_reason"] == reason
    assert words in row["bad_words"]


def test_values_of_json_become_ours(tmp_path: Path) -> None:
    said = {"text": None, "hashtags": "firecrest", "links": [1, 2.0, None, "", "a"], "media": ["m", {"media_id": 5}]}
    row = read(lines(tmp_path, json.dumps({**json.loads(GOOD), **said, "reply_to": 12.0}).encode()))[0]
    assert (row["bad_reason"], row["text"], row["reply_to"]) == (None, None, "12")
    assert (row["hashtags"], row["links"]) == (["firecrest"], ["1", "2", "a"])
    assert [medium["media_id"] for medium in row["media"]] == ["m", "5"]


def test_a_numeric_time_is_read_in_its_unit(tmp_path: Path) -> None:
    using = parse({"columns": {"at": {"column": "t", "unit": "ms"}}}, where="here")
    row = read(lines(tmp_path, b'{"post_id":"p","account_id":"wren","t":1769862615123}'), using=using)[0]
    assert row["at"].timestamp() == 1769862615.123


def test_a_column_may_first_appear_after_the_lines_looked_at(tmp_path: Path) -> None:
    late = json.dumps({**json.loads(GOOD), "text": "dunnock", "a/b~": 1}).encode()
    rows = read(lines(tmp_path, b"\n".join([GOOD] * jsonl.SAMPLE + [late])), limit=400)
    assert (rows[0]["text"], rows[-1]["text"]) == (None, "dunnock")


def test_a_key_may_hold_any_sign(tmp_path: Path) -> None:
    key = "a/b~c\"d'e.f"
    using = parse({"columns": {"post_id": key}}, where="here")
    content = json.dumps({key: "p", "account_id": "wren", "at": "2026-01-31"}).encode()
    assert read(lines(tmp_path, content), using=using)[0]["post_id"] == "p"


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_has_no_rows_and_no_fault(tmp_path: Path, content: bytes) -> None:
    assert read(lines(tmp_path, content)) == []


def test_a_required_key_that_no_line_has_is_a_fault_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(
        Fault, match="has no column 'account_id' for account_id of posts; it has post_id, acount_id"
    ) as e:
        read(lines(tmp_path, b'{"post_id":1,"acount_id":"wren"}\n'))
    assert "did you mean 'acount_id'?" in e.value.mend


def test_an_endless_line_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "LINE_BYTES", 100)
    rows = read(lines(tmp_path, GOOD + b"\n" + b"x" * 1_000 + b"\n" + GOOD))
    assert [(row["row"], row["bad_reason"]) for row in rows] == [(1, None), (2, "malformed"), (3, None)]


def test_gzip_is_read_as_it_is_and_a_cut_one_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl.gz"
    whole = gzip.compress(b"\n".join([GOOD] * 500))
    file.write_bytes(whole)
    assert len(read(file, limit=64)) == 500
    file.write_bytes(whole[:-20])
    with pytest.raises(Fault, match="cannot be read past line"):
        read(file)


def ranges(file: Path, limit: int, cuts: Sequence[int]) -> list[tuple[int, int, bool, list[int]]]:
    with duckdb.connect() as connection:
        return [
            (
                c.start,
                c.stop,
                c.last,
                [n for (n,) in connection.execute(f"SELECT {c.row} FROM {c.relation}").fetchall()],
            )
            for c in jsonl.open_file(file, ["a"]).chunks(connection, limit, cuts)
        ]


@given(st.lists(st.sampled_from([b"", b"{}", b"x"]), max_size=12), st.integers(1, 5), st.sampled_from([b"", b"\n"]))
def test_chunks_hold_every_line_once_and_resume_where_they_were_cut(
    tmp_path_factory: pytest.TempPathFactory, content: list[bytes], limit: int, ending: bytes
) -> None:
    text = b"\n".join(content) + ending
    file = lines(tmp_path_factory.getbasetemp(), text)
    whole = ranges(file, limit, [])
    expected = [number for number, line in enumerate(text.split(b"\n"), 1) if line]
    assert [number for chunk in whole for number in chunk[3]] == expected
    assert [chunk[2] for chunk in whole] == [False] * (len(whole) - 1) + [True]
    assert all(before[1] == after[0] for before, after in itertools.pairwise(whole))
    cuts = [chunk[1] for chunk in whole[:2]]
    assert ranges(file, 2, cuts)[: len(cuts)] == whole[:2]


def test_a_block_is_bounded_by_its_bytes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "BLOCK_BYTES", 2 * len(GOOD))
    assert [chunk[:2] for chunk in ranges(lines(tmp_path, b"\n".join([GOOD] * 5)), 100, [])] == [(0, 2), (2, 4), (4, 5)]
