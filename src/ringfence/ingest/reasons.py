"""Why may a row not land, and how is that mended? This list is closed."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Reason(StrEnum):
    """The code a quarantined row carries. Every such row has exactly one: the first that applies, in this order."""

    MALFORMED = "malformed"
    MISSING = "missing"
    TYPE = "type"
    ID = "id"
    CHOICE = "choice"
    RANGE = "range"
    DANGLING = "dangling"
    DUPLICATE = "duplicate"


MENDS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.MALFORMED: "write one JSON object a line, in UTF-8",
        Reason.MISSING: "give every row a value in each required column",
        Reason.TYPE: "write the value as the type that was expected, or name another column in a mapping",
        Reason.ID: "use ids of at most 256 characters without control characters",
        Reason.CHOICE: "use one of the values listed",
        Reason.RANGE: "use a number within the range given",
        Reason.DANGLING: "ingest the accounts that hold them, then ingest this file again",
        Reason.DUPLICATE: "nothing is lost: the first row with this id stands; a changed row does not replace it yet",
    }
)
