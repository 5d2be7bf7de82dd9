"""What new media is there, and in which order should a person look? Grouped, ranked, and the known left out."""

from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from ringfence.media.triage.clusters import Clusters, clusters
from ringfence.media.triage.names import Named, fresh, names
from ringfence.media.triage.near import Ids, Join, joined
from ringfence.media.triage.rank import Accounts, Parts, Ranking, Uploads, ranking
from ringfence.media.triage.seen import Seen


@dataclass(frozen=True, slots=True)
class Groups:
    """`of` is the cluster of each media; `name` the name of each cluster, all different."""

    of: Ids
    name: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.name)

    def members(self, cluster: int) -> Ids:
        """The rows of the cluster's media."""
        return np.flatnonzero(self.of == cluster)


@dataclass(frozen=True, slots=True)
class Triage:
    """`known` and `decided` mark clusters that are not new: a bank has one of their hashes, or a person has decided.

    `ranking` has a row for every cluster all the same; the two lists leave those out.
    """

    groups: Groups
    ranking: Ranking
    known: NDArray[np.bool_]
    decided: NDArray[np.bool_]

    def listed(self, *, care: bool) -> Ids:
        """The clusters of the reviewers' list, or of the one for care, in order."""
        order = self.ranking.listed(care=care)
        return order[~self.known[order] & ~self.decided[order]]

    @property
    def quiet(self) -> int:
        """Clusters that nothing speaks for; they are on no list."""
        new = ~self.known & ~self.decided
        return int((new & (self.ranking.priority <= 0)).sum())


def grouped(seen: Seen, before: Named, join: Join = joined) -> Groups:
    """Put near-duplicates together; media without a usable hash of its look is a group by itself."""
    rows = seen.coded()
    codes = seen.codes()
    found = clusters(codes, join) if len(rows) else Clusters(rows, rows)
    of = np.full(seen.media.num_rows, -1)
    of[rows] = found.cluster
    alone = np.flatnonzero(of < 0)
    of[alone] = len(found) + np.arange(len(alone))
    named = names(codes, found, before)
    used = {*named, *before.values()}
    for key in seen.media["key"].take(alone).to_pylist():
        named.append(fresh(sha256(key.encode()).digest(), used))
        used.add(named[-1])
    return Groups(of, tuple(named))


def triage(
    seen: Seen, groups: Groups, accounts: Accounts, known: NDArray[np.bool_], decided: NDArray[np.bool_]
) -> Triage:
    """Rank the groups. `known` and `decided` say so of media; a cluster with one such media is not new."""
    ranked = ranking(_uploads(seen, groups), len(groups), accounts)
    marked = tuple(np.bincount(groups.of, one, len(groups)) > 0 for one in (known, decided))
    return Triage(groups, ranked, *marked)


def told(made: Triage, seen: Seen, accounts: Accounts, said: Parts) -> Triage:
    """The same ranked anew, with what a classifier said of each cluster; NaN where it was not asked."""
    return replace(made, ranking=ranking(_uploads(seen, made.groups), len(made.groups), accounts, said))


def _uploads(seen: Seen, groups: Groups) -> Uploads:
    return Uploads(groups.of[seen.of], seen.account, seen.at)
