import math
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.ingest import formats, mapping, validate
from ringfence.ingest.mapping import Mapping
from ringfence.ingest.reasons import Reason
from ringfence.model.faults import Fault
from ringfence.model.words import Relation, Table

Rows = list[dict[str, Any]]
FOLLOW = {"src": "wren", "dst": "dunnock", "relation": "follows"}
POST = {"post_id": "p1", "account_id": "wren", "at": datetime(2026, 1, 31, tzinfo=UTC)}


def read(file: Path, table: Table, using: Mapping | None = None) -> Rows:
    """Every row as `table` sees it, with its reason and words; times as microseconds."""
    used = using or Mapping()
    source = formats.open_source(file, used.sources(table))
    reading = validate.reading(source, table, used)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        rows: Rows = []
        for chunk in source.chunks(connection, 1_000, ()):
            rows += connection.sql(reading.sql(chunk)).to_arrow_table().to_pylist()
    return rows


def parquet(folder: Path, columns: dict[str, Any]) -> Path:
    file = folder / "kittiwake.parquet"
    pq.write_table(pa.table(columns), file)
    return file


def one(folder: Path, columns: dict[str, Any], table: Table, using: Mapping | None = None) -> dict[str, Any]:
    (row,) = read(parquet(folder, {name: pa.array([value]) for name, value in columns.items()}), table, using)
    return row


def test_missing_optional_columns_are_null_and_a_good_row_has_no_reason(tmp_path: Path) -> None:
    row = one(tmp_path, FOLLOW, Table.TIES)
    assert row == {"row": 1, **FOLLOW, "at": None, "weight": None, "bad_reason": None, "bad_words": None}


@pytest.mark.parametrize(
    ("table", "columns", "reason", "words"),
    [
        (Table.TIES, {**FOLLOW, "src": None}, Reason.MISSING, "src is empty"),
        (Table.TIES, {**FOLLOW, "src": ""}, Reason.MISSING, "src is empty"),
        (Table.TIES, {**FOLLOW, "relation": "folows"}, Reason.CHOICE, "use one of follows, replies"),
        (Table.TIES, {**FOLLOW, "weight": 0.0}, Reason.RANGE, "above 0"),
        (Table.TIES, {**FOLLOW, "weight": -1}, Reason.RANGE, "above 0"),
        (Table.TIES, {**FOLLOW, "weight": math.inf}, Reason.RANGE, "finite"),
        (Table.TIES, {**FOLLOW, "weight": "heavy"}, Reason.TYPE, "weight is 'heavy'; expected a number"),
        (Table.TIES, {**FOLLOW, "src": "w" * 257}, Reason.ID, "src has 257 characters; expected at most 256"),
        (Table.TIES, {**FOLLOW, "dst": "w\x00ren"}, Reason.ID, "dst is 'w?ren'; expected no control characters"),
        (Table.TIES, {**FOLLOW, "dst": "w\x85"}, Reason.ID, "control"),
        (Table.TIES, {**FOLLOW, "dst": "x" * 2049, "relation": "shares_link"}, Reason.ID, "at most 2048"),
        (Table.TIES, {**FOLLOW, "at": "yesterday"}, Reason.TYPE, "at is 'yesterday'; expected an ISO 8601"),
        (Table.TIES, {**FOLLOW, "at": "infinity"}, Reason.TYPE, "in the years 1 to 9999"),
        (Table.SEARCHES, {"at": "2026-01-31", "query": "wren", "surface": "serch"}, Reason.CHOICE, "search, autoc"),
        (Table.SEARCHES, {"at": "2026-01-31", "query": "", "surface": "search"}, Reason.MISSING, "query is empty"),
        (
            Table.LABELS,
            {"account_id": "wren", "label": "member", "opinion": "maybe", "at": "2026-01-31"},
            Reason.CHOICE,
            "use one of positive, negative, disputed, investigate",
        ),
        (
            Table.IMPRESSIONS,
            {"at": "2026-01-31", "surface": "search", "viewer_id": "a", "shown_id": "b", "position": "top"},
            Reason.TYPE,
            "position is 'top'; expected a whole number",
        ),
        (Table.POSTS, {**POST, "media": [{"sha256": "00"}]}, None, ""),
    ],
)
def test_each_kind_of_bad_row_has_one_reason_in_words(
    tmp_path: Path, table: Table, columns: dict[str, Any], reason: Reason | None, words: str
) -> None:
    if reason is None:
        with pytest.raises(Fault, match="media is made of"):
            one(tmp_path, columns, table)
        return
    row = one(tmp_path, columns, table)
    assert row["bad_reason"] == reason
    assert words in row["bad_words"]


