"""Which known media is this? Banks and their index, asked together; what cannot be asked is a Fault, never no match."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock
from typing import Self

import numpy as np

from ringfence.media import asked, match
from ringfence.media.banks import contents, schema
from ringfence.media.banks.banks import Banks
from ringfence.media.banks.contents import Entry, Review
from ringfence.media.banks.reviews import Act
from ringfence.media.current import Current, Open
from ringfence.media.hashes import codes_of
from ringfence.media.index.live import MediaIndex
from ringfence.media.index.matches import Matches
from ringfence.media.match import Answer, Hit, Now
from ringfence.media.queries import AS_IT_IS, Query, checked
from ringfence.media.remembered import Remembered
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind
from ringfence.store import audit
from ringfence.store.workspace import Workspace

INDEX = "index"  # its folder, below that of the media room
AUDIT_EVERY = 60.0  # seconds between two entries of the audit that count what was asked
FLOOD = "it suddenly matches far too much"
NOBODY = "ringfence"  # who holds what floods


@dataclass(slots=True)
class Matcher:
    """Answers for one platform. Threads may share it; every process opens its own. Close it when done."""

    workspace: Workspace
    current: Current
    banks: Banks  # by which what floods is held
    remembered: Remembered
    _key: bytes = field(init=False, repr=False)
    _one: Lock = field(init=False, default_factory=Lock)
    _asked: int = field(init=False, default=0)
    _matched: int = field(init=False, default=0)
    _audited: float = field(init=False, default_factory=time.monotonic)

    def __post_init__(self) -> None:
        with self.banks.reading():
            self._key = self.banks.db.execute("SELECT rollout_key FROM state").fetchone()[0]

    @classmethod
    def open(cls, workspace: Workspace, opened: Open = MediaIndex.open) -> Self:
        """The matcher of a workspace. Raises Fault where its banks or its index cannot be used. It is audited."""
        audit.record(workspace, audit.Action.MEDIA_MATCHED, "matching begins")
        settings, place = workspace.config.media, workspace.media
        banks = Banks.of(workspace)
        current = Current(Banks(place / schema.FILE), place / INDEX, opened, settings.rebuild_after)
        return cls(workspace, current, banks, Remembered(place / asked.FILE, settings))

    def close(self) -> None:
        """Write down what is remembered, and how much was asked."""
        with self._one:
            try:
                self.remembered.close()
                self._audit()
            finally:
                self.current.banks.close()
                self.banks.close()

    def match(self, query: Query) -> Answer:
        """The answer to one query. Raises Fault where it cannot be given."""
        return self.match_all([query])[0]

    def match_all(self, queries: Sequence[Query], *, remember: bool = True) -> tuple[Answer, ...]:
        """One answer a query, all of one moment: everything that any process changed before it is in them.

        Raises Fault where the banks or the index cannot be used, or do not fit each other.
        """
        for place, query in enumerate(queries, 1):
            checked(query, f"query {place}")
        with self._one:
            at = time.time()
            with self.current.banks.reading():
                self.current.catch_up()
                hits = self._hits(queries)
                now = Now(self.current.known, datetime.fromtimestamp(at, UTC), self._key, self.current.index.upto)
            answers = tuple(
                self._remembered(query, mine, now, at) if remember else match.judge(query, mine, now)
                for query, mine in zip(queries, hits, strict=True)
            )
            self._count(answers)
            self.remembered.write_when_due()
            troubles = tuple(filter(None, (self.remembered.trouble, self.current.trouble)))
            return tuple(replace(one, degraded=one.degraded + troubles) for one in answers) if troubles else answers

    def _hits(self, queries: Sequence[Query]) -> list[list[Hit]]:
        looks = [(place, look) for place, query in enumerate(queries) for look in query.looks]
        found = [(HashKind.PDQ, [(place, one.value, one.transform, one.quality) for place, one in looks])]
        for kind in (HashKind.SHA256, HashKind.SHA1, HashKind.MD5):
            digests = ((place, one) for place, query in enumerate(queries) for one in query.digests if one.kind is kind)
            found.append((kind, [(place, one.value, AS_IT_IS, None) for place, one in digests]))
        pairs = [
            (wanted[int(asking)], int(entry), int(distance))
            for kind, wanted in found
            if wanted
            for met in [self._search(kind, [value for _, value, _, _ in wanted])]
            for asking, entry, distance in zip(met.query, met.entry, met.distance, strict=True)
        ]
        entries = contents.entries(self.current.banks.db, sorted({entry for _, entry, _ in pairs}))
        hits: list[list[Hit]] = [[] for _ in queries]
        for (place, value, transform, quality), entry, distance in pairs:
            hits[place].append(Hit(_fitting(entries[entry], value, distance), distance, transform, quality))
        return hits

    def _search(self, kind: HashKind, values: Sequence[bytes]) -> Matches:
        if kind is HashKind.PDQ:
            radius = max((bank.radius for bank in self.current.known.values()), default=0)
            return self.current.index.search(codes_of(values), radius)
        return self.current.index.exact(kind, np.frombuffer(b"".join(values), np.uint8).reshape(len(values), -1))

    def _remembered(self, query: Query, hits: list[Hit], now: Now, at: float) -> Answer:
        """The answer, after which it is known that it was asked; with what floods in quarantine already."""
        answer = match.judge(query, hits, now)
        self.remembered.ask(query, at)
        seen = {hit.entry.content.content: hit.entry.content for hit in hits}
        flooding = frozenset(
            one.content
            for one in answer.matches
            if self.remembered.meet(one.content, query.uploader, at) and _may_be_held(seen[one.content])
        )
        if not flooding:
            return answer
        troubles = tuple(filter(None, map(self._hold, sorted(flooding))))
        return replace(match.judge(query, match.held(hits, flooding, FLOOD), now), degraded=troubles)

    def _hold(self, content: int) -> str:
        """Put a content in quarantine; what went wrong, if anything did. Its next match tries again."""
        try:
            self.banks.say(content, Act.QUARANTINE, by=NOBODY, why=FLOOD)
        except Fault as fault:
            return f"what floods cannot be held: {fault}"
        return ""

    def _count(self, answers: Sequence[Answer]) -> None:
        self._asked += len(answers)
        self._matched += sum(bool(one.matches) for one in answers)
        if time.monotonic() - self._audited >= AUDIT_EVERY:
            self._audit()

    def _audit(self) -> None:
        if self._asked:
            audit.record(self.workspace, audit.Action.MEDIA_MATCHED, f"{self._asked} asked, {self._matched} matched")
        self._asked, self._matched, self._audited = 0, 0, time.monotonic()


def _may_be_held(content: contents.Content) -> bool:
    """A person who confirmed or released it vouches for it, and what is deconfirmed does nothing anyway."""
    decided = content.review in (Review.CONFIRMED, Review.DECONFIRMED)
    return content.held is None and content.vouched is None and not decided


def _fitting(entry: Entry, value: bytes, distance: int) -> Entry:
    """The entry, if it is as far from the hash as the index says. Raises Fault where the index is of other banks."""
    apart = int.from_bytes(entry.value) ^ int.from_bytes(value)
    if len(entry.value) != len(value) or apart.bit_count() != distance:
        raise Fault("does not fit the banks", where="media index", mend="run `ringfence media index rebuild`")
    return entry
