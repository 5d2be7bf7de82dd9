"""Which verdict does a signal earn on a surface?

A policy is read once, checked as a whole, then frozen. The guard asks on every request: no disk, no clock, no lock.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from ringfence.model.faults import Fault
from ringfence.model.words import Role, Surface, Verdict

STRICTNESS = tuple(Verdict)  # mildest first
STRICT_ENOUGH = (Verdict.DROP, Verdict.BLOCK)  # for what is illegal

# A misspelt signal would never fire, so the names are closed; what follows `lexicon:` is a category of the lexicon.
FIXED_SIGNALS = ("network:member", "network:nearby", *(f"network:{role}" for role in Role), "media:known")
LEXICON_SIGNAL = re.compile(r"lexicon:[a-z][a-z0-9_]{0,63}")
# Illegal by their name: leaving out `illegal = true` does not soften them.
ILLEGAL_SIGNALS = frozenset({"lexicon:illegal", "media:known"})

TABLES = ("version", "rule", "degraded", "message")
FIELDS = ("surface", "signal", "verdict", "illegal", "message")
# The commented text that a new workspace starts with.
DEFAULT_POLICY = files("ringfence.guard").joinpath("policy.toml").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a policy. `message` is the text shown to the person, empty for none."""

    surface: Surface
    signal: str
    verdict: Verdict
    illegal: bool = False
    message: str = ""


def strictness(rule: Rule) -> tuple[int, bool]:
    """Orders rules, the mildest first; of two equal verdicts the one on what is illegal is the stricter."""
    return STRICTNESS.index(rule.verdict), rule.illegal


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules by surface and signal, and per surface the verdict when there is nothing to decide from.

    `text` is the TOML that it was read from, which a snapshot carries along.
    """

    version: str  # stamped on every decision
    rules: Mapping[tuple[Surface, str], Rule]
    degraded: Mapping[Surface, Verdict]
    text: str = ""

    @staticmethod
    def parse(text: str, where: str) -> "Policy":
        """Build a policy from TOML, or raise one Fault that lists everything wrong with it. `where` names the file."""
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise Fault(f"it is not readable as TOML ({error})", where=where, mend="mend that line") from error
        if faults := list(_faults(table)):
            raise Fault("; ".join(faults), where=where, mend="mend these and check it again")
        messages = table.get("message", {})
        rules = (_rule(rule, messages) for rule in table["rule"])
        degraded = {Surface(surface): Verdict(verdict) for surface, verdict in table["degraded"].items()}
        return Policy(table["version"], {(rule.surface, rule.signal): rule for rule in rules}, degraded, text)

    def rule(self, surface: Surface, signals: Iterable[str]) -> Rule | None:
        """The strictest rule that any of `signals` meets here; among equals one on what is illegal, then by name."""
        met = (self.rules.get((surface, signal)) for signal in sorted(signals))
        return max(filter(None, met), key=strictness, default=None)

    def verdict(self, surface: Surface, signals: Iterable[str]) -> Verdict:
        """The strictest verdict any of `signals` earns here; `allow` when the policy names none of them."""
        rule = self.rule(surface, signals)
        return rule.verdict if rule else Verdict.ALLOW


def default_policy() -> Policy:
    """The policy of a new workspace."""
    return Policy.parse(DEFAULT_POLICY, "the default policy")


def _rule(rule: Mapping[str, Any], messages: Mapping[str, str]) -> Rule:
    illegal = rule.get("illegal", False) or rule["signal"] in ILLEGAL_SIGNALS
    message = messages[rule["message"]].strip() if "message" in rule else ""
    return Rule(Surface(rule["surface"]), rule["signal"], Verdict(rule["verdict"]), illegal, message)


def _faults(table: Mapping[str, Any]) -> Iterator[str]:
    version, rules, messages = table.get("version"), table.get("rule"), table.get("message", {})
    if not isinstance(version, str) or not version.strip():
        yield 'version is missing or no text, and no decision could name this policy; write version = "..."'
    yield from (
        f"unknown table or field {name}; use {', '.join(TABLES)}" for name in sorted(table.keys() - set(TABLES))
    )
    if not isinstance(messages, dict) or not all(isinstance(text, str) and text.strip() for text in messages.values()):
        yield '[message] must hold names with texts, such as blocked = "..."'
        messages = {}
    yield from _degraded_faults(table.get("degraded"))
    if not isinstance(rules, list) or not rules or not all(isinstance(rule, dict) for rule in rules):
        yield "there is no [[rule]], so nothing would ever be held back; write at least one"
        return
    seen: dict[tuple[str, str], int] = {}
    for number, rule in enumerate(rules, 1):
        yield from (f"rule {number}: {fault}" for fault in _rule_faults(rule, messages))
        key = (repr(rule.get("surface")), repr(rule.get("signal")))
        if (first := seen.setdefault(key, number)) != number:
            yield f"rule {number}: the same surface and signal as rule {first}; keep one"


def _degraded_faults(degraded: object) -> Iterator[str]:
    """Every surface must be chosen by name, so that letting things through is somebody's decision and no accident."""
    if not isinstance(degraded, dict):
        yield f"[degraded] is missing; give each of {', '.join(Surface)} a verdict for when there is no snapshot"
        return
    for name in sorted(degraded.keys() - set(Surface)):
        yield f"[degraded] names the unknown surface {name!r}; use {', '.join(Surface)}"
    for surface in Surface:
        if surface not in degraded:
            yield f"[degraded] leaves out {surface}; choose one of {', '.join(Verdict)}"
        elif degraded[surface] not in list(Verdict):
            yield f"[degraded] {surface} is {degraded[surface]!r}; use one of {', '.join(Verdict)}"


