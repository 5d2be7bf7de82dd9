"""How do stored events become a graph? All of them are counted, and the counts weighed. To go on from a graph that was
kept is another file's matter: kept.py."""

from collections.abc import Callable, Iterable

import duckdb
import pyarrow as pa

from ringfence.graph import window
from ringfence.graph.count import count
from ringfence.graph.finish import finished
from ringfence.graph.memory import fits
from ringfence.graph.relations import Graph
from ringfence.model.words import Relation

# How many ties the fresh events can make at most: a post's text is one, and a link ties by page and by domain.
MOST_TIES = """
SELECT (SELECT count(*) FROM fresh_ties) + (SELECT count(*) FROM fresh_reports)
     + (SELECT coalesce(sum(1 + (reply_to IS NOT NULL)::INT + (repost_of IS NOT NULL)::INT
                            + coalesce(len(hashtags), 0) + coalesce(len(mentions), 0) + 2 * coalesce(len(links), 0)
                            + coalesce(len(media), 0)), 0) FROM fresh_posts)
     + (SELECT coalesce(sum(2 * coalesce(len(links), 0)), 0) FROM fresh_accounts)
"""


def build(
    events: duckdb.DuckDBPyConnection,
    relations: Iterable[Relation] = tuple(Relation),
    say: Callable[[str], object] = lambda _: None,
) -> Graph:
    """A graph over every account of a store, of all relations or of some; `events` has the store's views.

    Raises Fault when there is no room for it.
    """
    window.everything(events)
    accounts = names(events)
    fits(most_ties(events), len(accounts))
    return finished(events, count(events, {}, len(accounts), frozenset(relations)), accounts, say)


def names(events: duckdb.DuckDBPyConnection) -> pa.StringArray:
    """Every account's id, by dense id."""
    found = events.sql("SELECT account_id FROM whole_account_ids ORDER BY id").to_arrow_table()["account_id"]
    return found.combine_chunks().cast(pa.string())


def most_ties(events: duckdb.DuckDBPyConnection) -> int:
    """How many ties the fresh events can make, at most."""
    # All rows are fetched, though there is one: a connection with rows to come takes no table from outside.
    ((most,),) = events.execute(MOST_TIES).fetchall()
    return int(most)
