"""Where does a hashtag lead? The share of those who used it lately that are flagged, with no list made by hand.

People are counted, not posts: an account that floods a tag counts once, and can neither make it look risky nor bury the
others.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.plain import plain
from ringfence.terms.term import bare

RECENT_DAYS = 30  # before the last post of all
LEAST_USERS = 5  # a tag used by fewer says nothing about who uses it
# The accounts whose use of a tag says something of it. Audience and nearby accounts use what everybody uses.
LEADING = ("network:member", "limit:automatic", "limit:confirmed", "media:known")

# Shares of tags that lead to likely members, in the workspace. They only raise what is known.
LED = Path("damping") / "tags.json"
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]

RECENT = """
CREATE OR REPLACE TEMP TABLE recent_tags AS
SELECT DISTINCT unnest(hashtags) AS written, account
FROM posts, (SELECT max(posts."at") AS "at" FROM posts) AS last
WHERE posts."at" > last."at" - to_days($days::INT)
"""
SHARES = """
WITH uses AS (SELECT DISTINCT tag, account FROM recent_tags JOIN folded_tags USING (written) WHERE tag != ''),
among AS (SELECT id FROM account_ids SEMI JOIN flagged_accounts USING (account_id))
SELECT tag, avg((among.id IS NOT NULL)::INT) AS share
FROM uses LEFT JOIN among ON among.id = account
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
    connection.execute(RECENT, {"days": RECENT_DAYS})
    written = connection.sql("SELECT DISTINCT written FROM recent_tags WHERE written IS NOT NULL").to_arrow_table()
    tags = pa.array([plain(bare(tag)) for tag in written["written"].to_pylist()], pa.string())
    connection.register("folded_tags", written.append_column("tag", tags))
    return dict(connection.execute(SHARES, {"least": LEAST_USERS}).fetchall())


def led(workspace: Workspace) -> dict[str, float]:
    """The shares that exposure has found, of tags by their plain form; nothing where it was not asked.

    Raises Fault for a file that holds anything else than shares.
    """
    file = workspace.path / LED
    if not file.exists():
        return {}
    try:
        shares = msgspec.json.decode(file.read_bytes(), type=dict[str, Share])
    except (msgspec.DecodeError, OSError) as error:
        mend = "run `ringfence exposure feed` again, or remove it"
        raise Fault(f"it cannot be read as shares of tags ({error})", where=str(file), mend=mend) from error
    return shares


def unnamed(tags: Mapping[str, float], lexicon: Lexicon, at_least: float) -> tuple[str, ...]:
    """The tags with such a share in which no term surely stands: no word says where they lead. The riskiest first."""
    risky = sorted((tag for tag, share in tags.items() if share >= at_least), key=lambda tag: (-tags[tag], tag))
    named = {row for row, hit in lexicon.matcher.finds(pa.array(risky, pa.string()), "hashtag") if hit.acts}
    return tuple(tag for row, tag in enumerate(risky) if row not in named)
