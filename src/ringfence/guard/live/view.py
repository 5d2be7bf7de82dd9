"""Which signals and tags do a live state and a snapshot come to together?

The state says who used which tag; who is at risk, the snapshot says too. So a tag's share follows from both, and when
another snapshot becomes active, uses that were counted before are judged by the new one.
"""

import heapq
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from ringfence.guard.live.accounts import HITS, KNOWN, MINOR, STEPS, Flag
from ringfence.guard.live.state import Changes, LiveState
from ringfence.guard.live.tags import User, known_users

LEAST_USERS = 5  # a tag used by fewer says nothing about who uses it
RISKS = frozenset({HITS, KNOWN})
LASTING = (KNOWN, MINOR)  # these have no end: a snapshot that has one of an account needs no telling


class Base(Protocol):
    """The snapshot that is served, as far as it matters here."""

    version: str

    def at_risk(self, accounts: Sequence[str]) -> Collection[str]:
        """Those of the accounts whose use of a tag says that it leads into a network."""
        ...

    def having(self, signal: str, accounts: Sequence[str]) -> Collection[str]:
        """Those of the accounts that it gives this signal."""
        ...

    def steps(self, tag: str) -> int:
        """The share of a tag's users that it has, floored to twentieths."""
        ...


class NoBase:
    """Before the first publish: nothing is known of anybody."""

    version = ""

    def at_risk(self, accounts: Sequence[str]) -> Collection[str]:  # noqa: ARG002 - as the others
        return ()

    def having(self, signal: str, accounts: Sequence[str]) -> Collection[str]:  # noqa: ARG002 - as the others
        return ()

    def steps(self, tag: str) -> int:  # noqa: ARG002 - as the others
        return 0


class View:
    """Follows a state, and holds what it adds to one base: `flags` by account, and `tags` in twentieths.

    A signal or share that the base has at least as strong is left out: what is laid over a base never softens it.
    """

    __slots__ = ("_at_risk", "_ends", "_members", "_waited_for", "base", "flags", "tags")

    def __init__(self, state: LiveState, base: Base) -> None:
        self.base = base
        self.flags: dict[str, tuple[Flag, ...]] = {}
        self.tags: dict[str, int] = {}
        self._at_risk: set[str] = set()  # by the state's own signals
        self._members: dict[str, dict[int, set[User]]] = {}  # who of a period's users is at risk, by tag, if any
        self._ends: list[tuple[int, str]] = []  # when a signal ends or later, once an account
        self._waited_for: set[str] = set()
        facts = state.accounts
        accounts = {*facts.hits, *facts.known, *facts.minors}
        periods = {(tag, held.number) for tag, used in state.tags.tags.items() for held in used.periods}
        self.update(state, Changes(periods, accounts))

    def update(self, state: LiveState, changes: Changes) -> bool:
        """Take in what has changed since the last time; whether anything here became different."""
        accounts = changes.accounts | self._ended(state.now)
        before = {account: self.flags.pop(account, ()) for account in accounts}
        self._judge(state, accounts)
        different = any(self.flags.get(account, ()) != flags for account, flags in before.items())
        crossed = [account for account in accounts if self._crossed(state, account)]
        periods = changes.periods | _used_by(state, crossed) if crossed else changes.periods
        self._find(state, periods)
        for tag in {tag for tag, _ in periods}:
            different |= self._share(state, tag)
        return different

    def rows(self) -> list[Flag]:
        """Every signal, by account and name."""
        return [flag for account in sorted(self.flags) for flag in self.flags[account]]

    def shares(self) -> dict[str, float]:
        """The share of each tag's users that are at risk, floored to twentieths."""
        return {tag: self.tags[tag] / STEPS for tag in sorted(self.tags)}

    def _ended(self, now: int) -> set[str]:
        ended = set()
        while self._ends and self._ends[0][0] <= now:
            ended.add(heapq.heappop(self._ends)[1])
        self._waited_for -= ended
        return ended

    def _judge(self, state: LiveState, accounts: Iterable[str]) -> None:
        """Set the flags of accounts anew."""
        found = {account: flags for account in accounts if (flags := state.accounts.flags(account, state.now))}
        lasting: dict[str, list[str]] = {signal: [] for signal in LASTING}
        for flag in (flag for flags in found.values() for flag in flags):
            if flag.until is None:
                lasting[flag.signal].append(flag.account_id)
            elif flag.account_id not in self._waited_for:
                heapq.heappush(self._ends, (flag.until, flag.account_id))
                self._waited_for.add(flag.account_id)
        there = {signal: self.base.having(signal, listed) for signal, listed in lasting.items() if listed}
        for account, flags in found.items():
            if told := tuple(flag for flag in flags if account not in there.get(flag.signal, ())):
                self.flags[account] = told

    def _crossed(self, state: LiveState, account: str) -> bool:
        """Whether the account came to be at risk by signals of its own, or no longer is."""
        risk = any(flag.signal in RISKS for flag in state.accounts.flags(account, state.now))
        if risk == (account in self._at_risk):
            return False
        if risk:
            self._at_risk.add(account)
        else:
            self._at_risk.discard(account)
        return True

    def _find(self, state: LiveState, periods: Iterable[tuple[str, int]]) -> None:
        """Find anew who of the users is at risk, in these periods of tags."""
        users = {(tag, number): _users(state, tag, number) for tag, number in periods}
        listed = list({account for some in users.values() for _, account in some})
        risk = self._at_risk.union(self.base.at_risk(listed)) if listed else self._at_risk
        for (tag, number), some in users.items():
            if members := {user for user in some if user[1] in risk}:
                self._members.setdefault(tag, {})[number] = members
            elif tag in self._members:
                self._members[tag].pop(number, None)
                if not self._members[tag]:
                    del self._members[tag]

    def _share(self, state: LiveState, tag: str) -> bool:
        """Set the share of a tag anew; whether it became different."""
        steps = 0
        if members := self._members.get(tag):
            users = known_users(state.tags.tags[tag].periods)
            at_risk = users & set().union(*members.values())
            steps = STEPS * len(at_risk) // len(users) if len(users) >= LEAST_USERS else 0
        told = steps if steps > self.base.steps(tag) else 0
        if told == self.tags.get(tag, 0):
            return False
        if told:
            self.tags[tag] = told
        else:
            del self.tags[tag]
        return True


def _users(state: LiveState, tag: str, number: int) -> list[User]:
    used = state.tags.tags.get(tag)
    held = used.of(number) if used else None
    return held.users if held else []


def _used_by(state: LiveState, accounts: Iterable[str]) -> set[tuple[str, int]]:
    """The periods in which any of these accounts is among a tag's users."""
    wanted = frozenset(accounts)
    return {
        (tag, held.number)
        for tag, used in state.tags.tags.items()
        for held in used.periods
        if any(account in wanted for _, account in held.users)
    }
