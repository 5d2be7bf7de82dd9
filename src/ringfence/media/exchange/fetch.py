"""How is a bank brought up to what its exchange has? Page by page, each landed with where to go on from.

Whatever breaks, what landed stays, nothing of a broken page lands, and the next run goes on.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

import msgspec

from ringfence.media.exchange import again, kept, places, seen
from ringfence.media.exchange.again import LATER, Patience
from ringfence.media.exchange.asking import Answer, Line
from ringfence.media.exchange.kept import Anew, Kept
from ringfence.media.exchange.sent import Sent, Source
from ringfence.media.items import Page
from ringfence.model.faults import Fault

FORGOTTEN = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.GONE,
)  # what a page's bad name may be answered with
BATCH = 10_000  # items that are removed at a time


class Landed(Protocol):
    """What a bank says of a page."""

    @property
    def added(self) -> int: ...
    @property
    def changed(self) -> int: ...
    @property
    def removed(self) -> int: ...
    @property
    def unchanged(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a fetch needs of the bank it fills. `land` keeps a page and its checkpoint, both or neither."""

    land: Callable[[Page], Landed]
    checkpoint: Callable[[], str | None]
    known: Callable[[], Iterable[str]]  # the ids of all its items


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one run may take. After `idle` pages in a row with nothing new an exchange pages for ever.

    `most_removed` is the share of a bank that beginning anew may remove: a list that an exchange lost by mistake
    must not empty a bank.
    """

    pages: int = 100_000
    seconds: float = 6 * 3600
    idle: int = 10
    most_removed: float = 0.5


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one run did: pages, and items by what became of them. `trouble` is why it ended early, if it did."""

    pages: int
    landed: Mapping[str, int]
    passed_over: Mapping[str, int]
    trouble: Fault | None = None


Tell = Callable[[int, Mapping[str, int], datetime], None]  # pages, items landed, and the time up to which all is here


def _silent(_pages: int, _landed: Mapping[str, int], _since: datetime) -> None:
    """Tells nothing."""


@dataclass(slots=True)
class _Run:
    """One run, and what it has seen so far."""

    source: Source
    line: Line
    shelf: Shelf
    file: Path
    bounds: Bounds
    patience: Patience
    kept: Kept
    started: datetime
    resumed: bool  # in the middle of a list that was made for an earlier run: what came since is asked for after it
    pages: int = 0
    idle: int = 0
    since: datetime | None = None
    landed: Counter[str] = field(default_factory=Counter)
    passed_over: Counter[str] = field(default_factory=Counter)
    marks: set[str] = field(default_factory=set)
    contents: set[int] = field(default_factory=set)


def fetch(
    exchange: str,
    source: Source,
    line: Line,
    shelf: Shelf,
    file: Path,
    *,
    anew: bool = False,
    bounds: Bounds | None = None,
    patience: Patience | None = None,
    tell: Tell = _silent,
) -> Fetched:
    """Fetch what is new since the last run, or with `anew` everything, after which what was not sent is removed.

    `file` is where a pass that begins anew notes what it saw. Raises Fault only where nothing was asked yet: for a
    checkpoint that is damaged, or so old that what was removed since is no longer told.
    """
    patience = patience or Patience()
    now = patience.now()
    begun = _begun(exchange, source, shelf, file, now, anew=anew)
    run = _Run(source, line, shelf, file, bounds or Bounds(), patience, begun, now, begun.paging)
    trouble = None
    try:
        if run.kept.anew is Anew.REMOVING:
            _remove(run)
        _pages(run, tell)
        if run.kept.anew is Anew.REMOVING:
            _remove(run)
    except Fault as fault:
        trouble = fault
    return Fetched(run.pages, run.landed, run.passed_over, trouble)


def _begun(exchange: str, source: Source, shelf: Shelf, file: Path, now: datetime, *, anew: bool) -> Kept:
    """Where this run starts. Beginning anew is kept before anything is fetched, so that it survives being killed."""
    if anew:
        fresh = Kept(exchange, source.begin(), now, now, anew=Anew.FETCHING)
        seen.begin(file, now)
        shelf.land(Page((), (), kept.written(fresh), more=True))
        return fresh
    text = shelf.checkpoint()
    if text is None:
        return Kept(exchange, source.begin(), now, now)
    before = kept.read(text, exchange)
    if source.copy_lasts is not None and now - before.sure > source.copy_lasts:
        what = f"was last brought up to date {(now - before.sure).days} days ago, and what was removed there since "
        what += f"is told for {source.copy_lasts.days} days only"
        raise Fault(what, where=f"the copy of {exchange}", mend=places.ANEW)
    return before


