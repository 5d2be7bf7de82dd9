import random
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cases.conftest import Room

from ringfence.cases import audit, audit_files, audit_log, heads, verify
from ringfence.cases.audit import Act, Head, digest
from ringfence.cases.database import Database
from ringfence.cases.faults import Forbidden
from ringfence.cases.people import Person, Role, at_shell
from ringfence.cases.tables import AUDIT, AUDIT_HEADS
from ringfence.cases.verify import Verdict
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace

SHELL = at_shell("own")
LIFT = {
    "sqlite": ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete", "DROP TRIGGER audit_no_replace"],
    "postgresql": ["ALTER TABLE audit DISABLE TRIGGER ALL"],
}


@pytest.fixture
def kept(room: Room) -> Room:
    """An audit of ten rows, over four days."""
    for number in range(9):
        room.clock.later(hours=7)
        with room.database.transaction(SHELL) as within:
            within.record(Act.CASE_READ, f"case-{number}", {"note": 'a "kittiwake" é', "number": number})
    return room


def judged(room: Room, *known: Head) -> Verdict:
    beside = heads.read(room.workspace.audit_heads, "own")
    with room.database.look() as connection:
        return verify.verify(connection, "own", public(room), [*known, *([beside] if beside else [])])


def public(room: Room) -> str:
    return room.database.key.public_key().public_bytes_raw().hex()


def lift(room: Room) -> None:
    """What somebody does first who has the database's password and wants to change the audit."""
    for statement in LIFT[room.database.engine.dialect.name]:
        room.run(statement)


def forge(room: Room, number: int) -> None:
    """Make the chain anew from a row on, as anybody can who has read this code."""
    before = "0" * 64 if number == 1 else room.run("SELECT hash FROM audit WHERE number = :n", n=number - 1)[0][0]
    with room.database._whole() as connection:
        rows = connection.execute(sa.select(*AUDIT.c).where(AUDIT.c.number >= number)).all()
        for row in sorted(rows, key=lambda one: one.number):
            made = digest(row.tenant, row.number, row.at, row.who, row.act, row.subject, row.detail, str(before))
            where = AUDIT.c.number == row.number
            connection.execute(sa.update(AUDIT).where(where).values(before=before, hash=made))
            before = made
        connection.execute(sa.update(AUDIT_HEADS).values(hash=before))


def test_an_audit_that_nobody_touched_is_whole(kept: Room) -> None:
    assert judged(kept) == Verdict(10)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET who = 'finch' WHERE number = 4",
        "DELETE FROM audit WHERE number = 4",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE number = 4",
        "UPDATE OR REPLACE audit SET number = 5 WHERE number = 4",
        "INSERT INTO audit SELECT * FROM audit WHERE true ON CONFLICT (tenant, number) DO UPDATE SET who = 'finch'",
        "TRUNCATE audit",
        "TRUNCATE tenants CASCADE",
    ],
)
def test_the_database_itself_refuses_to_change_the_audit(kept: Room, statement: str) -> None:
    is_sqlite = kept.database.engine.dialect.name == "sqlite"
    if ("TRUNCATE" in statement and is_sqlite) or (" OR REPLACE " in statement and not is_sqlite):
        return
    before = kept.run("SELECT * FROM audit ORDER BY number")
    if statement != "TRUNCATE tenants CASCADE":
        with pytest.raises(sa.exc.DBAPIError, match="only ever added to"):
            kept.run(statement)
    assert kept.run("SELECT * FROM audit ORDER BY number") == before


@pytest.mark.parametrize(("column", "number"), [("hash", 1), ("at", 4), ("before", 5), ("who", 10)])
def test_an_altered_row_is_named(kept: Room, column: str, number: int) -> None:
    lift(kept)
    value = datetime(2026, 1, 1) if column == "at" else "0" * 63 + "1"  # noqa: DTZ001, as SQLite has it
    kept.run(f'UPDATE audit SET "{column}" = :value WHERE number = :number', value=value, number=number)
    verdict = judged(kept)
    assert (verdict.number, verdict.rows) == (number, number - 1)


def test_a_missing_row_is_named(kept: Room) -> None:
    lift(kept)
    kept.run("DELETE FROM audit WHERE number = 4")
    assert judged(kept) == Verdict(3, "row 4 is missing", 4)
    kept.run("UPDATE audit SET number = number - 100 WHERE number > 4")
    kept.run("UPDATE audit SET number = number + 99 WHERE number < 0")
    assert judged(kept).number == 4


