import os
import signal
import stat
import warnings
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from tests.cases.conftest import Room
from tests.processes import PROCESSES

from ringfence.cases import schema
from ringfence.cases.audit import Act
from ringfence.cases.database import Database
from ringfence.cases.faults import Forbidden
from ringfence.cases.people import Role, at_shell
from ringfence.cases.plan_tables import PLANS
from ringfence.cases.tables import COMMENTS, PROTECTED
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace


def test_the_migrations_make_the_tables_that_the_code_uses(room: Room) -> None:
    with room.database.engine.connect() as connection, warnings.catch_warnings():
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, PLANS.metadata) == []


def test_the_newest_migration_is_the_one_asked_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.NEWEST


def test_a_database_of_a_newer_version_is_refused(room: Room) -> None:
    room.run("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Fault, match="newer ringfence"):
        Database.open(room.workspace)


def test_opening_again_changes_nothing(room: Room) -> None:
    again = Database.open(room.workspace)
    again.close()
    assert room.count("audit") == 1
    assert room.count("tenants") == 1


def test_two_processes_that_open_an_empty_database_at_once_make_one(room: Room) -> None:
    with room.database._whole() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
    room.database.close()
    if not room.workspace.config.cases.database:
        room.workspace.cases_file.unlink()
    with PROCESSES.Pool(2) as pool:
        assert pool.map(_opened, [room.workspace.path] * 4) == [1] * 4


def _opened(path: Path) -> int:
    database = Database.open(Workspace.open(path))
    with database.look() as connection:
        rows = int(connection.execute(sa.text("SELECT count(*) FROM audit")).scalar_one())
    database.close()
    return rows


def test_only_the_owner_may_read_the_files(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        workspace = Workspace.create(tmp_path / "platform")
        database = Database.open(workspace)
        with database.transaction(at_shell("own")) as within:
            within.record(Act.QUEUE_READ, "queue")
            names = [path.name for path in workspace.path.glob("cases*")]
            assert sorted(names) == ["cases.sqlite", "cases.sqlite-shm", "cases.sqlite-wal", "cases_signing.key"]
            for path in (*workspace.path.glob("cases*"), workspace.audit_heads):
                assert not stat.S_IMODE(path.stat().st_mode) & 0o077 or path.is_dir(), path
    finally:
        os.umask(before)
    database.close()
    workspace.cases_file.chmod(0o644)
    Database.open(workspace).close()
    assert stat.S_IMODE(workspace.cases_file.stat().st_mode) == 0o600


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "platform")
    Database.open(workspace).close()
    (workspace.path / "cases_signing.key").chmod(0o640)
    with pytest.raises(Fault, match="may be read by others"):
        Database.open(workspace)


def test_no_message_has_the_password(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "platform")
    file = workspace.path / "ringfence.toml"
    address = "postgresql://wren:kittiwake@127.0.0.1:1/cases"
    file.write_text(file.read_text().replace('database = ""', f'database = "{address}"'))
    with pytest.raises(Fault, match="cannot be used") as caught:
        Database.open(Workspace.open(workspace.path))
    assert "kittiwake" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_what_fails_leaves_nothing_behind(room: Room) -> None:
    def fail() -> None:
        with room.database.transaction(at_shell("own")) as within:
            _protect(within.connection)
            within.record(Act.PROTECTED_ADDED, "a1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (room.count("protected"), room.count("audit")) == (0, 1)


def test_a_row_never_stands_beside_an_audit_that_cannot_be_written(room: Room) -> None:
    room.run("DELETE FROM audit_heads")

    def act() -> None:
        with room.database.transaction(at_shell("own")) as within:
            _protect(within.connection)
            within.record(Act.PROTECTED_ADDED, "a1")

    with pytest.raises(sa.exc.NoResultFound):
        act()
    assert room.count("protected") == 0


def _protect(connection: sa.Connection) -> None:
    row = {"account_id": "a1", "kind": "researcher", "why": "", "by": "wren", "at": datetime(2026, 11, 2, tzinfo=UTC)}
    connection.execute(sa.insert(PROTECTED).values(tenant="own", **row))


def test_a_process_killed_within_an_act_leaves_none_of_it(room: Room) -> None:
    for after_audit in (False, True):
        child = PROCESSES.Process(target=_die, args=(room.workspace.path, after_audit))
        child.start()
        child.join(60)
        assert child.exitcode == -signal.SIGKILL
        assert (room.count("protected"), room.count("audit")) == (0, 1)


def _die(path: Path, after_audit: bool) -> None:  # noqa: FBT001
    from ringfence.cases import audit  # noqa: PLC0415

    database = Database.open(Workspace.open(path))
    real = audit.append

    def killed(*given: object) -> None:
        if after_audit:
            real(*given)  # type: ignore[arg-type]
        os.kill(os.getpid(), signal.SIGKILL)

    audit.append = killed  # type: ignore[assignment]
    with database.transaction(at_shell("own")) as within:
        _protect(within.connection)
        within.record(Act.PROTECTED_ADDED, "a1")


def test_roles_are_those_of_the_moment(room: Room) -> None:
    wren = room.person("wren", Role.SENIOR_REVIEWER)
    room.run("UPDATE roles SET role = 'viewer'")
    with room.database.transaction(wren) as within:
        assert within.person.roles == {Role.VIEWER}
    room.run("UPDATE people SET active = :no", no=False)
    with pytest.raises(Forbidden, match="does not work here"), room.database.transaction(wren):
        pass


def test_a_row_that_belongs_to_nobody_is_refused(room: Room) -> None:
    with pytest.raises(sa.exc.IntegrityError), room.database.transaction(at_shell("own")) as within:
        within.connection.execute(
            sa.insert(COMMENTS).values(tenant="own", case_id="none", at=within.at, by="wren", text="")
        )
