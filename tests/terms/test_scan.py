import json

import duckdb
import pyarrow as pa
import pytest

from ringfence.model.faults import Fault
from ringfence.model.schemas import SIGNALS
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.scan import BATCH, scan_lines, scan_posts

LEXICON = Lexicon.from_terms(["firecrest", "kittiwake"])
FIRECREST, KITTIWAKE = (term.id for term in LEXICON.terms)


def store(posts: list[tuple[str, int, str | None, list[str] | None]]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE posts(post_id VARCHAR, account UINTEGER, text VARCHAR, hashtags VARCHAR[])")
    connection.execute("CREATE TABLE accounts(id UINTEGER, handle VARCHAR, display_name VARCHAR, bio VARCHAR)")
    if posts:
        connection.executemany("INSERT INTO posts VALUES (?, ?, ?, ?)", posts)
    return connection


def rows(table: pa.Table) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in table.to_pylist()]


def test_text_and_hashtags_of_posts() -> None:
    connection = store(
        [
            ("p1", 7, "a Firecrest and a firecrest", ["#firecrest", "LoveKittiwake", "lake"]),
            ("p2", 8, None, None),
            ("p3", 8, "museum", []),
            ("p4", 9, "nothing", [None, "kittiwake"]),  # type: ignore[list-item]
        ]
    )
    found = scan_posts(connection, LEXICON.matcher, lambda _: None)
    assert found.schema == SIGNALS
    assert rows(found) == [
        (7, "p1", FIRECREST, "illegal", "folded", "text"),
        (7, "p1", FIRECREST, "illegal", "exact", "text"),
        (7, "p1", FIRECREST, "illegal", "exact", "hashtag"),
        (7, "p1", KITTIWAKE, "illegal", "camel", "hashtag"),
        (9, "p4", KITTIWAKE, "illegal", "exact", "hashtag"),
    ]


def test_profiles() -> None:
    connection = store([])
    connection.execute(
        "INSERT INTO accounts VALUES (3, 'firecrest_fan', 'Kittiwake', 'about birds'), (4, 'x', NULL, 'a firecrest')"
    )
    found = scan_posts(connection, LEXICON.matcher, lambda _: None)
    assert rows(found) == [
        (4, None, FIRECREST, "illegal", "exact", "bio"),
        (3, None, KITTIWAKE, "illegal", "folded", "display_name"),
        (3, None, FIRECREST, "illegal", "exact", "handle"),
    ]


def test_an_empty_store_gives_an_empty_table() -> None:
    assert scan_posts(store([]), LEXICON.matcher, lambda _: None).equals(SIGNALS.empty_table())


def test_no_post_is_lost_between_batches_and_progress_counts_all_rows() -> None:
    connection = store([])
    count = 2 * BATCH + 3
    connection.execute(
        f"INSERT INTO posts SELECT 'p' || i, i, CASE WHEN i % 1000 = 0 THEN 'a kittiwake' ELSE 'a lake' END, "
        f"['lake'] FROM range({count}) t(i)"
    )
    seen: list[int] = []
    found = scan_posts(connection, LEXICON.matcher, seen.append)
    assert sorted(found["account"].to_pylist()) == list(range(0, count, 1000))
    assert sum(seen) == count


def test_lines_come_back_with_their_hits_and_nothing_else_changed() -> None:
    lines: list[bytes | str] = [
        b'{"id": 12345678901234567890, "text": "a kittiwake", "x": {"a": 1.10}}\n',
        "\n",
        '{"text": "lake"}',
    ]
    first, second = scan_lines(lines, LEXICON.matcher)
    assert b'"id":12345678901234567890' in first
    assert b"1.10" in first
    hit = json.loads(first)["hits"][0]
    assert (hit["term"], hit["start"], hit["end"], hit["tier"]) == ("kittiwake", 2, 11, "exact")
    assert json.loads(second) == {"text": "lake", "hits": []}


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b"3", b'{"txt": "x"}', b'{"text": 3}', b'{"text": null}', b'{"text": "\xff"}', b"\xff"]
)
def test_a_bad_line_is_a_fault_that_names_it(line: bytes) -> None:
    results = scan_lines([b'{"text": "lake"}', b"", line], LEXICON.matcher)
    next(results)
    with pytest.raises(Fault) as caught:
        next(results)
    assert caught.value.where == "line 3"
