"""Are logged and precomputed slates what was written, and is everything odd about the rows counted?"""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exposure.recommenders.parts import ids

from ringfence.exposure.recommenders.checked import Checked, Checks
from ringfence.exposure.recommenders.logged import Logged
from ringfence.exposure.recommenders.platform import Names
from ringfence.exposure.recommenders.table import Precomputed
from ringfence.exposure.simulate import first_slates, keep_all
from ringfence.model.faults import Fault
from ringfence.model.words import Surface

THEN = datetime(2026, 11, 2, tzinfo=UTC)
Row = tuple[str | None, int, str | None, int | None]  # viewer, hours after THEN, account, position
SCHEMA = pa.schema(
    [
        ("viewer_id", pa.string()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("shown_id", pa.string()),
        ("position", pa.int32()),
    ]
)


def log(*rows: Row) -> Logged:
    told = [
        {"viewer_id": viewer, "at": THEN + timedelta(hours=hour), "shown_id": shown, "position": position}
        for viewer, hour, shown, position in rows
    ]
    return Logged.from_impressions(pa.Table.from_pylist(told, SCHEMA))


def test_a_viewer_is_answered_with_the_last_slate_in_order_of_positions() -> None:
    logged = log(("heron", 1, "teal", 2), ("heron", 1, "wren", 1), ("heron", 0, "rook", 1), ("lark", 5, "swift", 1))
    assert logged("heron", ["lark"], 10) == ["wren", "teal"]
    assert logged("heron", [], 1) == ["wren"]
    assert [slate["shown"] for slate in logged.history.to_pylist()] == [["rook"], ["wren", "teal"], ["swift"]]
    assert (logged.flaws.missing, logged.flaws.repeated, logged.flaws.unreadable) == (0, 0, 0)


def test_gaps_and_repeats_are_counted_with_an_example() -> None:
    flaws = log(
        ("heron", 0, "teal", 1),
        ("heron", 0, "wren", 4),
        ("lark", 3, "swift", 2),
        ("lark", 3, "rook", 2),
        ("lark", 4, "rook", 1),
    ).flaws
    assert (flaws.rows, flaws.slates, flaws.viewers) == (5, 3, 2)
    assert (flaws.with_gaps, flaws.missing) == (2, 3)  # 2 and 3 of the first, 1 of the second
    assert (flaws.with_repeats, flaws.repeated) == (1, 1)
    assert flaws.examples == {
        "with_gaps": "viewer 'heron' at 2026-11-02 00:00:00+00",
        "with_repeats": "viewer 'lark' at 2026-11-02 03:00:00+00",
    }


def test_positions_count_from_0_where_any_row_does() -> None:
    assert log(("heron", 0, "teal", 0), ("heron", 0, "wren", 1), ("lark", 0, "rook", 1)).flaws.missing == 1
    assert log(("heron", 0, "teal", 1), ("lark", 0, "rook", 1)).flaws.missing == 0


def test_rows_that_say_nothing_are_left_out_and_counted() -> None:
    logged = log(
        (None, 0, "teal", 1),
        ("heron", 0, None, 1),
        ("heron", 0, "wren", None),
        ("heron", 0, "rook", -1),
        ("", 0, "x", 1),
    )
    assert (logged.flaws.rows, logged.flaws.unreadable, logged.flaws.slates) == (5, 5, 0)
    assert logged("heron", [], 5) == []


def test_viewers_without_impressions_are_counted_once_each() -> None:
    logged = log(("heron", 0, "teal", 1))
    for viewer in ("lark", "lark", "rook", None, None, "heron"):
        logged(viewer, [], 3)
    assert logged.without == 3
    assert logged.flaws.viewers == 1


def test_an_empty_log_has_no_slate() -> None:
    logged = log()
    assert (logged.flaws.rows, logged.flaws.slates, logged("heron", [], 3)) == (0, 0, [])


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["heron", "lark", None]),
        st.integers(0, 2),
        st.sampled_from(["teal", "wren", "rook", None]),
        st.none() | st.integers(-1, 4),
    ),
    max_size=14,
)


