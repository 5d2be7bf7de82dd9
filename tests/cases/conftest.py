from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.postgresql import Postgresql

from ringfence.cases.database import Database
from ringfence.cases.people import Person, Role
from ringfence.cases.tables import PEOPLE, ROLES
from ringfence.store.workspace import CONFIG, Workspace

KINDS = ("sqlite", "postgresql")


@dataclass
class Hands:
    """A clock that a test moves."""

    now: datetime = datetime(2026, 11, 2, 9, tzinfo=UTC)

    def __call__(self, _: sa.Connection) -> datetime:
        return self.now

    def later(self, **more: float) -> None:
        self.now += timedelta(**more)


@dataclass
class Room:
    """A workspace whose cases are on one of the databases, and the ways that a test takes into it."""

    workspace: Workspace
    database: Database
    clock: Hands
    tenant: str = "own"
    people: dict[str, Person] = field(default_factory=dict)

    def person(self, name: str, *roles: Role, tenant: str = "own") -> Person:
        """Somebody with some roles, put straight into the tables."""
        with self.database._whole() as connection:
            who = {"tenant": tenant, "person_id": name}
            connection.execute(sa.insert(PEOPLE).values(**who, name=name, active=True, created_at=self.clock.now))
            for role in roles:
                connection.execute(sa.insert(ROLES).values(**who, role=role))
        return Person(name, tenant, name, frozenset(roles))

    def run(self, statement: str, **values: object) -> list[Any]:
        """Some SQL, as somebody with the database's password may run it."""
        with self.database._whole() as connection:
            done = connection.execute(sa.text(statement), values)
            return list(done.all()) if done.returns_rows else []

    def count(self, table: str) -> int:
        return int(str(self.run(f"SELECT count(*) FROM {table}")[0][0]))


MakeRoom = Callable[[], Room]


@pytest.fixture(scope="session")
def template(postgresql: Postgresql, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a PostgreSQL database with all tables and no rows."""
    name = postgresql.make()
    made = Database.open(_workspace(tmp_path_factory.mktemp("template"), postgresql.address(name)))
    with made._whole() as connection:
        connection.execute(sa.text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        connection.execute(sa.text("DELETE FROM audit"))
        connection.execute(sa.text("DELETE FROM audit_heads"))
        connection.execute(sa.text("DELETE FROM tenants"))
        connection.execute(sa.text("ALTER TABLE audit ENABLE TRIGGER ALL"))
    made.close()
    return name


@pytest.fixture(params=KINDS)
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Room]:
    """An empty room, once on each database."""
    if request.param == "sqlite":
        yield from _room(tmp_path, "")
        return
    server: Postgresql = request.getfixturevalue("postgresql")
    name = server.make(request.getfixturevalue("template"))
    yield from _room(tmp_path, server.address(name))
    server.drop(name)


def _room(folder: Path, address: str) -> Iterator[Room]:
    clock = Hands()
    workspace = _workspace(folder / "platform", address)
    database = Database.open(workspace, clock)
    yield Room(workspace, database, clock)
    database.close()


def _workspace(path: Path, address: str) -> Workspace:
    made = Workspace.create(path)
    file = made.path / CONFIG
    file.write_text(file.read_text().replace('database = ""', f'database = "{address}"'))
    return Workspace.open(path)
