"""Which signals does a typed text carry, and what do they earn?"""

from collections.abc import Mapping
from dataclasses import dataclass

from ringfence.guard.answers import ALLOWED, Outcome, Viewer
from ringfence.guard.judge import Classes, Judge
from ringfence.guard.policies.policy import STRICTNESS, Rule, strictness
from ringfence.guard.snapshots.snapshot import TAG_SIGNAL
from ringfence.model.words import Surface, Verdict
from ringfence.terms.match import Matcher
from ringfence.terms.plain import plain

# In code points. Nobody types more; a longer text gets the answer of the policy's degraded mode.
LONGEST = 10_000
# Before the signal, where the spelling may as well be another word's: such a hit only queues (docs/hits.md, tiers).
WEAK_SIGNAL = "weak:"


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of a text: signals that a policy may act on, and those of weak hits, which only queue."""

    sure: Mapping[str, float]
    weak: Mapping[str, float]


NO_SIGNALS = Signals({}, {})


def signals_of(matcher: Matcher, *texts: str, tags: float = 0.0) -> Signals:
    """The signals of texts that are judged as one. `tags` is the share of a tag's use that is by members."""
    hits = [hit for text in texts for hit in matcher.categories(text, "query")]
    if not hits and not tags:
        return NO_SIGNALS
    sure = {f"lexicon:{category}": 1.0 for category, acts in hits if acts}
    if tags:
        sure[TAG_SIGNAL] = tags
    return Signals(sure, {f"lexicon:{category}": 1.0 for category, acts in hits if not acts})


def outcome_of(judge: Judge, surface: Surface, signals: Signals, viewer: Viewer, classes: Classes) -> Outcome:
    """What the signals of a text earn. A weak one earns `review` at the most."""
    if signals is NO_SIGNALS:
        return ALLOWED
    rule = judge.text_rule(surface, signals.sure, classes)
    if signals.weak and (weak := judge.text_rule(surface, signals.weak, classes)):
        queued = _queued(weak)
        if rule is None or strictness(rule) < (STRICTNESS.index(queued.verdict), False):
            return queued
    return ALLOWED if rule is None else judge.outcome(rule, viewer)


def completed(prefix: str, candidate: str) -> tuple[str, ...]:
    """What may stand in the box once a candidate is chosen: it alone, joined on, or in place of the last word."""
    if plain(candidate).startswith(plain(prefix)):
        return (candidate,)
    earlier_words = prefix[: prefix.rfind(" ") + 1]
    return (candidate, prefix + candidate, earlier_words + candidate)


def _queued(rule: Rule) -> Outcome:
    """What a weak hit earns where a sure one would meet a rule: shown, and queued for a person; or what is milder."""
    if STRICTNESS.index(rule.verdict) <= STRICTNESS.index(Verdict.REVIEW):
        return Outcome(rule.verdict, rule.signal)
    return Outcome(Verdict.REVIEW, f"{WEAK_SIGNAL}{rule.signal}")
