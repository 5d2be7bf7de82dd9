"""What did members of a case write and share? Out of the platform's own store, piece by piece; media by hash alone.

A piece has a key that tells nothing of it, so that it can be asked for by a page which does not have it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

import duckdb
import pyarrow as pa

MOST = 100  # pieces of each kind
WINDOW = 3_600  # seconds within which two act together on one thing
MOST_ACTS = 400  # what is shared more often ties nobody to anybody
LEAST_TEXT = 20  # letters from which two equal texts are no accident


class Kind(StrEnum):
    """What a piece is."""

    TEXT = "text"
    HASHTAG = "hashtag"
    LINK = "link"
    MEDIA = "media"


@dataclass(frozen=True, slots=True)
class Text:
    """What one post says. `hits` are the categories and tiers of terms in it, `length` its characters."""

    key: str
    value: str = field(repr=False)
    length: int
    at: datetime | None
    lang: str | None
    visibility: str | None
    hits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """A hashtag, a link or an equal text: how often it was used, and by how many members of the case."""

    key: str
    kind: Kind
    value: str = field(repr=False)
    times: int
    members: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Media:
    """One media, by its id and hashes in hexadecimal digits."""

    key: str
    media_id: str
    sha256: str | None
    md5: str | None
    pdq: str | None
    quality: int | None
    times: int
    members: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Together:
    """How often two members acted on one thing within WINDOW, and when last."""

    one: str
    other: str
    kind: Kind
    times: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Pieces:
    """All there is. `written` counts the posts with text, of which `texts` has some: those with hits first."""

    written: int
    texts: tuple[Text, ...]
    shared: tuple[Shared, ...]
    media: tuple[Media, ...]
    together: tuple[Together, ...]


_ACTED = """
CREATE OR REPLACE TEMP TABLE acted AS
WITH posted AS (SELECT * FROM posts WHERE account IN (SELECT id FROM account_ids SEMI JOIN members USING (account_id)))
SELECT account, epoch_us("at") AS moment, post_id, 'hashtag' AS kind, lower(unnest(hashtags)) AS thing FROM posted
UNION ALL SELECT account, epoch_us("at"), post_id, 'link', unnest(links) FROM posted
UNION ALL SELECT account, moment, post_id, 'media', coalesce(one.sha256, one.md5, one.media_id)
    FROM (SELECT account, epoch_us("at") AS moment, post_id, unnest(media) AS one FROM posted)
UNION ALL SELECT account, epoch_us("at"), post_id, 'text', text FROM posted
    WHERE length(text) >= {least} AND repost_of IS NULL
"""
_CHOSEN = """
CREATE OR REPLACE TEMP TABLE chosen AS SELECT id FROM account_ids
WHERE account_id IN (SELECT unnest($accounts::VARCHAR[]))
"""
_TEXTS = """
SELECT post_id, text, epoch_us("at"), lang, visibility, coalesce(hits, [])
FROM posts LEFT JOIN hits USING (post_id)
WHERE account IN (FROM chosen) AND text IS NOT NULL
ORDER BY hits IS NULL, "at" DESC, post_id LIMIT {most}
"""
_HITS = """
CREATE OR REPLACE TEMP TABLE hits AS
SELECT post_id::VARCHAR AS post_id, list_sort(list(DISTINCT category || ', ' || tier)) AS hits
FROM read_parquet($file) WHERE account IN (FROM chosen) AND post_id IS NOT NULL GROUP BY post_id
"""
_NO_HITS = "CREATE OR REPLACE TEMP TABLE hits (post_id VARCHAR, hits VARCHAR[])"
_SHARED = """
WITH theirs AS (SELECT kind, thing, count(*) AS times, max(moment) AS last FROM acted
                WHERE account IN (FROM chosen) AND thing IS NOT NULL GROUP BY ALL),
     everybody AS (SELECT kind, thing, count(DISTINCT account) AS members FROM acted GROUP BY ALL)
SELECT kind, thing, times, members, last FROM theirs JOIN everybody USING (kind, thing)
WHERE kind = $kind AND members >= $least ORDER BY members DESC, times DESC, thing LIMIT {most}
"""
_MEDIA = """
SELECT coalesce(one.sha256, one.md5, one.media_id) AS thing, min(one.media_id), min(one.sha256), min(one.md5),
       min(one.pdq), max(one.quality)
