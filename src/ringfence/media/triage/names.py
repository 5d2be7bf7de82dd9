"""What is a cluster called? By its content when it is first seen; by the name it had as it grows.

A name tells no hash: it is the beginning of a digest of one.
"""

from collections import Counter
from collections.abc import Mapping
from hashlib import sha256

import numpy as np

from ringfence.media.hashes import Codes
from ringfence.media.triage.clusters import Clusters

DIGITS = 16  # of a million names, two are the same once in 37 million times; `fresh` sees to that time too

Named = Mapping[bytes, str]  # the name of the cluster that each code of 32 bytes was in


def names(codes: Codes, found: Clusters, before: Named) -> list[str]:
    """The name of each cluster, all different.

    A cluster takes the name that most of its different codes were in before. Of two that claim one name the one with
    more of it takes it, of equals the one of the lower number, and the other gets its next choice or a name of its own.
    """
    values = _values(codes)
    claims: Counter[tuple[int, str]] = Counter()
    for value, cluster in {(one, number) for one, number in zip(values, found.cluster.tolist(), strict=True)}:
        if value in before:
            claims[cluster, before[value]] += 1
    named: dict[int, str] = {}
    taken = set()
    for (cluster, name), _ in sorted(claims.items(), key=lambda claim: (-claim[1], claim[0])):
        if cluster not in named and name not in taken:
            named[cluster] = name
            taken.add(name)
    used = taken | set(before.values())  # a name that is not in use any more is not given to anything else
    for cluster, medoid in enumerate(found.medoid.tolist()):
        if cluster not in named:
            named[cluster] = fresh(values[medoid], used)
            used.add(named[cluster])
    return [named[cluster] for cluster in range(len(found))]


def fresh(content: bytes, used: set[str]) -> str:
    """A name for `content` that is not `used`."""
    turn = 0
    while (name := sha256(content + bytes(turn)).hexdigest()[:DIGITS]) in used:
        turn += 1
    return name


def _values(codes: Codes) -> list[bytes]:
    content = np.ascontiguousarray(codes).tobytes()
    return [content[first : first + 32] for first in range(0, len(content), 32)]
