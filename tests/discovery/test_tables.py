from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from ringfence.discovery.expand import Expansion, expansion
from ringfence.discovery.seeds import seeds
from ringfence.discovery.tables import LEAST_USERS, key_objects, networks_table, shared_tags
from ringfence.graph.relations import Graph
from ringfence.model.schemas import NETWORKS

NEWEST = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def found(graph: Graph, members: list[str]) -> Expansion:
    return expansion(graph, seeds(graph, members[:4]), np.zeros(graph.size, bool), seed=0)


def told(found: Expansion, created: list[datetime | None], previous: pa.Table | None = None) -> list[dict[str, object]]:
    with duckdb.connect() as events:
        events.execute("CREATE TABLE accounts (id INTEGER, created_at TIMESTAMPTZ)")
        rows = pa.table({"id": range(len(created)), "at": pa.array(created, pa.timestamp("us", "UTC"))})
        events.register("rows", rows)
        events.execute("INSERT INTO accounts FROM rows")
        return list(networks_table(found, events, previous).to_pylist())


def test_size_followers_and_age_are_counted(found: Expansion, tables: dict[str, pa.Table]) -> None:
    created: list[datetime | None] = [NEWEST - timedelta(days=400)] * found.graph.size
    young, old = found.networks.members(0)[:2]
    created[young], created[old] = NEWEST, NEWEST - timedelta(days=900)
    everybody = set(found.graph.accounts.filter(pa.array(found.members)).to_pylist())
    for number, row in enumerate(told(found, created)):
        own = set(found.graph.accounts.take(pa.array(found.networks.members(number))).to_pylist())
        follows = tables["follows"]
        pairs = set(zip(follows["src"].to_pylist(), follows["dst"].to_pylist(), strict=True))
        outside = [src for src, dst in pairs if dst in own and src not in everybody]
        assert row["size"] == len(own) == len(set(row["members"]))  # type: ignore[call-overload]
        assert (row["reach"], row["audience"]) == (len(outside), len(set(outside)))
        if number == 0:
            assert row["first_seen"] == NEWEST - timedelta(days=900)
            assert row["growth"] == pytest.approx(1 / len(own))


def test_unknown_times_stay_unknown(found: Expansion) -> None:
    row = told(found, [None] * found.graph.size)[0]
    assert row["first_seen"] is None
    assert row["growth"] is None


def test_the_tags_told_are_the_networks_own(found: Expansion) -> None:
    for number in range(len(found.networks.ids)):
        tags = shared_tags(found, found.networks.members(number))
        assert tags
        assert all(tag.startswith("nest") for tag in tags[:2])


def test_growth_is_by_the_run_before_where_there_is_one(found: Expansion) -> None:
    row = told(found, [NEWEST] * found.graph.size)[0]
    assert row["growth"] == 1.0
    members = row["members"]
    assert isinstance(members, list)
    before = pa.Table.from_pylist([{"network_id": row["network_id"], "members": members[4:]}], NETWORKS)
    assert told(found, [NEWEST] * found.graph.size, before)[0]["growth"] == pytest.approx(4 / len(members))
    other = pa.Table.from_pylist([{"network_id": "net-other", "members": members}], NETWORKS)
    assert told(found, [NEWEST] * found.graph.size, other)[0]["growth"] == 1.0


def test_key_objects_are_of_every_relation_and_the_most_its_own_first(
    found: Expansion, tables: dict[str, pa.Table]
) -> None:
    for number in range(len(found.networks.ids)):
        members = found.networks.members(number)
        names = set(found.graph.accounts.take(pa.array(members)).to_pylist())
        told_of = key_objects(found, members)
        assert {one.split(":")[0] for one in told_of} == {"uses_hashtag", "shares_link"}
        measures = []
        for one in told_of:
            relation, _, thing = one.partition(":")
            rows = zip(tables[relation]["src"].to_pylist(), tables[relation]["dst"].to_pylist(), strict=True)
            users = {src for src, dst in rows if dst == thing}
            assert len(users & names) >= LEAST_USERS
            measures.append(len(users & names) ** 2 / len(users))
        assert measures == sorted(measures, reverse=True)