def _pages(run: _Run, tell: Tell) -> None:
    """Land page after page, up to the end of the list."""
    more = True
    while more:
        _check_bounds(run)
        place, answer = _asked(run)
        sent = run.source.read(again.checked(answer, run.line.where).body, place)
        _check_progress(run, sent)
        now, more = run.patience.now(), sent.more or run.resumed
        run.resumed = run.resumed and sent.more
        after = msgspec.structs.replace(run.kept, place=sent.place, at=now, paging=bool(sent.mark))
        if not more:
            ended = after.anew is Anew.NO
            after = msgspec.structs.replace(after, **({"sure": now} if ended else {"anew": Anew.REMOVING}))
        if run.kept.anew is not Anew.NO:
            seen.add(run.file, run.kept.sure, (item.source_id for item in sent.items))
        _land(run, Page(sent.items, sent.gone, kept.written(after), more))
        run.kept, run.pages = after, run.pages + 1
        run.passed_over.update(sent.passed_over)
        tell(run.pages, run.landed, sent.since)


def _asked(run: _Run) -> tuple[str, Answer]:
    """The question's place and its answer. A page's name that went bad since the last run is done without, once."""
    now = run.patience.now()
    resumed = run.pages == 0 and run.resumed
    named = not resumed or now - run.kept.at <= run.source.paging_lasts
    place = run.source.settle(run.kept.place, now, paging=named)
    answer = again.ask(run.line, run.source.ask(place), run.source.media_types, run.patience)
    if resumed and named and answer.status in FORGOTTEN:
        place = run.source.settle(run.kept.place, now, paging=False)
        answer = again.ask(run.line, run.source.ask(place), run.source.media_types, run.patience)
    return place, answer


def _land(run: _Run, page: Page) -> None:
    did = run.shelf.land(page)
    run.landed.update(added=did.added, changed=did.changed, removed=did.removed, unchanged=did.unchanged)


def _check_bounds(run: _Run) -> None:
    if run.pages >= run.bounds.pages:
        what = f"has sent {run.pages:,} pages and says that more follow"
        raise Fault(what, where=run.line.where, mend=f"fetch again to go on; {LATER}")
    if (run.patience.now() - run.started).total_seconds() > run.bounds.seconds:
        what = f"has sent pages for {run.bounds.seconds / 3600:g} h and says that more follow"
        raise Fault(what, where=run.line.where, mend=f"fetch again to go on; {LATER}")


def _check_progress(run: _Run, sent: Sent) -> None:
    """Raises Fault for an exchange that leads back, or on and on with nothing new. The page has not landed then."""
    if run.since is not None and sent.since < run.since:
        raise Fault("goes back to an earlier time than before", where=run.line.where, mend=places.AGAIN)
    if sent.more and sent.mark and sent.mark in run.marks:
        raise Fault("leads to a page that was read already: it pages for ever", where=run.line.where, mend=places.AGAIN)
    content = hash((sent.items, sent.gone))
    further = run.since is None or sent.since > run.since
    fresh = further or (bool(sent.items or sent.gone) and content not in run.contents)
    run.idle = 0 if fresh else run.idle + 1
    if sent.more and run.idle >= run.bounds.idle:
        what = f"has sent {run.idle} pages in a row with nothing new and says that more follow"
        raise Fault(what, where=run.line.where, mend=places.AGAIN)
    run.since = sent.since
    run.marks.add(sent.mark)
    run.contents.add(content)


def _remove(run: _Run) -> None:
    """End a pass that began anew: remove what it did not see. Raises Fault when that is too much to be believed."""
    missing = list(seen.missing(run.file, run.kept.sure, run.shelf.known()))
    held = sum(1 for _ in run.shelf.known())
    if len(missing) > run.bounds.most_removed * held:
        what = f"no longer has {len(missing):,} of the bank's {held:,} items, so nothing was removed"
        mend = "ask the exchange; where it is right, fetch once more with --remove-most"
        raise Fault(what, where=run.line.where, mend=mend)
    text = kept.written(run.kept)
    for start in range(0, len(missing), BATCH):
        _land(run, Page((), tuple(missing[start : start + BATCH]), text, more=True))
    run.kept = msgspec.structs.replace(run.kept, anew=Anew.NO, at=run.patience.now())
    _land(run, Page((), (), kept.written(run.kept), more=False))
    run.file.unlink(missing_ok=True)
