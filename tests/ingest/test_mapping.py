from pathlib import Path
from typing import Any

import pytest

from ringfence.ingest import mapping
from ringfence.ingest.mapping import Column, Mapping, Part
from ringfence.model.faults import Fault
from ringfence.model.words import Table

EXAMPLES = Path(__file__).parents[2] / "examples" / "mappings"


def test_the_elections_example_says_what_becomes_of_each_column() -> None:
    read = mapping.read(EXAMPLES / "elections.toml")
    assert read.table is Table.POSTS
    assert read.column("at") == Column((Part("timestamp"),), "s")
    assert read.column("links") == Column((Part("url_id", "url:"), Part("domain_id", "domain:")))
    assert {"hashtag_id", "phash_id", "post_id", "account_id"} < read.sources(Table.POSTS)


def test_the_weibo_example_gives_every_tie_one_relation() -> None:
    read = mapping.read(EXAMPLES / "weibo.toml")
    assert read.constants == {"relation": "uses_hashtag"}
    assert read.sources(Table.TIES) == {"account_id", "topic", "count", "at"}


def test_a_column_that_is_not_mapped_keeps_its_name() -> None:
    assert Mapping().column("handle") == Column((Part("handle"),))


def test_one_prefix_serves_every_column_of_a_list() -> None:
    read = mapping.parse({"columns": {"links": {"column": ["a", "b"], "prefix": "x:"}}}, where="here")
    assert read.column("links").parts == (Part("a", "x:"), Part("b", "x:"))


def test_the_digest_is_of_what_is_said_and_not_of_how() -> None:
    one = mapping.parse({"columns": {"src": "a", "dst": "b"}}, where="one")
    same = mapping.parse({"columns": {"dst": {"column": "b"}, "src": "a"}}, where="two")
    other = mapping.parse({"columns": {"src": "b", "dst": "a"}}, where="one")
    assert one.digest == same.digest != other.digest


@pytest.mark.parametrize(
    ("said", "where", "words"),
    [
        ({"tabel": "posts"}, "m.toml", "did you mean 'table'?"),
        ({"table": "post"}, "m.toml", "did you mean 'posts'?"),
        ({"table": "posts", "columns": {"acount_id": "a"}}, "m.toml", "did you mean 'account_id'?"),
        ({"table": "posts", "constants": {"relation": "follows"}}, "m.toml", "unknown column of posts 'relation'"),
        ({"columns": {"at": {"colum": "t"}}}, "m.toml, columns.at", "did you mean 'column'?"),
        ({"columns": {"at": {"column": "t", "unit": "sec"}}}, "m.toml, columns.at", "use one of s, ms, us, ns"),
        ({"columns": {"at": 3}}, "m.toml, columns.at", 'write "their column"'),
        ({"columns": {"at": {}}}, "m.toml, columns.at", "write column as text"),
        ({"columns": {"links": {"column": ["a", 1]}}}, "m.toml, columns.links", "write column as text"),
        ({"columns": {"links": {"column": ["a"], "prefix": ["x", "y"]}}}, "m.toml, columns.links", "2 prefixes for 1"),
        ({"columns": "a"}, "m.toml", "[columns]"),
        ({"constants": {"relation": ["follows"]}}, "m.toml, constants.relation", "write one text"),
        ({"columns": {"src": "a"}, "constants": {"src": "b"}}, "m.toml", "both a column and a constant"),
        ({"table": "posts", "columns": {"text": {"column": ["a", "b"]}}}, "m.toml, columns.text", "name one column"),
        ({"table": "posts", "columns": {"text": {"column": "a", "unit": "s"}}}, "m.toml, columns.text", "remove unit"),
        (
            {"table": "ties", "columns": {"weight": {"column": "a", "prefix": "x"}}},
            "m.toml, columns.weight",
            "remove prefix",
        ),
    ],
)
def test_each_mistake_in_a_mapping_is_named_with_its_remedy(said: dict[str, Any], where: str, words: str) -> None:
    with pytest.raises(Fault) as caught:
        mapping.parse(said, where="m.toml")
    assert caught.value.where == where
    assert words in str(caught.value)


@pytest.mark.parametrize("text", [None, "table = ", b"\xff"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str | bytes | None) -> None:
    file = tmp_path / "m.toml"
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(Fault) as caught:
        mapping.read(file)
    assert caught.value.where == str(file)


def test_constants_are_kept_as_text(tmp_path: Path) -> None:
    file = tmp_path / "m.toml"
    file.write_text('[constants]\nweight = 2.5\nrelation = "follows"\nat = 2026-01-31T12:00:00Z\n')
    assert mapping.read(file).constants == {"weight": "2.5", "relation": "follows", "at": "2026-01-31 12:00:00+00:00"}
