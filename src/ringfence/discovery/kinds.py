"""In which ways may an account be tied? Each relation is one way, and one between accounts is two."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ringfence.graph.csr import Csr
from ringfence.graph.relations import Graph, Ties


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of tie: a relation in one direction. `matrix` is accounts x targets and `back` its transpose."""

    name: str
    ties: Ties
    matrix: Csr
    back: Csr

    @property
    def company(self) -> bool:
        """Whether this kind ties to accounts; else it ties to content."""
        return self.ties.objects is None


def kinds(graph: Graph) -> tuple[Kind, ...]:
    """Every kind of tie in a graph. A relation that is the same from both ends is one kind, not two."""
    found = []
    for ties in graph.relations:
        found.append(Kind(str(ties.relation), ties, ties.forward, ties.backward))
        if ties.objects is None and not _same(ties.forward, ties.backward):
            found.append(Kind(f"{ties.relation} back", ties, ties.backward, ties.forward))
    return tuple(found)


def both_families(found: Sequence[Kind]) -> bool:
    """Whether there are ties to accounts and ties to content."""
    return len({kind.company for kind in found}) > 1


def _same(one: Csr, other: Csr) -> bool:
    return np.array_equal(one.starts, other.starts) and np.array_equal(one.targets, other.targets)
