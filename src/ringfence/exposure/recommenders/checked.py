"""Can a platform's answers be measured? What is wrong with them is taken out and counted, never dropped silently."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from threading import Lock

import numpy as np

from ringfence.exposure.recommenders.platform import Malformed, Names, Platform
from ringfence.exposure.recommenders.suggestions import NOBODY, Suggestions
from ringfence.exposure.recommenders.troubles import Tally, Trouble, Troubles
from ringfence.graph.csr import Ids
from ringfence.model.faults import Fault

_NOTHING = Suggestions(np.empty(0, np.uint32), 0)


@dataclass(frozen=True, slots=True)
class Checks:
    """How much is put up with, and how often an answer is asked for twice."""

    failures: int = 20  # in a row, then the audit stops: nothing that it measured would mean anything
    twice: float = 0.05  # share of the questions; which ones, hangs on the seed and the question alone
    seed: int = 0


@dataclass(frozen=True, slots=True)
class _Asked:
    viewer: str | None
    followed: Sequence[str]
    wanted: int

    def __str__(self) -> str:
        who = "a test account" if self.viewer is None else repr(self.viewer)
        return f"{who} following {len(self.followed):,}, {self.wanted:,} wanted"


@dataclass(slots=True)
class _Memory:
    """The last question and what was answered: asking for more must only lengthen it."""

    asked: _Asked = field(default_factory=lambda: _Asked(None, (), 0))
    answer: list[int] = field(default_factory=list)


class Checked:
    """A `Recommender` made of a platform's own: dense ids in and out, and a count of every trouble.

    Of an answer only the first `wanted` entries count; the viewer, whom the viewer follows, repeats and ids that no
    account has are taken out, and nothing takes their place. An answer that failed is an empty slate. Where a longer
    answer does not begin like the shorter one just given, the shorter one stays at its head. May be asked from several
    threads.
    """

    __slots__ = ("_checks", "_failures", "_lock", "_memory", "_names", "_platform", "_tally")

    def __init__(self, platform: Platform, names: Names, checks: Checks | None = None) -> None:
        self._platform, self._names, self._checks = platform, names, checks or Checks()
        self._tally, self._memory, self._failures, self._lock = Tally(), _Memory(), 0, Lock()

    @property
    def troubles(self) -> Troubles:
        """What was wrong so far."""
        with self._lock:
            return self._tally.snapshot()

    def __call__(self, followed: Ids, wanted: int, viewer: int = NOBODY) -> Suggestions:
        """See `Recommender`; `backfilled` is 0, since a platform does not say. A viewer with no name is asked as None.

        Raises Fault when as many answers in a row failed as `Checks.failures`.
        """
        if wanted == 0:
            return _NOTHING
        asked = _Asked(self._names.name(viewer), self._names.all(followed), wanted)
        answer = self._ask(asked)
        if answer is None:
            return _NOTHING
        if self._draws(asked):
            self._ask_again(asked, answer)
        with self._lock:
            shown = self._continued(asked, self._sifted(asked, answer))
        return Suggestions(np.array(shown, dtype=np.uint32), 0)

    def _ask(self, asked: _Asked) -> list[str] | None:
        """The names answered; None where that failed, which is counted."""
        try:
            answer = _listed(self._platform(asked.viewer, asked.followed, asked.wanted))
        except Exception as error:  # noqa: BLE001 - whatever the platform's code raises is the platform's trouble
            self._failed(asked, error)
            return None
        with self._lock:
            self._tally.asked += 1
            self._failures = 0
        return answer

    def _failed(self, asked: _Asked, error: Exception) -> None:
        kind = Trouble.ERROR
        if isinstance(error, TimeoutError):
            kind = Trouble.TIMEOUT
        elif isinstance(error, Malformed):
            kind = Trouble.MALFORMED
        with self._lock:
            self._tally.asked += 1
            self._failures += 1
            told = f"{asked}: {type(error).__name__}: {error}"
            self._tally.count(kind, 1, told)
            gives_up = self._failures >= self._checks.failures
        if gives_up:
            raise Fault(
                f"{self._checks.failures:,} answers in a row failed, the last for {told}",
                where="the platform's recommender",
                mend="see to the platform, or allow for more failures in a row",
            ) from error

    def _draws(self, asked: _Asked) -> bool:
        told = repr((self._checks.seed, asked.viewer, list(asked.followed), asked.wanted))
        drawn = int.from_bytes(blake2b(told.encode("utf-8", "surrogatepass"), digest_size=8).digest())
        return drawn < self._checks.twice * 2**64

    def _ask_again(self, asked: _Asked, answer: list[str]) -> None:
        again = self._ask(asked)
        with self._lock:
            self._tally.asked_twice += 1
            if again is not None and again != answer:
                self._tally.count(Trouble.CHANGED, 1, f"{asked}: first {_first(answer)}, then {_first(again)}")

    def _sifted(self, asked: _Asked, answer: list[str]) -> list[int]:
        """The ids that may be shown, best first; all others are counted."""
        if len(answer) > asked.wanted:
            self._tally.count(Trouble.TOO_MANY, 1, f"{asked}: {len(answer):,} answered")
        given = answer[: asked.wanted]
        followed, seen, kept = set(asked.followed), set[str](), []
        for name, account in zip(given, self._names.find(given).tolist(), strict=True):
            trouble = None
            if account == NOBODY:
                trouble = Trouble.UNKNOWN
            elif name == asked.viewer:
                trouble = Trouble.VIEWER
            elif name in followed:
                trouble = Trouble.FOLLOWED
            elif name in seen:
                trouble = Trouble.DUPLICATE
            if trouble:
                self._tally.count(trouble, 1, f"{asked}: {name!r}")
            else:
                kept.append(account)
            seen.add(name)
        if len(kept) < asked.wanted:
            kind = Trouble.SHORT if kept else Trouble.EMPTY
            self._tally.count(kind, 1, f"{asked}: {len(kept):,} to show of {len(answer):,} answered")
        return kept

    def _continued(self, asked: _Asked, shown: list[int]) -> list[int]:
        """The answer, begun as the shorter one before it was."""
        last, before = self._memory.asked, self._memory.answer
        if (last.viewer, last.followed) == (asked.viewer, asked.followed) and last.wanted < asked.wanted:
            head = shown[: len(before)]
            if head != before:
                self._tally.count(Trouble.CHANGED, 1, f"{asked}: it begins otherwise than for {last.wanted:,} wanted")
                known = set(before)
                shown = (before + [one for one in shown if one not in known])[: asked.wanted]
        self._memory = _Memory(asked, shown)
        return shown


def _listed(answer: object) -> list[str]:
    if not isinstance(answer, list | tuple):
        raise Malformed(f"{type(answer).__name__} in place of a list of ids")
    if strange := [type(one).__name__ for one in answer if not isinstance(one, str)]:
        raise Malformed(f"an entry of type {strange[0]} in place of an id")
    return list(answer)


def _first(answer: list[str]) -> str:
    return f"{len(answer):,} accounts from {answer[0]!r}" if answer else "nobody"
