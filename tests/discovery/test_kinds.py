from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from ringfence.discovery.kinds import both_families, kinds
from ringfence.graph.relations import Graph

ONE_WAY = sp.coo_matrix(np.triu(np.ones((5, 5)), 1))
BOTH_WAYS = sp.coo_matrix(np.ones((5, 5)) - np.eye(5))
USED = sp.coo_matrix(np.ones((5, 3)))


def names(matrices: dict[str, Any]) -> list[str]:
    return [kind.name for kind in kinds(Graph.from_matrices(matrices))]


def test_a_relation_between_accounts_is_two_kinds_unless_it_is_the_same_from_both_ends() -> None:
    assert names({"follows": ONE_WAY}) == ["follows", "follows back"]
    assert names({"co_reported": BOTH_WAYS}) == ["co_reported"]
    assert names({"shares_link": USED}) == ["shares_link"]
    assert names({"follows": ONE_WAY, "shares_link": USED, "co_reported": BOTH_WAYS}) == [
        "follows",
        "follows back",
        "shares_link",
        "co_reported",
    ]


def test_one_tie_that_is_not_returned_makes_two_kinds() -> None:
    ties = np.ones((5, 5)) - np.eye(5)
    ties[3, 1] = 0
    assert names({"follows": sp.coo_matrix(ties)}) == ["follows", "follows back"]


def test_as_many_ties_to_others_are_not_the_same_ties() -> None:
    ring = np.roll(np.eye(5), 1, axis=1)  # everybody has one tie there and one back
    assert names({"follows": sp.coo_matrix(ring)}) == ["follows", "follows back"]


def test_how_often_two_tie_does_not_make_a_direction() -> None:
    ties = np.ones((5, 5)) - np.eye(5)
    ties[3, 1] = 7
    assert names({"mentions": sp.coo_matrix(ties)}) == ["mentions"]


def test_the_two_kinds_of_a_relation_are_each_others_transposes() -> None:
    there, back = kinds(Graph.from_matrices({"follows": ONE_WAY}))
    assert there.matrix is back.back
    assert there.back is back.matrix
    assert there.ties is back.ties
    assert (there.matrix.to_scipy() != back.matrix.to_scipy().T).nnz == 0


@pytest.mark.parametrize(
    ("matrices", "both"),
    [({}, False), ({"follows": ONE_WAY}, False), ({"shares_link": USED, "uses_hashtag": USED}, False),
     ({"follows": ONE_WAY, "shares_link": USED}, True)],
)  # fmt: skip
def test_families_are_company_and_content(matrices: dict[str, Any], both: bool) -> None:  # noqa: FBT001 - a column
    found = kinds(Graph.from_matrices(matrices))
    assert both_families(found) is both
    assert all(kind.company == kind.name.startswith("follows") for kind in found)
