"""Which case comes first? The one that harms most, and where a child needs help soonest; never the most reported.

    priority = 0.25 exposure + 0.25 minors + 0.25 urgency + 0.125 growth + 0.125 immediacy

Each part is between 0 and 1 and kept with the case, so that a reviewer sees why it stands where it does. More harm
never lowers a priority. The weights are a judgement, not a measurement: what is done to people counts three quarters,
what the network is about to do one quarter.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import log1p
from types import MappingProxyType

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"exposure": 0.25, "minors": 0.25, "urgency": 0.25, "growth": 0.125, "immediacy": 0.125}
)
# How many people shown members, and how many likely minors among them, count in full. Below, by the logarithm: the
# first ten say more than ten more.
FULL_EXPOSURE, FULL_MINORS = 100_000, 1_000
HALF_QUIET = 7.0  # days without a post after which immediacy is a half


@dataclass(frozen=True, slots=True)
class Harm:
    """What is known of the harm that a network does.

    `viewers` were shown a member in the last 30 days; None where the platform keeps no impressions, and then `audience`
    stands for them: accounts that follow a member. `minors_reached` are likely minors among both, `minors_inside` among
    the members. `growth` is a share of the members, None where it is not known. `quiet` is how many days before the
    newest event the last post of a member was, None for no post. `danger` is that a report says a child is in danger.
    """

    viewers: int | None
    audience: int
    minors_reached: int
    minors_inside: int
    growth: float | None
    quiet: float | None
    danger: bool = False

    def kept(self) -> dict[str, object]:
        """As it is kept with the case."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Priority:
    """`total` and its `parts`, each from 0 to 1; `urgency` is one of the parts, and an order of its own."""

    total: float
    urgency: float
    parts: Mapping[str, float]


def priority(harm: Harm) -> Priority:
    """How soon a case should be looked at, by the formula above."""
    parts = {
        "exposure": _logarithmic(harm.audience if harm.viewers is None else harm.viewers, FULL_EXPOSURE),
        "minors": _logarithmic(harm.minors_reached, FULL_MINORS),
        "urgency": 1.0 if harm.danger else 1.0 - 0.5**harm.minors_inside,
        "growth": min(max(harm.growth or 0.0, 0.0), 1.0),
        "immediacy": 0.0 if harm.quiet is None else 0.5 ** (max(harm.quiet, 0.0) / HALF_QUIET),
    }
    total = sum(WEIGHTS[name] * part for name, part in parts.items())
    return Priority(round(total, 9), parts["urgency"], {name: round(part, 9) for name, part in parts.items()})


def _logarithmic(count: int, full: int) -> float:
    return min(log1p(max(count, 0)) / log1p(full), 1.0)
