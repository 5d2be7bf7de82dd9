"""Which accounts have shared media that a bank knows? As flags, until a person has looked.

What they shared was held against the banks by `ringfence media bank rematch`, or when it was asked for. Only what the
bank lets act by itself counts here, and only as long as it does: what a reviewer deconfirms, holds or disables, or its
source withdraws, flags nobody at the next publish. The rest waits for a person and changes nothing.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta

import pyarrow as pa

from ringfence.guard.snapshots.flags import FLAGS
from ringfence.media import asked, rematch
from ringfence.media.banks.bank import ACTING
from ringfence.media.banks.banks import Banks
from ringfence.media.banks.contents import Content, Review
from ringfence.model.faults import Fault
from ringfence.model.words import Opinion
from ringfence.store.workspace import Workspace

SIGNAL = "media:known"
LASTS = timedelta(days=30)  # and anew at each publish, as long as the match stands


def flagged(workspace: Workspace, now: datetime) -> pa.Table:
    """Rows of FLAGS, one an account. Raises Fault where the banks cannot be read."""
    there = (workspace.media / asked.FILE).exists()
    shared = rematch.shared(workspace, ACTING) if there else ()
    standing = set(_standing(workspace, {content for _, content in shared}, now)) if shared else set()
    accounts = sorted({account for account, content in shared if content in standing})
    until = pa.repeat(pa.scalar(now + LASTS, FLAGS.field("until").type), len(accounts))
    strength = pa.repeat(pa.scalar(1.0, pa.float32()), len(accounts))
    columns = [pa.array(accounts, pa.string()), pa.repeat(SIGNAL, len(accounts)), strength, until]
    return pa.Table.from_arrays(columns, schema=FLAGS)


def _standing(workspace: Workspace, contents: set[int], now: datetime) -> Iterator[int]:
    """Which of these contents still act by themselves."""
    with closing(Banks.of(workspace)) as banks:
        every = banks.every()
        for number in contents:
            try:
                content = banks.content(number)
            except Fault:  # its bank was removed
                continue
            bank = every[content.bank]
            if bank.opinion is Opinion.POSITIVE and bank.action in ACTING and _acts(content, now):
                yield number


def _acts(content: Content, now: datetime) -> bool:
    doubted = content.review in (Review.DECONFIRMED, Review.CHANGED) or content.held is not None
    disabled = content.disabled_until is not None and content.disabled_until > now
    return not (content.gone or doubted or disabled) and content.opinion is Opinion.POSITIVE
