"""Which accounts does the page of a hashtag show? Those whose posts with it were many lately, or were reposted much."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from ringfence.exposure.recommenders.lately import DAYS, lately
from ringfence.graph.csr import Ids, Index
from ringfence.terms.hashtags import normalised
from ringfence.terms.term import bare

MOST = 1_000  # accounts kept a tag; nobody leafs so far

# Own posts are counted once each, and reposts by people: whoever reposts the same post again adds nothing.
TAGGED = """
WITH recent AS {recent},
reposts AS (
    SELECT repost_of AS post_id, count(DISTINCT account) AS people FROM recent AS again
    WHERE repost_of IS NOT NULL AND NOT EXISTS (
        FROM recent AS own WHERE own.post_id = again.repost_of AND own.account = again.account)
    GROUP BY repost_of
),
tagged AS (SELECT post_id, account, unnest(list_distinct(hashtags)) AS tag FROM recent WHERE repost_of IS NULL)
SELECT tag, account, post_id, coalesce(people, 0) AS reposts
FROM tagged LEFT JOIN reposts USING (post_id) WHERE tag IS NOT NULL
"""
RANKED = f"""
WITH posts AS (SELECT DISTINCT name, account, post_id, reposts FROM tagged JOIN names USING (tag) WHERE name <> '')
SELECT name, account, sum(1 + reposts)::BIGINT AS score FROM posts GROUP BY name, account
QUALIFY row_number() OVER (PARTITION BY name ORDER BY score DESC, account) <= {MOST}
ORDER BY name, score DESC, account
"""


@dataclass(frozen=True, slots=True)
class TagPage:
    """The accounts shown for a tag, best first and without repeats, and the score of each beside it."""

    ids: Ids
    scores: Index


class PopularInHashtag:
    """Answers which accounts the page of a tag shows.

    score(a, tag) = sum over own posts of a with the tag lately of 1 + other people who lately reposted it. A repost is
    nobody's own post. Equal scores go by id. Tags are compared by the name that they have on Mastodon.
    """

    __slots__ = ("_pages",)

    def __init__(self, tagged: pa.Table) -> None:
        """`tagged`: one row for each tag (as written) of a post: tag, account (dense id), post_id, reposts."""
        with duckdb.connect() as connection:
            connection.register("tagged", tagged)
            connection.register("names", names(tagged["tag"]))
            ranked = connection.sql(RANKED).to_arrow_table()
        self._pages = _pages(ranked)

    @classmethod
    def from_events(cls, connection: duckdb.DuckDBPyConnection, days: int = DAYS) -> "PopularInHashtag":
        """From the posts of a workspace: `ringfence.store.events.connect`."""
        return cls(connection.sql(TAGGED.format(recent=lately("posts", days))).to_arrow_table())

    def __call__(self, tag: str, wanted: int) -> TagPage:
        """At most `wanted` accounts for a tag, with or without its sigil. Asking for more only lengthens the answer."""
        page = self._pages.get(normalised(bare(tag)), _NOTHING)
        return TagPage(page.ids[:wanted], page.scores[:wanted])


_NOTHING = TagPage(np.empty(0, np.uint32), np.empty(0, np.int64))


def names(written: pa.ChunkedArray) -> pa.Table:
    """Each tag once as it is written, and the name it is compared by (empty where nothing is left of it)."""
    tags = written.unique()
    spelled = [normalised(bare(tag)) for tag in tags.to_pylist()]
    return pa.table({"tag": tags.cast(pa.string()), "name": pa.array(spelled, pa.string())})


def _pages(ranked: pa.Table) -> Mapping[str, TagPage]:
    """One page for each run of rows with the same name."""
    ids = ranked["account"].to_numpy().astype(np.uint32)
    scores = ranked["score"].to_numpy().astype(np.int64)
    runs = ranked["name"].combine_chunks().dictionary_encode()
    firsts = np.flatnonzero(np.diff(runs.indices.to_numpy(), prepend=-1))
    ends = np.append(firsts, len(ids))[1:].tolist()
    return {
        name: TagPage(ids[first:end], scores[first:end])
        for name, first, end in zip(runs.dictionary.to_pylist(), firsts.tolist(), ends, strict=True)
    }