@pytest.mark.parametrize("link", ["x" * 2048, "https://kittiwake.example/" + "a" * 500])
def test_an_object_may_be_as_long_as_a_link(tmp_path: Path, link: str) -> None:
    row = one(tmp_path, {**FOLLOW, "dst": link, "relation": Relation.SHARES_LINK.value}, Table.TIES)
    assert (row["bad_reason"], row["dst"]) == (None, link)


MOMENT = datetime(2026, 1, 31, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("2026-01-31T12:30:15.123456Z", None, MOMENT),
        ("2026-01-31T14:30:15.123456+02:00", None, MOMENT),
        ("2026-01-31 12:30:15.123456", None, MOMENT),
        (MOMENT, None, MOMENT),
        (MOMENT.replace(tzinfo=None), None, MOMENT),
        (date(2026, 1, 31), None, datetime(2026, 1, 31, tzinfo=UTC)),
        (pa.scalar(MOMENT, pa.timestamp("ns", "UTC")), None, MOMENT),
        (1769862615, "s", MOMENT.replace(microsecond=0)),
        (1769862615.0, "s", MOMENT.replace(microsecond=0)),
        (Decimal("1769862615.123456"), "s", MOMENT),
        (1769862615123, "ms", MOMENT.replace(microsecond=123000)),
        (1769862615123456, "us", MOMENT),
        (1769862615123456000, "ns", MOMENT),
        ("1769862615123456", "us", MOMENT),
        (-1.5, "s", datetime(1969, 12, 31, 23, 59, 58, 500000, tzinfo=UTC)),
    ],
)
def test_every_way_to_write_a_time_gives_the_same_microsecond(
    tmp_path: Path, value: Any, unit: str | None, expected: datetime
) -> None:
    said = {"columns": {"at": {"column": "when", **({"unit": unit} if unit else {})}}}
    row = one(tmp_path, {**FOLLOW, "when": value}, Table.TIES, mapping.parse(said, where="here"))
    assert (row["bad_reason"], row["at"]) == (None, expected)


def test_milliseconds_taken_for_seconds_are_quarantined_and_not_kept(tmp_path: Path) -> None:
    said = mapping.parse({"columns": {"at": {"column": "at", "unit": "s"}}}, where="here")
    row = one(tmp_path, {**FOLLOW, "at": 1769862615123}, Table.TIES, said)
    assert row["bad_reason"] == Reason.TYPE


@pytest.mark.parametrize(
    ("value", "text"), [(7, "7"), (7.0, "7"), (7.5, "7.5"), (1e17, "100000000000000000"), ("7", "7"), (True, "true")]
)
def test_a_whole_number_is_an_id_without_a_point(tmp_path: Path, value: Any, text: str) -> None:
    assert one(tmp_path, {**FOLLOW, "src": value}, Table.TIES)["src"] == text


def test_not_a_number_is_nothing(tmp_path: Path) -> None:
    row = one(tmp_path, {"account_id": "wren", "declared_age": math.nan}, Table.ACCOUNTS)
    assert (row["bad_reason"], row["declared_age"]) == (None, None)
    assert one(tmp_path, {**FOLLOW, "src": math.nan}, Table.TIES)["bad_reason"] == Reason.MISSING


def test_a_column_of_nothing_but_nulls_is_no_fault(tmp_path: Path) -> None:
    columns = {"account_id": pa.array(["wren"]), "created_at": pa.nulls(1), "links": pa.array([[]]), "bio": pa.nulls(1)}
    (row,) = read(parquet(tmp_path, columns), Table.ACCOUNTS)
    assert (row["bad_reason"], row["created_at"], row["links"], row["bio"]) == (None, None, [], None)


@pytest.mark.parametrize(
    ("media", "ids"),
    [
        ("m1", ["m1"]),
        (24203.0, ["24203"]),
        (["m1", None, "", "m2"], ["m1", "m2"]),
        ([{"media_id": "m1", "pdq": "f0"}, {"media_id": "m2", "pdq": None}], ["m1", "m2"]),
        ({"media_id": "m1"}, ["m1"]),
    ],
)
def test_media_may_be_ids_or_objects(tmp_path: Path, media: Any, ids: list[str]) -> None:
    row = one(tmp_path, {**POST, "media": media}, Table.POSTS)
    assert row["bad_reason"] is None
    assert [item["media_id"] for item in row["media"]] == ids
    assert all(item.keys() == {"media_id", "sha256", "md5", "pdq", "quality"} for item in row["media"])


