"""Are tags related as the formula says, and does one person alone relate nothing?"""

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import permutations

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.exposure.recommenders.related_hashtags import LEAST, SHRINK, TAGS_EACH, RelatedHashtags

Uses = dict[tuple[int, str], int]


def related(uses: Uses) -> RelatedHashtags:
    return RelatedHashtags(
        pa.table(
            {
                "account": pa.array([account for account, _ in uses], pa.uint32()),
                "tag": pa.array([tag for _, tag in uses], pa.string()),
                "uses": pa.array(uses.values(), pa.int64()),
            }
        )
    )


def brute_force(uses: Uses, tag: str) -> list[tuple[str, float]]:
    people = Counter(tag for _, tag in uses)
    pairs: Counter[tuple[str, str]] = Counter()
    everybody = {account for account, _ in uses}
    for account in everybody:
        pairs.update(permutations([tag for owner, tag in uses if owner == account], 2))
    scores = {
        other: math.log(n * len(everybody) / (people[mine] * people[other])) * n / (n + SHRINK)
        for (mine, other), n in pairs.items()
        if mine == tag and n >= LEAST
    }
    return sorted(
        ((other, score) for other, score in scores.items() if score > 0), key=lambda item: (-item[1], item[0])
    )


TAGS = st.sampled_from(["heron", "kestrel", "lark", "plover", "teal"])


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.tuples(st.integers(0, 9), TAGS), st.integers(1, 5), max_size=40), TAGS)
def test_it_agrees_with_brute_force(uses: Uses, tag: str) -> None:
    found, expected = related(uses)(tag, 10), brute_force(uses, tag)
    assert found.scores == pytest.approx([score for _, score in expected])
    assert sorted(found.tags) == sorted(other for other, _ in expected)


def test_two_who_agree_by_chance_weigh_less_than_many_who_do() -> None:
    uses = {(account, "heron"): 1 for account in range(40)} | {(account, "lark"): 1 for account in range(30)}
    uses |= {(account, "teal"): 1 for account in (0, 1)} | {(account, "plover"): 1 for account in range(40, 90)}
    assert related(uses)("#Heron", 1).tags == ("lark",)


def test_one_person_relates_nothing() -> None:
    assert related({(0, "heron"): 900, (0, "lark"): 900, (1, "teal"): 1})("heron", 5).tags == ()


def test_of_somebody_with_very_many_tags_the_most_used_count() -> None:
    uses = {(account, f"reed{number:04}"): 1 for account in (0, 1) for number in range(TAGS_EACH + 50)}
    uses |= {(account, tag): 9 for account in (0, 1) for tag in ("zheron", "zlark")} | {(2, "teal"): 1}
    assert "zlark" in related(uses)("zheron", 1_000).tags
    assert related(uses)("reed0149", 1_000).tags == ()


def test_old_posts_relate_nothing() -> None:
    last, days = datetime(2026, 11, 2, tzinfo=UTC), [0, 0, 40, 40, 0]
    rows = [
        {"account": account, "at": last - timedelta(ago), "hashtags": ["heron", "lark"] if ago else ["teal", "plover"]}
        for account, ago in enumerate(days)
    ]
    schema = pa.schema(
        [("account", pa.uint32()), ("at", pa.timestamp("us", tz="UTC")), ("hashtags", pa.list_(pa.string()))]
    )
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("posts", pa.Table.from_pylist([*rows, rows[0] | {"account": 9, "hashtags": ["x"]}], schema))
        found = RelatedHashtags.from_events(connection)
    assert found("teal", 5).tags == ("plover",)
    assert found("heron", 5).tags == ()
