"""Which hashes of media did the platform's posts bring? From the event store, one committed part at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ringfence.ingest.source import quoted
from ringfence.media.hashes import parse
from ringfence.media.items import Signal
from ringfence.media.queries import Look, Query
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind, Table
from ringfence.store import batches, events
from ringfence.store.workspace import Workspace

CHUNK = 50_000  # media read at a time
_DIGESTS = (HashKind.SHA256, HashKind.MD5)


@dataclass(frozen=True, slots=True)
class Posted:
    """One media of a post. `query` is None where the platform gave it no hash that is one."""

    post_id: str
    query: Query | None


def parts(workspace: Workspace) -> tuple[Path, ...]:
    """The committed parts of the posts; none is ever changed."""
    return tuple(batches.files(workspace.store, batches.committed(workspace.store), Table.POSTS))


def media(workspace: Workspace, part: Path) -> Iterator[list[Posted]]:
    """The media of one part, in lists of at most `CHUNK`, with the accounts that posted them."""
    db = events.connect(workspace)
    try:
        db.execute(
            f"SELECT post_id, account_id, one.media_id, one.sha256, one.md5, one.pdq, one.quality FROM "
            f"(SELECT post_id, account, unnest(media) AS one FROM read_parquet({quoted(str(part))})) AS posts "
            "JOIN account_ids ON id = account"
        )
        while rows := db.fetchmany(CHUNK):
            yield [_posted(*row) for row in rows]
    finally:
        db.close()


def _posted(post_id: str, account: str, media_id: str, sha256: Any, md5: Any, pdq: Any, quality: int | None) -> Posted:
    texts: Mapping[HashKind, Any] = {HashKind.SHA256: sha256, HashKind.MD5: md5, HashKind.PDQ: pdq}
    values = {kind: value for kind, text in texts.items() if text and (value := _value(kind, str(text)))}
    looks = (Look(values[HashKind.PDQ], quality=quality),) if HashKind.PDQ in values else ()
    digests = tuple(Signal(kind, values[kind]) for kind in _DIGESTS if kind in values)
    return Posted(post_id, Query(media_id, digests, looks, account) if values else None)


def _value(kind: HashKind, text: str) -> bytes | None:
    """The hash, or None for a text that is none: such rows are counted, and the others go on."""
    try:
        return parse(kind, text, "posts")
    except Fault:
        return None
