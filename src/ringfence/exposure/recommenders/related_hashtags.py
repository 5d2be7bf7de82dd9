"""Which tags go with a tag? Those that the same people used lately, more often than chance would have it."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from ringfence.exposure.recommenders.lately import DAYS, lately
from ringfence.exposure.recommenders.popular_in_hashtag import names
from ringfence.terms.hashtags import normalised
from ringfence.terms.term import bare

MOST = 100  # related tags kept for each tag
TAGS_EACH = 100  # of one account, those it used most: pairs are as many as their square
SHRINK = 5  # with as many people in common, a tag keeps half of its score
LEAST = 2  # people in common; one person's two tags say nothing

USES = """
SELECT account, tag, count(*)::BIGINT AS uses FROM (SELECT account, unnest(hashtags) AS tag FROM {recent})
WHERE tag IS NOT NULL GROUP BY account, tag
"""
RELATED = f"""
WITH used AS (
    SELECT account, name FROM uses JOIN names USING (tag) WHERE name <> '' GROUP BY account, name
    QUALIFY row_number() OVER (PARTITION BY account ORDER BY sum(uses) DESC, name) <= {TAGS_EACH}
),
people AS (SELECT name, count(*) AS n FROM used GROUP BY name),
everybody AS (SELECT count(DISTINCT account) AS n FROM used),
pairs AS (
    SELECT one.name AS name, other.name AS related, count(*) AS n
    FROM used AS one JOIN used AS other USING (account) WHERE one.name <> other.name
    GROUP BY ALL HAVING count(*) >= {LEAST}
),
scored AS (
    SELECT pairs.name, related, ln(pairs.n::DOUBLE * everybody.n / (mine.n * theirs.n)) * pairs.n / (pairs.n + {SHRINK})
           AS score
    FROM pairs JOIN people AS mine ON mine.name = pairs.name JOIN people AS theirs ON theirs.name = related, everybody
)
SELECT name, list(related ORDER BY score DESC, related) AS related, list(score ORDER BY score DESC, related) AS scores
FROM (FROM scored WHERE score > 0
      QUALIFY row_number() OVER (PARTITION BY name ORDER BY score DESC, related) <= {MOST})
GROUP BY name ORDER BY name
"""


@dataclass(frozen=True, slots=True)
class Related:
    """The names of related tags, best first, and the score of each beside it."""

    tags: tuple[str, ...]
    scores: tuple[float, ...]


class RelatedHashtags:
    """Answers which tags go with a tag.

    score(s, t) = ln(n(s, t) N / (n(s) n(t))) n(s, t) / (n(s, t) + SHRINK): pointwise mutual information over people
    (Church and Hanks, 1990), n(s) of N people having used s, and less of it where few people speak for the pair, which
    alone it overrates. Only scores above 0, from pairs that LEAST people share. Equal scores go by name. Tags are
    compared by the name that they have on Mastodon, and answered by it.
    """

    __slots__ = ("_related",)

    def __init__(self, uses: pa.Table) -> None:
        """`uses`: account (dense id), tag (as written) and how many uses, at most one row for an account and tag."""
        with duckdb.connect() as connection:
            connection.register("uses", uses)
            connection.register("names", names(uses["tag"]))
            found = connection.sql(RELATED).fetchall()
        self._related: Mapping[str, Related] = {
            name: Related(tuple(related), tuple(scores)) for name, related, scores in found
        }

    @classmethod
    def from_events(cls, connection: duckdb.DuckDBPyConnection, days: int = DAYS) -> "RelatedHashtags":
        """From the posts of a workspace, reposts among them: `ringfence.store.events.connect`."""
        return cls(connection.sql(USES.format(recent=lately("posts", days))).to_arrow_table())

    def __call__(self, tag: str, wanted: int) -> Related:
        """At most `wanted` tags for a tag, with or without its sigil. Asking for more only lengthens the answer."""
        found = self._related.get(normalised(bare(tag)), Related((), ()))
        return Related(found.tags[:wanted], found.scores[:wanted])
