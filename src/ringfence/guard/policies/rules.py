"""Which rules does a policy's file hold, and which of them contradict or hide each other?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ringfence.guard.policies.parts import (
    ILLEGAL_SIGNALS,
    PAIR_RULES,
    STEP,
    STRICT_ENOUGH,
    Rule,
    strictness,
)
from ringfence.model.words import Surface, Verdict


def rules_of(tables: Sequence[Mapping[str, Any]], skipped: frozenset[int] = frozenset()) -> dict[int, Rule]:
    """The rules by their number in the file, from 1, but for those skipped, which have faults of their own.

    A signal that one rule calls illegal is illegal in all of them: a file cannot hold back on one surface as illegal
    what it lets through on another.
    """
    illegal = ILLEGAL_SIGNALS | {
        table["signal"] for table in tables if table.get("illegal") is True and isinstance(table.get("signal"), str)
    }
    return {number: _rule(table, illegal) for number, table in enumerate(tables, 1) if number not in skipped}


def conflicts(rules: Mapping[int, Rule]) -> Iterator[str]:
    """What is wrong among rules that are well formed one by one."""
    for number, rule in rules.items():
        if rule.illegal:
            yield from (f"rule {number}: {fault}" for fault in _softened(rule, rules))
        elif rule.verdict is Verdict.ALLOW and _condition(rule):
            yield (
                f"rule {number}: allow with {_condition(rule)} changes nothing, since no verdict is milder and the "
                "strictest counts; remove the rule"
            )
        yield from (f"rule {number}: {fault}" for fault in _hidden(number, rule, rules))


def _rule(table: Mapping[str, Any], illegal: frozenset[str]) -> Rule:
    return Rule(
        Surface(table["surface"]),
        table["signal"],
        Verdict(table["verdict"]),
        table["signal"] in illegal,
        table.get("message", ""),
        table.get("viewer", ""),
        round(round(table.get("strength", 0) / STEP) * STEP, 2),
        table.get("until"),
    )


def _softened(rule: Rule, rules: Mapping[int, Rule]) -> Iterator[str]:
    """An illegal signal must be held back from everybody, at any strength, always."""
    if rule.verdict not in STRICT_ENOUGH:
        yield f"an illegal signal earns {rule.verdict}; use one of {', '.join(STRICT_ENOUGH)}"
    beside = (other for other in rules.values() if (other.surface, other.signal) == (rule.surface, rule.signal))
    if (condition := _condition(rule)) and not any(
        other.verdict in STRICT_ENOUGH and not _condition(other) for other in beside
    ):
        yield (
            f"an illegal signal is held back with {condition} only; remove that, or add a rule that drops or blocks "
            f"{rule.signal} on {rule.surface} without it"
        )


def _hidden(number: int, rule: Rule, rules: Mapping[int, Rule]) -> Iterator[str]:
    for other_number, other in rules.items():
        if other_number < number and _key(other) == _key(rule):
            yield (
                f"the same surface and signal as rule {other_number}, with the same viewer, strength and until; "
                "keep one"
            )
            return
    for other_number, other in rules.items():
        if other_number != number and _key(other) != _key(rule) and _covers(other, rule):
            yield f"it is never reached, since rule {other_number} is as strict and holds wherever it does; remove it"
            return
    if any(_covers(pair, rule) for pair in PAIR_RULES):
        yield (
            f"it is never reached, since every policy drops {rule.signal} for a {rule.viewer} viewer on "
            f"{rule.surface}; remove it"
        )


def _covers(other: Rule, rule: Rule) -> bool:
    """Whether `other` is met whenever `rule` is, and is at least as strict."""
    return (
        (other.surface, other.signal) == (rule.surface, rule.signal)
        and strictness(other) >= strictness(rule)
        and other.viewer in {"", rule.viewer}
        and other.strength <= rule.strength
        and (other.until is None or (rule.until is not None and other.until >= rule.until))
    )


def _key(rule: Rule) -> tuple[object, ...]:
    return rule.surface, rule.signal, rule.viewer, rule.strength, rule.until


def _condition(rule: Rule) -> str:
    """The fields that make a rule hold only sometimes, as they are written."""
    conditions = {"viewer": rule.viewer, "strength": rule.strength, "until": rule.until}
    return " and ".join(name for name, value in conditions.items() if value)
