"""What ties some accounts to one another? The graph of their own events, counted as the whole platform's are.

It costs what these accounts did and not what the platform holds: one pass over its events, and one more to see how many
others use what they share. Copies of media and texts are grouped by these accounts' own: what only a third copy of
somebody else's links is not tied here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.graph import content, window
from ringfence.graph.count import Tally, count
from ringfence.graph.finish import finished
from ringfence.graph.relations import Graph, Ties
from ringfence.model.words import ACCOUNT_RELATIONS, Relation

# Who else has a handle, and whoever has it as an id, is known all over the platform: a mention means them, and nobody
# here. Such an id is -1, which is nobody's place.
VIEWS: Mapping[str, str] = {
    "inside": """
        SELECT given.place::UINTEGER AS place, id AS dense, account_id
        FROM account_ids JOIN given USING (account_id)""",
    "inside_accounts": """
        SELECT accounts.* REPLACE (place AS id), dense FROM accounts JOIN inside ON accounts.id = dense""",
    "inside_posts": "SELECT posts.* REPLACE (place AS account) FROM posts JOIN inside ON posts.account = dense",
    "inside_ties": """
        SELECT ties.* REPLACE (source.place AS src, target.place AS dst)
        FROM ties JOIN inside AS source ON ties.src = source.dense LEFT JOIN inside AS target ON ties.dst = target.dense
        WHERE ties.dst IS NULL OR target.place IS NOT NULL""",
    "inside_reports": "SELECT reports.* FROM reports SEMI JOIN inside ON target = inside.account_id",
    "inside_account_ids": "SELECT account_id, place AS id FROM inside",
    "known_account_ids": """
        SELECT account_id, coalesce(place, -1)::BIGINT AS id FROM account_ids LEFT JOIN inside USING (account_id)""",
    "known_accounts": """
        SELECT inside_accounts.* FROM inside_accounts SEMI JOIN (
            SELECT min(id) AS first FROM accounts WHERE handle IS NOT NULL GROUP BY lower(ltrim(trim(handle), '@'))
        ) ON first = dense""",
}
WHOLE = {"account_ids": "known_account_ids", "accounts": "known_accounts"}
# How many use a text is not looked up: that would read every text of the platform.
NOT_LOOKED_UP = frozenset({Relation.SHARES_TEXT})


@dataclass(frozen=True, slots=True)
class Inside:
    """The graph of some accounts, in the order given; one without events has no ties.

    `objects` has the columns relation, name, object, users and inside: how the store spells each thing that ties two of
    them, which object of the graph that is (copies are one), how many accounts of the platform use the object (null
    where that is not looked up), and how many of these accounts do.
    """

    graph: Graph
    objects: pa.Table


OBJECTS = pa.schema(
    [
        ("relation", pa.string()),
        ("name", pa.string()),
        ("object", pa.string()),
        ("users", pa.int64()),
        ("inside", pa.int64()),
    ]
)


def inside(events: duckdb.DuckDBPyConnection, accounts: Sequence[str]) -> Inside:
    """The graph of `accounts` alone; `events` has the store's views."""
    narrow(events, accounts)
    tally = count(events, {}, len(accounts), frozenset(Relation))
    graph = finished(events, tally, pa.array(accounts, pa.string()), lambda _: None)
    window.everything(events)
    shared = [ties for ties in graph.relations if ties.objects is not None]
    if any(ties.relation in content.CONTENT for ties in shared):
        content.prepare(events)
    return Inside(graph, pa.concat_tables([OBJECTS.empty_table(), *(_objects(events, tally, one) for one in shared)]))


def narrow(events: duckdb.DuckDBPyConnection, accounts: Sequence[str]) -> None:
    """Have the views of window.py show the events of `accounts` alone, who are numbered by their place in it."""
    places = pa.array(range(len(accounts)), pa.int64())
    events.register("given_accounts", pa.table({"account_id": pa.array(accounts, pa.string()), "place": places}))
    events.execute("CREATE OR REPLACE TEMP TABLE given AS FROM given_accounts")
    events.unregister("given_accounts")
    for name, query in VIEWS.items():
        events.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
    for view in window.COLUMNS:
        for when, held in (("fresh", f"inside_{view}"), ("whole", WHOLE.get(view, f"inside_{view}"))):
            events.execute(f"CREATE OR REPLACE TEMP VIEW {when}_{view} AS FROM {held}")
        events.execute(f"CREATE OR REPLACE TEMP VIEW before_{view} AS FROM inside_{view} WHERE false")


def _objects(events: duckdb.DuckDBPyConnection, tally: Tally, ties: Ties) -> pa.Table:
    """What one relation ties these accounts by, as `Inside.objects` has it."""
    spelled = _spelled(tally, ties)
    events.register("spelled", spelled)
    events.execute("CREATE OR REPLACE TEMP TABLE wanted AS FROM spelled")
    events.unregister("spelled")
    users = "NULL::BIGINT"
    if ties.relation not in NOT_LOOKED_UP and ties.relation not in ACCOUNT_RELATIONS:
        events.execute(f"""
            CREATE OR REPLACE TEMP TABLE used AS SELECT object, count(DISTINCT account) AS users
            FROM ({content.objects_sql(ties.relation)}) JOIN wanted ON key = name GROUP BY object""")
        users = "users"
    joined = "LEFT JOIN used USING (object)" if users == "users" else ""
    return events.sql(f"""
        SELECT '{ties.relation}' AS relation, name, object, {users} AS users, inside
        FROM wanted {joined} ORDER BY object, name""").to_arrow_table().cast(OBJECTS)  # fmt: skip


def _spelled(tally: Tally, ties: Ties) -> pa.Table:
    """Each name of the objects of one relation, the object it is, and how many of these accounts use that."""
    known = tally[ties.relation]
    names: list[str] = known.names.to_pylist() if known.names is not None else []
    called = _called(names, known.alike.label) if known.alike is not None else names
    objects = ties.objects.to_pylist() if ties.objects is not None else []
    used = dict(zip(objects, ties.backward.degree().tolist(), strict=True))
    rows = [(name, one, used[one]) for name, one in zip(names, called, strict=True) if one in used]
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(dict(zip(("name", "object", "inside"), map(list, columns), strict=True)))


def _called(names: Sequence[str], label: NDArray[np.int64]) -> list[str]:
    """What each name is called in the graph: the first in the alphabet of those with its label (finish.py)."""
    first: dict[int, str] = {}
    labels = [*label.tolist(), *range(len(label), len(names))]
    for name, one in zip(names, labels, strict=True):
        first[one] = min(first.get(one, name), name)
    return [first[one] for one in labels]
