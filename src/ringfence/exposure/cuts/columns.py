"""How is an account tied to the evidence, by follows alone? One row of numbers an account.

Evidence is a set of accounts taken for members. Nothing here corrects for an account being evidence itself: ask for the
columns of accounts whose own evidence is hidden (`hiding`), or the answer is in the question.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ringfence.graph.csr import Csr, Ids

Numbers = NDArray[np.float64]

NEAREST = 50  # accounts whose followers are most alike that an account is compared with
_BLOCK = 4_096  # accounts whose nearest are found at a time; bounds the memory of their co-follows

# Columns that are also averaged over the accounts nearest by followers: what a neighbourhood shows, one may hide.
SMOOTHED = ("fans of 1: lift", "fans of 2: lift", "mean taste", "co-followed", "followed by: lift", "follows: lift")


@dataclass(frozen=True, slots=True)
class Follows:
    """Who follows whom. `forward` is accounts x accounts with a 1 for each follow, `back` is its transpose."""

    forward: Any
    back: Any
    following: Numbers
    followers: Numbers

    @property
    def accounts(self) -> int:
        return len(self.following)


def of_csr(follows: Csr) -> Follows:
    """The follow graph; weights are not read."""
    ones = np.ones(follows.ties)
    shape = (follows.rows, follows.columns)
    return of_matrix(sp.csr_matrix((ones, follows.targets.astype(np.int64), follows.starts), shape))


def of_matrix(forward: Any) -> Follows:
    """From a scipy CSR matrix of ones without repeats."""
    back = forward.T.tocsr()
    return Follows(forward, back, np.diff(forward.indptr).astype(float), np.diff(back.indptr).astype(float))


def nearest(follows: Follows, accounts: Ids | None = None) -> Any:
    """For each of `accounts` (all by default) the weights, summing to 1, of the 50 accounts nearest by followers.

    Nearness is the cosine of the sets of followers. Equal ones go by id.
    """
    asked = np.arange(follows.accounts, dtype=np.uint32) if accounts is None else accounts
    scale = sp.diags(1 / np.sqrt(np.maximum(follows.followers, 1)))
    starts, targets, weights = [0], [], []
    for begin in range(0, len(asked), _BLOCK):
        some = asked[begin : begin + _BLOCK]
        shared = (follows.back[some] @ follows.forward @ scale).tocsr()
        for row, account in enumerate(some.tolist()):
            held = slice(shared.indptr[row], shared.indptr[row + 1])
            ids, cosine = shared.indices[held], shared.data[held]
            ids, cosine = ids[ids != account], cosine[ids != account]
            if len(ids) > NEAREST:
                # A rounded cosine, so that ties go by id and not by the order of addition.
                best = np.lexsort((ids, -np.round(cosine, 9)))[:NEAREST]
                ids, cosine = ids[best], cosine[best]
            starts.append(starts[-1] + len(ids))
            targets.append(ids)
            weights.append(cosine / max(cosine.sum(), 1e-12))
    return sp.csr_matrix((np.concatenate(weights), np.concatenate(targets), starts), (len(asked), follows.accounts))


def columns(follows: Follows, near: Any, evidence: NDArray[np.bool_], accounts: Ids | None = None) -> Numbers:
    """accounts x columns (see `names`), for all or for `accounts`, whose rows `near` then holds in this order."""
    own = _own(follows, evidence.astype(float))
    spread = np.column_stack([*(own[name] for name in SMOOTHED), evidence])
    values = np.column_stack(list(own.values()))
    return np.hstack([values if accounts is None else values[accounts], near @ spread])


def _own(follows: Follows, evidence: Numbers) -> dict[str, Numbers]:
    """Every column of an account's own ties, by name."""
    forward, back, following, followers = follows.forward, follows.back, follows.following, follows.followers
    follows_evidence, followed_by = forward @ evidence, back @ evidence
    # The chance that a follow drawn at random leads to evidence, or comes from it.
    to, out_of = (max(evidence @ degree / max(forward.nnz, 1), 1e-7) for degree in (followers, following))
    taste = np.log((follows_evidence + 0.3) / (following * to + 0.3))
    taken: dict[str, Numbers] = {}
    for least in (1, 2, 3):
        fans = (follows_evidence >= least).astype(float)
        usual, count = max(fans.mean(), 1e-4), back @ fans
        taken[f"fans of {least}: share"] = (count + 5 * usual) / (followers + 5)
        taken[f"fans of {least}: lift"] = np.log((count + 0.5) / (followers * usual + 0.5))
        taken[f"fans of {least}: excess"] = _flat((count - followers * usual) / np.sqrt(followers * usual + 1))
    mean_taste = (back @ taste) / (followers + 3)
    rarity = 1 / np.maximum(followers, 1)
    beside, known_beside = back @ (forward @ rarity) - 1, back @ (forward @ (evidence * rarity))
    return taken | {
        "mean taste": mean_taste,
        "summed taste": np.log1p(back @ np.maximum(taste, 0)),
        "co-followed": np.log((known_beside + 1e-4) / (np.maximum(beside, 1e-9) + 0.1)),
        "followed by: lift": np.log((followed_by + 0.3) / (followers * out_of + 0.3)),
        "follows: lift": taste,
        "followed by": np.log1p(followed_by),
        "follows": np.log1p(follows_evidence),
        "followed by: share": followed_by / np.maximum(followers, 1),
        "follows: share": follows_evidence / np.maximum(following, 1),
        "taste of those followed": (forward @ mean_taste) / np.maximum(following, 1),
        "followers": np.log1p(followers),
        "following": np.log1p(following),
    }


def _flat(values: Numbers) -> Numbers:
    """Signed logarithm: a hub's excess must not reach beyond all others."""
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))
