"""Is the store's media read as documented: what is one media, whose look can be used, and who uploaded it?"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from ringfence.media.triage.beliefs import FOUND, accounts
from ringfence.media.triage.run import grouped
from ringfence.media.triage.seen import Seen, seen
from ringfence.model.schemas import MEDIA, SCORES, TIME
from ringfence.model.words import Role

START = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = np.random.default_rng(1).bytes(32).hex()
POSTS = pa.schema([("account", pa.uint32()), ("at", TIME), ("repost_of", pa.string()), ("media", pa.list_(MEDIA))])


@pytest.fixture
def events() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def read(events: duckdb.DuckDBPyConnection, *uploads: dict[str, Any], repost_of: str | None = None) -> Seen:
    rows = [
        {"account": number, "at": START + timedelta(seconds=number), "repost_of": repost_of, "media": [one]}
        for number, one in enumerate(uploads)
    ]
    events.register("posts", pa.Table.from_pylist(rows, POSTS))
    return seen(events)


def test_media_is_told_apart_by_digest_then_by_id(events: duckdb.DuckDBPyConnection) -> None:
    made = read(
        events,
        {"media_id": "m1", "sha256": "ab" * 32},
        {"media_id": "m2", "sha256": "ab" * 32},
        {"media_id": "m3"},
        {"media_id": "m3"},
        {"media_id": ""},
        {},
    )
    assert made.media["key"].to_pylist() == ["ab" * 32, "m3"]
    assert made.of.tolist() == [0, 0, 1, 1]
    assert made.account.tolist() == [0, 1, 2, 3]
    assert (np.diff(made.at) == 1_000_000).all()


@pytest.mark.parametrize(
    ("look", "usable"),
    [
        ({"pdq": GOOD, "quality": 50}, True),
        ({"pdq": GOOD.upper(), "quality": None}, True),
        ({"pdq": GOOD, "quality": 49}, False),
        ({"pdq": GOOD[:-1], "quality": 90}, False),
        ({"pdq": GOOD[:-1] + "g", "quality": 90}, False),
        ({"pdq": "0" * 64, "quality": 100}, False),
        ({"pdq": "f" * 64, "quality": 100}, False),
        ({"pdq": None, "quality": 100}, False),
    ],
)
def test_only_a_look_that_says_something_is_used(
    events: duckdb.DuckDBPyConnection, look: dict[str, Any], usable: int
) -> None:
    made = read(events, {"media_id": "m1", **look})
    assert made.coded().tolist() == [0] * usable
    assert made.codes().tobytes().hex() == GOOD * usable
    assert len(grouped(made, {})) == 1


def test_a_repost_is_no_upload(events: duckdb.DuckDBPyConnection) -> None:
    made = read(events, {"media_id": "m1", "pdq": GOOD, "quality": 90}, repost_of="p1")
    assert made.media.num_rows == len(made.of) == len(made.codes()) == 0
    assert len(grouped(made, {})) == 0


def test_media_without_a_look_is_a_cluster_by_itself_and_keeps_its_name(events: duckdb.DuckDBPyConnection) -> None:
    first = grouped(read(events, {"media_id": "m1"}, {"media_id": "m2"}), {})
    more = grouped(read(events, {"media_id": "m0"}, {"media_id": "m2"}, {"media_id": "m1"}), {})
    assert len(set(more.name)) == 3
    assert set(first.name) < set(more.name)


def test_beliefs_are_probabilities_or_else_whether_an_account_was_found() -> None:
    rows = [
        {"account_id": "a", "network_id": "n", "probability": 0.97},
        {"account_id": "b", "network_id": "n", "role": Role.LIKELY_MINOR},
        {"account_id": "c", "network_id": None, "probability": 0.3},
        {"account_id": "d", "network_id": "", "score": 99.0},
        {"account_id": "gone", "network_id": "n", "probability": 1.0},
    ]
    ids = pa.array(["z", "d", "c", "b", "a"])
    made = accounts(ids, pa.Table.from_pylist(rows, SCORES), np.array([True, False, False, False, False]))
    assert made.belief.tolist() == [0, 0, 0.3, FOUND, 0.97]
    assert made.found.tolist() == [False, False, False, True, True]
    assert made.minor.tolist() == [True, False, False, True, False]


def test_without_a_discovery_nobody_is_believed_to_belong() -> None:
    made = accounts(pa.array(["a"]), SCORES.empty_table(), np.array([True]))
    assert (made.belief.tolist(), made.found.tolist(), made.minor.tolist()) == ([0], [False], [True])
