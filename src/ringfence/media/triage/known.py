"""Which media do the banks know already? What any bank says of it, unless that is that somebody must look again."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.media.hashes import SIZES
from ringfence.media.items import Signal
from ringfence.media.match import Answer, Reason
from ringfence.media.queries import Look, Query
from ringfence.model.words import HashKind

CHUNK = 20_000  # media asked at a time
# An entry that is in doubt settles nothing: media like it stays on the list.
OPEN = frozenset(
    {
        Reason.INVESTIGATE,
        Reason.DISPUTED,
        Reason.QUARANTINED,
        Reason.CHANGED_SINCE_REVIEW,
        Reason.DECONFIRMED,
        Reason.DISABLED,
    }
)


class Matches(Protocol):
    """What is needed of a matcher."""

    def match_all(self, queries: Sequence[Query], *, remember: bool = True) -> tuple[Answer, ...]:
        """One answer a query, of one moment."""


def known(
    matcher: Matches,
    media: pa.Table,
    advanced: Callable[[float], None] = lambda _: None,
    doubts: frozenset[Reason] = OPEN,
) -> NDArray[np.bool_]:
    """Which rows (key, media_id, sha256, md5, pdq, quality) a bank knows. Raises Fault where the banks cannot say.

    A match with one of these `doubts` settles nothing; with none of them, whatever matches is known.
    """
    told = np.zeros(media.num_rows, bool)
    for first in range(0, media.num_rows, CHUNK):
        asked = list(_queries(media.slice(first, CHUNK).to_pylist()))
        # Media of the store is no new upload: it must neither be remembered again nor count as a flood.
        answers = matcher.match_all([query for _, query in asked], remember=False) if asked else ()
        for (row, _), answer in zip(asked, answers, strict=True):
            told[first + row] = any(doubts.isdisjoint(match.reasons) for match in answer.matches)
        advanced((first + CHUNK) / media.num_rows)
    return told


def _queries(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[int, Query]]:
    for place, row in enumerate(rows):
        digests = tuple(
            Signal(kind, value) for kind in (HashKind.SHA256, HashKind.MD5) if (value := _value(kind, row[kind]))
        )
        look = _value(HashKind.PDQ, row["pdq"])
        looks = (Look(look, quality=row["quality"]),) if look else ()
        if digests or looks:
            yield place, Query(row["media_id"] or row["key"], digests, looks)


def _value(kind: HashKind, text: str | None) -> bytes | None:
    """The hash, or None for what is none: a platform's own digest may be of a kind that no bank knows."""
    try:
        value = bytes.fromhex(text or "")
    except ValueError:
        return None
    return value if len(value) == SIZES[kind] else None
