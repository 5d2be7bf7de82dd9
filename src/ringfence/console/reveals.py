"""How much have I looked at, and is it time for a break? Told to the person themselves, and to nobody else.

Every function is about whoever acts: there is none that takes somebody else's name. What is older than KEPT is removed
at the next reveal, whoever's it is, so that this never becomes a measure of anybody's work.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from ringfence.cases.tables import RESTS, REVEALS
from ringfence.cases.transaction import Transaction
from ringfence.model.faults import Fault

KEPT = timedelta(days=8)
WEEK = timedelta(days=7)
REST = timedelta(minutes=10)  # without a reveal for so long, one has rested
PUT_OFF = timedelta(minutes=15)
MOST_AFTER, MOST_MINUTES = 500, 480


@dataclass(frozen=True, slots=True)
class Rules:
    """When a break is proposed: after so many reveals in a row, or minutes since the first of them; 0 is never."""

    after: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Looked:
    """`run` are the reveals since the last rest, `since` the first of them. `own` is that the person has set the rules.

    `due` is that a break is proposed now.
    """

    today: int
    week: int
    days: tuple[tuple[datetime, int], ...]
    run: int
    since: datetime | None
    rules: Rules
    own: bool
    put_off_until: datetime | None
    due: bool


def add(within: Transaction) -> None:
    """Count one reveal by whoever acts."""
    who = {"tenant": within.tenant, "person_id": within.person.id}
    old = sa.and_(REVEALS.c.tenant == within.tenant, REVEALS.c.at < within.at - KEPT)  # of whoever left, too
    within.connection.execute(sa.delete(REVEALS).where(old))
    within.connection.execute(sa.insert(REVEALS).values(**who, at=within.at))


def mine(within: Transaction, given: Rules, zone: str) -> Looked:
    """How much whoever acts has looked at. `given` are the rules of the config; days are those of the zone."""
    row = within.connection.execute(sa.select(*RESTS.c).where(*_mine(within, RESTS))).first()
    asked = sa.select(REVEALS.c.at).where(*_mine(within, REVEALS), REVEALS.c.at > within.at - WEEK)
    times = [at for (at,) in within.connection.execute(asked.order_by(REVEALS.c.at.desc(), REVEALS.c.reveal_id.desc()))]
    own = row is not None and row.after is not None
    rules = Rules(row.after, row.minutes) if row is not None and own else given
    put_off = row.put_off_until if row is not None else None
    run = _run(times, within.at, row.rested_at if row is not None else None)
    days = _days(times, within.at, zone)
    return Looked(
        today=days[-1][1],
        week=len(times),
        days=days,
        run=len(run),
        since=run[-1] if run else None,
        rules=rules,
        own=own,
        put_off_until=put_off if put_off and put_off > within.at else None,
        due=_due(run, within.at, rules) and not (put_off and put_off > within.at),
    )


def rest(within: Transaction) -> None:
    """Say that one has rested: counting in a row begins anew."""
    _keep(within, rested_at=within.at, put_off_until=None)


def put_off(within: Transaction) -> None:
    """Be reminded later."""
    _keep(within, put_off_until=within.at + PUT_OFF)


def choose(within: Transaction, rules: Rules | None) -> None:
    """Have rules of one's own, or those of the config again."""
    if rules is not None and not (0 <= rules.after <= MOST_AFTER and 0 <= rules.minutes <= MOST_MINUTES):
        mend = f"give 0 to {MOST_AFTER} reveals and 0 to {MOST_MINUTES} minutes"
        raise Fault("is out of bounds", where="reminder", mend=mend)
    _keep(within, after=rules.after if rules else None, minutes=rules.minutes if rules else None)


def _due(run: Sequence[datetime], at: datetime, rules: Rules) -> bool:
    if not run:
        return False
    long = bool(rules.minutes) and at - run[-1] >= timedelta(minutes=rules.minutes)
    return long or (bool(rules.after) and len(run) >= rules.after)


def _run(times: Sequence[datetime], at: datetime, rested: datetime | None) -> list[datetime]:
    """The reveals since the last rest, of times that fall."""
    run: list[datetime] = []
    after = at
    for one in times:
        if after - one >= REST or (rested is not None and one <= rested):
            break
        run.append(one)
        after = one
    return run


def _days(times: Sequence[datetime], at: datetime, zone: str) -> tuple[tuple[datetime, int], ...]:
    """How many on each of the last seven days, the oldest first; a day is its midnight in the zone."""
    today = at.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    dates = [one.astimezone(ZoneInfo(zone)).date() for one in times]
    days = [today - timedelta(days=back) for back in range(6, -1, -1)]
    return tuple((day, dates.count(day.date())) for day in days)


def _keep(within: Transaction, **values: object) -> None:
    done = within.connection.execute(sa.update(RESTS).where(*_mine(within, RESTS)).values(**values))
    if not done.rowcount:
        who = {"tenant": within.tenant, "person_id": within.person.id}
        within.connection.execute(sa.insert(RESTS).values(**who, **values))


def _mine(within: Transaction, table: sa.Table) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return table.c.tenant == within.tenant, table.c.person_id == within.person.id
