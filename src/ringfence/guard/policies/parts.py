"""What is a policy made of, and which words may it use?"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from ringfence.model.words import Role, Surface, Verdict

STRICTNESS = tuple(Verdict)  # mildest first
STRICT_ENOUGH = (Verdict.DROP, Verdict.BLOCK)  # for what is illegal

# A misspelt signal would never fire, so the names are closed; what follows `lexicon:` is a category of the lexicon.
LEXICON_SIGNAL = re.compile(r"lexicon:[a-z][a-z0-9_]{0,63}")
TAG_SIGNAL = "tag:network"
NETWORK_SIGNALS = ("network:member", "network:nearby", *(f"network:{role}" for role in Role))
MINOR_SIGNALS = frozenset({"account:minor", "network:likely_minor"})
ACCOUNT_SIGNALS = (
    *NETWORK_SIGNALS,
    "media:known",
    "account:minor",
    "account:hits",
    "limit:automatic",
    "limit:confirmed",
)
RISK_SIGNALS = frozenset(ACCOUNT_SIGNALS) - MINOR_SIGNALS
# Illegal by their name: leaving out `illegal = true` does not soften them.
ILLEGAL_SIGNALS = frozenset({"lexicon:illegal", "media:known"})
# The others are there or they are not.
STRENGTH_SIGNALS = frozenset({*NETWORK_SIGNALS, "limit:automatic", TAG_SIGNAL})
SIGNALS = (TAG_SIGNAL, *ACCOUNT_SIGNALS)

TEXT_SURFACES = (Surface.SEARCH, Surface.AUTOCOMPLETE, Surface.HASHTAG)
PAIR_SURFACES = (Surface.SUGGESTION, Surface.RECOMMENDATION)
MINOR, RISK = "minor", "risk"
VIEWERS = (MINOR, RISK)
# Strengths are kept in steps, so that what is stored and what a rule asks for never differ by a rounding.
STEP = 0.05

ANSWER = "answer"  # in [degraded.stale_snapshot]: go on answering from the old snapshot


class Cause(StrEnum):
    """Why an answer is degraded."""

    NO_SNAPSHOT = "no_snapshot"
    UNREADABLE_SNAPSHOT = "unreadable_snapshot"
    STALE_SNAPSHOT = "stale_snapshot"
    DEADLINE = "deadline"
    MALFORMED = "malformed"
    TOO_LONG = "too_long"
    OVERLOADED = "overloaded"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a policy. `message` names a text of the policy, empty for none.

    It holds for viewers of one class, or for anybody when `viewer` is empty; from a strength of the signal up (0 to 1);
    and up to and including the day `until`, in UTC, or for good.
    """

    surface: Surface
    signal: str
    verdict: Verdict
    illegal: bool = False
    message: str = ""
    viewer: str = ""
    strength: float = 0.0
    until: date | None = None

    @property
    def reason(self) -> str:
        """The code that a decision by this rule gives."""
        return PAIR_REASONS.get(self, self.signal)


def strictness(rule: Rule) -> tuple[int, bool]:
    """Orders rules, the mildest first; of two equal verdicts the one on what is illegal is the stricter."""
    return STRICTNESS.index(rule.verdict), rule.illegal


def _pair_rules() -> dict[Rule, str]:
    reasons = {}
    for surface in PAIR_SURFACES:
        for signals, viewer, reason in (
            (RISK_SIGNALS, MINOR, "pair:risk_to_minor"),
            (MINOR_SIGNALS, RISK, "pair:minor_to_risk"),
        ):
            for signal in sorted(signals):
                illegal = signal in ILLEGAL_SIGNALS
                reasons[Rule(surface, signal, Verdict.DROP, illegal=illegal, viewer=viewer)] = reason
    return reasons


# An account with a risk signal is never introduced to a minor, nor a minor to it. Part of every policy: no file sets
# or lifts them.
PAIR_REASONS: Mapping[Rule, str] = MappingProxyType(_pair_rules())
PAIR_RULES = tuple(PAIR_REASONS)


@dataclass(frozen=True, slots=True)
class Automatic:
    """Which accounts leave discovery before a person has looked, how many at the most, and for how many days.

    From a calibrated probability of `at_least`; where nothing is calibrated, the members found, or none. No more than
    `per_day` in a day and `per_share` of all accounts at a time.
    """

    at_least: float = 0.95
    uncalibrated: str = "members"
    per_day: int = 10_000
    per_share: float = 0.005
    days: int = 30


SOFT, HARD = "soft", "hard"
UNCALIBRATED = ("members", "none")


@dataclass(frozen=True, slots=True)
class Damping:
    """How much a recommender still learns from an account's ties.

    Soft: 1 less the strength of a signal times its factor, by the signal that takes the most. Hard: nothing.
    """

    mode: str = SOFT
    signals: Mapping[str, float] = field(default_factory=lambda: {"network:member": 1.0, "media:known": 1.0})


@dataclass(frozen=True, slots=True)
class Example:
    """What a policy is expected to decide. Exactly one thing is given: a query, a tag, a completion, or signals.

    `signals` are those of the candidate or text with their strengths; they need no lexicon. `viewer` is a class.
    """

    surface: Surface
    verdict: Verdict
    query: str | None = None
    tag: str | None = None
    prefix: str | None = None
    candidate: str | None = None
    signals: Mapping[str, float] | None = None
    viewer: str = ""


def is_signal(name: object) -> bool:
    """Whether there is such a signal."""
    return isinstance(name, str) and (name in SIGNALS or LEXICON_SIGNAL.fullmatch(name) is not None)


def can_occur(signal: str, surface: Surface) -> bool:
    """Whether a signal can ever be met on a surface.

    Terms stand in what is typed and in tags, a tag's use belongs to the tag's page, and an account may be a candidate
    anywhere: of a slate that is recommended, found by a search, or shown on a tag's page.
    """
    if LEXICON_SIGNAL.fullmatch(signal):
        return surface in TEXT_SURFACES
    return signal != TAG_SIGNAL or surface is Surface.HASHTAG
