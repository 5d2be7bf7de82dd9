"""Where in an exchange's list was a fetch? Each source's own words for it, as JSON text."""

from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from ringfence.model.faults import Fault

Place = TypeVar("Place", bound=msgspec.Struct)
AGAIN = "what landed stays; fetch again later, and ask the exchange when it stays so"
ANEW = "begin anew with `ringfence media exchange fetch NAME --anew`"


def written(place: msgspec.Struct) -> str:
    return msgspec.json.encode(place).decode()


def read(text: str, kind: type[Place]) -> Place:
    """The place in a text. Raises Fault for one that this kind of exchange never wrote."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Fault("is not a place in this exchange's list", where="the kept checkpoint", mend=ANEW) from None


def time(text: str) -> datetime | None:
    """A time as ISO 8601 has it, UTC where it does not say; None for any other text."""
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def moment(seconds: float) -> datetime | None:
    """The time of so many seconds since 1970; None where there is no such time."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
