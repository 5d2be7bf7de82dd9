import numpy as np
import pyarrow as pa
import pytest

from ringfence.discovery.seeds import seeds
from ringfence.graph.relations import Graph
from ringfence.model.faults import Fault
from ringfence.model.schemas import SIGNALS


def signals(*uses: tuple[int, str]) -> pa.Table:
    rows = [
        {"account": a, "post_id": None, "term_id": t, "category": "illegal", "tier": "", "where": "bio"}
        for a, t in uses
    ]
    return pa.Table.from_pylist(rows, SIGNALS)


def test_each_account_is_a_seed_once(graph: Graph) -> None:
    start = seeds(graph, ["o0001", "m000", "o0001"])
    assert sorted(graph.accounts.take(pa.array(start.accounts)).to_pylist()) == ["m000", "o0001"]
    assert start.restarts.shape == (graph.size, 2)
    assert start.restarts[start.accounts, [0, 1]].tolist() == [1.0, 1.0]
    assert start.restarts.sum() == 2


def test_a_term_is_one_seed_shared_by_its_users_whatever_the_order_of_signals(graph: Graph) -> None:
    uses = [(5, "kittiwake"), (9, "firecrest"), (5, "firecrest"), (5, "firecrest")]
    one, other = seeds(graph, ["m000"], signals(*uses)), seeds(graph, ["m000"], signals(*reversed(uses)))
    assert one.restarts[[5, 9], 1].tolist() == [0.5, 0.5]  # firecrest
    assert one.restarts[[5, 9], 2].tolist() == [1.0, 0.0]  # kittiwake
    assert one.restarts.sum(axis=0).tolist() == [1.0, 1.0, 1.0]
    assert np.array_equal(one.restarts, other.restarts)
    assert len(one.accounts) == 1


def test_faults_say_what_to_do(graph: Graph) -> None:
    with pytest.raises(Fault, match="kittiwake"):
        seeds(graph, ["kittiwake"])
    with pytest.raises(Fault, match="seeds add"):
        seeds(graph, [], signals())
