"""Is what is observed what counting by hand gives, and is every odd row counted?"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringfence.exposure.estimates import ratio, resamples, resamples_of_kinds
from ringfence.exposure.observed import Observed, observed
from ringfence.model.faults import Fault
from ringfence.model.words import Surface

THEN = datetime(2026, 11, 2, tzinfo=UTC)
ACCOUNTS, MEMBERS = 12, np.array([10, 11], np.uint32)
Row = tuple[int | None, float, str, int | None]  # viewer, days after THEN, shown, position
Tie = tuple[int, int, float | None]
AT = pa.timestamp("us", tz="UTC")


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": "1"}) as made:
        made.execute("SET TimeZone = 'UTC'")
        yield made


def seen(
    connection: duckdb.DuckDBPyConnection,
    rows: list[Row],
    ties: list[Tie] = [],  # noqa: B006 - never changed
    surface: str = "suggestion",
    days: int = 30,
) -> Observed:
    impressions = {
        "at": pa.array([THEN + timedelta(row[1]) for row in rows], AT),
        "surface": pa.array([surface] * len(rows), pa.string()),
        "viewer": pa.array([row[0] for row in rows], pa.uint32()),
        "shown_id": pa.array([row[2] for row in rows], pa.string()),
        "position": pa.array([row[3] for row in rows], pa.int32()),
    }
    told = {
        "src": pa.array([tie[0] for tie in ties], pa.uint32()),
        "dst": pa.array([tie[1] for tie in ties], pa.uint32()),
        "relation": pa.array(["follows"] * len(ties), pa.string()),
        "at": pa.array([None if tie[2] is None else THEN + timedelta(tie[2]) for tie in ties], AT),
    }
    connection.register("impressions", pa.table(impressions))
    connection.register("ties", pa.table(told))
    names = {"account_id": [f"a{n}" for n in range(ACCOUNTS)], "id": pa.array(range(ACCOUNTS), pa.uint32())}
    connection.register("account_ids", pa.table(names))
    (one,) = observed(connection, MEMBERS, 0, days=days)
    return one


def by_hand(rows: list[Row], ties: list[Tie]) -> dict[str, tuple[int, int, int, int, int]]:
    """Of each day: viewers, slots, slots with a member, viewers shown one, viewers who follow a member."""
    slots: dict[tuple[str, int], set[tuple[float, str]]] = {}
    for viewer, at, shown, _ in rows:
        if viewer is not None and viewer < 10 and shown != "nobody":
            day = (THEN + timedelta(at)).date().isoformat()
            slots.setdefault((day, viewer), set()).add((at, shown))
    told: dict[str, tuple[int, int, int, int, int]] = {}
    for (day, viewer), shown_to in slots.items():
        held = sum(shown in {"a10", "a11"} for _, shown in shown_to)
        start = (datetime.fromisoformat(day).replace(tzinfo=UTC) - THEN) / timedelta(1)
        near = any(src == viewer and dst >= 10 and (at is None or at <= start) for src, dst, at in ties)
        before = told.get(day, (0, 0, 0, 0, 0))
        mine = (1, len(shown_to), held, int(held > 0), int(near))
        told[day] = tuple(a + b for a, b in zip(before, mine, strict=True))  # type: ignore[assignment]
    return told


ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(0, 11),
        st.sampled_from([0.0, 0.25, 0.99, 1.0, 2.5]),
        st.sampled_from(["a0", "a3", "a10", "a11", "nobody"]),
        st.none() | st.integers(-2, 3),
    ),
    min_size=1,
    max_size=60,
)
TIES = st.lists(
    st.tuples(st.integers(0, 11), st.integers(0, 11), st.sampled_from([None, 0.0, 0.5, 1.0, 3.0])), max_size=12
)


@given(ROWS, TIES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_is_what_counting_by_hand_gives(
    connection: duckdb.DuckDBPyConnection, rows: list[Row], ties: list[Tie]
) -> None:
    found, expected = seen(connection, rows, ties), by_hand(rows, ties)
    assert [day.day for day in found.days] == sorted(expected)
    for day in found.days:
        viewers, slots, held, ever, near = expected[day.day]
        assert (day.viewers, day.slots, day.share.accounts) == (viewers, slots, viewers)
        assert (day.share.value, day.ever.value) == pytest.approx((held / slots, ever / viewers))
        assert day.amplification.accounts == near
    assert found.flaws.rows == len(rows)
    assert found.flaws.unknown == sum(row[0] is None or row[2] == "nobody" for row in rows)
    assert found.flaws.own == sum(row[0] is not None and row[0] >= 10 for row in rows)
    assert found.flaws.misplaced == sum(row[3] is None or row[3] < 0 for row in rows)


def test_what_is_told_again_counts_once_and_what_shares_a_position_twice(connection: duckdb.DuckDBPyConnection) -> None:
    rows: list[Row] = [(0, 0, "a10", 1), (0, 0, "a10", 1), (0, 0, "a10", 2), (0, 0, "a3", 1), (0, 0.5, "a10", 1)]
    found = seen(connection, rows)
    assert (found.flaws.repeated, found.flaws.crowded) == (2, 1)
    assert found.days[0].slots == 3
    assert found.days[0].share.value == pytest.approx(2 / 3)


def test_those_who_follow_a_member_are_shown_more(connection: duckdb.DuckDBPyConnection) -> None:
    rows: list[Row] = [(viewer, 0, f"a{shown}", n) for viewer in range(4) for n, shown in enumerate((5, 6, 7, 8))]
    rows += [(0, 0.1, "a10", 0), (0, 0.2, "a11", 0), (1, 0.1, "a10", 0), (1, 0.2, "a10", 0), (3, 0.1, "a10", 0)]
    (day,) = seen(connection, rows, [(0, 10, None), (1, 11, -2.0), (2, 10, 0.5)]).days
    assert day.amplification.value == pytest.approx((4 / 12) / (1 / 9))
    assert day.amplification.accounts == 2  # the follow of the same day is no reason


def test_days_without_impressions_are_gaps_to_the_last_of_the_log(connection: duckdb.DuckDBPyConnection) -> None:
    found = seen(connection, [(0, 0, "a3", 1), (0, 3, "a3", 1), (0, -40, "a3", 1)])
    assert found.gaps == ("2026-11-03", "2026-11-04")
    assert [day.day for day in found.days] == ["2026-11-02", "2026-11-05"]
    assert seen(connection, [(0, 0, "a3", 1), (0, 3, "a3", 1)], days=3).gaps == ()
    rows = connection.sql("FROM impressions").to_arrow_table()
    later = rows.slice(0, 1).set_column(1, "surface", pa.array(["recommendation"]))
    later = later.set_column(0, "at", pa.array([THEN + timedelta(5)], AT))
    connection.register("impressions", pa.concat_tables([rows, later]))
    both = observed(connection, MEMBERS, 0)
    assert [(one.surface, one.gaps) for one in both] == [
        ("recommendation", ()),
        ("suggestion", ("2026-11-03", "2026-11-04", "2026-11-06", "2026-11-07")),  # its log has stopped
    ]
    assert [one.surface for one in observed(connection, MEMBERS, 0, surfaces=[Surface.RECOMMENDATION])] == [
        "recommendation"
    ]


def test_a_rise_is_told_only_where_it_is_sure(connection: duckdb.DuckDBPyConnection) -> None:
    calm: list[Row] = [(viewer, day, f"a{shown}", 0) for viewer in range(10) for day in range(3) for shown in (3, 4)]
    assert not seen(connection, [*calm, (0, 2.5, "a10", 0)]).rose
    assert seen(connection, [*calm, *((viewer, 2.5, "a10", 0) for viewer in range(8))]).rose
    assert not seen(connection, [row for row in calm if row[1] == 2]).rose


def test_nothing_logged_is_one_line(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(Fault, match="none were logged"):
        seen(connection, [])
    seen(connection, [(0, 0, "a3", 1)])
    with pytest.raises(Fault, match="hashtag: none were logged"):
        observed(connection, MEMBERS, 0, surfaces=[Surface.HASHTAG])
    with pytest.raises(Fault, match="no number of days"):
        observed(connection, MEMBERS, 0, days=0)


def test_only_members_see_the_surface(connection: duckdb.DuckDBPyConnection) -> None:
    found = seen(connection, [(10, 0, "a11", 1)])
    assert (found.days, found.flaws.own, found.rose) == ((), 1, False)


def test_drawing_kinds_of_viewers_is_drawing_viewers() -> None:
    rng = np.random.default_rng(5)
    whole = rng.integers(1, 4, 300) * 10
    part = rng.binomial(whole, 0.08)
    single = ratio(part, whole, resamples(300, 0))
    kinds, alike = np.unique(np.column_stack([part, whole]), axis=0, return_counts=True)
    grouped = ratio(kinds[:, 0] * alike, kinds[:, 1] * alike, resamples_of_kinds(alike, 0), 300)
    assert (grouped.value, grouped.accounts) == (single.value, 300)
    assert (grouped.low, grouped.high) == pytest.approx((single.low, single.high), abs=0.002)
    none = ratio(np.zeros(1, np.int64), np.array([900]), resamples_of_kinds(np.array([300]), 0), 300)
    assert none.high == pytest.approx(3 / 300)