def test_rows_that_changed_places_are_named(kept: Room) -> None:
    lift(kept)
    for old, new in ((4, -1), (7, 4), (-1, 7)):
        kept.run("UPDATE audit SET number = :new WHERE number = :old", old=old, new=new)
    verdict = judged(kept)
    assert verdict.number == 4
    assert "moved" in verdict.broken


@pytest.mark.parametrize("cut", [1, 5, 10])
def test_a_cut_end_is_found_even_where_the_head_goes_with_it(kept: Room, cut: int) -> None:
    lift(kept)
    kept.run("DELETE FROM audit WHERE number > :last", last=10 - cut)
    assert judged(kept).number == 11 - cut
    forge(kept, 11 - cut) if cut < 10 else None
    kept.run("UPDATE audit_heads SET number = :last", last=10 - cut)
    assert "not signed" in judged(kept).broken


def test_a_cut_end_is_found_even_where_an_old_head_was_put_back(kept: Room) -> None:
    old = kept.run("SELECT number, at, hash, signature FROM audit_heads")[0]
    with kept.database.look() as connection:
        anchors = audit_files.anchors(connection, "own", kept.database.key)
    with kept.database.transaction(SHELL) as within:
        within.record(Act.CASE_CLOSED, "case-1")
    lift(kept)
    kept.run("DELETE FROM audit WHERE number = 11")
    values = {"number": old.number, "at": old.at, "hash": old.hash, "signature": old.signature}
    kept.run("UPDATE audit_heads SET number = :number, at = :at, hash = :hash, signature = :signature", **values)
    assert judged(kept) == Verdict(10, "row 11 is missing at the end: a signed head vouches for them", 11)
    (kept.workspace.audit_heads / "own.json").unlink()
    assert judged(kept, *anchors) == Verdict(10)  # who has neither file nor a newer anchor cannot know
    kept.run("DELETE FROM audit WHERE number = 10")
    assert judged(kept, *anchors).number == 10


def test_a_chain_made_anew_does_not_end_at_a_signed_head(kept: Room) -> None:
    with kept.database.look() as connection:
        anchors = audit_files.anchors(connection, "own", kept.database.key)
    lift(kept)
    kept.run("UPDATE audit SET who = 'finch' WHERE number = 4")
    forge(kept, 4)
    assert "not signed" in judged(kept).broken
    (kept.workspace.audit_heads / "own.json").unlink()
    assert "not signed" in judged(kept, *anchors).broken


def test_not_even_the_key_forges_what_an_auditor_has_kept(kept: Room) -> None:
    with kept.database.look() as connection:
        anchors = audit_files.anchors(connection, "own", kept.database.key)
    lift(kept)
    kept.run("UPDATE audit SET who = 'finch' WHERE number = 4")
    forge(kept, 4)
    row = kept.run("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")[0]
    made = audit.signed("own", int(str(row[0])), kept.clock.now, str(row[1]), kept.database.key)
    with kept.database._whole() as connection:
        connection.execute(sa.update(AUDIT_HEADS).values(at=made.at, signature=made.signature))
    (kept.workspace.audit_heads / "own.json").unlink()
    assert judged(kept) == Verdict(10)
    verdict = judged(kept, *anchors)
    assert verdict.number in {one.number for one in anchors}


def test_a_row_that_was_put_in_by_hand_is_not_vouched_for(kept: Room) -> None:
    lift(kept)
    last = kept.run("SELECT hash FROM audit WHERE number = 10")[0][0]
    made = digest("own", 11, kept.clock.now, "finch", "case_read", "case-1", "{}", str(last))
    with kept.database._whole() as connection:
        row = {"tenant": "own", "number": 11, "at": kept.clock.now, "who": "finch", "act": "case_read"}
        more = {"subject": "case-1", "detail": "{}", "before": last, "hash": made}
        connection.execute(sa.insert(AUDIT).values(**row, **more))
    assert judged(kept).number == 11


def test_anchors_are_one_a_day(kept: Room) -> None:
    with kept.database.look() as connection:
        anchors = audit_files.anchors(connection, "own", kept.database.key)
    days = [one.at.date() for one in anchors]
    assert days == sorted(set(days))
    assert len(days) == 4
    assert anchors[-1].number == 10


