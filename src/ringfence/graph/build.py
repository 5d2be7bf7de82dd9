"""How do stored events become a graph? Ties as they are, and what profiles and posts share as ties to objects."""

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.graph.relations import Graph, Ties, from_counts
from ringfence.model.words import ACCOUNT_RELATIONS, Relation

# Objects in posts and profiles: each query gives account, object, and how often.
CONTENT = {
    Relation.USES_HASHTAG: "SELECT account, lower(unnest(hashtags)) AS object FROM posts",
    Relation.SHARES_LINK: (
        "SELECT account, unnest(links) AS object FROM posts UNION ALL SELECT id, unnest(links) FROM accounts"
    ),
    Relation.SHARES_MEDIA: (
        "SELECT account, unnest(list_transform(media, lambda one: coalesce(one.sha256, one.media_id))) FROM posts"
    ),
}


def build(events: duckdb.DuckDBPyConnection) -> Graph:
    """A graph over every account of a store; `events` has the store's views."""
    names = _rows(events, "SELECT account_id FROM account_ids ORDER BY id", {})["account_id"]
    names = names.combine_chunks().cast(pa.string())
    built = [_between_accounts(events, relation, len(names)) for relation in sorted(ACCOUNT_RELATIONS)]
    built += [_to_objects(events, relation, len(names)) for relation in CONTENT]
    return Graph(names, tuple(ties for ties in built if ties.forward.ties))


def _between_accounts(events: duckdb.DuckDBPyConnection, relation: Relation, accounts: int) -> Ties:
    query = "SELECT src, dst, coalesce(weight, 1) AS count FROM ties WHERE relation = $relation AND dst IS NOT NULL"
    rows = _rows(events, query, {"relation": str(relation)})
    return from_counts(relation, _numbers(rows["src"]), _numbers(rows["dst"]), _counts(rows), accounts, None)


def _to_objects(events: duckdb.DuckDBPyConnection, relation: Relation, accounts: int) -> Ties:
    query = f"""
        SELECT account, object, sum(count)::DOUBLE AS count
        FROM (
            SELECT account, object, 1 AS count FROM ({CONTENT[relation]}) AS content(account, object)
            UNION ALL
            SELECT src, object, coalesce(weight, 1) FROM ties WHERE relation = $relation AND object IS NOT NULL
        )
        WHERE object IS NOT NULL GROUP BY account, object ORDER BY object, account
    """
    rows = _rows(events, query, {"relation": str(relation)})
    named = rows["object"].combine_chunks().dictionary_encode()
    return from_counts(
        relation, _numbers(rows["account"]), named.indices.to_numpy(), _counts(rows), accounts, named.dictionary
    )


def _rows(events: duckdb.DuckDBPyConnection, query: str, named: dict[str, str]) -> pa.Table:
    return events.sql(query, params=named).to_arrow_table()


def _numbers(column: pa.ChunkedArray) -> NDArray[np.int64]:
    return np.asarray(column.to_numpy(), dtype=np.int64)


def _counts(rows: pa.Table) -> NDArray[np.float64]:
    return np.asarray(rows["count"].to_numpy(), dtype=np.float64)
