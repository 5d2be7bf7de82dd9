"""What would another policy have decided on the traffic of the past?"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import duckdb

from ringfence.guard.answers import Decision, Outcome
from ringfence.guard.decide import Guard
from ringfence.guard.snapshots.accounts import Candidate
from ringfence.model.words import Surface, Verdict

BATCH = 50_000  # rows read at a time
NOTHING = "none"  # the reason of what met no rule
ALLOWED = (Verdict.ALLOW, NOTHING)

SEARCHES = "SELECT query, surface FROM searches WHERE query IS NOT NULL"
IMPRESSIONS = """
    SELECT i.surface, v.account_id AS viewer, i.shown_id
    FROM impressions i JOIN account_ids v ON v.id = i.viewer WHERE i.shown_id IS NOT NULL
"""

Earned = tuple[Verdict, str]  # a verdict and its reason


@dataclass(frozen=True, slots=True)
class Move:
    """How many decisions of a surface went from one verdict to another, or stayed."""

    surface: Surface
    was: Verdict
    now: Verdict
    decisions: int
    share: float  # of the surface's decisions


@dataclass(frozen=True, slots=True)
class Cause:
    """How many decisions changed from one reason to another."""

    surface: Surface
    was: str
    now: str
    decisions: int


@dataclass(frozen=True, slots=True)
class Shown:
    """One decision that changed."""

    surface: Surface
    subject: str
    was: Verdict
    now: Verdict


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What changed over all traffic. `skipped` are searches on a surface where nobody types."""

    decisions: int
    changed: int
    skipped: int
    moves: tuple[Move, ...]
    causes: tuple[Cause, ...]  # the most decisions first
    examples: tuple[Shown, ...]


@dataclass(slots=True)
class _Tally:
    """What is counted while traffic streams by; it grows with the verdicts and reasons, not with the traffic."""

    most_shown: int
    verdicts: Counter[tuple[Surface, Verdict, Verdict]] = field(default_factory=Counter)
    causes: Counter[tuple[Surface, str, str]] = field(default_factory=Counter)
    shown: dict[tuple[Surface, str], Shown] = field(default_factory=dict)
    skipped: int = 0

    def add(self, surface: Surface, subject: str, was: Earned, now: Earned, times: int) -> None:
        self.verdicts[surface, was[0], now[0]] += times
        if was[0] is now[0]:
            return
        self.causes[surface, was[1], now[1]] += times
        if len(self.shown) < self.most_shown:
            self.shown[surface, subject] = Shown(surface, subject, was[0], now[0])


def rehearse(
    connection: duckdb.DuckDBPyConnection,
    present: Guard,
    other: Guard,
    *,
    most_shown: int = 0,
    advance: Callable[[float], object] = lambda _: None,
) -> Rehearsal:
    """Decide every recorded search and impression with both guards. `advance` gets the share that is done.

    Rows stream by in batches. At most `most_shown` of the decisions that changed are kept as examples.
    """
    tally = _Tally(most_shown)
    [(total,)] = connection.execute(
        f"SELECT (SELECT count(*) FROM ({SEARCHES})) + (SELECT count(*) FROM ({IMPRESSIONS}))"
    ).fetchall()
    done = 0
    for query, count_batch in ((SEARCHES, _searches), (IMPRESSIONS, _impressions)):
        for rows in _batches(connection, query):
            count_batch(rows, present, other, tally)
            done += len(rows)
            advance(done / total)
    return _told(tally)


def _batches(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[list[tuple[str, ...]]]:
    for batch in connection.sql(query).to_arrow_reader(BATCH):
        yield list(zip(*(column.to_pylist() for column in batch.columns), strict=True))


def _searches(rows: Iterable[tuple[str, ...]], present: Guard, other: Guard, tally: _Tally) -> None:
    for (query, name), times in Counter(rows).items():
        surface = Surface(name)
        if surface in {Surface.SUGGESTION, Surface.RECOMMENDATION}:  # nobody types there
            tally.skipped += times
            continue
        was, now = (_typed(guard, surface, query) for guard in (present, other))
        tally.add(surface, query, (was.verdict, was.reason), (now.verdict, now.reason), times)


def _typed(guard: Guard, surface: Surface, text: str) -> Decision:
    """The decision on what somebody typed. A completion is judged as it stood when it was chosen."""
    if surface is Surface.AUTOCOMPLETE:
        return next(iter(guard.autocomplete("", [text]).decisions))
    return guard.search(text) if surface is Surface.SEARCH else guard.hashtag(text)


def _impressions(rows: Iterable[tuple[str, ...]], present: Guard, other: Guard, tally: _Tally) -> None:
    """Each viewer's candidates of a surface as one slate."""
    slates: dict[tuple[str, str], Counter[str]] = {}
    for name, viewer, shown in rows:
        slates.setdefault((name, viewer), Counter())[shown] += 1
    for (name, viewer), shown_times in slates.items():
        surface = Surface(name)
        was, now = (guard.recommend(viewer, surface, tuple(shown_times)).judged for guard in (present, other))
        for subject, times in shown_times.items():
            tally.add(surface, subject, _earned(was, subject), _earned(now, subject), times)


def _earned(judged: Mapping[Candidate, Outcome], subject: str) -> Earned:
    outcome = judged.get(subject)
    return (outcome.verdict, outcome.reason) if outcome else ALLOWED


def _told(tally: _Tally) -> Rehearsal:
    totals: Counter[Surface] = Counter()
    for (surface, _, _), count in tally.verdicts.items():
        totals[surface] += count
    order = {verdict: place for place, verdict in enumerate(Verdict)} | {s: place for place, s in enumerate(Surface)}
    moves = sorted(tally.verdicts.items(), key=lambda item: [order[word] for word in item[0]])
    return Rehearsal(
        decisions=totals.total(),
        changed=sum(count for (_, was, now), count in moves if was is not now),
        skipped=tally.skipped,
        moves=tuple(Move(*key, count, count / totals[key[0]]) for key, count in moves),
        causes=tuple(Cause(*key, count) for key, count in tally.causes.most_common()),
        examples=tuple(tally.shown.values()),
    )
