"""Does the database have the tables that this version needs? It is brought up to date when it is opened."""

from pathlib import Path

import sqlalchemy as sa

from ringfence.model.faults import Fault

MIGRATIONS = Path(__file__).parent / "migrations"
NEWEST = "0004"  # a test holds this against the migrations there are
# Any number that nothing else in the database uses; PostgreSQL's advisory locks go by number.
LOCK = 0x52494E47


def prepare(connection: sa.Connection, where: str) -> None:
    """Make or upgrade the tables in the caller's transaction; others wait. Raises Fault for a newer database."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    found = version(connection)
    if found == NEWEST:
        return
    if found is not None and found > NEWEST:
        raise Fault("was made by a newer ringfence", where=where, mend="upgrade ringfence")
    _upgrade(connection)


def version(connection: sa.Connection) -> str | None:
    """Which migration the database has, None before the first."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command  # noqa: PLC0415, half a second that a database which is up to date need not wait
    from alembic.config import Config  # noqa: PLC0415, as above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, NEWEST)
