"""What new media do those share who were found? The store's uploads and the last discovery's scores, put together."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.discovery.minors import likely_minors
from ringfence.media.triage import beliefs, decide, decisions, kept
from ringfence.media.triage.rank import Accounts, Parts
from ringfence.media.triage.run import Triage, grouped, told, triage
from ringfence.media.triage.seen import Seen, seen
from ringfence.store import events
from ringfence.store.workspace import Workspace

# What a classifier says of each cluster, NaN where it is not asked.
Ask = Callable[[Seen, Triage], Parts]
# Which media (rows with key, media_id, sha256, md5, pdq and quality) a bank knows already.
Known = Callable[[pa.Table], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class NewMedia:
    """A triage with what it was made from; `ids` are the accounts' by dense id."""

    seen: Seen
    made: Triage
    accounts: Accounts
    ids: pa.Array


def nothing_known(media: pa.Table) -> NDArray[np.bool_]:
    """What is known where a platform has no bank."""
    return np.zeros(media.num_rows, bool)


def new_media(workspace: Workspace, scores: pa.Table, known: Known = nothing_known, ask: Ask | None = None) -> NewMedia:
    """Group and rank all media of the store by the `scores` of a discovery, and keep what was seen for decisions."""
    with events.connect(workspace) as connection:
        ids = connection.sql("SELECT account_id FROM account_ids ORDER BY id").to_arrow_table()["account_id"]
        ids = ids.combine_chunks()
        minor = likely_minors(connection, len(ids))
        uploaded = seen(connection)
    accounts = beliefs.accounts(ids, scores, minor)
    groups = grouped(uploaded, kept.names_before(workspace))
    decided = decide.decided(uploaded.media, decisions.read(workspace))
    made = triage(uploaded, groups, accounts, known(uploaded.media), decided)
    if ask is not None:
        made = told(made, uploaded, accounts, ask(uploaded, made))
    with workspace.lock():
        kept.keep(workspace, uploaded, made, ids, accounts)
    return NewMedia(uploaded, made, accounts, ids)
