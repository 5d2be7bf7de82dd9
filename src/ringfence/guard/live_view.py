"""Which signals and tags do a live state and a snapshot come to together?

The state says who used which tag; who is at risk, the snapshot says too. So a tag's share follows from both, and when
another snapshot becomes active, uses that were counted before are judged by the new one.
"""

import heapq
from collections.abc import Iterable, Sequence
from typing import Protocol

from ringfence.guard.live_accounts import HITS, KNOWN, STEPS, Flag
from ringfence.guard.live_state import Changes, LiveState
from ringfence.guard.live_tags import HourOfUse

LEAST_USES = 5  # a tag used less often than this says nothing about who uses it
RISKS = frozenset({HITS, KNOWN})
LASTING = frozenset({"media:known", "account:minor"})  # a snapshot that has one of these needs no telling


class Base(Protocol):
    """The snapshot that is served, as far as it matters here."""

    version: str

    def risk(self, account: str) -> bool:
        """Whether it gives the account a risk signal."""
        ...

    def has(self, account: str, signal: str) -> bool: ...


class NoBase:
    """Before the first publish: nobody is at risk yet."""

    version = ""

    def risk(self, account: str) -> bool:  # noqa: ARG002 - as the others
        return False

    def has(self, account: str, signal: str) -> bool:  # noqa: ARG002 - as the others
        return False


class View:
    """Follows a state and holds what it comes to over one base: `flags` by account and `tags` in twentieths."""

    __slots__ = ("_at_risk", "_ends", "_members", "_waited_for", "base", "flags", "tags")

    def __init__(self, state: LiveState, base: Base) -> None:
        self.base = base
        self.flags: dict[str, tuple[Flag, ...]] = {}
        self.tags: dict[str, int] = {}
        self._at_risk: set[str] = set()  # by the state's own signals
        self._members: dict[str, dict[int, int]] = {}  # how many of an hour's sample are at risk, by tag, if any
        self._ends: list[tuple[int, str]] = []  # when a signal ends or later, once an account
        self._waited_for: set[str] = set()
        facts = state.accounts
        accounts = {*facts.hits, *facts.known, *facts.minors}
        hours = {(tag, held.hour) for tag, used in state.tags.tags.items() for held in used.hours}
        self.update(state, Changes(hours, accounts))

    def update(self, state: LiveState, changes: Changes) -> bool:
        """Take in what has changed since the last time; whether anything here became different."""
        while self._ends and self._ends[0][0] <= state.now:
            account = heapq.heappop(self._ends)[1]
            self._waited_for.discard(account)
            changes.accounts.add(account)
        moved = {account for account in changes.accounts if self._judge(state, account)}
        different = bool(moved)
        hours = changes.hours
        if crossed := {account for account in moved if self._crossed(account)}:
            hours = hours | _used_by(state, crossed)
        for tag, hour in hours:
            self._count(state, tag, hour)
        for tag in {tag for tag, _ in hours}:
            different |= self._share(state, tag)
        return different

    def rows(self) -> list[Flag]:
        """Every signal, by account and name."""
        return [flag for account in sorted(self.flags) for flag in self.flags[account]]

    def shares(self) -> dict[str, float]:
        """The share of each tag's use that is by accounts at risk, floored to twentieths, where it is not nothing."""
        return {tag: self.tags[tag] / STEPS for tag in sorted(self.tags)}

    def _judge(self, state: LiveState, account: str) -> bool:
        """Look at an account again; whether its signals differ from before, or whether it is at risk does."""
        flags = state.accounts.flags(account, state.now)
        for flag in flags:
            if flag.until is not None and account not in self._waited_for:
                heapq.heappush(self._ends, (flag.until, account))
                self._waited_for.add(account)
        told = tuple(flag for flag in flags if flag.signal not in LASTING or not self.base.has(account, flag.signal))
        before = self.flags.get(account, ())
        if told:
            self.flags[account] = told
        else:
            self.flags.pop(account, None)
        return told != before

    def _crossed(self, account: str) -> bool:
        """Whether the account came to be at risk, or no longer is, by signals of its own that the base has not."""
        risk = any(flag.signal in RISKS for flag in self.flags.get(account, ()))
        if risk == (account in self._at_risk):
            return False
        if risk:
            self._at_risk.add(account)
        else:
            self._at_risk.discard(account)
        return not self.base.risk(account)

    def _count(self, state: LiveState, tag: str, hour: int) -> None:
        used = state.tags.tags.get(tag)
        held = used.of(hour) if used else None
        members = sum(account in self._at_risk or self.base.risk(account) for _, account in held.sample) if held else 0
        if members:
            self._members.setdefault(tag, {})[hour] = members
        elif tag in self._members:
            self._members[tag].pop(hour, None)
            if not self._members[tag]:
                del self._members[tag]

    def _share(self, state: LiveState, tag: str) -> bool:
        steps = 0
        if members := self._members.get(tag):
            steps = share(state.tags.tags[tag].hours, members)
        if steps == self.tags.get(tag, 0):
            return False
        if steps:
            self.tags[tag] = steps
        else:
            del self.tags[tag]
        return True


def share(hours: Sequence[HourOfUse], members: dict[int, int]) -> int:
    """Which share of a tag's uses is by accounts at risk, floored to twentieths.

    In an hour with more uses than were kept, the share among those kept stands for all.
    """
    uses = sum(held.uses for held in hours)
    if uses < LEAST_USES:
        return 0
    # Summed in the order of the hours, so that the same state gives the same bits.
    by_members = sum(held.uses * members.get(held.hour, 0) / len(held.sample) for held in hours)
    return int(STEPS * by_members / uses + 1e-9)


def _used_by(state: LiveState, accounts: Iterable[str]) -> set[tuple[str, int]]:
    """The hours in which any of these accounts is among a tag's users."""
    wanted = frozenset(accounts)
    return {
        (tag, held.hour)
        for tag, used in state.tags.tags.items()
        for held in used.hours
        if any(account in wanted for _, account in held.sample)
    }
