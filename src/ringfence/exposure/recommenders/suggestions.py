"""What does a recommender answer? Accounts, best first; every recommender here keeps to this one form."""

from dataclasses import dataclass
from typing import Protocol

from ringfence.graph.csr import Ids

NOBODY = -1  # stands where no account stands: an empty slot, or a viewer that is no row of the graph


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Accounts to show, best first and without repeats; the last `backfilled` of them are only popular."""

    ids: Ids
    backfilled: int


class Recommender(Protocol):
    """Anything that can answer "whom to follow" for somebody who follows these accounts."""

    def __call__(self, followed: Ids, wanted: int, viewer: int = NOBODY) -> Suggestions:
        """At most `wanted` accounts, none of them in `followed` (ascending) and none the `viewer`.

        Asking for more must only lengthen the answer: the guard's drops are replaced by asking again.
        """
