"""Does the page of a tag count posts and people as promised, and take a tag however it is written?"""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringfence.exposure.recommenders.popular_in_hashtag import PopularInHashtag
from ringfence.model.faults import Fault

LAST = datetime(2026, 11, 2, tzinfo=UTC)
FIELDS = {
    "post_id": pa.string(),
    "account": pa.uint32(),
    "at": pa.timestamp("us", tz="UTC"),
    "repost_of": pa.string(),
    "hashtags": pa.list_(pa.string()),
}
Post = tuple[int, int, int | None, list[str | None] | None]  # account, days before the last, number reposted, tags


def page(posts: list[Post], tag: str, wanted: int = 10, days: int = 30) -> list[tuple[int, int]]:
    rows = [
        {
            "post_id": f"p{number}",
            "account": account,
            "at": LAST - timedelta(ago),
            "repost_of": None if reposted is None else f"p{reposted}",
            "hashtags": tags,
        }
        for number, (account, ago, reposted, tags) in enumerate(posts)
    ]
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("posts", pa.Table.from_pylist(rows, pa.schema(FIELDS)))
        found = PopularInHashtag.from_events(connection, days)(tag, wanted)
    return list(zip(found.ids.tolist(), found.scores.tolist(), strict=True))


POSTS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(0, 3),
        st.none() | st.integers(0, 12),
        st.none() | st.lists(st.sampled_from(["Heron", "#heron", "kestrel", "", None]), max_size=3),
    ),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(POSTS)
def test_it_agrees_with_brute_force(posts: list[Post]) -> None:
    last = min((ago for _, ago, _, _ in posts), default=0)
    recent = [number for number, (_, ago, _, _) in enumerate(posts) if ago < last + 2]
    people = defaultdict(set)
    for number in recent:
        account, _, reposted, _ = posts[number]
        if reposted is not None and reposted in recent and posts[reposted][0] != account:
            people[reposted].add(account)
    scores: Counter[int] = Counter()
    for number in recent:
        account, _, reposted, tags = posts[number]
        if reposted is None and {"Heron", "#heron"} & set(tags or ()):  # however often it stands there
            scores[account] += 1 + len(people[number])
    expected = sorted(((one, score) for one, score in scores.items() if score), key=lambda item: (-item[1], item[0]))
    assert page(posts, "HERON", days=2) == expected


def test_people_who_repost_count_once_and_an_author_not_at_all() -> None:
    posts: list[Post] = [(1, 1, None, ["heron"]), (2, 1, None, ["heron"]), (3, 0, 0, None), (3, 0, 0, None)]
    posts += [(4, 0, 0, None), (2, 0, 1, None)]
    assert page(posts, "#Heron") == [(1, 3), (2, 1)]


def test_a_tag_that_a_post_has_in_two_spellings_counts_once() -> None:
    assert page([(1, 0, None, ["heron", "#Heron", "h\u00e9ron"])], "heron") == [(1, 1)]


def test_what_is_long_ago_is_on_no_page() -> None:
    assert page([(1, 30, None, ["heron"]), (2, 0, None, ["kestrel"])], "heron") == []


def test_an_unknown_or_empty_tag_has_an_empty_page() -> None:
    assert page([(1, 0, None, ["heron"])], "kestrel") == page([(1, 0, None, ["heron"])], "#") == []
    assert page([], "heron") == []


def test_asking_for_more_only_lengthens_the_page() -> None:
    posts: list[Post] = [(account, 0, None, ["heron"]) for account in range(8)]
    assert page(posts, "heron", 3) == page(posts, "heron", 8)[:3]


def test_no_days_is_a_fault() -> None:
    with pytest.raises(Fault, match="0 is no number of days; give 1 or more"):
        page([], "heron", days=0)
