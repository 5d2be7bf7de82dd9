"""What does a line of the journal of limits say? One batch: what was done to which accounts, when, by whom and why.

A line is one JSON object with the batch and a check over it and the line before, so that none can be changed, left out
or put elsewhere without being noticed.
"""

from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

import msgspec

from ringfence.model.faults import Fault

FIRST = ""  # what the check of the first line rests on
AUTOMATION = "ringfence"  # by whom limits are set that no person has set


class Act(StrEnum):
    """What a batch does. Each is undone by naming its number, an `undo` too."""

    SET = "set"  # automatic limits, until a day
    CONFIRM = "confirm"  # limits that a person has set or confirmed, without end
    LIFT = "lift"  # no limit, and none is set automatically again
    UNDO = "undo"  # the batch `undoes` counts as if it had never been; what it had set is not set automatically again


class Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line. `strengths` go with `accounts` where limits are set, `networks` where they are set or confirmed.

    Elsewhere they are empty. A network is "" where the account is in none. `until` is when automatic limits end.
    """

    number: int
    act: Act
    at: datetime
    by: str
    why: str = ""
    accounts: tuple[str, ...] = ()
    strengths: tuple[float, ...] = ()
    networks: tuple[str, ...] = ()
    until: datetime | None = None
    undoes: int = 0


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    check: str
    batch: msgspec.Raw


_LINE = msgspec.json.Decoder(_Line)
_BATCH = msgspec.json.Decoder(Batch)


def encode(batch: Batch, before: str) -> bytes:
    """The line of a batch, with its end; `before` is the check of the line before it."""
    body = msgspec.json.encode(batch)
    return msgspec.json.encode(_Line(_check(before, body), msgspec.Raw(body))) + b"\n"


def decode(line: bytes, before: str, where: str) -> tuple[Batch, str]:
    """The batch of a line, and the line's check. Raises Fault, naming `where`, for a line that was not written so."""
    try:
        read = _LINE.decode(line)
        batch = _BATCH.decode(read.batch)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _damaged("is no batch of limits", where) from error
    if read.check != _check(before, bytes(read.batch)):
        raise _damaged("is not as it was written, or a line before it is gone", where)
    if any(each and len(each) != len(batch.accounts) for each in (batch.strengths, batch.networks)):
        raise _damaged("has not as many strengths or networks as accounts", where)
    if batch.act is Act.SET and batch.until is None:
        raise _damaged("sets limits that never end", where)
    return batch, read.check


def _check(before: str, body: bytes) -> str:
    return blake2b(before.encode() + body, digest_size=16).hexdigest()


def _damaged(what: str, where: str) -> Fault:
    mend = "find out who changed it, and restore the file from a copy; nothing is limited or lifted until then"
    return Fault(what, where=where, mend=mend)
