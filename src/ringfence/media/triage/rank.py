"""Which new media should a person look at first? What likely members share, most of all with one another.

Four parts add up to the priority of a cluster. With the belief b of an account, at most MOST_BELIEF, over the n
different accounts that uploaded any of it, each counted once:

    company     (1 - product of (1 - b)) x (sum of b) / (n + STRANGERS)
    spread      SPREAD x company x (1 - 2^(1 - m)), of m uploaders whom discovery found
    speed       SPEED x company x r / (r + 1), of r new uploaders a day in the first FIRST_DAYS days
    classifier  CLASSIFIER x what an external classifier said, 0 to 1; nothing where none was asked

So neither spread nor speed counts without the company: what is only popular, or pushed by accounts that nothing else
ties to a network, has none. The product is that somebody at all who uploaded it belongs; the share keeps what everybody
uploads low, since among many one always does. No constant was fitted.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Parts = NDArray[np.float64]

MOST_BELIEF = 0.9  # no single account is worth more, however sure its score
STRANGERS = 1  # as if one more account had uploaded it that nothing is known of: one upload proves little
SPREAD, SPEED, CLASSIFIER = 0.5, 0.25, 0.5
FIRST_DAYS = 3
DAY = 86_400_000_000  # microseconds
LIKELY = 0.5  # from this belief on, an uploader counts as one of the company where care is decided


@dataclass(frozen=True, slots=True)
class Uploads:
    """One row an upload: the number of its cluster, of its account, and when, in microseconds."""

    cluster: Ids
    account: Ids
    at: Ids


@dataclass(frozen=True, slots=True)
class Accounts:
    """One row an account: how surely it belongs (0 to 1), whether discovery found it, whether a child may run it."""

    belief: Parts
    found: NDArray[np.bool_]
    minor: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ranking:
    """One row a cluster. `parts` has the four parts as columns, in the order of the docstring; `priority` is their sum.

    `said` is NaN where no classifier was asked. `care` marks clusters that go to the list of those who look after
    children: media that a likely child was the first to upload, of all or of the company. Nobody is a target there.
    """

    parts: Parts
    priority: Parts
    uploads: Ids
    uploaders: Ids
    found: Ids  # of the uploaders, those whom discovery found
    minors: Ids  # of the uploaders, those whom a child may be
    mean: Parts  # belief of an uploader
    first_days: Ids  # uploaders within FIRST_DAYS of the first
    first: Ids  # when it was first uploaded, microseconds
    said: Parts
    care: NDArray[np.bool_]

    def order(self) -> Ids:
        """Clusters by priority, the highest first. Ties go by company, then uploaders, then by number."""
        return np.asarray(np.lexsort((-self.uploaders, -self.parts[:, 0], -self.priority)))

    def listed(self, *, care: bool) -> Ids:
        """The clusters of one of the two lists in order; those with nothing to say for them are on neither."""
        order = self.order()
        return np.asarray(order[(self.care[order] == care) & (self.priority[order] > 0)])


def ranking(uploads: Uploads, clusters: int, accounts: Accounts, said: Parts | None = None) -> Ranking:
    """Rank clusters 0 to `clusters` - 1; `said` is what a classifier said of each, NaN where it was not asked.

    The order of the uploads makes no difference.
    """
    said = np.full(clusters, np.nan) if said is None else said
    order = np.lexsort((uploads.account, uploads.at, uploads.cluster))
    cluster, account, at = uploads.cluster[order], uploads.account[order], uploads.at[order]
    _, firsts = np.unique(cluster * len(accounts.belief) + account, return_index=True)
    firsts = np.sort(firsts)  # each account's first upload of a cluster, by cluster and time
    own, who = cluster[firsts], account[firsts]
    belief = np.minimum(accounts.belief[who], MOST_BELIEF)
    first = np.full(clusters, np.iinfo(np.int64).max)
    np.minimum.at(first, own, at[firsts])
    uploaders = np.bincount(own, minlength=clusters)
    found = np.bincount(own, accounts.found[who], clusters).astype(np.int64)
    early = np.bincount(own, at[firsts] - first[own] < FIRST_DAYS * DAY, clusters).astype(np.int64)
    total = np.bincount(own, belief, clusters)
    somebody = -np.expm1(np.bincount(own, np.log1p(-belief), clusters))
    parts = _parts(somebody * total / (uploaders + STRANGERS), found, early, said)
    return Ranking(
        parts=parts,
        priority=parts.sum(axis=1),
        uploads=np.bincount(cluster, minlength=clusters),
        uploaders=uploaders,
        found=found,
        minors=np.bincount(own, accounts.minor[who], clusters).astype(np.int64),
        mean=total / np.maximum(uploaders, 1),
        first_days=early,
        first=first,
        said=said,
        care=_care(own, accounts.minor[who], belief, clusters) & (total > 0),
    )


def _parts(company: Parts, found: Ids, early: Ids, said: Parts) -> Parts:
    rate = early / FIRST_DAYS
    spread = SPREAD * company * (1 - 0.5 ** np.maximum(found - 1, 0))
    speed = SPEED * company * rate / (rate + 1)
    return np.stack((company, spread, speed, CLASSIFIER * np.nan_to_num(said)), axis=1)


def _care(own: Ids, minor: NDArray[np.bool_], belief: Parts, clusters: int) -> NDArray[np.bool_]:
    """Whether the first uploader, or the first of those likely to belong, may be a child. Rows are by time."""
    care = np.zeros(clusters, bool)
    for rows in (np.arange(len(own)), np.flatnonzero(belief >= LIKELY)):
        groups, first = np.unique(own[rows], return_index=True)
        care[groups] |= minor[rows[first]]
    return care
