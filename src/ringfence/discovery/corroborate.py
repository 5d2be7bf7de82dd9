"""In how many ways is an account tied to those near the seeds?

Association of one kind proves little: bird watchers use the same words, journalists follow the same accounts, spam
shares the same links. So each kind of tie is judged by itself, against what is usual on this platform, and an account
is corroborated only where kinds of both families agree: the company it keeps and the content it shares.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.discovery.kinds import Kind, both_families, kinds
from ringfence.graph import local
from ringfence.graph.csr import Ids
from ringfence.graph.relations import Graph
from ringfence.kernels.threads import in_ranges, shares

# A target's share of suspects is shrunk towards the platform's as if PRIOR average accounts tied to it too, and an
# account's mean over its targets as if it had SPARE more that nobody suspects ties to. HALF is the strength, in
# multiples of the platform's mean, that counts log(2) in the score; STRONG is what a kind needs to corroborate, and
# AS_SUSPECTS the share of a suspect's own strength, since on a large platform the mean account has next to none.
# REQUIRED is how many kinds must. All chosen on generated platforms with seeds below 100, and on no other data.
PRIOR, SPARE, HALF = 3.0, 2.0, 4.0
STRONG, AS_SUSPECTS, REQUIRED = 8.0, 0.15, 3

# The short list of suspects grows with the square root of the platform: 1,000 of 200,000 accounts, half of that later.
SHORTLIST = 2.24
ROUNDS = 3

Scores = NDArray[np.float64]
Accounts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Corroboration:
    """What the kinds of tie say of every account. `strengths` has one row a kind, in the order of `kinds`."""

    kinds: tuple[Kind, ...]
    strengths: Scores
    suspects: Scores
    score: Scores

    def of_suspects(self) -> Scores:
        """The mean strength of the suspects by each kind, each counted as much as it is suspected."""
        return np.asarray(self.strengths @ self.suspects / max(self.suspects.sum(), 1e-12))

    def strong(self) -> NDArray[np.int64]:
        """How many kinds are strong for each account, zero unless both families are, where the graph has both."""
        strong = self.strengths >= np.maximum(STRONG, AS_SUSPECTS * self.of_suspects())[:, None]
        company = np.array([kind.company for kind in self.kinds])
        count = strong.sum(axis=0)
        for family in (company, ~company):
            if family.any():
                count = np.where(strong[family].any(axis=0), count, 0)
        return np.asarray(count)

    def corroborated(self) -> NDArray[np.bool_]:
        """Accounts that as many kinds speak for as a network's member needs."""
        required = max(1, min(REQUIRED, len(self.kinds) - 1))
        return np.asarray(self.strong() >= required)


def corroborate(graph: Graph, nearness: Scores, seeds: Accounts) -> Corroboration:
    """Judge every account by its kinds of tie to the suspects, starting from nearness to the seeds.

    Each round draws up a new short list of suspects from the last round's score. Where the graph has one family of
    ties only, nothing would hold such rounds near the seeds, so the suspects are the nearest and there is one round.
    """
    found = kinds(graph)
    company = np.array([kind.company for kind in found])
    shortlist = max(20, round(SHORTLIST * np.sqrt(graph.size)))
    score = nearness
    for number in range(ROUNDS if both_families(found) else 1):
        suspects = suspicion(score, seeds, shortlist if number == 0 else shortlist // 2)
        strengths = np.array([strength(kind, suspects) for kind in found])
        score = combined(strengths, company)
    return Corroboration(found, strengths, suspects, score)


def suspicion(score: Scores, seeds: Accounts, shortlist: int) -> Scores:
    """How much each account counts as a suspect: by how much its score passes that of the last on the short list.

    Seeds count as much as the first.
    """
    last = np.partition(score, -shortlist - 1)[-shortlist - 1] if shortlist < len(score) else score.min()
    suspects = np.maximum(score - last, 0.0)
    suspects[seeds] = max(float(suspects.max()), 1e-9)
    return np.asarray(suspects)


def leanings(kind: Kind, suspects: Scores) -> Scores:
    """For each tie, how far its target leans towards suspects other than the account itself; 0 is as usual.

    The target's suspicion per user as a multiple of the platform's, less 1: never an account's evidence against itself.
    """
    if not suspects.any():  # where nobody stands out there is nothing to lean towards
        return np.zeros(kind.matrix.ties)
    held, users = _held(kind, suspects), kind.back.degree()
    source, target = kind.matrix.sources(), kind.matrix.targets
    lift = (held[target] - suspects[source] / suspects.mean() + PRIOR) / (users[target] - 1 + PRIOR) - 1
    return np.asarray(np.maximum(lift, 0.0))


def strength(kind: Kind, suspects: Scores) -> Scores:
    """How far the targets of each account lean towards the suspects, as a multiple of the platform's mean account."""
    lean = np.zeros(kind.matrix.rows)
    if suspects.any():
        usual = suspects / suspects.mean()
        held = kind.matrix.starts, kind.matrix.targets, _held(kind, suspects), kind.back.starts, usual, lean
        in_ranges(lambda first, last: _lean(*held, first, last), shares(kind.matrix.starts))
    return np.asarray(lean / lean.mean() if lean.any() else lean)


def _held(kind: Kind, suspects: Scores) -> Scores:
    """The suspicion of all users of each target together, as a multiple of the platform's mean account's."""
    mean = local.aggregate(kind.back, (suspects / suspects.mean()).astype(np.float32)[:, None])[:, 0]
    return np.asarray(mean.astype(np.float64) * kind.back.degree())


@njit(nogil=True, cache=True)
def _lean(
    starts: Accounts, targets: Ids, held: Scores, users: Accounts, usual: Scores, lean: Scores, first: int, last: int
) -> None:
    """The mean over each row's targets of their `leanings`, as if it had SPARE more that lean nowhere."""
    for row in range(first, last):
        total = 0.0
        for tie in range(starts[row], starts[row + 1]):
            target = targets[tie]
            others = users[target + 1] - users[target] - 1
            total += max((held[target] - usual[row] + PRIOR) / (others + PRIOR) - 1, 0.0)
        lean[row] = total / (starts[row + 1] - starts[row] + SPARE)


def combined(strengths: Scores, company: NDArray[np.bool_]) -> Scores:
    """The score of each account: its kinds' strengths on a logarithmic scale, where several middling ones outweigh one.

    What both families of ties agree on counts three times.
    """
    logs = np.log1p(strengths / HALF)
    kept, shared = logs[company].sum(axis=0), logs[~company].sum(axis=0)
    both = np.minimum(kept, shared) if company.any() and not company.all() else np.zeros(strengths.shape[1])
    return np.asarray(kept + shared + 2 * both)
