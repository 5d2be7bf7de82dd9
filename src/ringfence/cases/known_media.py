"""Which media may a person be shown at all? New media with a hash, and never what a bank knows."""

from collections.abc import Sequence
from enum import StrEnum

import pyarrow as pa

from ringfence.cases.evidence_store import Media
from ringfence.media.banks import schema
from ringfence.media.matcher import Matcher
from ringfence.media.triage.known import known
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace

_COLUMNS = pa.schema(
    [
        ("key", pa.string()),
        ("media_id", pa.string()),
        ("sha256", pa.string()),
        ("md5", pa.string()),
        ("pdq", pa.string()),
        ("quality", pa.int64()),
    ]
)


class Standing(StrEnum):
    """What the banks say of a media. What they cannot be asked about is treated as known: nothing fails open."""

    NEW = "new"
    KNOWN = "known"
    UNCHECKED = "unchecked"


def standing(workspace: Workspace, media: Sequence[Media]) -> dict[str, Standing]:
    """The standing of each media by its key."""
    checked = [one for one in media if one.sha256 or one.md5 or one.pdq]
    told = {one.key: Standing.UNCHECKED for one in media}
    try:
        found = _known(workspace, checked)
    except Fault:
        return told
    for one, match in zip(checked, found, strict=True):
        told[one.key] = Standing.KNOWN if match else Standing.NEW
    return told


def _known(workspace: Workspace, media: Sequence[Media]) -> list[bool]:
    if not media or not (workspace.media / schema.FILE).exists():
        return [False] * len(media)
    rows = [
        {name: getattr(one, name) for name in ("key", "media_id", "sha256", "md5", "pdq", "quality")} for one in media
    ]
    matcher = Matcher.open(workspace)
    try:
        # Whatever matches is not shown, also where reviewers doubt the entry: they decide by hash, in the bank.
        return [bool(one) for one in known(matcher, pa.Table.from_pylist(rows, _COLUMNS), doubts=frozenset())]
    finally:
        matcher.close()
