"""What does a bank keep of its exchange from one run to the next? One JSON text, as the checkpoint of each page."""

from datetime import datetime
from enum import StrEnum

import msgspec

from ringfence.media.exchange.places import ANEW
from ringfence.model.faults import Fault


class Anew(StrEnum):
    """How far a bank is in beginning anew, which ends with removing what the exchange no longer has."""

    NO = "no"
    FETCHING = "fetching"
    REMOVING = "removing"


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the exchange's list was left, `at` which time, and whether `paging`, in the middle of a range.

    Whatever was removed there since `sure` we are still told of, as long as the exchange tells: it is when the end
    of the list was last reached, or before the first time, when the fetch began.
    """

    exchange: str
    place: str
    at: datetime
    sure: datetime
    paging: bool = False
    anew: Anew = Anew.NO


def written(kept: Kept) -> str:
    return msgspec.json.encode(kept).decode()


def read(text: str, exchange: str) -> Kept:
    """What was kept. Raises Fault when it is damaged or another exchange's."""
    try:
        kept = msgspec.json.decode(text, type=Kept)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Fault("is none of a fetch", where=f"the kept checkpoint of {exchange}", mend=ANEW) from None
    if kept.exchange != exchange:
        what = f"is that of another exchange, {kept.exchange!r}"
        raise Fault(what, where=f"the kept checkpoint of {exchange}", mend="give each exchange a bank of its own")
    return kept