def test_several_columns_make_one_list_and_its_nulls_are_dropped(tmp_path: Path) -> None:
    said = {"columns": {"links": {"column": ["url", "domains"], "prefix": ["url:", "domain:"]}}}
    using = mapping.parse(said, where="here")
    both = one(tmp_path, {**POST, "url": 5.0, "domains": ["a", None]}, Table.POSTS, using)
    assert both["links"] == ["url:5", "domain:a"]
    columns = {name: pa.array([value]) for name, value in POST.items()}
    empty = parquet(tmp_path, {**columns, "url": pa.array([None], pa.float64()), "domains": pa.array([["a"]])})
    assert read(empty, Table.POSTS, using)[0]["links"] == ["domain:a"]


def test_constants_fill_every_row(tmp_path: Path) -> None:
    said = {"constants": {"relation": "uses_hashtag", "weight": 2, "at": "2026-01-31"}}
    row = one(tmp_path, {"src": "wren", "dst": "firecrest"}, Table.TIES, mapping.parse(said, where="here"))
    assert (row["relation"], row["weight"], row["at"]) == ("uses_hashtag", 2.0, datetime(2026, 1, 31, tzinfo=UTC))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (
            {"src": "a", "dest": "b", "relation": "follows"},
            "has no column 'dst' for dst of ties; it has src, dest, rel",
        ),
        ({"src": "a", "dest": "b", "relation": "follows"}, "did you mean 'dest'?"),
        ({**FOLLOW, "src": ["a"]}, "column src is VARCHAR[], which can never be src"),
        ({**FOLLOW, "at": 5}, 'at = { column = "at", unit = "s" }'),
        ({**FOLLOW, "weight": date(2026, 1, 31)}, "weight is made of a number"),
    ],
)
def test_a_file_that_can_give_no_row_is_refused_whole(tmp_path: Path, columns: dict[str, Any], words: str) -> None:
    with pytest.raises(Fault) as caught:
        one(tmp_path, columns, Table.TIES)
    assert "kittiwake.parquet" in caught.value.where
    assert words in str(caught.value)


def test_a_constant_outside_its_closed_list_is_a_fault_of_the_mapping(tmp_path: Path) -> None:
    said = mapping.parse({"constants": {"relation": "folows"}}, where="m.toml")
    with pytest.raises(Fault, match="did you mean 'follows'"):
        one(tmp_path, FOLLOW, Table.TIES, said)


def test_columns_that_are_not_read_are_told_of(tmp_path: Path) -> None:
    file = parquet(tmp_path, {**{name: [value] for name, value in FOLLOW.items()}, "row": [1], "plumage": ["grey"]})
    source = formats.open_source(file, Mapping().sources(Table.TIES))
    assert validate.reading(source, Table.TIES, Mapping()).unknown == ("row", "plumage")
    assert read(file, Table.TIES)[0]["bad_reason"] is None


TEXT = st.none() | st.text(max_size=4) | st.sampled_from(["wren", "w" * 256, "w" * 257, "a\x1fb"])
RELATION = st.sampled_from([None, "", "follows", "shares_link", "Follows"])
WEIGHT = st.none() | st.floats(allow_nan=True, allow_infinity=True)


def twin(src: str | None, dst: str | None, relation: str | None, weight: float | None) -> Reason | None:
    """The same rules, written plainly: the first that a tie breaks, column by column."""
    for name, value in (("src", src), ("dst", dst)):
        if not value:
            return Reason.MISSING
        limit = 2048 if name == "dst" and relation == "shares_link" else 256
        if len(value) > limit or any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in value):
            return Reason.ID
    if not relation:
        return Reason.MISSING
    if relation not in list(Relation):
        return Reason.CHOICE
    if weight is not None and not math.isnan(weight) and not (0 < weight < math.inf):
        return Reason.RANGE
    return None


@given(st.lists(st.tuples(TEXT, TEXT, RELATION, WEIGHT), min_size=1, max_size=20))
def test_ties_are_judged_as_the_plain_rules_judge_them(
    tmp_path_factory: pytest.TempPathFactory, ties: list[tuple[str | None, str | None, str | None, float | None]]
) -> None:
    src, dst, relation, weight = zip(*ties, strict=True)
    text = pa.string()
    columns = {
        "src": pa.array(src, text),
        "dst": pa.array(dst, text),
        "relation": pa.array(relation, text),
        "weight": pa.array(weight, pa.float64()),
    }
    rows = read(parquet(tmp_path_factory.getbasetemp(), columns), Table.TIES)
    assert [row["bad_reason"] for row in rows] == [twin(*tie) for tie in ties]
    assert all((row["bad_reason"] is None) == (row["bad_words"] is None) for row in rows)
