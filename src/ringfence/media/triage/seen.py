"""Which media was uploaded, by whom and when? Media is told apart by digest, or else by the id the platform gave."""

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.media.hashes import LEAST_QUALITY, Codes

Ids = NDArray[np.int64]

# About half of the bits of any real picture's hash are set. Hashes of blank ones are near one another by accident.
LEAST_SET, MOST_SET = 64, 192

# A repost is no upload. Media that has no usable hash of its look is still one media by its digest, or by its id.
UPLOADED = """
CREATE OR REPLACE TEMP TABLE uploaded AS
SELECT coalesce(one.sha256, one.md5, one.media_id) AS key, account, epoch_us("at") AS at, one
FROM (SELECT account, "at", unnest(media) AS one FROM posts WHERE repost_of IS NULL)
WHERE coalesce(one.sha256, one.md5, one.media_id, '') <> ''
"""
LOOK = "regexp_full_match(one.pdq, '[0-9a-fA-F]{64}') AND coalesce(one.quality, 100) >= $quality"
MEDIA = f"""
SELECT key, min(one.media_id) AS media_id, min(one.sha256) AS sha256, min(one.md5) AS md5,
       min(lower(one.pdq)) FILTER ({LOOK}) AS pdq, max(one.quality) AS quality
FROM uploaded GROUP BY key ORDER BY key
"""
UPLOADS = """
WITH media AS (SELECT key, row_number() OVER (ORDER BY key) - 1 AS number FROM (SELECT DISTINCT key FROM uploaded))
SELECT number, account::BIGINT AS account, "at" FROM uploaded JOIN media USING (key) ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """`media` has the columns key, media_id, sha256, md5, pdq and quality; pdq is null where it cannot be used.

    Each row of the other three is an upload: the row of its media, its account's dense id, and when, in microseconds.
    """

    media: pa.Table
    of: Ids
    account: Ids
    at: Ids

    def coded(self) -> Ids:
        """The rows of media that have a hash of their look."""
        return np.flatnonzero(self.media["pdq"].is_valid().to_numpy())

    def codes(self) -> Codes:
        """The hashes of those rows."""
        text = "".join(self.media["pdq"].drop_null().to_pylist())
        return np.frombuffer(bytes.fromhex(text), np.uint64).reshape(-1, 4)


def seen(events: duckdb.DuckDBPyConnection) -> Seen:
    """All media of the posts in the event store, reposts left out."""
    events.execute(UPLOADED)
    media = events.sql(MEDIA, params={"quality": LEAST_QUALITY}).to_arrow_table()
    uploads = events.sql(UPLOADS).to_arrow_table()
    events.execute("DROP TABLE uploaded")
    of, account, at = (np.asarray(uploads[name].to_numpy(), np.int64) for name in ("number", "account", "at"))
    return Seen(_without_blanks(media), of, account, at)


def _without_blanks(media: pa.Table) -> pa.Table:
    texts = media["pdq"].to_pylist()
    usable = [text if text and LEAST_SET <= int(text, 16).bit_count() <= MOST_SET else None for text in texts]
    return media.set_column(media.schema.get_field_index("pdq"), "pdq", pa.array(usable, pa.string()))
