from collections import Counter
from itertools import pairwise
from math import inf, log, log1p

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.discovery.habits import BANDS, COLUMNS, POPULARITY, habits
from ringfence.discovery.kinds import kinds
from ringfence.graph.relations import Graph

NAMES = [f"a{number}" for number in range(7)]
ENDS = st.sampled_from(NAMES), st.sampled_from([*NAMES, "t1", "t2"])
TIES = st.lists(st.tuples(*ENDS, st.integers(1, 6)), max_size=40)
EDGES = (1, *POPULARITY, inf)


def graph_of(relation: str, ties: list[tuple[str, str, int]]) -> Graph:
    """All of NAMES are accounts, tied or not."""
    table = pa.table(
        {
            "src": pa.array([one for one, _, _ in ties], pa.string()),
            "dst": pa.array([one for _, one, _ in ties], pa.string()),
            "weight": [float(count) for _, _, count in ties],
        }
    )
    return Graph.from_tables({relation: table}, features=pa.table({"account_id": NAMES, "known": [0.0] * 7}))


def told(counts: dict[str, int], users: dict[str, int], accounts: int) -> list[float]:
    """The columns of one account that ties to each target so often, told from the definition."""
    total, degree = sum(counts.values()), len(counts)
    shares = [count / total for count in counts.values()]
    entropy = -sum(share * log(share) for share in shares)
    bands = [sum(low <= users[one] < high for one in counts) / max(degree, 1) for low, high in pairwise(EDGES)]
    return [
        log1p(total),
        log1p(degree),
        sum(log(accounts / users[one]) + 1e-3 for one in counts) / max(degree, 1),
        entropy,
        entropy / log(degree + 1) if degree else 0.0,
        max(shares, default=0.0),
        *bands,
    ]


def twin(ties: list[tuple[str, str, int]], account: str, accounts: int) -> list[float]:
    users = Counter(target for _, target in {(one, target) for one, target, _ in ties})
    counts: Counter[str] = Counter()
    for one, target, count in ties:
        if one == account:
            counts[target] += count
    return told(counts, users, accounts)


@settings(deadline=None, max_examples=60)
@given(TIES)
def test_habits_of_content_are_as_counted_by_hand_what_one_alone_uses_too(ties: list[tuple[str, str, int]]) -> None:
    # An object that one account alone uses counts as used once, however often it was: its weight is not kept.
    often = Counter(target for _, target in {(one, target) for one, target, _ in ties})
    seen: set[tuple[str, str]] = set()
    once = []
    for one, target, count in ties:
        if often[target] > 1:
            once.append((one, target, count))
        elif (one, target) not in seen:
            once.append((one, target, 1))
        seen.add((one, target))
    graph = graph_of("shares_link", ties)
    (kind,) = kinds(graph)
    found = habits(kind, np.arange(graph.size), graph.size)
    assert found.shape == (graph.size, len(COLUMNS))
    expected = [twin(once, str(account), graph.size) for account in graph.accounts]
    assert np.allclose(found, expected, rtol=1e-3, atol=2e-3)


@settings(deadline=None, max_examples=60)
@given(TIES)
def test_habits_between_accounts_are_as_counted_by_hand_in_both_directions(ties: list[tuple[str, str, int]]) -> None:
    ties = [(one, target, count) for one, target, count in ties if one != target]
    graph = graph_of("follows", ties)
    turned = [(target, one, count) for one, target, count in ties]
    for kind in kinds(graph):
        seen = turned if kind.name == "follows back" else ties
        found = habits(kind, np.arange(graph.size), graph.size)
        expected = [twin(seen, str(account), graph.size) for account in graph.accounts]
        assert np.allclose(found, expected, rtol=1e-3, atol=2e-3)


def test_one_who_follows_everybody_has_finite_habits_and_so_have_they() -> None:
    everybody = [f"o{number:04}" for number in range(2_500)]
    ties = [("a0", one, 1) for one in everybody] + [(one, "a0", 1) for one in everybody[:40]]
    graph = graph_of("follows", ties)
    for kind in kinds(graph):
        assert np.isfinite(habits(kind, np.arange(graph.size), graph.size)).all()


def test_rows_come_in_the_order_asked_for_whoever_else_is_asked_about(graph: Graph) -> None:
    rows = np.random.default_rng(0).permutation(graph.size)
    for kind in kinds(graph):
        every = habits(kind, np.arange(graph.size), graph.size)
        assert np.array_equal(habits(kind, rows, graph.size), every[rows])
        assert np.array_equal(habits(kind, rows[:5], graph.size), every[rows[:5]])
        assert habits(kind, rows[:0], graph.size).shape == (0, len(COLUMNS))


def test_an_account_without_ties_does_nothing() -> None:
    graph = graph_of("shares_link", [("a0", "x", 3), ("a1", "x", 1)])
    (kind,) = kinds(graph)
    assert not habits(kind, np.arange(2, 7), graph.size).any()


@pytest.mark.parametrize(("users", "band"), [(1, 0), (2, 1), (4, 1), (5, 2), (19, 2), (20, 3), (100, 4), (400, 5)])
def test_each_band_of_popularity_begins_where_it_says(users: int, band: int) -> None:
    graph = graph_of("follows", [(f"o{number}", "a0", 1) for number in range(users)] + [("a0", "a1", 1)])
    kind = kinds(graph)[0]
    shares = habits(kind, graph.find(["o0"]), graph.size)[0, -len(BANDS) :]
    assert shares.tolist() == [float(number == band) for number in range(len(BANDS))]
