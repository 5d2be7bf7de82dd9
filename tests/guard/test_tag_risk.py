from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringfence.guard.snapshots.flags import FLAGS
from ringfence.guard.tag_risk import LEAST_USERS, RECENT_DAYS, tag_risk, unnamed
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.plain import plain

LAST = datetime(2026, 11, 2, tzinfo=UTC)
POSTS = pa.schema([("account", pa.uint32()), ("at", pa.timestamp("us", tz="UTC")), ("hashtags", pa.list_(pa.string()))])
Post = tuple[int, float, Sequence[str | None] | None]  # account, days before the last post, tags


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": "1"}) as made:
        made.execute("SET TimeZone = 'UTC'")
        yield made


def told(posts: Sequence[Post]) -> pa.Table:
    rows = [{"account": account, "at": LAST - timedelta(ago), "hashtags": tags} for account, ago, tags in posts]
    return pa.Table.from_pylist(rows, POSTS)


def flags(accounts: list[int], signal: str = "network:member") -> pa.Table:
    rows = [{"account_id": f"a{one}", "signal": signal, "strength": 1.0, "until": None} for one in accounts]
    return pa.Table.from_pylist(rows, FLAGS)


def risk(connection: duckdb.DuckDBPyConnection, posts: Sequence[Post], flagged: pa.Table) -> dict[str, float]:
    ids = pa.table({"account_id": [f"a{n}" for n in range(40)], "id": pa.array(range(40), pa.uint32())})
    connection.register("posts", told(posts))
    connection.register("account_ids", ids)
    return tag_risk(connection, flagged)


def used(tag: str, accounts: range, ago: float = 0.0) -> list[Post]:
    return [(account, ago, [tag]) for account in accounts]


def test_a_flood_by_one_neither_makes_nor_hides_a_risk(connection: duckdb.DuckDBPyConnection) -> None:
    posts = (
        used("lake", range(10)) + used("lake", range(1)) * 500 + used("wood", range(5)) + used("wood", range(30, 35))
    )
    posts += used("wood", range(30, 31)) * 500
    assert risk(connection, posts, flags([0])) == {"lake": 0.1, "wood": 0.1}


def test_only_recent_use_by_enough_counts(connection: duckdb.DuckDBPyConnection) -> None:
    posts = used("lake", range(LEAST_USERS)) + used("lake", range(10, 20), RECENT_DAYS) + used("wood", range(4))
    assert risk(connection, posts, flags([0, 1])) == {"lake": 0.4}
    assert risk(connection, used("lake", range(20), 0.5), flags([])) == {}
    assert risk(connection, [], flags([1])) == {}


def test_spellings_of_a_tag_are_one(connection: duckdb.DuckDBPyConnection) -> None:
    posts: list[Post] = [
        (n, 0.0, [tag]) for n, tag in enumerate(["#Lake", "lake", "LAKE", "\uff4cake", "#\uff2cake", "lake"])
    ]
    assert risk(connection, posts, flags([0])) == {"lake": pytest.approx(1 / 6)}


def test_whoever_spells_a_tag_in_many_ways_counts_once(connection: duckdb.DuckDBPyConnection) -> None:
    posts = used("lake", range(10)) + used("Lake", range(1)) + used("#LAKE", range(1))
    assert risk(connection, posts, flags([0])) == {"lake": 0.1}
    assert risk(connection, used("wood", range(4)) + used("Wood", range(4)), flags([0])) == {}  # too few to tell


def test_audience_and_minors_do_not_make_a_tag_risky(connection: duckdb.DuckDBPyConnection) -> None:
    for signal in ("network:audience", "network:nearby", "network:likely_minor", "account:minor"):
        assert risk(connection, used("lake", range(10)), flags([0, 1], signal)) == {}
    assert risk(connection, used("lake", range(10)), flags([0, 1], "limit:confirmed")) == {"lake": 0.2}


@given(
    st.lists(
        st.tuples(
            st.integers(0, 12),
            st.sampled_from([0.0, 1.0, RECENT_DAYS - 0.001, float(RECENT_DAYS), 400.0]),
            st.none() | st.lists(st.sampled_from(["lake", "#LAKE", "Wood", "ß", "SS", "#", "", None]), max_size=3),
        ),
        max_size=60,
    ),
    st.lists(st.integers(0, 12), max_size=6),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_is_what_counting_by_hand_gives(
    connection: duckdb.DuckDBPyConnection, posts: list[Post], flagged: list[int]
) -> None:
    users: dict[str, set[int]] = {}
    newest = min((ago for _, ago, _ in posts), default=0.0)
    for account, ago, tags in posts:
        for tag in tags or []:
            if tag and ago - newest < RECENT_DAYS and (word := plain(tag.removeprefix("#"))):
                users.setdefault(word, set()).add(account)
    shares = {tag: len(who & set(flagged)) / len(who) for tag, who in users.items() if len(who) >= LEAST_USERS}
    assert risk(connection, posts, flags(flagged)) == pytest.approx({tag: s for tag, s in shares.items() if s})


def test_tags_that_lead_there_without_a_term_are_told_apart() -> None:
    birds = Lexicon.from_terms(["firecrest"])
    tags = {"firecrest": 0.9, "lake": 0.5, "wood": 0.7, "hill": 0.1}
    assert unnamed(tags, birds, 0.5) == ("wood", "lake")
    assert unnamed({}, birds, 0.5) == ()
