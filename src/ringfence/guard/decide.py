"""May this query, completion, hashtag or account be shown, and why?"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ringfence.guard.policy import STRICTNESS, Cause, Policy, Rule, strictness
from ringfence.guard.snapshot import Snapshot, load_current, read
from ringfence.model.faults import Fault
from ringfence.model.words import Surface, Verdict
from ringfence.terms.match import Hit
from ringfence.terms.plain import plain
from ringfence.terms.term import bare

# In code points. Nobody types more; a longer text gets the answer of the policy's degraded mode.
LONGEST = 10_000
NO_REASON = "none"
Strengths = Mapping[str, float]
NO_SIGNALS: Strengths = {}
TOO_LONG = Cause.TOO_LONG
# Before the signal, where the spelling may as well be another word's: such a hit only queues (docs/lexicon.md, tiers).
WEAK_SIGNAL = "weak:"

Versions = tuple[str, str, str]  # of policy, snapshot and lexicon


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on one subject. `reason` is the signal that earned it, "none", or "degraded:" and the cause."""

    surface: Surface
    subject: str
    verdict: Verdict
    reason: str
    message: str
    policy_version: str
    snapshot_version: str
    lexicon_version: str


@dataclass(frozen=True, slots=True)
class Slate:
    """The verdicts on candidates. `kept` is what to show: demoted ones last, the order otherwise as it was.

    `judged` has the decision on each candidate that met a rule; every other one is allowed.
    """

    surface: Surface
    candidates: tuple[str, ...]
    kept: tuple[str, ...]
    judged: Mapping[str, Decision]
    policy_version: str
    snapshot_version: str
    lexicon_version: str

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """One decision for each candidate, in their order."""
        versions = (self.policy_version, self.snapshot_version, self.lexicon_version)
        allowed = Decision(self.surface, "", Verdict.ALLOW, NO_REASON, "", *versions)
        return tuple(self.judged.get(name) or replace(allowed, subject=name) for name in self.candidates)


class DegradedGuard:
    """Answers without a snapshot: on each surface what the policy's `[degraded]` table says, and why it had to."""

    __slots__ = ("cause", "policy")

    def __init__(self, policy: Policy, cause: Cause = Cause.NO_SNAPSHOT) -> None:
        self.policy = policy
        self.cause = cause

    def search(self, query: str, viewer: str | None = None) -> Decision:  # noqa: ARG002 - the guard's interface
        return _degraded(Surface.SEARCH, query, self.policy, self.cause, self._versions)

    def autocomplete(self, prefix: str, candidates: Sequence[str]) -> Slate:  # noqa: ARG002 - the guard's interface
        return self._slate(Surface.AUTOCOMPLETE, candidates)

    def hashtag(self, tag: str) -> Decision:
        return _degraded(Surface.HASHTAG, tag, self.policy, self.cause, self._versions)

    def suggest(self, viewer: str | None, candidates: Sequence[str]) -> Slate:  # noqa: ARG002 - the guard's interface
        return self._slate(Surface.SUGGESTION, candidates)

    def recommend(self, viewer: str | None, surface: str, candidates: Sequence[str]) -> Slate:  # noqa: ARG002 - the guard's interface
        return self._slate(_surface(surface), candidates)

    @property
    def _versions(self) -> Versions:
        return (self.policy.version, "", "")

    def _slate(self, surface: Surface, candidates: Sequence[str]) -> Slate:
        return _degraded_slate(surface, candidates, self.policy, self.cause, self._versions)