FROM (SELECT unnest(media) AS one FROM posts WHERE account IN (FROM chosen)) GROUP BY thing
"""
_TOGETHER = """
WITH few AS (SELECT kind, thing FROM acted WHERE thing IS NOT NULL GROUP BY ALL HAVING count(*) <= {acts}),
     near AS (SELECT * FROM acted SEMI JOIN few USING (kind, thing))
SELECT one.account_id, two.account_id, mine.kind, count(DISTINCT mine.post_id) AS times, max(mine.moment)
FROM near AS mine JOIN near AS other USING (kind, thing)
JOIN account_ids AS one ON one.id = mine.account JOIN account_ids AS two ON two.id = other.account
WHERE mine.account IN (FROM chosen) AND mine.account <> other.account AND abs(mine.moment - other.moment) <= {window}
  AND (other.account NOT IN (FROM chosen) OR mine.account < other.account)
GROUP BY ALL ORDER BY times DESC, max(mine.moment) DESC, two.account_id LIMIT {most}
"""


def of_account(events: duckdb.DuckDBPyConnection, hits: Path, account_id: str, members: Sequence[str]) -> Pieces:
    """All of one account, beside the members of its case. `hits` is the file of the last scan."""
    _prepare(events, hits, [account_id], [account_id, *members])
    ((written,),) = events.execute("SELECT count(text) FROM posts WHERE account IN (FROM chosen)").fetchall()
    told = events.execute(_TEXTS.format(most=MOST)).fetchall()
    return Pieces(written, tuple(_text(*row) for row in told), _shared(events, 1), _media(events, 1), _together(events))


def of_case(events: duckdb.DuckDBPyConnection, hits: Path, members: Sequence[str]) -> Pieces:
    """What at least two members of a case have in common; texts are among it where they are equal."""
    _prepare(events, hits, members, members)
    return Pieces(0, (), _shared(events, 2), _media(events, 2), _together(events))


def key(kind: Kind, value: str) -> str:
    """What stands for a piece."""
    return sha256(f"{kind}\0{value}".encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _prepare(events: duckdb.DuckDBPyConnection, hits: Path, chosen: Sequence[str], members: Sequence[str]) -> None:
    events.register("members", pa.table({"account_id": pa.array(sorted(set(members)), pa.string())}))
    events.execute(_ACTED.format(least=LEAST_TEXT))
    events.execute(_CHOSEN, {"accounts": list(chosen)})
    if hits.exists():
        events.execute(_HITS, {"file": str(hits)})
    else:
        events.execute(_NO_HITS)


def _text(post: str, value: str, at: int | None, lang: str | None, visibility: str | None, hits: list[str]) -> Text:
    return Text(key(Kind.TEXT, post), value, len(value), moment(at), lang, visibility, tuple(hits))


def _shared(events: duckdb.DuckDBPyConnection, least: int) -> tuple[Shared, ...]:
    kinds = (Kind.HASHTAG, Kind.LINK) if least == 1 else (Kind.HASHTAG, Kind.LINK, Kind.TEXT)
    asked = _SHARED.format(most=MOST)
    return tuple(
        Shared(key(kind, thing), kind, thing, times, members, moment(last))
        for kind in kinds
        for _, thing, times, members, last in events.execute(asked, {"kind": str(kind), "least": least}).fetchall()
    )


def _media(events: duckdb.DuckDBPyConnection, least: int) -> tuple[Media, ...]:
    asked = _SHARED.format(most=MOST)
    counted = events.execute(asked, {"kind": str(Kind.MEDIA), "least": least}).fetchall()
    about = {row[0]: row[1:] for row in events.execute(_MEDIA).fetchall()}
    found = []
    for _, thing, times, members, last in counted:
        media_id, sha, md5, pdq, quality = about[thing]
        name = key(Kind.MEDIA, thing)
        found.append(Media(name, media_id or thing, sha, md5, pdq, quality, times, members, moment(last)))
    return tuple(found)


def _together(events: duckdb.DuckDBPyConnection) -> tuple[Together, ...]:
    asked = _TOGETHER.format(acts=MOST_ACTS, window=WINDOW * 1_000_000, most=MOST)
    return tuple(
        Together(one, other, Kind(kind), times, moment(last))
        for one, other, kind, times, last in events.execute(asked).fetchall()
    )


def moment(micros: int | None) -> datetime | None:
    """A time, from microseconds since 1970."""
    return None if micros is None else datetime.fromtimestamp(micros / 1e6, UTC)
