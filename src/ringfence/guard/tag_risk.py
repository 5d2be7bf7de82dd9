"""Where does a hashtag lead? The share of those who used it lately that are flagged, with no list made by hand.

People are counted, not posts: an account that floods a tag counts once, and can neither make it look risky nor bury the
others.
"""

from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ringfence.terms.lexicon import Lexicon
from ringfence.terms.plain import plain
from ringfence.terms.term import bare

RECENT_DAYS = 30  # before the last post of all
LEAST_USERS = 5  # a tag used by fewer says nothing about who uses it
# The accounts whose use of a tag says something of it. Audience and nearby accounts use what everybody uses.
LEADING = ("network:member", "limit:automatic", "limit:confirmed", "media:known")

RECENT = """
CREATE OR REPLACE TEMP TABLE recent_tags AS
SELECT DISTINCT unnest(hashtags) AS written, account
FROM posts, (SELECT max(posts."at") AS "at" FROM posts) AS last
WHERE posts."at" > last."at" - to_days($days::INT)
"""
USES = """
CREATE OR REPLACE TEMP TABLE tag_uses AS
SELECT DISTINCT tag, account FROM recent_tags JOIN folded_tags USING (written) WHERE tag != ''
"""
SHARES = """
WITH among AS (SELECT id FROM account_ids SEMI JOIN flagged_accounts USING (account_id))
SELECT tag, avg((among.id IS NOT NULL)::INT) AS share
FROM tag_uses LEFT JOIN among ON among.id = account
GROUP BY tag HAVING count(*) >= $least AND share > 0 ORDER BY tag
"""


def tag_risk(
    connection: duckdb.DuckDBPyConnection, flags: pa.Table, signals: Sequence[str] = LEADING
) -> dict[str, float]:
    """For each tag in its plain form, the share (above 0, up to 1) of its recent users that have one of these signals.

    `flags` are rows of FLAGS; `connection` is one to a workspace's events.
    """
    leading = flags.filter(pc.is_in(flags["signal"], pa.array(signals, pa.string())))
    connection.register("flagged_accounts", leading.select(["account_id"]))
    recent_uses(connection)
    return dict(connection.execute(SHARES, {"least": LEAST_USERS}).fetchall())


def recent_uses(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Make the table tag_uses(tag, account): who used each tag, in its plain form, lately. Returns written and tag."""
    connection.execute(RECENT, {"days": RECENT_DAYS})
    written = connection.sql("SELECT DISTINCT written FROM recent_tags WHERE written IS NOT NULL").to_arrow_table()
    tags = pa.array([plain(bare(tag)) for tag in written["written"].to_pylist()], pa.string())
    folded = written.append_column("tag", tags)
    connection.register("folded_tags", folded)
    connection.execute(USES)
    return folded


def unnamed(tags: Mapping[str, float], lexicon: Lexicon, at_least: float) -> tuple[str, ...]:
    """The tags with such a share in which no term surely stands: no word says where they lead. The riskiest first."""
    risky = sorted((tag for tag, share in tags.items() if share >= at_least), key=lambda tag: (-tags[tag], tag))
    named = {row for row, hit in lexicon.matcher.finds(pa.array(risky, pa.string()), "hashtag") if hit.acts}
    return tuple(tag for row, tag in enumerate(risky) if row not in named)
