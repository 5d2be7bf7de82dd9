from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.discovery.baselines import KEYWORDS, baselines, keyword_rule, without_graph
from ringfence.discovery.kinds import kinds
from ringfence.discovery.last_results import Baselines
from ringfence.discovery.seeds import seeds
from ringfence.graph.relations import Graph

ACCOUNTS, THINGS = 9, 8
USES = st.lists(st.booleans(), min_size=ACCOUNTS * THINGS, max_size=ACCOUNTS * THINGS)
FIRST = st.sets(st.integers(0, ACCOUNTS - 1), min_size=1, max_size=4)


@settings(deadline=None, max_examples=80)
@given(USES, USES, FIRST)
def test_the_keyword_rule_counts_uses_of_what_most_seeds_share(
    tags: list[bool], links: list[bool], start: set[int]
) -> None:
    tables = {"shares_link": links, "uses_hashtag": tags}
    graph = Graph.from_matrices(
        {name: sp.coo_matrix(np.array(uses).reshape(ACCOUNTS, THINGS).astype(int)) for name, uses in tables.items()}
    )
    users = {
        (name, thing): {row for row in range(ACCOUNTS) if uses[row * THINGS + thing]}
        for name, uses in tables.items()
        for thing in range(THINGS)
    }
    shared = Counter({thing: len(those & start) for thing, those in users.items() if len(those) > 1 and those & start})
    first = sorted(shared, key=lambda thing: (-shared[thing], thing))[:KEYWORDS]
    found = keyword_rule(graph, seeds(graph, [str(one) for one in start]))
    if not first:
        assert found is None
    else:
        assert found is not None
        assert found.tolist() == [sum(row in users[thing] for thing in first) for row in range(ACCOUNTS)]


def pairs(ties: list[tuple[str, str]]) -> pa.Table:
    return pa.table({"src": [one for one, _ in ties], "dst": [one for _, one in ties]})


def test_without_content_there_is_no_keyword_rule() -> None:
    graph = Graph.from_tables({"follows": pairs([("a", "b"), ("b", "c"), ("c", "a")])})
    found = baselines(graph, kinds(graph), np.arange(3), seeds(graph, ["a"]), np.array([True, True, False]), 0)
    assert found.keyword is None
    assert found.found == 1


def test_each_rule_names_as_many_as_were_found_and_never_a_seed(graph: Graph, members: list[str]) -> None:
    start, inside = seeds(graph, members[:4]), np.zeros(graph.size, dtype=bool)
    inside[graph.find(members)] = True
    ties, rows = kinds(graph), np.arange(graph.size)
    found = baselines(graph, ties, rows, start, inside, 0)
    assert found.found == len(members) - 4
    words, alone = keyword_rule(graph, start), without_graph(ties, rows, graph, start, 0)
    assert words is not None

    def hits(score: np.ndarray) -> int:
        order = sorted((-score[one], one) for one in range(graph.size) if one not in set(start.accounts.tolist()))
        return sum(bool(inside[one]) for _, one in order[: found.found])

    assert found == Baselines(found.found, hits(words), hits(alone))
    assert found.keyword is not None
    assert found.keyword > 0.5 * found.found  # the ring shares its own tags and links


def test_where_nobody_was_found_each_rule_has_none(graph: Graph, members: list[str]) -> None:
    nobody = np.zeros(graph.size, dtype=bool)
    found = baselines(graph, kinds(graph), np.arange(graph.size), seeds(graph, members[:2]), nobody, 0)
    assert found == Baselines(0, 0, 0)


@pytest.mark.parametrize("rows", [[], [0], [1], [0, 1], [0, 1, 2]])
def test_few_rows_have_a_defined_score(rows: list[int]) -> None:
    graph = Graph.from_tables({"follows": pairs([("a", "b"), ("b", "c")])})
    score = without_graph(kinds(graph), np.array(rows, np.int64), graph, seeds(graph, ["a"]), 0)
    assert np.isfinite(score).all()
    outside = np.setdiff1d(np.arange(3), rows)
    assert (score[outside] == -1).all()


def test_accounts_that_do_alike_are_alike_whomever_they_tie_to() -> None:
    # Two rings of equal shape: habits cannot tell them apart, so the rule must not either.
    ties = [
        (f"{ring}{number}", f"{ring}{(number + step) % 20}") for ring in "ab" for number in range(20) for step in (1, 2)
    ]
    graph = Graph.from_tables({"follows": pairs(ties)})
    score = without_graph(kinds(graph), np.arange(graph.size), graph, seeds(graph, ["a0", "a1", "a2"]), 0)
    assert np.ptp(score) < 1e-9
