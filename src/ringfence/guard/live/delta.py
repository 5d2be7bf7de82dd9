"""How do live signals reach the guard: as a delta beside the snapshot, and with the next snapshot as part of it?"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from ringfence.guard.live.accounts import HITS, STEPS
from ringfence.guard.live.base import Bases
from ringfence.guard.live.state import Changes, LiveState
from ringfence.guard.live.view import Base, NoBase, View
from ringfence.guard.snapshots import container, delta
from ringfence.guard.snapshots.delta import Delta
from ringfence.guard.snapshots.flags import FLAGS, flagged, table
from ringfence.guard.snapshots.signing import Signer, Trusted
from ringfence.model.faults import Fault

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Members:
    """What is about to be published, as a base: accounts in a network, and nothing that needs no telling."""

    version = ""

    def __init__(self, accounts: Collection[str]) -> None:
        self._accounts = frozenset(accounts)

    def at_risk(self, accounts: Sequence[str]) -> Collection[str]:
        return self._accounts.intersection(accounts)

    def having(self, signal: str, accounts: Sequence[str]) -> Collection[str]:  # noqa: ARG002 - as other bases
        return ()

    def steps(self, tag: str) -> int:  # noqa: ARG002 - as other bases
        return 0


def flags_and_tags(state: LiveState, at_risk: Collection[str] = ()) -> tuple[pa.Table, Mapping[str, float]]:
    """All that a state came to, for the next snapshot: a table of FLAGS, and the share of each tag's users at risk.

    `at_risk` are the accounts that the next snapshot gives a signal of tag_risk.LEADING; those with `account:hits` or
    `media:known` by the state itself count as well.
    """
    view = View(state, Members(at_risk))
    return _flags(view), view.shares()


class Deltas:
    """Keeps the delta beside the active snapshot in step with a state.

    Its number is how many messages were folded in, so it rises, and the same log gives the same bytes. A delta that is
    already there with a higher one was written before the process died: it stays until the log has been read so far.
    """

    __slots__ = ("_bases", "_differs", "_folder", "_knows", "_sequence", "_signer", "_trusted", "_view")

    def __init__(self, folder: Path, signer: Signer, state: LiveState) -> None:
        self._folder = folder
        self._signer = signer
        self._trusted = Trusted(frozenset({signer.public}))
        self._bases = Bases(folder, self._trusted)
        flagged(
            table([("a", HITS, 1.0, None)]), signer.fingerprints
        )  # compiled, or read from the cache, before it counts
        self._over(NoBase(), state)

    @property
    def version(self) -> str:
        """The snapshot that is served; empty when there is none yet."""
        return self._view.base.version

    @property
    def counts(self) -> tuple[int, int]:
        """How many accounts and tags there is something to tell of."""
        return len(self._view.flags), len(self._view.tags)

    def follow(self, state: LiveState) -> bool:
        """Go over to the snapshot that is active now; whether it is another one. Raises Fault when it is unreadable."""
        if not self._bases.look():
            return False
        self._over(self._bases.base, state)
        return True

    def ahead(self, state: LiveState) -> bool:
        """Whether the delta that is there knows more of the log than the state does."""
        return state.applied < self._knows

    def tell(self, state: LiveState, changes: Changes) -> None:
        """Take in what has changed, and write it down if that makes a difference."""
        self._differs |= self._view.update(state, changes)
        if self._differs:
            self.tell_all(state)

    def tell_all(self, state: LiveState) -> None:
        """Write down how far the log has been read, also where it made no difference."""
        if state.applied > self._knows:
            self._write(state)

    def give_up(self, state: LiveState) -> None:
        """All of the log has been read, and the delta knew of more: it is of another log, and is replaced."""
        self._write(state)

    def _over(self, base: Base, state: LiveState) -> None:
        self._view = View(state, base)
        self._sequence = sequence_of(self._folder, base.version, self._trusted) if base.version else 0
        self._knows = self._sequence
        self._differs = True

    def _write(self, state: LiveState) -> None:
        self._sequence = max(state.applied, self._sequence + 1)
        self._knows = state.applied
        self._differs = False
        if self.version:
            made = Delta(self.version, self._sequence, moment(state.now), _flags(self._view), self._view.shares())
            delta.write(self._folder, made, self._signer)


def sequence_of(folder: Path, version: str, trusted: Trusted) -> int:
    """The number of the delta that is there; 0 when there is none that can be believed."""
    try:
        return int(container.read(delta.file_of(folder, version), delta.KIND, trusted).meta["sequence"])
    except (Fault, KeyError, TypeError, ValueError):
        return 0


def moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _flags(view: View) -> pa.Table:
    rows = view.rows()
    columns = (
        [flag.account_id for flag in rows],
        [flag.signal for flag in rows],
        [flag.steps / STEPS for flag in rows],
        [flag.until for flag in rows],
    )
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, FLAGS, strict=True)], schema=FLAGS)
