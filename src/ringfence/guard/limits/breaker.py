"""How many more accounts may be limited without a person? The circuit breaker: so many a day, and such a share in all.

It bounds what a wrong model, a poisoned seed or a mistake in the policy can do before somebody looks.
"""

from dataclasses import dataclass
from math import floor

PER_DAY, PER_SHARE = "per_day", "per_share"


@dataclass(frozen=True, slots=True)
class Room:
    """`left` more accounts may be limited; `cap` is the setting that allows the least."""

    left: int
    cap: str


def room(per_day: int, per_share: float, *, accounts: int, within_a_day: int, limited: int) -> Room:
    """What the caps leave.

    `accounts` are all of the platform, `within_a_day` those limited automatically in the 24 hours before, whatever has
    become of them, and `limited` those under an automatic limit now.
    """
    by_day = max(0, per_day - within_a_day)
    by_share = max(0, floor(per_share * accounts) - limited)
    return Room(by_day, PER_DAY) if by_day < by_share else Room(by_share, PER_SHARE)
