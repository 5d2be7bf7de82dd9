"""Where are the cases, and how does an act reach them? SQLite in the workspace, or PostgreSQL by its address."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ringfence.cases import audit, heads, keys, people, schema
from ringfence.cases.audit import Act, Entry
from ringfence.cases.people import Person
from ringfence.cases.tables import TENANTS
from ringfence.cases.transaction import Transaction
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace

WAIT = 30  # seconds that an act waits for others before it is a fault
WRITES = "ringfence_writes"

Clock = Callable[[sa.Connection], datetime]


@dataclass(frozen=True, slots=True)
class Database:
    """An open database whose tables are up to date. `where` is its name for messages, without any password."""

    engine: sa.Engine
    where: str
    key: Ed25519PrivateKey
    beside: Path  # the folder that keeps the head of the audit outside the database
    clock: Clock

    @classmethod
    def open(cls, workspace: Workspace, clock: Clock | None = None) -> "Database":
        """The database that ringfence.toml names, made or upgraded where need be.

        `clock` tells the time of an act; without one it is the database's own, the same for every process that uses it.
        Raises Fault when it cannot be reached, or is of a newer version.
        """
        settings = workspace.config.cases
        engine, where = _postgresql(settings.database) if settings.database else _sqlite(workspace.cases_file)
        made = cls(engine, where, keys.signing_key(workspace.path), workspace.audit_heads, clock or _time)
        try:
            with made._whole() as connection:
                schema.prepare(connection, where)
            made.welcome(settings.tenant)
        except BaseException:
            made.close()
            raise
        return made

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()

    def welcome(self, tenant: str) -> None:
        """Make a tenant known, with an empty audit of its own. One that is known stays as it is."""
        with self._whole() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(schema.LOCK)))
            if connection.execute(sa.select(TENANTS.c.tenant).where(TENANTS.c.tenant == tenant)).first():
                return
            at = self.clock(connection)
            connection.execute(sa.insert(TENANTS).values(tenant=tenant, created_at=at))
            audit.begin(connection, tenant, at, self.key)
            who = people.at_shell(tenant).id
            head = audit.append(connection, tenant, who, [Entry(Act.DATABASE_MADE, tenant)], at, self.key)
        heads.keep(self.beside, head)

    @contextmanager
    def transaction(self, person: Person) -> Iterator[Transaction]:
        """One act by `person`, whose roles are read anew. What it changed and recorded is kept whole, or not at all.

        Raises Forbidden for somebody who does not work here any more; whatever is raised inside undoes all of it.
        """
        head = None
        with self._whole() as connection:
            now = people.current(connection, person)
            within = Transaction(connection, now, self.clock(connection))
            yield within
            if within.entries:
                head = audit.append(connection, now.tenant, now.id, within.entries, within.at, self.key)
        if head:
            heads.keep(self.beside, head)

    @contextmanager
    def look(self) -> Iterator[sa.Connection]:
        """Read one unchanging state of everything, to check it. What reviewers read goes by `transaction`."""
        with _faults(self.where), self.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def _whole(self) -> Iterator[sa.Connection]:
        with _faults(self.where), self.engine.connect() as connection:
            connection.execution_options(**{WRITES: True})
            with connection.begin():
                yield connection


@contextmanager
def _faults(where: str) -> Iterator[None]:
    try:
        yield
    except sa.exc.OperationalError as error:
        told = str(error.orig).splitlines()[0] if error.orig else "no reason given"
        raise Fault(f"cannot be used ({told})", where=where, mend="see that it runs and can be reached") from error


def _time(connection: sa.Connection) -> datetime:
    if connection.dialect.name == "postgresql":
        at: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return at.astimezone(UTC)
    return datetime.now(UTC)


def _postgresql(address: str) -> tuple[sa.Engine, str]:
    try:
        url = sa.make_url(address).set(drivername="postgresql+psycopg")
    except sa.exc.ArgumentError as error:
        raise Fault("is no address", where="cases.database", mend="write postgresql://person@host/name") from error
    if find_spec("psycopg") is None:
        raise Fault("needs psycopg", where="cases.database", mend="run `pip install 'ringfence[console]'`")
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={"connect_timeout": WAIT, "options": f"-c lock_timeout={WAIT}s -c timezone=UTC"},
    )
    return engine, url.set(drivername="postgresql").render_as_string(hide_password=True)


def _sqlite(file: Path) -> tuple[sa.Engine, str]:
    """The owner alone may read the file; SQLite gives its log and its index the same rights."""
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
        file.chmod(0o600)
    except OSError as error:
        raise Fault(f"cannot be opened ({error.strerror})", where=str(file), mend="mend its rights") from error
    engine = sa.create_engine(f"sqlite:///{file}", hide_parameters=True, connect_args={"timeout": WAIT})
    sa.event.listen(engine, "connect", _connected)
    sa.event.listen(engine, "begin", _begun)
    return engine, str(file)


def _connected(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # transactions are begun below, and not when the driver thinks best
    # What is purged is written over: SQLite would leave it in the file otherwise.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begun(connection: sa.Connection) -> None:
    """A transaction that writes takes its turn at once: one that reads first and then writes could be refused."""
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
