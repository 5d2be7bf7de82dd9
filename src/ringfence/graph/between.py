"""What exactly ties two accounts? The rows of the store that do: what both are tied to, when, and how often."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from ringfence.graph import texts
from ringfence.graph.contacts import CONTACT, contact
from ringfence.graph.content import MEDIA_KEY, SPELLED
from ringfence.graph.inside import OBJECTS, narrow
from ringfence.graph.links import domain_sql, normal_sql
from ringfence.model.words import ACCOUNT_RELATIONS, Relation

TOGETHER = timedelta(hours=1)  # two who post one thing so near to each other, again and again, act together
MOST_POSTS = 5  # ids of posts told of one account and one thing, the newest first

# Every act on a thing, by the account's place: account, key, at, times, post. What came as a tie has no post.
ACTS: Mapping[Relation, str] = {
    Relation.USES_HASHTAG: """
        SELECT account, unnest(hashtags) AS key, "at", 1 AS times, post_id AS post FROM fresh_posts""",
    Relation.SHARES_MEDIA: f"""
        SELECT account, {MEDIA_KEY} AS key, "at", 1 AS times, post_id AS post
        FROM (SELECT account, unnest(media) AS one, "at", post_id FROM fresh_posts)""",
    Relation.SHARES_LINK: """SELECT account, normal AS key, "at", times, post FROM linked_acts""",
    Relation.SHARES_DOMAIN: f"""SELECT account, {domain_sql("normal")} AS key, "at", times, post FROM linked_acts""",
    Relation.SHARES_CONTACT: """SELECT account, key, NULL AS "at", 1 AS times, NULL AS post FROM contact_acts""",
    Relation.SHARES_TEXT: """SELECT account, key, "at", 1 AS times, post FROM text_acts""",
    Relation.REPOSTS: """SELECT account, repost_of AS key, "at", 1 AS times, post_id AS post FROM fresh_posts""",
    Relation.REPORTED_BY: """
        SELECT id AS account, reporter AS key, "at", 1 AS times, report_id AS post
        FROM fresh_reports JOIN fresh_account_ids ON target = account_id""",
}
LINKED = f"""
CREATE OR REPLACE TEMP TABLE linked_acts AS
WITH told AS (
    SELECT account, unnest(links) AS link, "at", 1.0 AS times, post_id AS post FROM fresh_posts
    UNION ALL SELECT id, unnest(links), NULL, 1, NULL FROM fresh_accounts
    UNION ALL SELECT src, object, "at", coalesce(weight, 1), NULL FROM fresh_ties
              WHERE relation = '{Relation.SHARES_LINK}'
), spelled AS (SELECT DISTINCT link FROM told)
SELECT * FROM told JOIN {normal_sql("spelled")} USING (link)
"""
CONTACTED = """
SELECT id AS account, unnest(list_distinct(regexp_extract_all(lower(said), $contact))) AS found
FROM (SELECT id, concat_ws(' ', display_name, bio, array_to_string(links, ' ')) AS said FROM fresh_accounts)
"""
WRITTEN = """
SELECT account, "at", post_id, left(text, $most) AS text FROM fresh_posts WHERE text <> '' AND repost_of IS NULL
"""  # Every act of one account towards the other: relation, src, dst, at, times, post.
TOWARDS = f"""
SELECT relation, src, dst, "at", coalesce(weight, 1) AS times, NULL AS post FROM fresh_ties WHERE dst IS NOT NULL
UNION ALL
SELECT '{Relation.REPLIES}', reply.account, post.account, reply."at", 1, reply.post_id
FROM fresh_posts AS reply JOIN fresh_posts AS post ON reply.reply_to = post.post_id
UNION ALL
SELECT '{Relation.MENTIONS}', account, coalesce(one.id, other.id), "at", 1, post_id
FROM (SELECT account, "at", post_id, unnest(mentions) AS key FROM fresh_posts WHERE repost_of IS NULL) AS said
LEFT JOIN whole_account_ids AS one ON one.account_id = key
LEFT JOIN (SELECT lower(ltrim(trim(handle), '@')) AS handle, min(id) AS id FROM whole_accounts GROUP BY ALL) AS other
       ON other.handle = lower(ltrim(trim(key), '@')) AND other.handle <> ''
"""


@dataclass(frozen=True, slots=True)
class Acts:
    """What one account did: how often, the first and the last time (None where the platform gives none), some posts.

    `posts` are ids, the newest first; of reports they are the reports' ids.
    """

    times: int
    first: datetime | None
    last: datetime | None
    posts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that ties two accounts. `one` and `other` are what each did; None for who did nothing.

    `what` is the shared thing, or the account that a tie leads to. `users` is how many accounts of the platform use
    the thing and `inside` how many of those asked about; None for ties between accounts and where nobody has counted.
    `copies` says that the two used copies of it, alike and not the same. `together` counts acts of both within
    TOGETHER, each once.
    """

    relation: Relation
    what: str
    one: Acts | None
    other: Acts | None
    users: int | None = None
    inside: int | None = None
    copies: bool = False
    together: int = 0


def between(events: duckdb.DuckDBPyConnection, one: str, other: str, objects: pa.Table) -> tuple[Evidence, ...]:
    """All that ties two accounts, ties between them first, then what the fewest others use.

    `events` has the store's views, and `objects` what ties the accounts among which they were found (`Inside.objects`).
    """
    narrow(events, (one, other))
    _read(events, objects)
    found = [*_towards(events, (one, other)), *_shared(events)]
    return tuple(sorted(found, key=_telling_first))


