"""How far does each network reach? By what the platform kept: who was shown members, who follows them, who posts."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import duckdb
import pyarrow as pa

from ringfence.cases.priority import Harm
from ringfence.discovery.minors import is_likely_minor

LOOKED_BACK = timedelta(days=30)  # for impressions, before the newest of them
DAY = 86_400

# Members by dense id. What is shown is an account, or a post of one.
_MEMBERS = """
CREATE TEMP TABLE member AS
SELECT given.network_id, ids.id, given.account_id FROM given JOIN account_ids ids USING (account_id)
"""
_SHOWN = """
CREATE TEMP TABLE shown AS
WITH recent AS (SELECT viewer, shown_id FROM impressions
                WHERE impressions."at" > (SELECT max(impressions."at") FROM impressions) - INTERVAL ({days}) DAY),
     things AS (SELECT network_id, account_id AS thing FROM member UNION ALL
                SELECT network_id, post_id FROM posts JOIN member ON posts.account = member.id)
SELECT DISTINCT network_id, viewer AS id FROM recent JOIN things ON recent.shown_id = things.thing
WHERE (network_id, viewer) NOT IN (SELECT network_id, id FROM member)
"""
_FOLLOWING = """
CREATE TEMP TABLE following AS
SELECT DISTINCT network_id, ties.src AS id FROM ties JOIN member ON ties.dst = member.id AND ties.relation = 'follows'
WHERE (network_id, ties.src) NOT IN (SELECT network_id, id FROM member)
"""
_REACHED = "CREATE TEMP TABLE reached AS FROM shown UNION FROM following"
_MAY_BE_MINORS = """
SELECT id, declared_age, bio FROM accounts
WHERE id IN (SELECT id FROM reached UNION SELECT id FROM member) AND (declared_age IS NOT NULL OR bio IS NOT NULL)
"""
_COUNTS = """
WITH quiet AS (
    SELECT network_id, date_diff('second', max(posts."at"), (SELECT max(posts."at") FROM posts)) AS seconds
    FROM posts JOIN member ON posts.account = member.id GROUP BY network_id)
SELECT network_id,
       (SELECT count(*) FROM shown WHERE shown.network_id = network.network_id),
       (SELECT count(*) FROM following WHERE following.network_id = network.network_id),
       (SELECT count(*) FROM reached JOIN minor USING (id) WHERE reached.network_id = network.network_id),
       (SELECT count(*) FROM member JOIN minor USING (id) WHERE member.network_id = network.network_id),
       quiet.seconds
FROM (SELECT DISTINCT network_id FROM given) network LEFT JOIN quiet USING (network_id)
"""


def harms(
    events: duckdb.DuckDBPyConnection, members: Mapping[str, Sequence[str]], growth: Mapping[str, float | None]
) -> tuple[dict[str, Harm], frozenset[str]]:
    """The harm of each network, given its members' ids, and which of all members are likely minors by now.

    `events` is a connection to the store's views; it is left with some temporary tables.
    """
    pairs = [(network, account) for network, accounts in members.items() for account in accounts]
    names, accounts = [network for network, _ in pairs], [account for _, account in pairs]
    columns = {"network_id": pa.array(names, pa.string()), "account_id": pa.array(accounts, pa.string())}
    events.register("given", pa.table(columns))
    for statement in (_MEMBERS, _SHOWN.format(days=LOOKED_BACK.days), _FOLLOWING, _REACHED):
        events.execute(statement)
    minors = [one for one, age, bio in events.execute(_MAY_BE_MINORS).fetchall() if is_likely_minor(age, bio)]
    events.register("minor", pa.table({"id": pa.array(minors, pa.uint32())}))
    inside = events.execute("SELECT DISTINCT account_id FROM member JOIN minor USING (id)").fetchall()
    measured = bool(events.execute("SELECT EXISTS (FROM impressions)").fetchall()[0][0])
    told = {
        network: Harm(
            viewers=shown if measured else None,
            audience=following,
            minors_reached=minors_reached,
            minors_inside=minors_inside,
            growth=growth.get(network),
            quiet=None if seconds is None else seconds / DAY,
        )
        for network, shown, following, minors_reached, minors_inside, seconds in events.execute(_COUNTS).fetchall()
    }
    return told, frozenset(account for (account,) in inside)
