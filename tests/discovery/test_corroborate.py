from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from ringfence.discovery import walks
from ringfence.discovery.corroborate import (
    PRIOR,
    SPARE,
    STRONG,
    Corroboration,
    Scores,
    combined,
    corroborate,
    leanings,
    strength,
    suspicion,
)
from ringfence.discovery.kinds import Kind, kinds
from ringfence.discovery.seeds import seeds
from ringfence.graph.relations import Graph


def judged(graph: Graph, start_from: list[str]) -> Corroboration:
    start = seeds(graph, start_from)
    return corroborate(graph, walks.nearness(walks.walks(graph, start.restarts).long), start.accounts)


def brute(kind: Kind, suspects: Scores) -> list[float]:
    usual = suspects.mean()
    found = []
    for source in range(kind.matrix.rows):
        for target in kind.matrix.row(source):
            others = [suspects[user] for user in kind.back.row(int(target)) if user != source]
            lift = (sum(others) + PRIOR * usual) / (len(others) + PRIOR) / usual - 1
            found.append(max(0.0, lift))
    return found


@pytest.mark.parametrize("number", range(4))
def test_leanings_leave_the_account_itself_out(graph: Graph, number: int) -> None:
    kind = kinds(graph)[number]
    suspects = np.random.default_rng(number).random(graph.size) ** 40
    expected = brute(kind, suspects)
    assert leanings(kind, suspects) == pytest.approx(expected, rel=1e-3, abs=1e-3)
    means = np.zeros(graph.size)
    np.add.at(means, kind.matrix.sources(), expected)
    means /= kind.matrix.degree() + SPARE
    assert strength(kind, suspects) == pytest.approx(means / means.mean(), rel=1e-3, abs=1e-3)


def test_an_account_alone_is_no_evidence_against_itself(graph: Graph) -> None:
    suspects = np.zeros(graph.size)
    suspects[0] = 1.0
    for kind in kinds(graph):
        assert leanings(kind, suspects)[: kind.matrix.starts[1]] == pytest.approx(0, abs=1e-3)
        assert strength(kind, suspects)[0] == pytest.approx(0, abs=1e-3)
        assert strength(kind, suspects).max() > 0


def test_a_network_is_corroborated_and_nobody_else(graph: Graph, members: list[str]) -> None:
    names = graph.accounts.filter(pa.array(judged(graph, members[:4]).corroborated())).to_pylist()
    assert set(members) >= set(names)
    assert len(names) >= 0.9 * len(members)


def test_kinds_of_one_family_alone_are_never_strong(graph: Graph, members: list[str]) -> None:
    found = judged(graph, members[:4])
    assert [kind.company for kind in found.kinds] == [True, True, False, False]
    strengths = np.zeros_like(found.strengths)
    strengths[:2, 0] = strengths[2:, 1] = strengths[:3, 2] = strengths[:, 3] = strengths[1:3, 4] = STRONG
    told = replace(found, strengths=strengths)
    assert told.strong()[:6].tolist() == [0, 0, 3, 4, 2, 0]
    assert told.corroborated()[:6].tolist() == [False, False, True, True, False, False]


def test_what_both_families_agree_on_outweighs_twice_as_much_of_one() -> None:
    company = np.array([True, False])
    one, both = combined(np.array([[8.0, 4.0], [0.0, 4.0]]), company)
    assert both > one


def test_where_all_are_as_near_as_each_other_nobody_is_suspected_and_nothing_is_strong(graph: Graph) -> None:
    found = corroborate(graph, np.ones(graph.size), np.empty(0, np.int64))
    assert np.isfinite(found.score).all()
    assert not found.corroborated().any()


def test_seeds_are_suspected_as_much_as_the_first() -> None:
    suspects = suspicion(np.array([0.0, 5.0, 3.0, 1.0]), np.array([0]), shortlist=2)
    assert suspects.tolist() == [4.0, 4.0, 2.0, 0.0]