def _rule_faults(rule: Mapping[str, Any], messages: Mapping[str, str]) -> Iterator[str]:
    for field, known in (("surface", Surface), ("verdict", Verdict)):
        if rule.get(field) not in list(known):
            yield f"{field} is {_shown(rule, field)}; use one of {', '.join(known)}"
    signal = rule.get("signal")
    if signal not in FIXED_SIGNALS and not (isinstance(signal, str) and LEXICON_SIGNAL.fullmatch(signal)):
        yield f"signal is {_shown(rule, 'signal')}; use lexicon:CATEGORY or one of {', '.join(FIXED_SIGNALS)}"
        return
    if "message" in rule and (not isinstance(rule["message"], str) or rule["message"] not in messages):
        yield f"message is {rule['message']!r}; use a name in [message] ({', '.join(messages) or 'it has none'})"
    if not isinstance(rule.get("illegal", False), bool):
        yield f"illegal is {rule['illegal']!r}; use true or false"
    yield from _weakenings(rule, signal)


def _weakenings(rule: Mapping[str, Any], signal: object) -> Iterator[str]:
    illegal = rule.get("illegal") is True or signal in ILLEGAL_SIGNALS
    if signal in ILLEGAL_SIGNALS and rule.get("illegal") is False:
        yield f"{signal} is always illegal; remove illegal = false"
    if illegal and "bypass" in rule:
        yield "bypass is set on an illegal signal; remove it, nothing illegal is shown on request"
    # A misspelt `illegal` would quietly lift the checks around it, so an unknown field is a fault.
    for name in sorted(rule.keys() - set(FIELDS) - ({"bypass"} if illegal else set())):
        yield f"unknown field {name}; use {', '.join(FIELDS)}"
    if illegal and rule.get("verdict") in set(Verdict) - set(STRICT_ENOUGH):
        yield f"an illegal signal earns {rule['verdict']}; use one of {', '.join(STRICT_ENOUGH)}"


def _shown(rule: Mapping[str, Any], field: str) -> str:
    return repr(rule[field]) if field in rule else "missing"
