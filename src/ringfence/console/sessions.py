"""Who is signed in? A secret that a browser holds, and here only its hash, with when it ends.

A session ends when nothing is asked for a while, after a day's work in any case, and as soon as its person has fewer
roles than they signed in with.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from ringfence.cases import people
from ringfence.cases.audit import Act
from ringfence.cases.database import Database
from ringfence.cases.faults import Forbidden
from ringfence.cases.people import Person
from ringfence.cases.tables import SESSIONS
from ringfence.cases.transaction import Transaction
from ringfence.console.settings import Settings

SIZE = 32  # bytes of a secret
TOUCH = timedelta(minutes=1)  # how exactly it is kept when a session last asked
BROWSER = 160  # characters of what a browser says it is


class Way(StrEnum):
    """How somebody proved who they are."""

    PASSWORD = "password"  # noqa: S105, the name of a way
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Session:
    """One session, by the hash of its secret. `proved_at` is when a code was last given."""

    hash: str
    person_id: str
    way: Way
    browser: str
    started_at: datetime
    seen_at: datetime
    ends_at: datetime
    proved_at: datetime | None

    def proved(self, now: datetime, lasts: timedelta) -> bool:
        """Whether a code was given so lately that it still counts."""
        return self.proved_at is not None and now - self.proved_at < lasts


@dataclass(frozen=True, slots=True)
class Known:
    """A session that is good, whose it is with the roles they have now, and the database's time."""

    session: Session
    person: Person
    at: datetime


def begin(
    database: Database, settings: Settings, person: Person, way: Way, browser: str, before: str, *, proved: bool
) -> str:
    """A new session, and its secret. The one that the browser had before, if any, is gone."""
    secret = secrets.token_urlsafe(SIZE)
    with database.transaction(person) as within:
        old = (_hash(before), _hash(secret))
        within.connection.execute(sa.delete(SESSIONS).where(_mine(within.tenant), SESSIONS.c.hash.in_(old)))
        within.connection.execute(
            sa.insert(SESSIONS).values(
                tenant=within.tenant,
                hash=_hash(secret),
                person_id=person.id,
                way=str(way),
                roles=sorted(within.person.roles),
                browser=browser[:BROWSER],
                started_at=within.at,
                seen_at=within.at,
                ends_at=within.at + settings.longest,
                proved_at=within.at if proved else None,
            )
        )
        # Those that ran out, of whomever, are of no use to anybody.
        gone = sa.or_(SESSIONS.c.ends_at <= within.at, SESSIONS.c.seen_at <= within.at - settings.idle)
        within.connection.execute(sa.delete(SESSIONS).where(_mine(within.tenant), gone))
    return secret


def find(database: Database, settings: Settings, secret: str) -> Known | None:
    """The session that has this secret, unless it has ended."""
    if not secret:
        return None
    with database.look() as connection:
        asked = sa.select(*SESSIONS.c).where(_mine(settings.tenant), SESSIONS.c.hash == _hash(secret))
        row = connection.execute(asked).first()
        if row is None:
            return None
        at = database.clock(connection)
        try:
            person: Person | None = people.current(connection, Person(row.person_id, settings.tenant, "", frozenset()))
        except Forbidden:
            person = None  # they have left
    session = _session(row)
    over = at >= session.ends_at or at - session.seen_at >= settings.idle
    if over or person is None or not set(row.roles) <= person.roles:
        _end(database, settings, session.hash)
        return None
    if at - session.seen_at >= TOUCH:
        _change(database, settings, session.hash, seen_at=at)
    return Known(session, person, at)


def prove(database: Database, settings: Settings, session: Session, at: datetime) -> None:
    """Note that the person gave a code just now."""
    _change(database, settings, session.hash, proved_at=at)


def end(within: Transaction, session_hash: str) -> None:
    """End a session of one's own. One that is not, or has ended, is left alone."""
    mine = sa.and_(_mine(within.tenant), SESSIONS.c.person_id == within.person.id, SESSIONS.c.hash == session_hash)
    if within.connection.execute(sa.delete(SESSIONS).where(mine)).rowcount:
        within.record(Act.SESSION_ENDED, within.person.id)


def end_all(within: Transaction, person_id: str, but: str = "") -> None:
    """End somebody's sessions, whose way in has just been changed in this act; `but` is the hash of one that stays."""
    theirs = sa.and_(_mine(within.tenant), SESSIONS.c.person_id == person_id, SESSIONS.c.hash != but)
    if within.connection.execute(sa.delete(SESSIONS).where(theirs)).rowcount:
        within.record(Act.SESSION_ENDED, person_id)


def of(within: Transaction) -> Sequence[Session]:
    """One's own sessions, the newest first."""
    mine = sa.and_(_mine(within.tenant), SESSIONS.c.person_id == within.person.id, SESSIONS.c.ends_at > within.at)
    rows = within.connection.execute(sa.select(*SESSIONS.c).where(mine).order_by(SESSIONS.c.started_at.desc()))
    return [_session(row) for row in rows]


def _end(database: Database, settings: Settings, session_hash: str) -> None:
    with database.transaction(people.service(settings.tenant, "sessions")) as within:
        mine = sa.and_(_mine(within.tenant), SESSIONS.c.hash == session_hash)
        whose = within.connection.execute(sa.select(SESSIONS.c.person_id).where(mine)).scalar()
        if whose is not None:
            within.connection.execute(sa.delete(SESSIONS).where(mine))
            within.record(Act.SESSION_ENDED, whose)


def _change(database: Database, settings: Settings, session_hash: str, **values: object) -> None:
    with database.transaction(people.service(settings.tenant, "sessions")) as within:
        mine = sa.and_(_mine(within.tenant), SESSIONS.c.hash == session_hash)
        within.connection.execute(sa.update(SESSIONS).where(mine).values(**values))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _mine(tenant: str) -> sa.ColumnElement[bool]:
    return SESSIONS.c.tenant == tenant


def _session(row: sa.Row[tuple[object, ...]]) -> Session:
    return Session(
        hash=row.hash,
        person_id=row.person_id,
        way=Way(row.way),
        browser=row.browser,
        started_at=row.started_at,
        seen_at=row.seen_at,
        ends_at=row.ends_at,
        proved_at=row.proved_at,
    )
