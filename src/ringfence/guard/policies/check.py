"""What should a person know of a policy that is in order?"""

from dataclasses import dataclass
from datetime import date

from ringfence.guard.policies.policy import ACCOUNT_SIGNALS, PAIR_RULES, TAG_SIGNAL, Policy, Rule
from ringfence.model.words import Surface, Verdict

# What a snapshot may hold on any platform; the lexicon's categories come on top.
NEEDED = (
    *((surface, signal) for surface in (Surface.SUGGESTION, Surface.RECOMMENDATION) for signal in ACCOUNT_SIGNALS),
    (Surface.HASHTAG, TAG_SIGNAL),
)


@dataclass(frozen=True, slots=True)
class Noted:
    """A rule by its number in the file, from 1, in one line."""

    number: int
    rule: str


@dataclass(frozen=True, slots=True)
class Check:
    """The rules that hold only sometimes, those that hold no more, and what else deserves a second look.

    `unnamed` are signals of accounts and tags that no rule names, as "surface: signal": with one of them in it, no
    snapshot is published under this policy. `open_when_degraded` are the surfaces that show something then.
    """

    version: str
    rules: int
    examples: int
    conditional: tuple[Noted, ...]
    expired: tuple[Noted, ...]
    unnamed: tuple[str, ...]
    open_when_degraded: tuple[str, ...]


def check(policy: Policy, today: date) -> Check:
    """A policy that has been parsed, looked at on a day in UTC."""
    numbered = list(enumerate(policy.rules[: len(policy.rules) - len(PAIR_RULES)], 1))
    expired = [(number, rule) for number, rule in numbered if rule.until is not None and rule.until < today]
    conditional = [
        (number, rule)
        for number, rule in numbered
        if (rule.viewer or rule.strength or rule.until) and (number, rule) not in expired
    ]
    return Check(
        policy.version,
        len(numbered),
        len(policy.examples),
        tuple(Noted(number, in_words(rule)) for number, rule in conditional),
        tuple(Noted(number, in_words(rule)) for number, rule in expired),
        tuple(f"{surface}: {signal}" for surface, signal in NEEDED if not policy.names(surface, signal)),
        tuple(_open(policy)),
    )


def in_words(rule: Rule) -> str:
    """A rule in one line."""
    conditions = (
        f"for a {rule.viewer} viewer" if rule.viewer else "",
        f"from strength {rule.strength:g}" if rule.strength else "",
        f"until {rule.until:%Y-%m-%d}" if rule.until else "",
    )
    return " ".join((f"{rule.surface}: {rule.signal} earns {rule.verdict}", *filter(None, conditions)))


def _open(policy: Policy) -> list[str]:
    """The surfaces that show something in some degraded mode: somebody's choice, and worth a second look."""
    mild = (Verdict.ALLOW, Verdict.REVIEW, Verdict.DEMOTE)
    found = {surface for (_, surface), verdict in policy.degraded.items() if verdict in mild}
    return [surface for surface in Surface if surface in found]