@settings(deadline=None, max_examples=60)
@given(ROWS)
def test_it_agrees_with_brute_force(rows: list[Row]) -> None:
    whole = [(v, at, a, p) for v, at, a, p in rows if v is not None and a is not None and p is not None and p >= 0]
    grouped = defaultdict(list)
    for viewer, at, account, position in whole:
        grouped[viewer, at].append((position, account))
    first = 0 if any(position == 0 for *_, position in whole) else 1
    flaws = log(*rows).flaws
    assert [slate["shown"] for slate in log(*rows).history.to_pylist()] == [
        [account for _, account in sorted(grouped[key])] for key in sorted(grouped)
    ]
    assert (flaws.rows, flaws.unreadable) == (len(rows), len(rows) - len(whole))
    places = {key: [position for position, _ in slate] for key, slate in grouped.items()}
    assert flaws.missing == sum(max(held) - first + 1 - len(set(held)) for held in places.values())
    assert flaws.repeated == sum(len(held) - len(set(held)) for held in places.values())
    assert flaws.with_repeats == sum(len(held) != len(set(held)) for held in places.values())


def test_the_log_of_a_workspace_is_read_by_surface() -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register(
            "account_ids", pa.table({"account_id": ["heron", "lark"], "id": pa.array([0, 1], pa.uint32())})
        )
        rows = {
            "at": pa.array([THEN] * 3, pa.timestamp("us", tz="UTC")),
            "surface": ["suggestion", "search", "suggestion"],
            "viewer": pa.array([0, 0, 1], pa.uint32()),
            "shown_id": ["lark", "rook", "heron"],
            "position": pa.array([0, 0, 0], pa.int32()),
        }
        connection.register("impressions", pa.table(rows))
        logged = Logged.from_events(connection, Surface.SUGGESTION)
        names = Names.from_events(connection)
    assert [logged(viewer, [], 3) for viewer in ("heron", "lark")] == [["lark"], ["heron"]]
    suggest = Checked(logged, names, Checks(twice=0))
    assert first_slates(suggest, keep_all, ids(0, 1), lambda _: ids(), 2).tolist() == [[1, -1], [0, -1]]
    assert suggest.troubles.short == 2


TABLE = pa.table({"viewer_id": ["007", "007", "8"], "shown_id": ["teal", "010", "lark"], "position": ["2", "1", "x"]})


@pytest.mark.parametrize("form", ["arrow", "csv", "parquet"])
def test_a_table_of_slates_is_read_in_each_form_and_ids_stay_as_they_are_written(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"slates.{form}"
    if form == "csv":
        path.write_text("viewer_id,shown_id,position\n007,teal,2\n007,010,1\n8,011,x\n")
    else:
        pq.write_table(TABLE, path)
    read = Precomputed.from_table(TABLE) if form == "arrow" else Precomputed.from_file(path)
    assert read("007", [], 5) == ["010", "teal"]
    assert read("7", [], 5) == []
    assert (read.flaws.rows, read.flaws.unreadable, read.flaws.slates, read.without) == (3, 1, 1, 1)


def test_ids_in_a_csv_file_that_look_like_numbers_are_none(tmp_path: Path) -> None:
    (tmp_path / "slates.csv").write_text("viewer_id,shown_id,position\n1.50,2e3,1\n")
    assert Precomputed.from_file(tmp_path / "slates.csv")("1.50", [], 1) == ["2e3"]


def test_whole_positions_are_read_however_their_column_is_typed() -> None:
    table = pa.table({"viewer_id": [7, 7, 7], "shown_id": [1, 2, 3], "position": [2.0, 1.0, 1.5]})
    read = Precomputed.from_table(table)
    assert read("7", [], 5) == ["2", "1"]
    assert read.flaws.unreadable == 1


def test_a_table_without_its_columns_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="has no column viewer_id, position; give viewer_id, shown_id, position"):
        Precomputed.from_table(pa.table({"shown_id": ["teal"]}))
    path = tmp_path / "slates.csv"
    path.write_text("viewer_id,shown_id\nheron,lark\n")
    with pytest.raises(Fault, match=r"slates.csv: has no column position"):
        Precomputed.from_file(path)


@pytest.mark.parametrize("name", ["missing.parquet", "missing.csv", "garbage.parquet"])
def test_a_file_that_is_none_is_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "garbage.parquet").write_bytes(b"\0\1garbage")
    with pytest.raises(Fault, match=r"give a Parquet file, or a .csv with a header") as told:
        Precomputed.from_file(tmp_path / name)
    assert "\n" not in str(told.value)
