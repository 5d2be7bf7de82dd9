"""What do the figures of transparency rest on? Rows of text without anybody's name or id in them, one kind a figure.

What people looked at (reveals.py) is in none of them, and nothing here can ask for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import numpy as np
import sqlalchemy as sa

from ringfence.cases.actions import State
from ringfence.cases.cases import Status
from ringfence.cases.plan import Part, Phase
from ringfence.cases.plan_tables import APPEALS, HANDS, ORDERS, PLANS
from ringfence.cases.tables import CASES, REPORTS
from ringfence.cases.transaction import Transaction
from ringfence.console.measurements import measurements
from ringfence.discovery import reviewed
from ringfence.exposure import report
from ringfence.exposure.audit import Audit
from ringfence.guard.limits import journal
from ringfence.guard.limits import state as limit_state
from ringfence.guard.limits.rows import Act
from ringfence.store.workspace import Workspace

Rows = list[tuple[str, ...]]
YES, NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows come from: one act, a workspace, and the time since when."""

    within: Transaction
    workspace: Workspace
    since: datetime


def opened(source: Source) -> Rows:
    """Cases by when they were opened."""
    asked = sa.select(CASES.c.opened_at, CASES.c.kind).where(CASES.c.opened_at >= source.since)
    return _rows(source, CASES, asked.order_by(CASES.c.opened_at))


def closed(source: Source) -> Rows:
    """Cases by when they were closed, and as what."""
    asked = sa.select(CASES.c.closed_at, CASES.c.kind, CASES.c.outcome)
    asked = asked.where(CASES.c.closed_at >= source.since, CASES.c.status == Status.CLOSED)
    return _rows(source, CASES, asked.order_by(CASES.c.closed_at))


def first_decisions(source: Source) -> Rows:
    """Cases by when they were opened and first decided on."""
    asked = sa.select(CASES.c.opened_at, CASES.c.decided_at).where(CASES.c.decided_at >= source.since)
    return _rows(source, CASES, asked.order_by(CASES.c.decided_at))


def queue(source: Source) -> Rows:
    """Open cases by when they were opened, as of now."""
    now = sa.literal(source.within.at, CASES.c.opened_at.type)
    asked = sa.select(CASES.c.opened_at, now).where(CASES.c.status == Status.OPEN)
    return _rows(source, CASES, asked.order_by(CASES.c.opened_at))


def reports(source: Source) -> Rows:
    """Reports by when they were made, when a person first decided on them, and whether they were answered."""
    asked = sa.select(REPORTS.c.reported_at, REPORTS.c.decided_at, REPORTS.c.answered_at, REPORTS.c.decision)
    asked = asked.where(REPORTS.c.reported_at >= source.since).order_by(REPORTS.c.reported_at)
    return [(*row[:2], YES if row[2] else NO, row[3]) for row in _rows(source, REPORTS, asked)]


def appeals(source: Source) -> Rows:
    """Appeals that were decided."""
    asked = sa.select(APPEALS.c.received_at, APPEALS.c.decided_at, APPEALS.c.decision)
    asked = asked.where(APPEALS.c.decided_at >= source.since)
    return _rows(source, APPEALS, asked.order_by(APPEALS.c.decided_at))


def second_people(source: Source) -> Rows:
    """Plans that somebody else decided on. One that was taken back by whoever proposed it is no second opinion."""
    proposed = sa.exists().where(
        HANDS.c.tenant == PLANS.c.tenant,
        HANDS.c.plan_id == PLANS.c.plan_id,
        HANDS.c.person_id == PLANS.c.decided_by,
        HANDS.c.part == str(Part.PROPOSED),
    )
    refused = sa.case((PLANS.c.status == Phase.REFUSED, "refused"), else_="approved")
    asked = sa.select(PLANS.c.decided_at, refused).where(PLANS.c.decided_at >= source.since, ~proposed)
    return _rows(source, PLANS, asked.order_by(PLANS.c.decided_at))


def labels(source: Source) -> Rows:
    """Accounts that two people or more have judged, by how many there are and whether all of them agree."""
    table = reviewed.history(source.workspace).to_pylist()
    table.sort(key=lambda row: (row["account_id"], row["at"]))
    told = []
    for _, some in groupby(table, key=lambda row: row["account_id"]):
        said = {row["by"]: row for row in some}  # of each person the last word
        newest = max(row["at"] for row in said.values())
        if len(said) > 1 and newest >= source.since:
            agreed = len({row["label"] for row in said.values()}) == 1
            told.append((_text(newest), str(len(said)), YES if agreed else NO))
    return sorted(told)


def actions(source: Source) -> Rows:
    """Orders of plans that were carried out."""
    asked = sa.select(ORDERS.c.changed_at, ORDERS.c.action, ORDERS.c.direction)
    asked = asked.where(ORDERS.c.changed_at >= source.since, ORDERS.c.state == State.DONE)
    return _rows(source, ORDERS, asked.order_by(ORDERS.c.changed_at, ORDERS.c.action))


def limits(source: Source) -> Rows:
    """Batches of limits that were set without a person, and whether a person has undone them."""
    done = journal.read(source.workspace).batches
    undone = limit_state.undone(done)
    return [
        (_text(one.at), str(len(one.accounts)), YES if one.number in undone else NO)
        for one in done
        if one.act is Act.SET and one.at >= source.since
    ]


def exposure(source: Source) -> Rows:
    """The figures of the last measurement, whenever it was made, of test accounts that follow one member."""
    found, _ = measurements(source.workspace)
    return list(_leaks(found[-1])) if found else []


def _leaks(last: Audit) -> Iterator[tuple[str, ...]]:
    at = _text(report.when(last.recipe.at))
    for one in last.measured:
        for arm in report.lured(one.exposure).arms:
            leak = arm.summary.leak
            shares = ("" if np.isnan(share) else f"{share:.6f}" for share in (leak.value, leak.low, leak.high))
            yield (at, one.recommender, arm.name, *shares, str(leak.accounts))


def _rows(source: Source, table: sa.Table, asked: sa.Select[Any]) -> Rows:
    mine = asked.where(table.c.tenant == source.within.tenant)
    return [tuple(map(_text, row)) for row in source.within.connection.execute(mine)]


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
    return "" if value is None else str(value)
