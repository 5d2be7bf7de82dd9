import numpy as np
import pyarrow as pa
import pytest

from ringfence.discovery.aggregates import circles
from ringfence.discovery.columns import PLACES, known, places
from ringfence.graph.relations import Graph

SIZE = 60


def two_camps(relation: str, seed: int) -> Graph:
    """Accounts 0 to 29 tie themselves to one another, or to objects of their own; so do the others."""
    chance = np.random.default_rng(seed)
    src = np.repeat(np.arange(SIZE), 8)
    dst = chance.integers(SIZE // 2, size=len(src)) + SIZE // 2 * (src >= SIZE // 2)
    strays = chance.random(len(src)) < 0.1
    table = pa.table({"src": src, "dst": np.where(strays, chance.integers(SIZE, size=len(src)), dst)})
    return Graph.from_tables({relation: table}, features=np.zeros((SIZE, 1)))


@pytest.mark.parametrize("relation", ["follows", "shares_link"])
def test_two_camps_stand_apart(relation: str) -> None:
    graph = two_camps(relation, 1)
    found = places(circles(graph), SIZE)
    assert found.values.shape == (SIZE, PLACES) == (SIZE, len(found.names))
    camp = np.array(graph.accounts.to_pylist(), dtype=int) >= SIZE // 2
    apart = [abs(np.corrcoef(camp, column)[0, 1]) for column in found.values.T]
    assert max(apart) > 0.8
    assert (found.values.astype(float) ** 2).mean(axis=0) == pytest.approx(np.ones(PLACES), rel=1e-3)


def test_a_relation_too_small_for_directions_and_none_at_all() -> None:
    one = Graph.from_tables({"shares_link": pa.table({"src": ["a", "b"], "dst": ["x", "x"]})})
    assert places(circles(one), 2).values.shape == (2, 0)
    assert places((), 5).values.shape == (5, 0)


def test_activity_is_counted_by_hand() -> None:
    graph = Graph.from_tables({"follows": pa.table({"src": ["a", "a", "b"], "dst": ["b", "c", "a"]})})
    found = known(graph)
    told = dict(zip(found.names, found.values.T.tolist(), strict=True))
    assert told["number of follows ties"] == pytest.approx(np.log1p([2, 1, 0]))
    assert told["number of follows ties to it"] == pytest.approx(np.log1p([1, 1, 1]))
