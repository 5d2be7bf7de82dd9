"""What do posts, profiles and reports share? For each relation to objects, SQL that gives account, key and count.

Every query reads fresh events only, and its counts add up: what is counted today and what is counted tomorrow is
together what a full count finds.
"""

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from ringfence.graph.contacts import CONTACT, contact
from ringfence.graph.links import domain_sql, normal_sql
from ringfence.model.words import Relation

# An answer may come in before the post it answers, so it is looked for from both sides; each pair is found once.
ANSWERED = """
SELECT reply.account AS src, post.account AS dst
FROM fresh_posts AS reply JOIN whole_posts AS post ON reply.reply_to = post.post_id
UNION ALL
SELECT reply.account, post.account
FROM before_posts AS reply JOIN fresh_posts AS post ON reply.reply_to = post.post_id
"""
# As they are written; who is meant is found when everybody is known.
MENTIONED = "SELECT account, unnest(mentions) AS key, 1 AS count FROM fresh_posts WHERE repost_of IS NULL"
TEXTS = "SELECT account, left(text, $characters) AS text FROM fresh_posts WHERE text IS NOT NULL AND repost_of IS NULL"

MEDIA_KEY = "coalesce(one.sha256, one.md5, one.media_id)"
HASHES = f"""
SELECT {MEDIA_KEY} AS key, unhex(one.pdq) AS code
FROM (SELECT unnest(media) AS one FROM fresh_posts)
WHERE {MEDIA_KEY} <> '' AND regexp_full_match(one.pdq, '[0-9a-fA-F]{{64}}') AND coalesce(one.quality, 100) >= $quality
GROUP BY ALL ORDER BY ALL
"""

# Links and contacts are worked out once for each spelling; these tables hold what came of it.
LINKED = f"""
CREATE OR REPLACE TEMP TABLE linked AS
WITH told AS (
    SELECT account, link, sum(count) AS count FROM (
        SELECT account, unnest(links) AS link, 1 AS count FROM fresh_posts
        UNION ALL SELECT id, unnest(links), 1 FROM fresh_accounts
        UNION ALL SELECT src, object, coalesce(weight, 1) FROM fresh_ties WHERE relation = '{Relation.SHARES_LINK}')
    WHERE link IS NOT NULL GROUP BY account, link
), spelled AS (SELECT DISTINCT link FROM told)
SELECT account, normal AS link, count FROM told JOIN {normal_sql("spelled")} USING (link)
"""
CONTACTED = """
CREATE OR REPLACE TEMP TABLE contacted AS
SELECT id AS account, unnest(list_distinct(regexp_extract_all(lower(said), $contact))) AS found
FROM (SELECT id, concat_ws(' ', display_name, bio, array_to_string(links, ' ')) AS said FROM fresh_accounts)
"""

# A report may come in before the account it is about is known. Whose reports they are is nobody's to read: a hash.
REPORTED = """
SELECT id AS account, reporter AS key, 1 AS count FROM fresh_reports JOIN whole_account_ids ON target = account_id
UNION ALL
SELECT id, reporter, 1 FROM before_reports JOIN fresh_account_ids ON target = account_id
"""
CONTENT: Mapping[Relation, str] = {
    Relation.USES_HASHTAG: "SELECT account, unnest(hashtags) AS key, 1 AS count FROM fresh_posts",
    Relation.SHARES_MEDIA: (
        f"SELECT account, {MEDIA_KEY} AS key, 1 AS count FROM (SELECT account, unnest(media) AS one FROM fresh_posts)"
    ),
    Relation.SHARES_LINK: "SELECT account, link AS key, count FROM linked",
    Relation.SHARES_DOMAIN: f"SELECT account, {domain_sql('link')} AS key, count FROM linked",
    Relation.SHARES_CONTACT: "SELECT account, key, 1 AS count FROM contacted JOIN contacts USING (found)",
    Relation.REPOSTS: "SELECT account, repost_of AS key, 1 AS count FROM fresh_posts",
    Relation.REPORTED_BY: REPORTED,
}
# How the keys of a relation are spelled, theirs and those of ties that came as ties.
SPELLED: Mapping[Relation, str] = {
    Relation.USES_HASHTAG: "nfc_normalize(lower(ltrim(trim(key), '#\uff03')))",
    Relation.SHARES_DOMAIN: "lower(key)",
    Relation.SHARES_CONTACT: "lower(key)",
    Relation.REPORTED_BY: "left(sha256(key), 16)",
}


def prepare(events: duckdb.DuckDBPyConnection) -> None:
    """Make the tables that some of `CONTENT` read."""
    events.execute(LINKED)
    events.execute(CONTACTED, {"contact": CONTACT})
    found = events.sql("SELECT DISTINCT found FROM contacted ORDER BY found").to_arrow_table()["found"]
    keys = pa.array([contact(one) for one in found.to_pylist()], pa.string())
    held = pa.table({"found": found, "key": keys})
    events.register("held_contacts", held)
    events.execute("CREATE OR REPLACE TEMP TABLE contacts AS FROM held_contacts")
    events.unregister("held_contacts")


def objects_sql(relation: Relation) -> str:
    """SQL that gives account, key and count once for each account and key, from content and from ties."""
    given = "SELECT src AS account, object AS key, coalesce(weight, 1) AS count FROM fresh_ties"
    given = f"{given} WHERE relation = '{relation}'"
    # Links that came as ties are spelled like the others, so they are among them already.
    both = [CONTENT[relation]] if relation in CONTENT else []
    both += [] if relation is Relation.SHARES_LINK else [given]
    return f"""
        SELECT account, key, sum(count)::DOUBLE AS count
        FROM (SELECT account, {SPELLED.get(relation, "key")} AS key, count
              FROM (SELECT account, key, sum(count) AS count FROM ({" UNION ALL ".join(both)}) GROUP BY account, key))
        WHERE key <> '' GROUP BY account, key"""