class Guard:
    """Decides from one snapshot. Build it once a snapshot; asking it touches no disk, clock or lock."""

    __slots__ = ("_flagged", "_matcher", "_tags", "_versions", "policy", "snapshot")

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.policy = snapshot.policy
        self._matcher = snapshot.lexicon.matcher
        for term in snapshot.lexicon.terms[:1]:
            self._matcher.find(term.word, "query")  # compiled, or read from the cache, before anybody waits for it
        self._versions = (snapshot.policy.version, snapshot.version, snapshot.lexicon.version)
        self._flagged = {surface: _flagged(surface, snapshot) for surface in Surface}
        self._tags = {_bare(tag): share for tag, share in snapshot.tags.items()}

    @staticmethod
    def load(path: Path | str) -> "Guard":
        """A guard from a snapshot's file, or from the active one of a folder; a Fault when it is not whole."""
        return Guard(load_current(path) if Path(path).is_dir() else read(path))

    def search(self, query: str, viewer: str | None = None) -> Decision:  # noqa: ARG002 - for rules about viewers
        """The verdict on a typed query."""
        if len(query) > LONGEST:
            return _degraded(Surface.SEARCH, query, self.policy, TOO_LONG, self._versions)
        return self._decision(Surface.SEARCH, query, self._text_rule(Surface.SEARCH, self._hits([query])))

    def autocomplete(self, prefix: str, candidates: Sequence[str]) -> Slate:
        """The verdict on each completion of what was typed so far.

        A completion is judged by its own text and by what would then stand in the box; a prefix that holds a term
        is the end of all its completions.
        """
        surface = Surface.AUTOCOMPLETE
        if max(map(len, (prefix, *candidates))) > LONGEST:
            return _degraded_slate(surface, candidates, self.policy, TOO_LONG, self._versions)
        judged = {}
        typed = self._hits([prefix])
        for candidate in dict.fromkeys(candidates):
            if rule := self._text_rule(surface, [*typed, *self._hits(_completed(prefix, candidate))]):
                judged[candidate] = self._decision(surface, candidate, rule)
        return _slate(surface, candidates, judged, self._versions)

    def hashtag(self, tag: str) -> Decision:
        """The verdict on a hashtag's page, written with or without its sigil."""
        if len(tag) > LONGEST:
            return _degraded(Surface.HASHTAG, tag, self.policy, TOO_LONG, self._versions)
        share = self._tags.get(_bare(tag))
        leads_there = {} if share is None else {"tag:network": share}
        return self._decision(Surface.HASHTAG, tag, self._text_rule(Surface.HASHTAG, self._hits([tag]), leads_there))

    def suggest(self, viewer: str | None, candidates: Sequence[str]) -> Slate:  # noqa: ARG002 - for rules about viewers
        """The verdict on each account that would be suggested to follow."""
        return self._accounts(Surface.SUGGESTION, candidates)

    def recommend(self, viewer: str | None, surface: str, candidates: Sequence[str]) -> Slate:  # noqa: ARG002 - as above
        """The verdict on each account of a slate on any surface, by that surface's rules."""
        return self._accounts(_surface(surface), candidates)

    def _accounts(self, surface: Surface, candidates: Sequence[str]) -> Slate:
        flagged = self._flagged[surface]
        met = flagged.keys() & candidates  # in C, and empty for most slates
        judged = (
            {name: self._decision(surface, name, flagged[name]) for name in candidates if name in met} if met else {}
        )
        return _slate(surface, candidates, judged, self._versions)

    def _hits(self, texts: Iterable[str]) -> list[Hit]:
        return [hit for text in texts for hit in self._matcher.find(text, "query")]

    def _text_rule(
        self, surface: Surface, hits: Collection[Hit], more: Mapping[str, float] = NO_SIGNALS
    ) -> Rule | None:
        acting = {f"lexicon:{hit.category}": 1.0 for hit in hits if hit.acts}
        rule = self.policy.rule(surface, acting | dict(more))
        queued = self.policy.rule(surface, {f"lexicon:{hit.category}": 1.0 for hit in hits})
        if queued is None or (rule is not None and strictness(rule) >= strictness(_queued(queued))):
            return rule
        return _queued(queued)

    def _decision(self, surface: Surface, subject: str, rule: Rule | None) -> Decision:
        if rule is None:
            return Decision(surface, subject, Verdict.ALLOW, NO_REASON, "", *self._versions)
        return Decision(surface, subject, rule.verdict, rule.signal, self.policy.message(rule.message), *self._versions)


def _queued(rule: Rule) -> Rule:
    """What a weak hit earns where a sure one would meet a rule: shown, and queued for a person; or what is milder."""
    if strictness(rule) <= (STRICTNESS.index(Verdict.REVIEW), rule.illegal):
        return rule
    return Rule(rule.surface, f"{WEAK_SIGNAL}{rule.signal}", Verdict.REVIEW)


def _flagged(surface: Surface, snapshot: Snapshot) -> dict[str, Rule]:
    """The rule that each listed account meets on a surface: the strictest of its signals."""
    rules = (snapshot.policy.rule(surface, {signal: 1.0}) for signal in sorted(snapshot.accounts, reverse=True))
    flagged: dict[str, Rule] = {}
    for rule in sorted(filter(None, rules), key=strictness):  # a stricter rule comes later and takes its place
        flagged.update(dict.fromkeys(snapshot.accounts[rule.signal], rule))
    return flagged


def _slate(surface: Surface, candidates: Sequence[str], judged: Mapping[str, Decision], versions: Versions) -> Slate:
    names = tuple(candidates)
    if not judged:
        return Slate(surface, names, names, judged, *versions)
    hidden = {name for name, decision in judged.items() if decision.verdict in (Verdict.DROP, Verdict.BLOCK)}
    last = {name for name, decision in judged.items() if decision.verdict is Verdict.DEMOTE}
    first = [name for name in names if name not in hidden and name not in last]
    return Slate(surface, names, (*first, *(name for name in names if name in last)), judged, *versions)


def _degraded(surface: Surface, subject: str, policy: Policy, cause: Cause, versions: Versions) -> Decision:
    # There is nothing to go on answering from here, so "answer" cannot be meant.
    verdict = policy.degraded_verdict(cause, surface) or Verdict.BLOCK
    return Decision(surface, subject, verdict, f"degraded:{cause}", "", *versions)


def _degraded_slate(
    surface: Surface, candidates: Sequence[str], policy: Policy, cause: Cause, versions: Versions
) -> Slate:
    judged = {name: _degraded(surface, name, policy, cause, versions) for name in candidates}
    return _slate(surface, candidates, judged, versions)


def _completed(prefix: str, candidate: str) -> tuple[str, ...]:
    """What may stand in the box once a candidate is chosen: it alone, joined on, or in place of the last word."""
    if plain(candidate).startswith(plain(prefix)):
        return (candidate,)
    earlier_words = prefix[: prefix.rfind(" ") + 1]
    return (candidate, prefix + candidate, earlier_words + candidate)


def _bare(tag: str) -> str:
    return plain(bare(tag))


def _surface(name: str) -> Surface:
    if name not in list(Surface):
        raise Fault("it is no surface", where=f"surface {name!r}", mend=f"use one of {', '.join(Surface)}")
    return Surface(name)
