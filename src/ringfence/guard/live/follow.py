"""How do events become signals that the guard knows, within seconds, with none lost and none counted twice?

Messages are pulled, folded into a state (state.py), and what the state comes to is laid over the snapshot that is
served (view.py, delta.py). Now and then the state is kept in a checkpoint, with the positions that it goes up
to, and reading starts from there. A delta that is ahead of the checkpoint is left alone until the log has been read so
far again, which gives the same one.
"""

import fcntl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from ringfence.guard.live import checkpoint
from ringfence.guard.live import refusals as live_refusals
from ringfence.guard.live.checkpoint import Checkpoint
from ringfence.guard.live.delta import Deltas, moment
from ringfence.guard.live.refusals import Refusals
from ringfence.guard.live.sources import Sources
from ringfence.guard.live.state import Changes, LiveState
from ringfence.guard.snapshots.signing import Signer
from ringfence.ingest.streams.stream import Message, Stream
from ringfence.model.faults import Fault
from ringfence.store import disk

MOST = 2_000  # messages pulled at a time
SUM_UP_SECONDS = 60.0
DELTA_SHARE, CHECKPOINT_SHARE = 4, 10  # writing takes at most one part of so many

Say = Callable[[str], None]
# Opens a stream to be read from these offsets on, by partition.
Open = Callable[[Mapping[int, int]], Stream]


@dataclass(frozen=True, slots=True)
class Settings:
    """Seconds between two deltas and two checkpoints, at the least; and what the state may hold."""

    delta_seconds: float = 0.5
    checkpoint_seconds: float = 5.0
    most_users: int = 1_000_000
    most_accounts: int = 1_000_000
    wait_seconds: float = 0.25  # for a message, before anything else is looked at


@dataclass(frozen=True, slots=True)
class Folders:
    """Where things are: `live` is this room's own; `snapshots` is where the guard looks."""

    live: Path
    snapshots: Path


def follow(
    folders: Folders,
    signer: Signer,
    sources: Sources,
    settings: Settings,
    opened: Open,
    *,
    stopped: Callable[[], bool],
    ends: Callable[[Stream], bool],
    say: Say,
) -> LiveState:
    """Read a log until `stopped`, or until nothing came and the stream `ends`. All that was read is kept on return.

    Raises Fault when another process does so here, when the checkpoint is not whole or is of another log, and when
    something cannot be written.
    """
    with _alone(folders.live):
        kept = checkpoint.load(folders.live / checkpoint.FILE)
        reader = _Reader(folders, signer, sources, settings, kept, say)
        stream = opened(dict(enumerate(reader.state.positions)))
        try:
            reader.read(stream, stopped, ends)
        finally:
            stream.close()
            reader.close()
    return reader.state


