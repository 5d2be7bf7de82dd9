"""Is a query completed with the most frequent, and never with what one person typed?"""

from collections import Counter
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.exposure.recommenders.query_completion import LEAST, QueryCompletion

QUERIES = st.text(alphabet="aAb é\u0301\u0130", max_size=4)


def completion(log: list[str], least: int = 1) -> QueryCompletion:
    counted = Counter(log)
    return QueryCompletion(
        pa.table({"query": pa.array(counted, pa.string()), "searches": pa.array(counted.values(), pa.int64())}), least
    )


@given(
    st.lists(st.sampled_from(["heron", "heron nest", "her", "hen", "kestrel"]), max_size=30),
    st.text("hern ", max_size=6),
)
def test_it_agrees_with_brute_force(log: list[str], prefix: str) -> None:
    counted = Counter(log)
    begun = " ".join(prefix.split()) + (" " if prefix.split() and prefix.endswith(" ") else "")
    matching = [query for query in counted if query.startswith(begun) and query != begun]
    found = completion(log)(prefix, 10)
    assert list(found.queries) == sorted(matching, key=lambda query: (-counted[query], query))
    assert list(found.searches) == [counted[query] for query in found.queries]


@given(st.lists(QUERIES, max_size=20), QUERIES, st.integers(0, 5), st.integers(0, 5))
def test_whatever_is_typed_asking_for_more_only_lengthens(log: list[str], prefix: str, wanted: int, more: int) -> None:
    suggest = completion(log)
    short, long = suggest(prefix, wanted).queries, suggest(prefix, wanted + more).queries
    assert long[: len(short)] == short
    assert len(set(long)) == len(long) <= wanted + more


def test_spellings_of_one_query_add_up() -> None:
    found = completion(["Héron", "he\u0301ron ", " héron", "heron"])("HE\u0301", 5)
    assert (found.queries, found.searches) == (("héron",), (3,))


def test_a_blank_ends_the_word() -> None:
    assert completion(["heron", "heronry", "heron nest"])("heron ", 5).queries == ("heron nest",)
    assert completion(["heron", "heronry", "heron nest"])("heron", 5).queries == ("heron nest", "heronry")


def test_what_few_typed_is_shown_to_nobody() -> None:
    log = ["heron"] * LEAST + ["heron by the mill"] * (LEAST - 1)
    assert completion(log, LEAST)("h", 5).queries == ("heron",)


@settings(deadline=None)
@given(st.integers(1, 40))
def test_only_what_was_searched_for_lately_counts(days: int) -> None:
    last = datetime(2026, 11, 2, tzinfo=UTC)
    rows = [{"at": last - timedelta(ago), "query": f"heron {ago}"} for ago in range(41)]
    schema = pa.schema([("at", pa.timestamp("us", tz="UTC")), ("query", pa.string())])
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("searches", pa.Table.from_pylist(rows, schema))
        found = QueryCompletion.from_events(connection, days, least=1)("heron", 100)
    assert len(found.queries) == days
