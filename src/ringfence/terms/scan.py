"""Which accounts and posts hold vetted terms?"""

from collections.abc import Callable, Iterable, Iterator

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from ringfence.model.faults import Fault
from ringfence.model.schemas import SIGNALS
from ringfence.terms.match import Field, Hit, Matcher

BATCH = 65_536

# One row of `SIGNALS`.
Signal = tuple[int, str | None, str, str, str, str]

POSTS = "SELECT account, post_id::VARCHAR AS post_id, text, hashtags FROM posts"
PROFILES = "SELECT id, handle, display_name, bio FROM accounts"
_LINE = msgspec.json.Decoder(dict[str, msgspec.Raw])


def scan_lines(lines: Iterable[bytes | str], matcher: Matcher, field: Field = "post") -> Iterator[bytes]:
    """Each JSON line with its hits in `text` added as `hits`; every other field comes out as it went in.

    `field` says what the texts are.
    Blank lines are left out. A line that is no JSON object with a `text` is a Fault that names its number.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            fields = _LINE.decode(line)
            text = msgspec.json.decode(fields["text"], type=str)
        except (msgspec.DecodeError, KeyError, UnicodeError) as error:
            raise Fault(
                "it is not a JSON object with a text",
                where=f"line {number}",
                mend='write each line as {"text": "..."}',
            ) from error
        yield msgspec.json.encode({**fields, "hits": matcher.find(text, field)})


def scan_posts(connection: duckdb.DuckDBPyConnection, matcher: Matcher, progress: Callable[[int], object]) -> pa.Table:
    """Every term in the posts and profiles of a store, once per term, place and post, as a table of `SIGNALS`.

    Reads the views `posts(post_id, account, text, hashtags)` and `accounts(id, handle, display_name, bio)` batch by
    batch; `progress` is called with the number of rows of each batch.
    """
    batches = []
    for query, find in ((POSTS, _in_posts), (PROFILES, _in_profiles)):
        for batch in connection.sql(query).to_arrow_reader(BATCH):
            signals = dict.fromkeys(find(batch, matcher))
            if signals:
                columns = [
                    pa.array(column, kind)
                    for column, kind in zip(zip(*signals, strict=True), SIGNALS.types, strict=True)
                ]
                batches.append(pa.record_batch(columns, schema=SIGNALS))
            progress(batch.num_rows)
    return pa.Table.from_batches(batches, schema=SIGNALS)


def _in_posts(batch: pa.RecordBatch, matcher: Matcher) -> Iterator[Signal]:
    accounts, posts = batch["account"], batch["post_id"]
    for row, hit in matcher.finds(batch["text"]):
        yield _signal(accounts[row].as_py(), posts[row].as_py(), hit, "text")
    for row, hit in _in_tags(batch["hashtags"], matcher):
        yield _signal(accounts[row].as_py(), posts[row].as_py(), hit, "hashtag")


def _in_profiles(batch: pa.RecordBatch, matcher: Matcher) -> Iterator[Signal]:
    readings: tuple[tuple[str, Field], ...] = (("bio", "bio"), ("display_name", "bio"), ("handle", "handle"))
    for where, field in readings:
        for row, hit in matcher.finds(batch[where], field):
            yield _signal(batch["id"][row].as_py(), None, hit, where)


def _in_tags(tags: pa.Array, matcher: Matcher) -> Iterator[tuple[int, Hit]]:
    """Hits in a column of tag lists. Tags repeat, so each different tag of a batch is looked at once."""
    coded = pc.list_flatten(tags).dictionary_encode()
    hits: dict[int, list[Hit]] = {}
    for code, hit in matcher.finds(coded.dictionary, "hashtag"):
        hits.setdefault(code, []).append(hit)
    if not hits:
        return
    parents, codes = pc.list_parent_indices(tags), coded.indices
    for at in pc.indices_nonzero(pc.is_in(codes, pa.array(hits, codes.type))).to_pylist():
        for hit in hits[codes[at].as_py()]:
            yield parents[at].as_py(), hit


def _signal(account: int, post: str | None, hit: Hit, where: str) -> Signal:
    return account, post, hit.term_id, hit.category, hit.tier, where
