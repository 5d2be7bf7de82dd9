"""Which verdict does a signal earn on a surface?

A policy is read once, checked as a whole, then frozen. The guard asks on every request: no disk, no clock, no lock.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from importlib.resources import files
from typing import Any

from ringfence.guard.policies.faults import faults_of
from ringfence.guard.policies.parts import (
    ACCOUNT_SIGNALS,
    ANSWER,
    ILLEGAL_SIGNALS,
    MINOR,
    MINOR_SIGNALS,
    PAIR_REASONS,
    PAIR_RULES,
    RISK,
    RISK_SIGNALS,
    SIGNALS,
    STRENGTH_SIGNALS,
    STRICTNESS,
    TAG_SIGNAL,
    VIEWERS,
    Automatic,
    Cause,
    Damping,
    Example,
    Rule,
    strictness,
)
from ringfence.guard.policies.rules import rules_of
from ringfence.model.faults import Fault
from ringfence.model.words import Surface, Verdict

__all__ = [
    "ACCOUNT_SIGNALS",
    "DEFAULT_POLICY",
    "ILLEGAL_SIGNALS",
    "MINOR",
    "MINOR_SIGNALS",
    "PAIR_REASONS",
    "PAIR_RULES",
    "RISK",
    "RISK_SIGNALS",
    "SIGNALS",
    "STRENGTH_SIGNALS",
    "STRICTNESS",
    "TAG_SIGNAL",
    "VIEWERS",
    "Automatic",
    "Cause",
    "Damping",
    "Example",
    "Policy",
    "Rule",
    "default_policy",
    "strictness",
]

# The commented text that a new workspace starts with.
DEFAULT_POLICY = files("ringfence.guard.policies").joinpath("policy.toml").read_text("utf-8")
MAX_AGE_HOURS = 72
# Far less than a step of strength: a strength stored as float32 must still meet the rule written for it.
TINY = 1e-6
EVERY_DAY = date.min  # on it every rule holds


@dataclass(frozen=True)  # no slots: the index over the rules is built when first asked for and kept
class Policy:
    """Rules, and for each cause and surface the verdict when there is nothing to decide from.

    `rules` holds the built-in pair rules too. `messages` are texts by name and language. `text` is the TOML that it
    was read from, which a snapshot carries along.
    """

    version: str  # stamped on every decision
    rules: tuple[Rule, ...]
    degraded: Mapping[tuple[Cause, Surface], Verdict | None]
    messages: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    max_age_hours: float = MAX_AGE_HOURS
    automatic: Automatic = field(default_factory=Automatic)
    damping: Damping = field(default_factory=Damping)
    examples: tuple[Example, ...] = ()
    text: str = ""

    @staticmethod
    def parse(text: str, where: str) -> "Policy":
        """Build a policy from TOML, or raise one Fault that lists everything wrong with it. `where` names the file."""
        table = read_toml(text, where)
        if faults := faults_of(table):
            raise Fault("; ".join(faults), where=where, mend="mend these and check it again")
        return _policy(table, text)

    def rule(
        self,
        surface: Surface,
        strengths: Mapping[str, float],
        viewer: Collection[str] = (),
        today: date = EVERY_DAY,
    ) -> Rule | None:
        """The strictest rule met by these signals with their strengths, for a viewer of these classes.

        Among equals one on what is illegal, then by the signal's name.
        """
        met = (
            rule
            for signal in sorted(strengths)
            for rule in self._by_signal.get((surface, signal), ())
            if _met(rule, strengths[signal], viewer, today)
        )
        return max(met, key=strictness, default=None)

    def verdict(
        self,
        surface: Surface,
        strengths: Mapping[str, float],
        viewer: Collection[str] = (),
        today: date = EVERY_DAY,
    ) -> Verdict:
        """The strictest verdict that these signals earn; `allow` when no rule is met."""
        rule = self.rule(surface, strengths, viewer, today)
        return rule.verdict if rule else Verdict.ALLOW

    def names(self, surface: Surface, signal: str) -> bool:
        """Whether a rule says for good, and for any viewer, what this signal earns here. It may say `allow`."""
        return any(not rule.viewer and rule.until is None for rule in self._by_signal.get((surface, signal), ()))

    def degraded_verdict(self, cause: Cause, surface: Surface) -> Verdict | None:
        """The verdict when there is nothing to decide from; None is to go on answering from an old snapshot."""
        return self.degraded[Cause(cause), surface]

    def message(self, name: str, language: str = "") -> str:
        """The text of that name in a language such as "de-AT", else in "de", else in the first that the policy has."""
        texts = self.messages.get(name, {})
        wanted = language.replace("_", "-").lower().split("-")
        for end in range(len(wanted), 0, -1):
            if (text := texts.get("-".join(wanted[:end]))) is not None:
                return text
        return next(iter(texts.values()), "")

    @cached_property
    def _by_signal(self) -> Mapping[tuple[Surface, str], tuple[Rule, ...]]:
        """The rules on each signal; the broader first, which is the one to name when several earn the same."""
        index: dict[tuple[Surface, str], list[Rule]] = {}
        for rule in self.rules:
            index.setdefault((rule.surface, rule.signal), []).append(rule)
        return {key: tuple(sorted(rules, key=_breadth)) for key, rules in index.items()}


def default_policy() -> Policy:
    """The policy of a new workspace."""
    return Policy.parse(DEFAULT_POLICY, "the default policy")


def read_toml(text: str, where: str) -> dict[str, Any]:
    """The tables of a policy's text, unchecked, or a Fault that names the line that is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Fault(f"it is not readable as TOML ({error})", where=where, mend="mend that line") from error


def _met(rule: Rule, strength: float, viewer: Collection[str], today: date) -> bool:
    if rule.viewer and rule.viewer not in viewer:
        return False
    if rule.until is not None and today > rule.until:
        return False
    return not strength < rule.strength - TINY  # a strength that is no number meets every rule


def _breadth(rule: Rule) -> tuple[bool, float, bool, str]:
    return bool(rule.viewer), rule.strength, rule.until is not None, rule.viewer


def _policy(table: Mapping[str, Any], text: str) -> Policy:
    return Policy(
        table["version"],
        (*rules_of(table["rule"]).values(), *PAIR_RULES),
        _degraded(table["degraded"]),
        {name: _texts(texts) for name, texts in table.get("message", {}).items()},
        table.get("snapshot", {}).get("max_age_hours", MAX_AGE_HOURS),
        Automatic(**table.get("automatic", {})),
        Damping(**table.get("damping", {})),
        tuple(_example(example) for example in table.get("example", ())),
        text,
    )


def _degraded(table: Mapping[str, Any]) -> dict[tuple[Cause, Surface], Verdict | None]:
    chosen = {
        (cause, surface): table.get(cause, {}).get(surface, table[surface]) for cause in Cause for surface in Surface
    }
    return {key: None if word == ANSWER else Verdict(word) for key, word in chosen.items()}


def _texts(texts: str | Mapping[str, str]) -> dict[str, str]:
    by_language = {"": texts} if isinstance(texts, str) else texts
    return {language.lower(): text.strip() for language, text in by_language.items()}


def _example(table: Mapping[str, Any]) -> Example:
    signals = table.get("signals")
    strengths = dict.fromkeys(signals, 1.0) if isinstance(signals, list) else signals
    words = {"surface": Surface(table["surface"]), "verdict": Verdict(table["verdict"]), "signals": strengths}
    return Example(**{**table, **words})