def test_an_export_is_verified_without_the_database(kept: Room, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    with kept.database.look() as connection:
        lines = list(audit_files.exported(connection, "own"))
    file.write_bytes(b"".join(lines))
    assert audit_files.verified(file, public(kept)) == Verdict(10)
    file.write_bytes(b"".join([*lines[:3], *lines[4:]]))
    assert audit_files.verified(file, public(kept)) == Verdict(3, "row 4 is missing", 4)
    file.write_bytes(b"".join(lines).replace(b"case-5", b"case-6"))
    assert audit_files.verified(file, public(kept)).number == 7
    file.write_bytes(b"".join(lines[:5]))
    with pytest.raises(Fault, match="is no head"):
        audit_files.verified(file, public(kept))


def test_every_tenant_has_a_chain_of_its_own(kept: Room) -> None:
    kept.database.welcome("reef")
    with kept.database.transaction(at_shell("reef")) as within:
        within.record(Act.CASE_READ, "case-1")
    with kept.database.look() as connection:
        assert verify.verify(connection, "reef", public(kept)) == Verdict(2)
        assert verify.verify(connection, "nobody", public(kept)).broken == "the head is missing"
    assert judged(kept) == Verdict(10)
    with kept.database.transaction(at_shell("reef")) as within:
        rows = audit_log.read(within)
    assert {row.tenant for row in rows} == {"reef"}


def test_who_may_read_the_audit(kept: Room) -> None:
    for role in Role:
        person = kept.person(str(role), role)
        if role is Role.AUDITOR:
            assert read_as(kept, person) > 0
        else:
            with pytest.raises(Forbidden, match="may not read audit"):
                read_as(kept, person)
    assert kept.run("SELECT who, act FROM audit ORDER BY number DESC LIMIT 1")[0] == ("auditor", "audit_read")


def read_as(room: Room, person: Person) -> int:
    with room.database.transaction(person) as within:
        return len(audit_log.read(within))


def test_pages_of_the_log_join_without_a_gap(kept: Room) -> None:
    seen: list[int] = []
    before: int | None = None
    with kept.database.transaction(SHELL) as within:
        while page := audit_log.read(within, audit_log.Wanted(before=before), most=3):
            seen += [row.number for row in page]
            before = page[-1].number
        one = audit_log.read(within, audit_log.Wanted(act=Act.CASE_READ, subject="case-3"))
    assert seen == list(range(10, 0, -1))
    assert [row.subject for row in one] == ["case-3"]


def test_no_row_is_dated_before_the_one_it_follows(room: Room) -> None:
    room.clock.later(days=-300)
    with room.database.transaction(SHELL) as within:
        within.record(Act.CASE_READ, "case-1")
    times = [row[0] for row in room.run("SELECT at FROM audit ORDER BY number")]
    assert times[1] >= times[0]


def test_many_at_once_make_one_chain(room: Room) -> None:
    def work(name: int) -> None:
        for number in range(10):
            with room.database.transaction(SHELL) as within:
                within.record(Act.CASE_READ, f"{name}-{number}")
                within.record(Act.CASE_READ, f"{name}-{number}-again")

    workers = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert judged(room) == Verdict(121)
    assert heads.read(room.workspace.audit_heads, "own").number == 121  # type: ignore[union-attr]


ROWS = 12


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[verify.Kept], Head, str]:
    database = Database.open(Workspace.create(tmp_path_factory.mktemp("chain") / "platform"))
    for number in range(ROWS - 1):
        with database.transaction(SHELL) as within:
            within.record(Act.CASE_READ, f"case-{number}")
    with database.look() as connection:
        rows = list(verify.rows(connection, "own"))
    head = heads.read(database.beside, "own")
    database.close()
    assert head is not None
    return rows, head, head.key


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(["alter", "drop", "swap", "repeat", "cut", "renumber"]))
def test_whatever_is_done_to_the_rows_is_found(
    chain: tuple[list[verify.Kept], Head, str], chance: random.Random, how: str
) -> None:
    rows, head, key = list(chain[0]), chain[1], chain[2]
    place = chance.randrange(ROWS)
    if how == "alter":
        column = chance.randrange(9)
        other = {1: chance.randrange(ROWS) + 100, 2: rows[place][2] + timedelta(microseconds=1)}
        changed = list(rows[place])
        changed[column] = other.get(column, str(changed[column]) + "x")
        rows[place] = tuple(changed)  # type: ignore[assignment]
    elif how == "drop":
        del rows[place]
    elif how == "swap":
        other_place = (place + chance.randrange(1, ROWS)) % ROWS
        rows[place], rows[other_place] = rows[other_place], rows[place]
        place = min(place, other_place)
    elif how == "repeat":
        rows.insert(place, rows[place])
        place += 1
    elif how == "cut":
        rows = rows[:place]
    else:
        del rows[place]
        rows = [(one[0], number, *one[2:]) for number, one in enumerate(rows, 1)]
    verdict = verify.judge(rows, head, (), key)
    assert verdict.number == place + 1
    assert verdict.rows == place
