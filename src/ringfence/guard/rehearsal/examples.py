"""Does a policy decide as its own examples say?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from ringfence.guard.answers import Decision, Slate
from ringfence.guard.policies.policy import MINOR, RISK, Example, Policy
from ringfence.model.words import Verdict

# Account ids that no platform has. A guard that runs examples knows them as these classes of viewers.
STAND_INS = {MINOR: "\0minor", RISK: "\0risk"}


class Judge(Protocol):
    """What examples that give a text are put to: a guard."""

    def search(self, query: str, viewer: str | None = None) -> Decision: ...

    def hashtag(self, tag: str, viewer: str | None = None) -> Decision: ...

    def autocomplete(self, prefix: str, candidates: Sequence[str], viewer: str | None = None) -> Slate: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """An example by its number in the file, from 1, and the verdict it got."""

    number: int
    example: Example
    got: Verdict
    reason: str

    @property
    def passed(self) -> bool:
        return self.got is self.example.verdict


def outcomes(policy: Policy, judge: Judge, today: date) -> Iterator[Outcome]:
    """Run every example. One that gives signals asks the policy; one that gives a text asks `judge`."""
    for number, example in enumerate(policy.examples, 1):
        if example.signals is not None:
            classes = (example.viewer,) if example.viewer else ()
            rule = policy.rule(example.surface, example.signals, classes, today)
            yield Outcome(number, example, rule.verdict if rule else Verdict.ALLOW, rule.reason if rule else "none")
        else:
            decision = _asked(example, judge)
            yield Outcome(number, example, decision.verdict, decision.reason)


def _asked(example: Example, judge: Judge) -> Decision:
    viewer = STAND_INS.get(example.viewer)
    if example.query is not None:
        return judge.search(example.query, viewer)
    if example.tag is not None:
        return judge.hashtag(example.tag, viewer)
    slate = judge.autocomplete(example.prefix or "", [example.candidate or ""], viewer)
    return next(iter(slate.decisions))


def told(example: Example) -> str:
    """An example in one line, as a person would say it."""
    given = {
        "query": example.query,
        "tag": example.tag,
        "prefix": example.prefix,
        "candidate": example.candidate,
    }
    words = [f'{name} "{text}"' for name, text in given.items() if text is not None]
    if example.signals is not None:
        words = [f"{signal} {strength:g}" for signal, strength in example.signals.items()]
    return f"{example.surface}: {', '.join(words)}{f', for a {example.viewer} viewer' if example.viewer else ''}"
