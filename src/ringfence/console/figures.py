"""What does each tile of transparency say? Worked out from the very rows that its CSV has, and from nothing else."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ringfence.console import figure_rows
from ringfence.console.figure_rows import NO, YES, Rows, Source
from ringfence.console.times import MINUTE, lasted
from ringfence.exposure.estimates import Estimate, wilson
from ringfence.pictures.figures import interval, percent

NONE = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Told:
    """A tile: its value, and the 95% interval of a rate; `more` says of how many, `parts` are counts by name."""

    value: str
    interval: str = ""
    more: str = ""
    parts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `rows` fetches what it rests on, as `columns` says; `told` is the tile of such rows."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: Callable[[Source], Rows]
    told: Callable[[Rows], Told]


def count(rows: Rows) -> Told:
    """How many there are."""
    return Told(f"{len(rows):,}")


def outcomes(rows: Rows) -> Told:
    """How many there are, and as what."""
    return Told(f"{len(rows):,}", parts=_parts(row[2] for row in rows))


def kinds(rows: Rows) -> Told:
    """Orders that were carried out, by action; those that gave back apart."""
    return Told(f"{len(rows):,}", parts=_parts(row[1] if row[2] == "do" else f"{row[1]}, {row[2]}" for row in rows))


def between(rows: Rows) -> Told:
    """The median time between the first two columns."""
    times = sorted(_moment(row[1]) - _moment(row[0]) for row in rows)
    return Told(_median(times), more=f"median of {len(times):,}")


def waits(rows: Rows) -> Told:
    """The same of what waits, with the longest."""
    times = sorted(_moment(row[1]) - _moment(row[0]) for row in rows)
    longest = f", the longest {_time(times[-1])}" if times else ""
    return Told(_median(times), more=f"median of {len(times):,}{longest}")


def answered(rows: Rows) -> Told:
    """The share of reports that were answered."""
    return _rate(sum(row[2] == YES for row in rows), len(rows), "reports")


def decided(rows: Rows) -> Told:
    """The median time from a report to a person's first decision."""
    times = sorted(_moment(row[1]) - _moment(row[0]) for row in rows if row[1])
    return Told(_median(times), more=f"median of {len(times):,}; {len(rows) - len(times):,} wait")


def overturned(rows: Rows) -> Told:
    """The share of decided appeals that overturned a decision."""
    return _rate(sum(row[2] == "overturn" for row in rows), len(rows), "appeals decided")


def approved(rows: Rows) -> Told:
    """The share of plans on which the second person agreed."""
    return _rate(sum(row[1] == "approved" for row in rows), len(rows), "plans decided by a second person")


def agreed(rows: Rows) -> Told:
    """The share of accounts on which all who judged it agree."""
    return _rate(sum(row[2] == YES for row in rows), len(rows), "accounts judged by two or more")


def limited(rows: Rows) -> Told:
    """How many accounts were limited without a person; those whose batch was undone do not count."""
    stand, undone = (sum(int(row[1]) for row in rows if row[2] == which) for which in (NO, YES))
    return Told(f"{stand:,}", more=f"accounts, {undone:,} more were undone")


def leak(rows: Rows) -> Told:
    """The leak of the best arm, of its recommenders the worst; without a guard is no arm of its own."""
    worst: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if row[2] != "none" and row[3] and (row[2] not in worst or float(row[3]) > float(worst[row[2]][3])):
            worst[row[2]] = row
    if not worst:
        return Told(NONE, more="nothing was measured")
    best = min(worst.values(), key=lambda row: float(row[3]))
    one = Estimate(float(best[3]), float(best[4]), float(best[5]), int(best[6]))
    return Told(percent(one.value), interval(one), f"with {best[2]}, by {best[1].replace('_', ' ')}")


FIGURES: Sequence[Figure] = (
    Figure("cases-opened", "Cases opened", ("opened_at", "kind"), figure_rows.opened, count),
    Figure("cases-closed", "Cases closed", ("closed_at", "kind", "outcome"), figure_rows.closed, outcomes),
    Figure(
        "first-decision", "Time to first decision", ("opened_at", "decided_at"), figure_rows.first_decisions, between
    ),
    Figure("queue-age", "Age of the queue", ("opened_at", "now"), figure_rows.queue, waits),
    Figure(
        "reports-answered",
        "Reports answered",
        ("reported_at", "decided_at", "answered", "decision"),
        figure_rows.reports,
        answered,
    ),
    Figure(
        "report-decision",
        "Report to decision",
        ("reported_at", "decided_at", "answered", "decision"),
        figure_rows.reports,
        decided,
    ),
    Figure("actions", "Actions carried out", ("done_at", "action", "direction"), figure_rows.actions, kinds),
    Figure(
        "overturned", "Overturned on appeal", ("received_at", "decided_at", "decision"), figure_rows.appeals, overturned
    ),
    Figure("second-person", "Second person agreed", ("decided_at", "decision"), figure_rows.second_people, approved),
    Figure("agreement", "Reviewers agree", ("last_at", "people", "agree"), figure_rows.labels, agreed),
    Figure("limits", "Limited automatically", ("set_at", "accounts", "undone"), figure_rows.limits, limited),
    Figure(
        "exposure",
        "Leak of the best arm",
        ("measured_at", "recommender", "arm", "leak", "low", "high", "test_accounts"),
        figure_rows.exposure,
        leak,
    ),
)


def _rate(cases: int, of: int, what: str) -> Told:
    share = wilson(cases, of)
    return Told(percent(share.value), interval(share) if of else "", f"{cases:,} of {of:,} {what}")


def _median(times: Sequence[timedelta]) -> str:
    """The least time that at least half of them are not above, as the queue's own figures have it."""
    return _time(times[(len(times) + 1) // 2 - 1]) if times else NONE


def _time(time: timedelta) -> str:
    return lasted(time) if time >= MINUTE else "under 1 min"


def _parts(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(names).items(), key=lambda one: (-one[1], one[0])))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
