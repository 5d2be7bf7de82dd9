"""Whom has discovery found, by the numbers that the store has for accounts?"""

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ringfence.graph.csr import Ids


def found(connection: duckdb.DuckDBPyConnection, scores: pa.Table) -> Ids:
    """Dense ids, ascending, of the accounts that are in a network; `scores` are rows of SCORES."""
    return numbers(connection, scores.filter(pc.is_valid(scores["network_id"]))["account_id"])


def numbers(connection: duckdb.DuckDBPyConnection, names: pa.Array | pa.ChunkedArray) -> Ids:
    """Dense ids, ascending, of those accounts that the store has; `connection` is one to a workspace's events."""
    connection.register("named", pa.table({"account_id": names}))
    rows = connection.sql("SELECT id FROM account_ids SEMI JOIN named USING (account_id) ORDER BY id").to_arrow_table()
    connection.unregister("named")
    ids: Ids = rows["id"].to_numpy().astype("uint32")
    return ids