def _telling_first(found: Evidence) -> tuple[bool, float, str, str]:
    users = found.users or found.inside or 0
    return found.relation not in ACCOUNT_RELATIONS, users, found.relation, found.what


def _towards(events: duckdb.DuckDBPyConnection, names: tuple[str, str]) -> Iterator[Evidence]:
    rows = events.sql(f"""
        SELECT relation, src, dst, sum(times)::BIGINT, epoch_us(min("at")), epoch_us(max("at")),
               list(post ORDER BY "at" DESC, post) FILTER (post IS NOT NULL)
        FROM ({TOWARDS}) WHERE src <> dst AND dst >= 0 GROUP BY ALL ORDER BY ALL""").fetchall()
    for relation, source, target, *told in rows:
        acts = _acts(*told)
        yield Evidence(Relation(relation), names[target], *((acts, None) if source == 0 else (None, acts)))


def _read(events: duckdb.DuckDBPyConnection, objects: pa.Table) -> None:
    """Put every act on a thing into the table `acts`, by the name of the thing in the graph."""
    events.execute(LINKED)
    _given(events, "contact_acts", _contacts(events))
    _given(events, "text_acts", _texts(events))
    _given(events, "objects", objects.cast(OBJECTS))
    queries = []
    for relation in Relation:
        if relation in ACCOUNT_RELATIONS:
            continue
        given = """SELECT src AS account, object AS key, "at", coalesce(weight, 1) AS times, NULL AS post
                   FROM fresh_ties"""
        told = [ACTS[relation]] if relation in ACTS else []
        told += [f"{given} WHERE relation = '{relation}'"] if relation is not Relation.SHARES_LINK else []
        spelled = SPELLED.get(relation, "key")
        queries.append(f"""
            SELECT '{relation}' AS relation, account, {spelled} AS name, "at", times, post
            FROM ({" UNION ALL ".join(told)})""")
    events.execute(f"""
        CREATE OR REPLACE TEMP TABLE acts AS
        SELECT relation, account, name, object, "at", times, post, users, inside
        FROM ({" UNION ALL ".join(queries)}) JOIN objects USING (relation, name)""")


def _shared(events: duckdb.DuckDBPyConnection) -> Iterator[Evidence]:
    rows = events.sql(f"""
        SELECT relation, object, account, any_value(users), any_value(inside), list(DISTINCT name ORDER BY name),
               sum(times)::BIGINT, epoch_us(min("at")), epoch_us(max("at")),
               list(post ORDER BY "at" DESC, post) FILTER (post IS NOT NULL)[:{MOST_POSTS}],
               list(epoch_us("at") ORDER BY "at") FILTER ("at" IS NOT NULL)
        FROM acts GROUP BY relation, object, account ORDER BY relation, object, account""").fetchall()
    for (relation, thing), found in groupby(rows, key=lambda row: (row[0], row[1])):
        sides = list(found)
        if len(sides) == 2:  # noqa: PLR2004, both of the two
            (_, _, _, users, inside, names, *one), (*_, other_names, times, first, last, posts, at) = sides
            acts = _acts(*one[:4]), _acts(times, first, last, posts)
            copies = not set(names) & set(other_names)
            yield Evidence(Relation(relation), thing, *acts, users, inside, copies, _together(one[4], at))


def _acts(times: int, first: int | None, last: int | None, posts: list[str] | None) -> Acts:
    return Acts(times, _time(first), _time(last), tuple((posts or ())[:MOST_POSTS]))


def _time(at: int | None) -> datetime | None:
    return None if at is None else datetime.fromisoformat("1970-01-01T00:00:00+00:00") + timedelta(microseconds=at)


def _together(one: list[int] | None, other: list[int] | None) -> int:
    """How many acts of the one have an act of the other near by, or the other way round, whichever is less."""
    mine, theirs = np.array(one or (), np.int64), np.array(other or (), np.int64)
    reach = int(TOGETHER / timedelta(microseconds=1))
    return min(_near(mine, theirs, reach), _near(theirs, mine, reach))


def _near(mine: Any, theirs: Any, reach: int) -> int:
    """How many times of `mine` are within `reach` of one of `theirs`; both ascend."""
    return int((np.searchsorted(theirs, mine + reach, "right") > np.searchsorted(theirs, mine - reach, "left")).sum())


def _contacts(events: duckdb.DuckDBPyConnection) -> pa.Table:
    rows = events.execute(CONTACTED, {"contact": CONTACT}).fetchall()
    told = [{"account": account, "key": contact(found)} for account, found in rows]
    return pa.Table.from_pylist(told, pa.schema([("account", pa.uint32()), ("key", pa.string())]))


def _texts(events: duckdb.DuckDBPyConnection) -> pa.Table:
    """Each post's text by the hash of its words, as the graph names it; the words are not kept."""
    rows = events.sql(WRITTEN, params={"most": texts.MOST_CHARACTERS}).to_arrow_table()
    hashes, words = texts.hashed(rows["text"].combine_chunks().cast(pa.string()))
    keys = pa.array([f"{one:016x}" for one in hashes.tolist()], pa.string())
    told = pa.table({"account": rows["account"], "key": keys, "at": rows["at"], "post": rows["post_id"]})
    return told.filter(pa.array(words >= texts.LEAST_WORDS))


def _given(events: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    events.register("given_rows", rows)
    events.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM given_rows")
    events.unregister("given_rows")
