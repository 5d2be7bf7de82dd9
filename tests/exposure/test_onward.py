"""Which tags lead to members though members do not use them, and can a flood make one of them?"""

from collections.abc import Iterator
from datetime import UTC, datetime

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from ringfence.exposure.onward import AT_LEAST, MOST, OnwardTag, most_of, onward_tags

ACCOUNTS = 80
LEADING = range(30, 60)  # innocents from whom members are near; members are the last ten
MEMBERS = np.arange(ACCOUNTS) >= 70
CHANCES = np.where(np.isin(np.arange(ACCOUNTS), LEADING), 1.0, 0.05)
Use = tuple[int, str]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": "1"}) as made:
        made.execute("SET TimeZone = 'UTC'")
        yield made


def found(
    connection: duckdb.DuckDBPyConnection, uses: list[Use], minors: range = range(0), chances: np.ndarray = CHANCES
) -> tuple[OnwardTag, ...]:
    posts = {
        "post_id": [f"p{n}" for n in range(len(uses))],
        "account": pa.array([account for account, _ in uses], pa.uint32()),
        "at": pa.array([datetime(2026, 11, 2, tzinfo=UTC)] * len(uses), pa.timestamp("us", tz="UTC")),
        "hashtags": pa.array([[tag] for _, tag in uses], pa.list_(pa.string())),
        "repost_of": pa.nulls(len(uses), pa.string()),
    }
    connection.register("posts", pa.table(posts))
    ids = {"account_id": [f"a{n}" for n in range(ACCOUNTS)], "id": pa.array(range(ACCOUNTS), pa.uint32())}
    connection.register("account_ids", pa.table(ids))
    return onward_tags(connection, chances, MEMBERS, np.isin(np.arange(ACCOUNTS), minors))


def used(tag: str, accounts: range) -> list[Use]:
    return [(account, tag) for account in accounts]


def test_a_tag_whose_people_stand_near_members_is_found(connection: duckdb.DuckDBPyConnection) -> None:
    (one,) = found(connection, used("#Lake", LEADING) + used("wood", range(30)))
    usual = CHANCES[~MEMBERS].mean()
    assert (one.tag, one.users, one.page, one.people, one.own) == ("lake", 30, 1.0, 1.0, 0.0)
    assert one.lift == pytest.approx((1 - usual) / (1 - usual) * 30 / 40)
    assert most_of({"lake": 0.9, "wood": 0.2}) == {"lake": MOST, "wood": 0.2}


def test_a_flood_by_some_does_not_make_a_tag_lead_anywhere(connection: duckdb.DuckDBPyConnection) -> None:
    honest = used("lake", range(30)) + used("lake", range(60, 70))
    flood = used("lake", range(30, 40)) * 30  # the whole page is theirs
    assert found(connection, honest + flood) == ()
    assert found(connection, used("lake", range(30, 34)) * 50) == ()  # too few people, whatever they post
    assert found(connection, used("lake", range(30, 35))) == ()  # of five, luck may do it


def test_a_page_that_leads_nowhere_speaks_for_its_tag(connection: duckdb.DuckDBPyConnection) -> None:
    assert found(connection, used("lake", LEADING) + used("lake", range(10)) * 9) == ()


def test_the_lesser_of_page_and_people_counts(connection: duckdb.DuckDBPyConnection) -> None:
    (one,) = found(connection, used("lake", LEADING) * 2 + used("lake", range(2)))
    usual = CHANCES[~MEMBERS].mean()
    assert (one.page, one.users) == (1.0, 32)
    assert one.people == pytest.approx((30 + 2 * 0.05) / 32)
    assert one.lift == pytest.approx((one.people - usual) / (1 - usual) * 32 / 42)


def test_tags_of_members_have_their_own_risk(connection: duckdb.DuckDBPyConnection) -> None:
    assert found(connection, used("lake", range(30, 60)) + used("lake", range(70, 80))) == ()
    (one,) = found(connection, used("lake", range(30, 60)) + used("lake", range(70, 72)))
    assert one.users == 30
    assert one.own == pytest.approx(2 / 32)


def test_nobody_starts_from_a_likely_minor(connection: duckdb.DuckDBPyConnection) -> None:
    assert found(connection, used("lake", LEADING), minors=LEADING) == ()
    (one,) = found(connection, used("lake", LEADING), minors=range(30, 35))
    assert one.users == 25


def test_where_everything_leads_to_members_no_tag_does(connection: duckdb.DuckDBPyConnection) -> None:
    assert found(connection, used("lake", LEADING), chances=np.ones(ACCOUNTS)) == ()
    assert AT_LEAST <= MOST < 0.8  # what the default policy leaves out
