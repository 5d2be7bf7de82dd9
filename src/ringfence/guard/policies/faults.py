"""What is wrong with a policy's file? Every fault at once, each in one line with the valid choices."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from ringfence.guard.policies.example_faults import example_faults
from ringfence.guard.policies.parts import (
    ILLEGAL_SIGNALS,
    SIGNALS,
    STEP,
    STRENGTH_SIGNALS,
    VIEWERS,
    can_occur,
    is_signal,
)
from ringfence.guard.policies.rules import conflicts, rules_of
from ringfence.guard.policies.settings import settings_faults
from ringfence.model.words import Surface, Verdict

TABLES = ("version", "rule", "degraded", "snapshot", "automatic", "damping", "message", "example")
FIELDS = ("surface", "signal", "verdict", "illegal", "message", "viewer", "strength", "until")
LONGEST_VERSION = 64


def faults_of(table: Mapping[str, Any]) -> list[str]:
    """Everything wrong with a policy's tables, in the order of its parts; empty when it is in order."""
    return list(_faults(table))


def _faults(table: Mapping[str, Any]) -> Iterator[str]:
    version, rules = table.get("version"), table.get("rule")
    if not isinstance(version, str) or not version.strip():
        yield 'version is missing or no text, and no decision could name this policy; write version = "..."'
    elif not version.isprintable() or len(version) > LONGEST_VERSION:
        yield f"version is not fit to be stamped on decisions; use up to {LONGEST_VERSION} printable characters"
    yield from (
        f"unknown table or field {name}; use {', '.join(TABLES)}" for name in sorted(table.keys() - set(TABLES))
    )
    yield from settings_faults(table)
    yield from example_faults(table.get("example", []))
    if not isinstance(rules, list) or not rules or not all(isinstance(rule, dict) for rule in rules):
        yield "there is no [[rule]], so nothing would ever be held back; write at least one"
        return
    messages = table.get("message", {})
    yield from _numbered(rules, lambda rule: _field_faults(rule, messages))
    shapeless = {number: list(_shape_faults(rule)) for number, rule in enumerate(rules, 1)}
    yield from (f"rule {number}: {fault}" for number, faults in shapeless.items() for fault in faults)
    yield from conflicts(rules_of(rules, frozenset(number for number, faults in shapeless.items() if faults)))


def _numbered(
    rules: Sequence[Mapping[str, Any]], faults: Callable[[Mapping[str, Any]], Iterable[str]]
) -> Iterator[str]:
    return (f"rule {number}: {fault}" for number, rule in enumerate(rules, 1) for fault in faults(rule))


def _shape_faults(rule: Mapping[str, Any]) -> Iterator[str]:
    """What leaves it open which rule is meant, so that it cannot be held against the others."""
    for field, known in (("surface", Surface), ("verdict", Verdict)):
        if rule.get(field) not in list(known):
            yield f"{field} is {_shown(rule, field)}; use one of {', '.join(known)}"
    if not is_signal(rule.get("signal")):
        yield f"signal is {_shown(rule, 'signal')}; use lexicon:CATEGORY or one of {', '.join(SIGNALS)}"
    if rule.get("viewer", VIEWERS[0]) not in VIEWERS:
        yield f"viewer is {rule['viewer']!r}; use one of {', '.join(VIEWERS)}, or leave it out for anybody"
    if not _is_step(rule.get("strength", 0)):
        yield f"strength is {rule['strength']!r}; use a multiple of {STEP} from 0 to 1"
    until = rule.get("until", date.min)
    if not isinstance(until, date) or isinstance(until, datetime):
        yield f"until is {str(until)!r}; use a date without quotes or time, such as until = 2027-01-31"


def _field_faults(rule: Mapping[str, Any], messages: object) -> Iterator[str]:
    """What is wrong with the fields of a rule one by one."""
    names = messages if isinstance(messages, dict) else {}
    if "message" in rule and (not isinstance(rule["message"], str) or rule["message"] not in names):
        yield f"message is {rule['message']!r}; use a name in [message] ({', '.join(names) or 'it has none'})"
    if not isinstance(rule.get("illegal", False), bool):
        yield f"illegal is {rule['illegal']!r}; use true or false"
    if is_signal(rule.get("signal")):
        yield from _reach_faults(rule, rule["signal"])
    yield from _weakenings(rule)


def _reach_faults(rule: Mapping[str, Any], signal: str) -> Iterator[str]:
    surface = rule.get("surface")
    if surface in list(Surface) and not can_occur(signal, Surface(surface)):
        there = ", ".join(one for one in Surface if can_occur(signal, one))
        yield f"it is never reached, since {signal} cannot occur on {surface}; use one of {there}"
    if "strength" in rule and signal not in STRENGTH_SIGNALS:
        yield f"{signal} has no strength; remove strength, or use one of {', '.join(sorted(STRENGTH_SIGNALS))}"


def _weakenings(rule: Mapping[str, Any]) -> Iterator[str]:
    signal = rule.get("signal")
    illegal = rule.get("illegal") is True or signal in list(ILLEGAL_SIGNALS)
    if signal in list(ILLEGAL_SIGNALS) and rule.get("illegal") is False:
        yield f"{signal} is always illegal; remove illegal = false"
    if illegal and "bypass" in rule:
        yield "bypass is set on an illegal signal; remove it, nothing illegal is shown on request"
    # A misspelt `illegal` would quietly lift the checks around it, so an unknown field is a fault.
    for name in sorted(rule.keys() - set(FIELDS) - ({"bypass"} if illegal else set())):
        yield f"unknown field {name}; use {', '.join(FIELDS)}"


def _is_step(strength: object) -> bool:
    if isinstance(strength, bool) or not isinstance(strength, int | float) or not 0 <= strength <= 1:
        return False
    return abs(strength / STEP - round(strength / STEP)) < STEP / 1000


def _shown(rule: Mapping[str, Any], field: str) -> str:
    return repr(rule[field]) if field in rule else "missing"
