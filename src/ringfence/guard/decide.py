"""May this query, completion, hashtag or account be shown, and why?"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ringfence.guard.answers import (
    Decision,
    Outcome,
    Slate,
    Versions,
    Viewer,
    decision,
    degraded_answer,
    degraded_slate,
    slate,
    viewer_of,
)
from ringfence.guard.judge import Judge, next_change
from ringfence.guard.policies.policy import STRICTNESS, Cause, Policy
from ringfence.guard.policies.trial import Mode
from ringfence.guard.snapshots import shelf, snapshot
from ringfence.guard.snapshots.accounts import Candidate, Profiles
from ringfence.guard.snapshots.overlay import Known, known_of
from ringfence.guard.snapshots.signing import Trusted, trusted_in
from ringfence.guard.snapshots.snapshot import Snapshot, folded
from ringfence.guard.texts import LONGEST, Signals, completed, outcome_of, signals_of
from ringfence.model.faults import Fault
from ringfence.model.words import Surface, Verdict

# Texts judged between two looks at the clock, where there is a deadline.
_AT_A_TIME = 32
_HOUR = 3600.0

Asked = Viewer | Candidate | None
Look = Callable[[str], Signals]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the candidates of a slate earn: outcomes by place where a rule was met, and each one's verdict as a byte."""

    met: Mapping[int, Outcome]
    codes: NDArray[np.uint8]
    degraded: str
    versions: Versions


class Ready(NamedTuple):
    """The rule that each profile meets, each rule's verdict as a byte, and the judge who words it."""

    judge: Judge
    rules: NDArray[np.uint16]
    verdicts: NDArray[np.uint8]
    degraded: str
    versions: Versions


