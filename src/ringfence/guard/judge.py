"""Which rule does each profile of accounts meet, on each surface, for each kind of viewer, as of now?

All questions about accounts are answered once, into small tables; a slate then costs one read a candidate.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from ringfence.guard.answers import ALLOWED, Outcome, Viewer
from ringfence.guard.policies.help import Packs, help_for
from ringfence.guard.policies.policy import MINOR_SIGNALS, RISK_SIGNALS, STRICTNESS, Damping, Policy, Rule
from ringfence.guard.snapshots.flags import Flag, Profile
from ringfence.model.words import Surface, Verdict

Codes = NDArray[np.uint8]
Classes = frozenset[str]
NO_CLASS: Classes = frozenset()
MINOR: Classes = frozenset({"minor"})
RISK: Classes = frozenset({"risk"})
_NO_RULE = 0
HARD = "hard"
_DAY = 86_400.0
# Rules times languages times countries; viewers choose these, so they are not kept without bound.
_MOST_WORDINGS = 4096
_MOST_RESTS = 256


@dataclass(frozen=True, slots=True)
class Rests:
    """The outcome of each rule by its number, and as written bytes: those of rule n go from ends[n - 1] to ends[n]."""

    outcomes: Sequence[Outcome]
    written: NDArray[np.uint8]
    ends: NDArray[np.int64]


class Judge:
    """One policy at one time, over the profiles of a snapshot."""

    __slots__ = (
        "_classes",
        "_codes",
        "_messages",
        "_packs",
        "_rests",
        "_rules",
        "_strengths",
        "_tables",
        "_today",
        "policy",
        "rules",
    )

    def __init__(self, policy: Policy, profiles: Sequence[Profile], packs: Packs, now: float) -> None:
        self.policy = policy
        self._packs = packs
        self._today = datetime.fromtimestamp(now, UTC).date()
        self._strengths = [strengths(profile, now) for profile in profiles]
        self._classes = [classes(known) for known in self._strengths]
        self._rules: dict[Rule | None, int] = {None: _NO_RULE}
        self.rules: list[Rule | None] = [None]  # by number, as tables have them
        self._codes = np.zeros(1, np.uint8)
        self._tables: dict[tuple[Surface, Classes], NDArray[np.uint16]] = {}
        # By the rule's identity, as a policy keeps its rules: hashing what is in one costs more than looking it up.
        self._messages: dict[tuple[int, str, str], Outcome] = {}
        self._rests: dict[tuple[str, str, int], Rests] = {}

    def classes(self, viewer: Viewer, profile: int) -> Classes:
        """What a viewer is, by the request and by what is known of the account."""
        known = self._classes[profile]
        return known | MINOR if viewer.minor else known

    def table(self, surface: Surface, viewer: Classes) -> NDArray[np.uint16]:
        """For each profile the number of the rule that it meets, 0 for none or one that allows."""
        key = (surface, viewer)
        if key not in self._tables:
            self._tables[key] = self._table(surface, viewer)
        return self._tables[key]

    def codes(self) -> Codes:
        """For each rule's number its verdict as a byte, the mildest 0."""
        return self._codes

    def text_rule(self, surface: Surface, known: Mapping[str, float], viewer: Classes) -> Rule | None:
        """The rule that the signals of a text meet."""
        return self.policy.rule(surface, known, viewer, self._today)

    def outcome(self, rule: Rule | None, viewer: Viewer) -> Outcome:
        """What a rule earns, in the words of a viewer."""
        if rule is None:
            return ALLOWED
        key = (id(rule), viewer.language, viewer.country) if rule.message else (id(rule), "", "")
        if key not in self._messages:
            if len(self._messages) >= _MOST_WORDINGS:
                self._messages.clear()
            self._messages[key] = self._worded(rule, viewer)
        return self._messages[key]

    def rests(self, viewer: Viewer, write: Callable[[Outcome], bytes]) -> Rests:
        """Every rule's outcome in the words of a viewer, written out; made once for a language and country."""
        key = (viewer.language, viewer.country, len(self.rules))
        if key not in self._rests:
            if len(self._rests) >= _MOST_RESTS:
                self._rests.clear()
            outcomes = [self.outcome(rule, viewer) for rule in self.rules]
            written = [write(outcome) for outcome in outcomes]
            ends = np.cumsum([len(one) for one in written], dtype=np.int64)
            self._rests[key] = Rests(outcomes, np.frombuffer(b"".join(written), np.uint8), ends)
        return self._rests[key]

    def weights(self) -> NDArray[np.float32]:
        """For each profile how much a recommender still learns from the account, 0 to 1."""
        damping = self.policy.damping
        return np.array([weight_of(known, damping) for known in self._strengths], np.float32)

    def _table(self, surface: Surface, viewer: Classes) -> NDArray[np.uint16]:
        met: dict[tuple[tuple[str, float], ...], int] = {}
        numbers = np.zeros(len(self._strengths), np.uint16)
        for profile, known in enumerate(self._strengths):
            key = tuple(known.items())
            if key not in met:
                rule = self.policy.rule(surface, known, viewer, self._today)
                shown = rule is None or rule.verdict is Verdict.ALLOW
                met[key] = _NO_RULE if shown else self._rules.setdefault(rule, len(self._rules))
            numbers[profile] = met[key]
        self.rules = list(self._rules)
        self._codes = np.array([STRICTNESS.index(rule.verdict) if rule else 0 for rule in self.rules], np.uint8)
        return numbers

    def _worded(self, rule: Rule, viewer: Viewer) -> Outcome:
        if not rule.message:
            return Outcome(rule.verdict, rule.reason)
        message = self.policy.message(rule.message, viewer.language)
        return Outcome(rule.verdict, rule.reason, message, help_for(viewer.country, viewer.language, self._packs))


def strengths(profile: Iterable[Flag], now: float) -> dict[str, float]:
    """The signals that hold now, in alphabetical order, each with its greatest strength."""
    known: dict[str, float] = {}
    for flag in profile:
        if flag.holds(now):
            known[flag.signal] = max(flag.strength, known.get(flag.signal, 0.0))
    return dict(sorted(known.items()))


def classes(known: Iterable[str]) -> Classes:
    """The classes of a viewer about whom these signals are known."""
    signals = frozenset(known)
    return (RISK if signals & RISK_SIGNALS else NO_CLASS) | (MINOR if signals & MINOR_SIGNALS else NO_CLASS)


def next_change(profiles: Iterable[Profile], now: float) -> float:
    """When the next flag ends or the next day begins, whichever is first; a table holds until then."""
    midnight = (now // _DAY + 1) * _DAY
    ends = {flag.until for profile in profiles for flag in profile if flag.until > now}
    return min(ends | {midnight})


def weight_of(known: Mapping[str, float], damping: Damping) -> float:
    """How much a recommender still learns from an account with these signals."""
    lost = [strength * damping.signals[signal] for signal, strength in known.items() if damping.signals.get(signal)]
    if not lost:
        return 1.0
    return 0.0 if damping.mode == HARD else 1.0 - max(lost)
