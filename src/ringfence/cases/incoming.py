"""Which reports does the platform's store have that no case has yet, and how long do people wait?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb
import sqlalchemy as sa

from ringfence.cases.audit import Act
from ringfence.cases.people import Permission
from ringfence.cases.reports import Report
from ringfence.cases.tables import REPORTS
from ringfence.cases.transaction import Transaction

# What is reported is an account, or a post of one.
_REPORTED = """
SELECT DISTINCT ON (report_id) report_id, coalesce(direct.account_id, author.account_id) AS account_id, reason,
       reporter, epoch_us(reports.at) AS at
FROM reports
LEFT JOIN account_ids direct ON reports.target = direct.account_id
LEFT JOIN posts ON reports.target = posts.post_id
LEFT JOIN account_ids author ON posts.account = author.id
WHERE coalesce(direct.account_id, author.account_id) IS NOT NULL AND reports.at >= to_timestamp($since)
ORDER BY report_id
"""
LATE = timedelta(days=30)  # how long after it was made a report may reach the store


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long reports of the last days took, in seconds; None where there were none.

    `to_queue` is from the report to its case standing in the queue, `to_decision` to the first decision of a person.
    `undecided` wait for one, the longest for `longest`.
    """

    reports: int
    undecided: int
    longest: float | None
    to_queue_median: float | None
    to_queue_p95: float | None
    to_decision_median: float | None
    to_decision_p95: float | None


def reported(events: duckdb.DuckDBPyConnection, newest: datetime | None) -> tuple[Report, ...]:
    """The reports of the store, whoever knows of them, given when the newest was made that a case has."""
    since = (newest - LATE).timestamp() if newest else 0.0
    rows = events.execute(_REPORTED, {"since": since}).fetchall()
    return tuple(
        Report(report_id, account_id, reason, reporter, datetime.fromtimestamp(at / 1e6, UTC))
        for report_id, account_id, reason, reporter, at in rows
    )


def newest(within: Transaction) -> datetime | None:
    """When the newest report that a case has was made."""
    asked = sa.select(sa.func.max(REPORTS.c.reported_at)).where(REPORTS.c.tenant == within.tenant)
    at: datetime | None = within.connection.execute(asked).scalar()
    return at


def waiting(within: Transaction, days: int = 30) -> Waiting:
    """How long people wait for an answer to what they report. The read is recorded."""
    within.demand(Permission.READ_METRICS)
    since = REPORTS.c.reported_at > within.at - timedelta(days=days)
    asked = sa.select(REPORTS.c.reported_at, REPORTS.c.queued_at, REPORTS.c.decided_at)
    rows = within.connection.execute(asked.where(REPORTS.c.tenant == within.tenant, since)).all()
    within.record(Act.REPORTS_READ, "waiting", {"days": days})
    queued = sorted((row.queued_at - row.reported_at).total_seconds() for row in rows)
    decided = sorted((row.decided_at - row.reported_at).total_seconds() for row in rows if row.decided_at)
    open_since = [(within.at - row.reported_at).total_seconds() for row in rows if not row.decided_at]
    return Waiting(
        reports=len(rows),
        undecided=len(open_since),
        longest=max(open_since, default=None),
        to_queue_median=_quantile(queued, 0.5),
        to_queue_p95=_quantile(queued, 0.95),
        to_decision_median=_quantile(decided, 0.5),
        to_decision_p95=_quantile(decided, 0.95),
    )


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """The least of the values that at least `share` of them are not above."""
    return ordered[max(-(-len(ordered) * int(share * 100) // 100) - 1, 0)] if ordered else None
