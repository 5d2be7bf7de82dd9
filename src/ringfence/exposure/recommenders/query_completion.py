"""How does a search box go on what somebody begins to type? With what others searched for most."""

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass
from heapq import nsmallest
from unicodedata import normalize

import duckdb
import pyarrow as pa

from ringfence.exposure.recommenders.lately import DAYS, lately

LEAST = 3  # searches; what only one or two ever typed is theirs, and shown to nobody

LOG = "SELECT query, count(*)::BIGINT AS searches FROM {recent} GROUP BY query"


@dataclass(frozen=True, slots=True)
class Completions:
    """Whole queries, the most frequent first, and how often each was searched for."""

    queries: tuple[str, ...]
    searches: tuple[int, ...]


class QueryCompletion:
    """Answers with the queries that begin with a prefix, most frequent first; equal ones by code point.

    Queries and prefix are compared in NFC and lower case, with one blank wherever there are several and none in front;
    a blank at the end of a prefix stays and means that the word has ended. A query is no completion of itself. This is
    the "most popular completion" that others are measured against (Bar-Yossef and Kraus, WWW 2011).
    """

    __slots__ = ("_queries", "_searches")

    def __init__(self, log: pa.Table, least: int = LEAST) -> None:
        """`log`: query (as typed) and searches (how many). Queries of fewer searches than `least` are left out."""
        counted: Counter[str] = Counter()
        for query, searches in zip(log["query"].to_pylist(), log["searches"].to_pylist(), strict=True):
            counted[_plain(query or "").rstrip()] += searches
        kept = sorted(item for item in counted.items() if item[1] >= least and item[0])
        self._queries = [query for query, _ in kept]
        self._searches = [searches for _, searches in kept]

    @classmethod
    def from_events(
        cls, connection: duckdb.DuckDBPyConnection, days: int = DAYS, least: int = LEAST
    ) -> "QueryCompletion":
        """From the searches of a workspace, on every surface: `ringfence.store.events.connect`."""
        return cls(connection.sql(LOG.format(recent=lately("searches", days))).to_arrow_table(), least)

    def __call__(self, prefix: str, wanted: int) -> Completions:
        """At most `wanted` queries. Asking for more only lengthens the answer. Looks at each that begins so."""
        begun = _plain(prefix)
        first = bisect_left(self._queries, begun)
        end = bisect_right(self._queries, begun, key=lambda query: query[: len(begun)])
        first += first < end and self._queries[first] == begun.rstrip()
        best = nsmallest(wanted, range(first, end), key=lambda place: (-self._searches[place], place))
        return Completions(
            tuple(self._queries[place] for place in best), tuple(self._searches[place] for place in best)
        )


def _plain(text: str) -> str:
    """NFC (twice: lower case may take it apart), lower case, one blank for each run of them, none in front."""
    lower = normalize("NFC", normalize("NFC", text).lower())
    words = " ".join(lower.split())
    return f"{words} " if words and lower[-1].isspace() else words
