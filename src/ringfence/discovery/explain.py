"""What does an account's score rest on? The strongest tie of each kind that speaks for it, in words with counts."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ringfence.discovery.corroborate import Corroboration, leanings
from ringfence.discovery.kinds import Kind
from ringfence.graph.relations import Graph

# A kind of tie is worth a sentence from this many times the platform's mean on.
WORTH_SAYING = 2.0
MOST_REASONS = 4
NOTHING = "nothing to show: no tie of it leans towards the accounts found"

SENTENCES: Mapping[str, str] = {
    "follows": "follows {name}; {found} of its {others} other followers are among the accounts found",
    "follows back": "is followed by {name}; {found} of the {others} others it follows are among the accounts found",
    "replies": "answers {name}; {found} of the {others} others who do are among the accounts found",
    "replies back": "is answered by {name}; {found} of the {others} others it answers are among the accounts found",
    "co_reported": "was reported with {name}; {found} of the {others} others are among the accounts found",
    "co_reported back": "was reported with {name}; {found} of the {others} others are among the accounts found",
    "mentions": "mentions {name}; {found} of the {others} others who do are among the accounts found",
    "mentions back": "is mentioned by {name}; {found} of the {others} others it mentions are among the accounts found",
    "uses_hashtag": "uses hashtag {name}; {found} of the {others} others who do are among the accounts found",
    "shares_media": "shares media {name}; {found} of the {others} others who do are among the accounts found",
    "shares_link": "shares link {name}; {found} of the {others} others who do are among the accounts found",
    "shares_domain": "links to {name}; {found} of the {others} others who do are among the accounts found",
    "shares_text": "writes the same text ({name}) as others; {found} of the {others} are among the accounts found",
    "shares_contact": "gives the contact {name}; {found} of the {others} others who do are among the accounts found",
    "reposts": "reposts {name}; {found} of the {others} others who do are among the accounts found",
    "reported_by": "was reported by one ({name}) who reported others; {found} of the {others} are among those found",
}


def reasons(
    graph: Graph, judged: Corroboration, found: NDArray[np.bool_], accounts: NDArray[np.int64]
) -> dict[int, list[str]]:
    """For each of `accounts` its reasons, the strongest kind of tie first; an honest sentence where there is none.

    `found` says which accounts the sentences count as found.
    """
    told: dict[int, list[tuple[float, str]]] = {int(account): [] for account in accounts}
    for kind, strengths in zip(judged.kinds, judged.strengths, strict=True):
        lean = leanings(kind, judged.suspects)
        held = _found_users(kind, found)
        for account in accounts:
            if strengths[account] >= WORTH_SAYING and (best := _best(kind, lean, account)) is not None:
                told[int(account)].append((strengths[account], _sentence(graph, kind, best, held, found[account])))
    return {
        account: [words for _, words in sorted(said, reverse=True)[:MOST_REASONS]] or [NOTHING]
        for account, said in told.items()
    }


def _found_users(kind: Kind, found: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.bincount(kind.back.sources(), weights=found[kind.back.targets], minlength=kind.back.rows).astype(np.int64)


def _best(kind: Kind, lean: NDArray[np.float64], account: np.int64) -> int | None:
    start, end = kind.matrix.starts[account], kind.matrix.starts[account + 1]
    if start == end or lean[start:end].max() <= 0:
        return None
    return int(kind.matrix.targets[start + int(lean[start:end].argmax())])


def _sentence(graph: Graph, kind: Kind, target: int, held: NDArray[np.int64], itself: np.bool_) -> str:
    others = int(kind.back.starts[target + 1] - kind.back.starts[target]) - 1
    named = int(held[target]) - int(itself)
    return SENTENCES[kind.name].format(
        name=kind.ties.name(target, graph.accounts),
        found=f"{named:,}",
        others=f"{others:,}",
    )
