"""What was known too late? What changed in the banks, held against the hashes of all posts and of all that was asked.

A run goes from one change of the banks to another, unit by unit; each unit's matches are kept with the note that it is
done. So a run that is killed goes on where it was, and none is counted twice.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ringfence.media import asked, stored
from ringfence.media.banks import journal
from ringfence.media.banks.bank import Remedy
from ringfence.media.hashes import codes_of
from ringfence.media.index.live import NOTHING, MediaIndex
from ringfence.media.index.part import part
from ringfence.media.match import Match
from ringfence.media.matcher import Matcher
from ringfence.media.queries import Query
from ringfence.model.words import HashKind
from ringfence.store import audit
from ringfence.store.workspace import Workspace

CHUNK = 20_000  # queries of before that are one unit
POSTS, ASKED = "posts", "asked"
# Above so many changed entries, looking for them first costs more than it saves.
FEW = 1_000_000


@dataclass(frozen=True, slots=True)
class Run:
    """From which change of the banks to which, and whether all was held against it."""

    run: int
    since: int
    upto: int


@dataclass(frozen=True, slots=True)
class Rematched:
    """What a run came to: media held against the banks, how many matched, how many had no hash that is one."""

    run: Run
    media: int
    matched: int
    without_hash: int


@dataclass(frozen=True, slots=True)
class _Unit:
    name: str
    read: Callable[[], Iterable[Sequence[tuple[str, Query | None]]]]


def rematch(workspace: Workspace, *, whole: bool = False, told: Callable[[float], None] = lambda _: None) -> Rematched:
    """Hold what changed since the last run, or with `whole` all the banks hold, against everything seen before.

    A run that was not finished is finished first, and is then this one. `told` gets the share that is done. Audited.
    """
    audit.record(workspace, audit.Action.MEDIA_REMATCHED, "all banks" if whole else "what changed in the banks")
    matcher = Matcher.open(workspace)
    db = asked.connect(workspace.media / asked.FILE)
    try:
        run = _run(db, workspace.media / asked.FILE, matcher.banks.last_change(), whole=whole)
        changed = _changed(matcher, run)
        units = list(_units(workspace, db, run))
        counts = [0, 0, 0]
        for place, unit in enumerate(units):
            told(place / len(units))
            done = _unit(matcher, db, workspace.media / asked.FILE, run, unit, changed)
            counts = [sum(pair) for pair in zip(counts, done, strict=True)]
        with asked.changing(db, workspace.media / asked.FILE):
            db.execute("UPDATE runs SET done = 1 WHERE run = ?", (run.run,))
            db.execute("DELETE FROM units WHERE run = ?", (run.run,))
        return Rematched(run, *counts)
    finally:
        db.close()
        matcher.close()


def _run(db: sqlite3.Connection, path: Path, upto: int, *, whole: bool) -> Run:
    with asked.changing(db, path):
        row = db.execute("SELECT run, since, upto, done FROM runs ORDER BY run DESC LIMIT 1").fetchone()
        if row is not None and not row[3] and not (whole and row[1]):
            return Run(*row[:3])
        since = 0 if whole or row is None else row[2]
        made = db.execute("INSERT INTO runs (since, upto, done) VALUES (?, ?, 0)", (since, upto))
        return Run(int(made.lastrowid or 0), since, upto)


def _changed(matcher: Matcher, run: Run) -> MediaIndex | None:
    """An index of only what changed; None where that is too much to be worth one."""
    banks = matcher.banks
    with banks.reading():
        if run.since == 0 or journal.waiting(banks.db, run.since) > FEW:
            return None
        changed = MediaIndex(None, part(NOTHING), 0)
        changed.change(run.upto, tuple(journal.came(banks.db, run.since)), np.empty(0, np.int64))
        return changed


def _units(workspace: Workspace, db: sqlite3.Connection, run: Run) -> Iterator[_Unit]:
    done = {name for (name,) in db.execute("SELECT unit FROM units WHERE run = ?", (run.run,))}

    def posts(file: Path) -> Iterator[list[tuple[str, Query | None]]]:
        for some in stored.media(workspace, file):
            yield [(one.post_id, one.query) for one in some]

    def before(first: int) -> Iterator[list[tuple[str, Query | None]]]:
        past = asked.after(db, first, CHUNK)
        yield [(str(one.number), one.query) for one in past if one.number <= first + CHUNK]

    units = [_Unit(f"{POSTS} {file.name}", partial(posts, file)) for file in stored.parts(workspace)]
    starts = range(0, asked.last(db), CHUNK)
    units += [_Unit(f"{ASKED} {first}", partial(before, first)) for first in starts]
    yield from (unit for unit in units if unit.name not in done)


def _unit(
    matcher: Matcher, db: sqlite3.Connection, path: Path, run: Run, unit: _Unit, changed: MediaIndex | None
) -> tuple[int, int, int]:
    """Hold one unit against the banks, and keep what matched. Returns media, matched media and those without hash."""
    origin, rows, media, without = unit.name.split()[0], list[tuple[object, ...]](), 0, 0
    matched = 0
    for some in unit.read():
        asking = [(origin_id, query) for origin_id, query in some if query is not None]
        media, without = media + len(asking), without + len(some) - len(asking)
        near = asking if changed is None else _near(matcher, changed, asking)
        answers = matcher.match_all([query for _, query in near], remember=False)
        for (origin_id, query), answer in zip(near, answers, strict=True):
            matched += bool(answer.matches)
            rows += [_row(run, origin, origin_id, query, match) for match in answer.matches]
    with asked.changing(db, path):
        places = ", ".join("?" * 12)
        db.executemany(f"INSERT OR REPLACE INTO found VALUES ({places})", rows)
        db.execute("INSERT INTO units VALUES (?, ?)", (run.run, unit.name))
    return media, matched, without


def _near(matcher: Matcher, changed: MediaIndex, asking: Sequence[tuple[str, Query]]) -> list[tuple[str, Query]]:
    """Those that anything changed may match."""
    found: set[int] = set()
    looks = [(place, look.value) for place, (_, query) in enumerate(asking) for look in query.looks]
    if looks:
        radius = max((bank.radius for bank in matcher.banks.every().values()), default=0)
        met = changed.search(codes_of([value for _, value in looks]), radius)
        found |= {looks[int(at)][0] for at in met.query}
    for kind in asked.DIGESTS:
        mine = [
            (place, one.value) for place, (_, query) in enumerate(asking) for one in query.digests if one.kind is kind
        ]
        if mine:
            values = np.frombuffer(b"".join(value for _, value in mine), np.uint8).reshape(len(mine), -1)
            found |= {mine[int(at)][0] for at in changed.exact(kind, values).query}
    return [asking[place] for place in sorted(found)]


def _row(run: Run, origin: str, origin_id: str, query: Query, match: Match) -> tuple[object, ...]:
    seen = (run.run, origin, origin_id, query.media_id, query.uploader, match.bank, match.content, match.kind.value)
    remedy = None if match.remedy is None else match.remedy.value
    return *seen, match.distance, match.transform, remedy, json.dumps(match.reasons)


@dataclass(frozen=True, slots=True)
class Late:
    """One match that was found only later: where the media was seen, and by whom, and what it matches."""

    run: int
    origin: str
    origin_id: str
    media_id: str
    account: str | None
    bank: str
    content: int
    kind: HashKind
    distance: int
    transform: str
    remedy: str | None
    reasons: tuple[str, ...]


def found(workspace: Workspace, run: int | None = None) -> tuple[Late, ...]:
    """What was found later, by one run or by all, in the order of runs."""
    db = asked.connect(workspace.media / asked.FILE)
    try:
        wanted = "" if run is None else "WHERE run = ?"
        rows = db.execute(
            f"SELECT * FROM found {wanted} ORDER BY run, origin, origin_id, media_id, bank, content",
            () if run is None else (run,),
        )
        return tuple(_late(*row) for row in rows)
    finally:
        db.close()


def shared(workspace: Workspace, remedies: Collection[Remedy]) -> tuple[tuple[str, int], ...]:
    """Accounts and the bank contents that what they shared matched with one of these remedies, each pair once."""
    db = asked.connect(workspace.media / asked.FILE)
    try:
        wanted = ", ".join("?" for _ in remedies)
        rows = db.execute(
            "SELECT DISTINCT account, content FROM found WHERE account IS NOT NULL "
            f"AND remedy IN ({wanted}) ORDER BY account, content",
            [remedy.value for remedy in remedies],
        )
        return tuple((str(account), int(content)) for account, content in rows)
    finally:
        db.close()


def _late(*row: Any) -> Late:
    return replace(Late(*row), kind=HashKind(row[7]), reasons=tuple(json.loads(row[11])))