class Guard:
    """Decides from one snapshot. Asking it touches no disk and no lock; the clock it reads, for what ends."""

    __slots__ = (
        "_changes", "_clock", "_judge", "_known", "_matcher", "_said", "_stale_at", "_trial", "differences", "snapshot",
    )  # fmt: skip

    def __init__(self, base: Snapshot, known: Known | None = None, clock: Callable[[], float] = time.time) -> None:
        self.snapshot = base
        self._clock = clock
        self._known = known or known_of(base)
        self._stale_at = base.created_at.timestamp() + base.policy.max_age_hours * _HOUR
        # (surface, present verdict, trial's verdict): how often a shadow trial would have said otherwise.
        self.differences: Counter[tuple[Surface, Verdict, Verdict]] = Counter()
        self.renew(clock())

    @staticmethod
    def load(path: Path | str, trusted: Iterable[str] | None = None) -> "Guard":
        """A guard from a snapshot's file, or from the active one of a folder; a Fault when it is not whole.

        `trusted` are public keys; without them those count that the environment's RINGFENCE_TRUSTED_KEYS has, or the
        folder's own trusted.keys.
        """
        path = Path(path)
        folder = path if path.is_dir() else path.parent
        keys = trusted_in(folder) if trusted is None else Trusted.of(trusted, "trusted")
        return Guard(shelf.active(path, keys) if path.is_dir() else snapshot.read(path, keys))

    @property
    def policy(self) -> Policy:
        return self.snapshot.policy

    @property
    def known(self) -> Known:
        return self._known

    @property
    def sequence(self) -> int:
        """Of the delta that is laid over the snapshot; 0 for none."""
        return self._known.sequence

    def under(self, policy: Policy) -> "Guard":
        """The same knowledge judged by another policy, to see what it would change."""
        return Guard(replace(self.snapshot, policy=policy, trial=None), self._known, self._clock)

    def renew(self, now: float) -> None:
        """Judge again what is known, as of now; needed when a flag ends or a day begins, and then done by itself."""
        today = datetime.fromtimestamp(now, UTC).date()
        trial = self.snapshot.trial
        self._judge = Judge(self.policy, self._known.profiles, self.snapshot.packs, now)
        self._said = _versions_of(self._judge, self.snapshot)
        self._trial = Judge(trial.policy, self._known.profiles, self.snapshot.packs, now) if trial else None
        self._matcher = self.snapshot.matcher(today)
        self._changes = next_change(self._known.profiles, now)

    def search(self, query: str, viewer: Asked = None) -> Decision:
        """The verdict on a typed query."""
        return self._text(Surface.SEARCH, query, viewer_of(viewer), lambda text: signals_of(self._matcher, text))

    def hashtag(self, tag: str, viewer: Asked = None) -> Decision:
        """The verdict on a hashtag's page, written with or without its sigil."""
        return self._text(Surface.HASHTAG, tag, viewer_of(viewer), self._tag)

    def autocomplete(
        self, prefix: str, candidates: Sequence[str], viewer: Asked = None, deadline: float | None = None
    ) -> Slate:
        """The verdict on each completion of what was typed so far.

        A completion is judged by its own text and by what would then stand in the box; a prefix that holds a term
        is the end of all its completions. What is not judged by `deadline`, a moment of time.perf_counter(), gets the
        policy's degraded verdict.
        """

        def look(candidate: str) -> Signals:
            return signals_of(self._matcher, prefix, *completed(prefix, candidate), tags=self._risk(candidate))

        return self._texts(Surface.AUTOCOMPLETE, candidates, viewer_of(viewer), look, deadline, prefix)

    def related(
        self, query: str, candidates: Sequence[str], viewer: Asked = None, deadline: float | None = None
    ) -> Slate:
        """The verdict on each search that would be offered beside a query; nothing leads on from one with a term."""

        def look(candidate: str) -> Signals:
            return signals_of(self._matcher, query, candidate, tags=self._risk(candidate))

        return self._texts(Surface.AUTOCOMPLETE, candidates, viewer_of(viewer), look, deadline, query)

    def tags(self, tags: Sequence[str], viewer: Asked = None, deadline: float | None = None) -> Slate:
        """The verdict on each hashtag of a list, trending or related."""
        return self._texts(Surface.HASHTAG, tags, viewer_of(viewer), self._tag, deadline)

    def suggest(self, viewer: Asked, candidates: Sequence[Candidate]) -> Slate:
        """The verdict on each account that would be suggested to follow, or shown as similar to another."""
        return self._accounts(Surface.SUGGESTION, viewer_of(viewer), candidates, candidates)

    def recommend(
        self,
        viewer: Asked,
        surface: str,
        candidates: Sequence[Candidate],
        accounts: Sequence[Candidate] | None = None,
    ) -> Slate:
        """The verdict on each item of a slate on any surface, by the account behind it.

        `accounts` has that account for each candidate, where candidates are posts.
        """
        if accounts is not None and len(accounts) != len(candidates):
            what = f"there are {len(accounts)} accounts for {len(candidates)} candidates"
            raise Fault(what, where="accounts", mend="give the account behind each candidate")
        behind = candidates if accounts is None else accounts
        return self._accounts(surface_of(surface), viewer_of(viewer), candidates, behind)

    def judged(self, surface: Surface, viewer: Asked, profiles: Profiles) -> Judged | None:
        """What candidates with these profiles earn; None where the policy does not answer from a stale snapshot."""
        who = viewer_of(viewer)
        judge = self._present(who)
        cause = self._cause()
        if cause and judge.policy.degraded_verdict(cause, surface):
            return None
        classes = judge.classes(who, self._profile(who))
        numbers = judge.table(surface, classes)[profiles]
        places = numbers.nonzero()[0]
        met = {}
        if len(places):
            several = numbers[places].tolist()
            outcomes = {number: judge.outcome(judge.rules[number], who) for number in set(several)}
            met = {place: outcomes[number] for place, number in zip(places.tolist(), several, strict=True)}
        codes = judge.codes()[numbers]
        if (trial := self._shadow()) is not None:
            self._compare(surface, codes, trial.codes()[trial.table(surface, classes)[profiles]])
        return Judged(met, codes, cause or "", self._versions(judge))

    def ready(self, surface: Surface, viewer: Viewer) -> Ready | None:
        """What a plain slate is judged by; None where it needs the ordinary way: a degraded mode, or a shadow trial."""
        judge = self._present(viewer)
        cause = self._cause()
        if self._shadow() is not None or (cause and judge.policy.degraded_verdict(cause, surface)):
            return None
        table = judge.table(surface, judge.classes(viewer, self._profile(viewer)))
        return Ready(judge, table, judge.codes(), cause or "", self._versions(judge))

    def verdicts(self, surface: Surface, viewer: Asked, ids: NDArray[np.uint32]) -> NDArray[np.uint8]:
        """The verdict on each account by number, as a byte: 0 allow, 1 review, 2 demote, 3 drop, 4 block."""
        who = viewer_of(viewer)
        judge = self._present(who)
        if (cause := self._cause()) and (verdict := judge.policy.degraded_verdict(cause, surface)):
            return np.full(len(ids), STRICTNESS.index(verdict), np.uint8)
        table = judge.table(surface, judge.classes(who, self._profile(who)))
        return judge.codes().take(table.take(self._known.profiles_of_numbers(ids)))

    def damping(self, accounts: Sequence[Candidate]) -> NDArray[np.float32]:
        """How much a recommender still learns from each account's ties: 1 all, 0 nothing."""
        self._present(viewer_of(None))
        return self._judge.weights()[self._known.profiles_of(accounts)]

    def _text(self, surface: Surface, text: str, viewer: Viewer, look: Look) -> Decision:
        judge = self._present(viewer)
        versions = self._versions(judge)
        cause = Cause.TOO_LONG if len(text) > LONGEST else self._cause()
        if cause and judge.policy.degraded_verdict(cause, surface):
            return degraded_answer(judge.policy, surface, text, cause, versions)
        return decision(surface, text, self._judged(judge, surface, look(text), viewer), versions, cause or "")

    def _texts(
        self,
        surface: Surface,
        candidates: Sequence[str],
        viewer: Viewer,
        look: Look,
        deadline: float | None,
        before: str = "",
    ) -> Slate:
        judge = self._present(viewer)
        versions = self._versions(judge)
        longest = max(len(before), max(map(len, candidates), default=0))
        cause = Cause.TOO_LONG if longest > LONGEST else self._cause()
        if cause and judge.policy.degraded_verdict(cause, surface):
            return degraded_slate(judge.policy, surface, candidates, cause, versions)
        met: dict[int, Outcome] = {}
        for place, text in enumerate(candidates):
            if deadline is not None and not place % _AT_A_TIME and time.perf_counter() > deadline:
                return _cut_short(judge.policy, surface, candidates, met, place, versions)
            outcome = self._judged(judge, surface, look(text), viewer)
            if outcome.verdict is not Verdict.ALLOW:
                met[place] = outcome
        return slate(surface, candidates, met, versions, cause or "")

    def _judged(self, judge: Judge, surface: Surface, signals: Signals, viewer: Viewer) -> Outcome:
        classes = judge.classes(viewer, self._profile(viewer))
        outcome = outcome_of(judge, surface, signals, viewer, classes)
        if (trial := self._shadow()) is not None:
            other = outcome_of(trial, surface, signals, viewer, classes)
            self._differ(surface, outcome.verdict, other.verdict)
        return outcome

    def _accounts(
        self, surface: Surface, viewer: Viewer, candidates: Sequence[Candidate], accounts: Sequence[Candidate]
    ) -> Slate:
        judged = self.judged(surface, viewer, self._known.profiles_of(accounts))
        if judged is None:
            judge = self._present(viewer)
            versions = self._versions(judge)
            return degraded_slate(judge.policy, surface, candidates, Cause.STALE_SNAPSHOT, versions)
        return slate(surface, candidates, judged.met, judged.versions, judged.degraded)

    def _present(self, viewer: Viewer) -> Judge:
        """The judge whose policy holds for a viewer, as of now."""
        now = self._clock()
        if now >= self._changes:
            self.renew(now)
        trial = self.snapshot.trial
        if trial is None or self._trial is None or trial.mode is Mode.SHADOW or not viewer.account_id:
            return self._judge
        return self._trial if trial.takes(str(viewer.account_id)) else self._judge

    def _shadow(self) -> Judge | None:
        trial = self.snapshot.trial
        return self._trial if trial is not None and trial.mode is Mode.SHADOW else None

    def _cause(self) -> Cause | None:
        return Cause.STALE_SNAPSHOT if self._clock() >= self._stale_at else None

    def _profile(self, viewer: Viewer) -> int:
        return self._known.profile_of(viewer.account_id) if viewer.account_id != "" else 0

    def _tag(self, tag: str) -> Signals:
        return signals_of(self._matcher, tag, tags=self._risk(tag))

    def _risk(self, tag: str) -> float:
        return self._known.tags.get(folded(tag), 0.0)

    def _versions(self, judge: Judge) -> Versions:
        return self._said if judge is self._judge else _versions_of(judge, self.snapshot)

    def _differ(self, surface: Surface, present: Verdict, other: Verdict) -> None:
        if present is not other:
            self.differences[surface, present, other] += 1

    def _compare(self, surface: Surface, present: NDArray[np.uint8], other: NDArray[np.uint8]) -> None:
        for place in np.flatnonzero(present != other).tolist():
            self.differences[surface, STRICTNESS[present[place]], STRICTNESS[other[place]]] += 1


def _versions_of(judge: Judge, base: Snapshot) -> Versions:
    return Versions(judge.policy.version, base.version, base.lexicon_version)


def surface_of(name: str) -> Surface:
    """The surface of that name, or a Fault with the names there are."""
    if name not in list(Surface):
        raise Fault("it is no surface", where="surface", mend=f"use one of {', '.join(Surface)}")
    return Surface(name)


def _cut_short(
    policy: Policy, surface: Surface, candidates: Sequence[str], met: dict[int, Outcome], place: int, versions: Versions
) -> Slate:
    """A slate that was judged up to a place when its time was over."""
    rest = degraded_slate(policy, surface, candidates[place:], Cause.DEADLINE, versions)
    late = {place + at: rest.judged[one] for at, one in enumerate(candidates[place:])}
    return slate(surface, candidates, {**met, **late}, versions, Cause.DEADLINE)