class _Reader:
    def __init__(
        self,
        folders: Folders,
        signer: Signer,
        sources: Sources,
        settings: Settings,
        kept: Checkpoint | None,
        say: Say,
    ) -> None:
        self.state = kept.state if kept else LiveState.empty()
        self.state.tags.most, self.state.accounts.most = settings.most_users, settings.most_accounts
        self._name = kept.stream if kept else ""
        self._kept = self.state.applied if kept else -1
        self._file = folders.live / checkpoint.FILE
        self._refusals = Refusals(folders.live / live_refusals.FILE, kept.refusals if kept else 0)
        self._sources = sources
        self._settings = settings
        self._say = say
        self._changes = Changes()
        self._deltas = Deltas(folders.snapshots, signer, self.state)
        self._missed = 0  # entries that were told of
        self._trouble: dict[str, str] = {}  # by what it is about; it is told of once

    def close(self) -> None:
        self._refusals.close()

    def read(self, stream: Stream, stopped: Callable[[], bool], ends: Callable[[Stream], bool]) -> None:
        self._refuse_another(stream)
        self._look()
        tell = _Spaced(self._settings.delta_seconds, DELTA_SHARE, self._tell)
        keep = _Spaced(self._settings.checkpoint_seconds, CHECKPOINT_SHARE, lambda: self._keep(stream))
        sum_up = _Spaced(SUM_UP_SECONDS, 1, lambda: self._sum_up(stream))
        while not stopped():
            batch = stream.pull(MOST, self._settings.wait_seconds)
            self._tell_of_missed(stream)
            if batch:
                self._take(batch)
            elif self._deltas.ahead(self.state) and stream.caught_up():
                self._deltas.give_up(self.state)
            elif ends(stream):
                break
            for one in (tell, keep, sum_up):
                one.now_and_then()
        self._keep(stream)
        self._tell()
        self._deltas.tell_all(self.state)
        self._sum_up(stream)

    def _refuse_another(self, stream: Stream) -> None:
        if self._name and self._name != stream.name:
            what = f"it is of {self._name}, and this is {stream.name}"
            mend = "name the stream that was read before, or remove it to read this one from its start"
            raise Fault(what, where=str(self._file), mend=mend)
        self._name = stream.name
        self._tell_of_missed(stream)

    def _tell_of_missed(self, stream: Stream) -> None:
        """Whatever the broker dropped is told of when it is noticed, also in the middle of reading."""
        if more := stream.missed - self._missed:
            self._missed += more
            self._say(f"{more:,} messages were gone from the broker before they could be read")

    def _take(self, batch: Sequence[Message]) -> None:
        done = self.state.positions
        fresh = [one for one in batch if one.partition >= len(done) or one.offset >= done[one.partition]]
        seen, refused = self._sources.scanner.read(fresh)
        self.state.apply(seen, self._changes)
        self._refusals.add(refused)

    def _look(self) -> None:
        """Take over a lexicon, known hashes or a snapshot that is new."""
        if told := self._sources.look():
            self._once("sources", told)
        try:
            if self._deltas.follow(self.state):
                self._changes = Changes()  # a new view has seen them
                self._once("base", f"live signals are laid over snapshot {self._deltas.version}")
        except Fault as fault:
            self._once("base", f"live signals stay over the snapshot before: {fault}")

    def _once(self, about: str, told: str) -> None:
        """Say it, unless it is what was said last: what cannot be read is tried again and again."""
        if told != self._trouble.get(about):
            self._trouble[about] = told
            self._say(told)

    def _tell(self) -> None:
        self._look()
        changes, self._changes = self._changes, Changes()
        self._deltas.tell(self.state, changes)

    def _keep(self, stream: Stream) -> None:
        """Write a checkpoint, and only then tell the broker how far that goes."""
        if self.state.applied == self._kept:
            return
        scanner = self._sources.scanner
        made = Checkpoint(
            state=self.state,
            stream=self._name,
            lexicon=scanner.lexicon_version,
            hashes=scanner.hashes_version,
            base=self._deltas.version,
            refusals=self._refusals.keep(),
        )
        checkpoint.save(self._file, made)
        self._kept = self.state.applied
        stream.acknowledge(dict(enumerate(self.state.positions)))

    def _sum_up(self, stream: Stream) -> None:
        state, (accounts, tags) = self.state, self._deltas.counts
        told = f"{state.applied:,} messages read, {state.unread:,} of them no event; the last is of {moment(state.now)}"
        self._say(
            f"{told}; signals of {accounts:,} accounts and {tags:,} tags{stream.trouble and '; '}{stream.trouble}"
        )


class _Spaced:
    """Does something again and again: at the most every so many seconds, and for one part in `share` of the time."""

    def __init__(self, seconds: float, share: int, act: Callable[[], None]) -> None:
        self._seconds = seconds
        self._share = share
        self._act = act
        self._due = monotonic() + seconds

    def now_and_then(self) -> None:
        started = monotonic()
        if started >= self._due:
            self._act()
            done = monotonic()
            self._due = max(started + self._seconds, done + self._share * (done - started))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Be the only reader for this folder while this lasts. Raises Fault when another process is."""
    with disk.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("a")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Fault("another `ringfence live` runs here", where=str(folder), mend="stop it first") from None
        yield
