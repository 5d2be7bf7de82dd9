import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import argon2
import pyotp
import pytest
from tests.cases.conftest import Room

from ringfence.cases import credentials, keys, staff
from ringfence.cases.faults import Forbidden
from ringfence.cases.people import Person, Role, at_shell
from ringfence.model.faults import Fault

PASSWORD = "kittiwake-on-the-cliff"
Enter = Callable[..., Person]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """As argon2 is, with less work: the tests count attempts, not milliseconds."""
    monkeypatch.setattr(credentials, "_HASHER", argon2.PasswordHasher(1, 8, 1))


@pytest.fixture
def sealing(room: Room) -> bytes:
    return keys.sealing_key(room.workspace.path)


@pytest.fixture
def phone(room: Room, sealing: bytes) -> pyotp.TOTP:
    """Wren's, who is a reviewer and has a password."""
    with room.database.transaction(at_shell("own")) as within:
        staff.add(within, "wren", "Wren", [Role.REVIEWER])
        credentials.set_password(within, "wren", credentials.hashed(PASSWORD))
        address = credentials.set_totp(within, "wren", sealing)
    return pyotp.TOTP(parse_qs(urlsplit(address).query)["secret"][0])


@pytest.fixture
def enter(room: Room, sealing: bytes) -> Enter:
    def entered(code: str, password: str = PASSWORD, who: str = "wren", tenant: str = "own") -> Person:
        return credentials.sign_in(room.database, tenant, who, password, code, sealing)

    return entered


def test_who_knows_the_password_and_holds_the_phone_comes_in(room: Room, phone: pyotp.TOTP, enter: Enter) -> None:
    assert enter(phone.at(room.clock.now)) == Person("wren", "own", "Wren", frozenset({Role.REVIEWER}))
    assert room.run("SELECT who, act, subject FROM audit ORDER BY number DESC LIMIT 1") == [
        ("service:sign-in", "signed_in", "wren")
    ]


def test_a_code_is_good_once_and_no_earlier_one_after_it(room: Room, phone: pyotp.TOTP, enter: Enter) -> None:
    earlier, code = phone.at(room.clock.now - timedelta(seconds=30)), phone.at(room.clock.now)
    enter(code)
    for old in (code, earlier):
        with pytest.raises(Forbidden):
            enter(old)
    room.clock.later(seconds=30)
    with pytest.raises(Forbidden):
        enter(code)
    enter(phone.at(room.clock.now))


def test_of_many_who_use_one_code_at_once_one_comes_in(room: Room, phone: pyotp.TOTP, enter: Enter) -> None:
    code, came = phone.at(room.clock.now), []

    def try_it() -> None:
        with suppress(Forbidden):
            came.append(enter(code))

    many = [threading.Thread(target=try_it) for _ in range(5)]
    for one in many:
        one.start()
    for one in many:
        one.join()
    assert len(came) == 1


def test_a_code_of_another_time_is_refused(room: Room, phone: pyotp.TOTP, enter: Enter) -> None:
    for off in (-3, -2, 2, 3):
        with pytest.raises(Forbidden):
            enter(phone.at(room.clock.now + timedelta(seconds=30 * off)))


def test_every_refusal_reads_the_same_and_repeats_nothing(room: Room, phone: pyotp.TOTP, enter: Enter) -> None:
    code = phone.at(room.clock.now)
    room.database.welcome("reef")
    wrong: list[Callable[[], Person]] = [
        lambda: enter(code, "puffin-on-the-cliff"),
        lambda: enter("000000"),
        lambda: enter(""),
        lambda: enter(code, who="nobody"),
        lambda: enter(code, who=PASSWORD),
        lambda: enter(code, tenant="reef"),
        lambda: enter(code, "x" * 5_000),
    ]
    told = set()
    for attempt in wrong:
        with pytest.raises(Forbidden) as caught:
            attempt()
        told.add(str(caught.value))
        room.run("UPDATE credentials SET attempts = 0, locked_until = NULL")
    assert len(told) == 1
    assert PASSWORD not in str(room.run("SELECT * FROM audit"))
    assert enter(code).id == "wren"


def test_guessing_is_slowed_down_even_for_the_right_password(room: Room, phone: pyotp.TOTP, enter: Enter) -> None:
    for _ in range(credentials.FREE):
        with pytest.raises(Forbidden):
            enter("000000", "wrong-wrong-wrong")
    with pytest.raises(Forbidden):
        enter(phone.at(room.clock.now))
    room.clock.later(minutes=1, seconds=1)
    enter(phone.at(room.clock.now))
    room.clock.later(minutes=1)
    enter(phone.at(room.clock.now))


def test_who_guesses_all_day_has_a_hundred_guesses(room: Room, phone: pyotp.TOTP) -> None:
    assert phone
    judged = 0
    for _ in range(24 * 60 // 5):
        room.clock.later(minutes=5)
        with room.database.transaction(at_shell("own")) as within:
            judged += credentials._attempt(within, "wren") is not None
    assert judged < 110


def test_a_secret_is_never_kept_as_it_is(room: Room, phone: pyotp.TOTP, sealing: bytes) -> None:
    kept = room.run("SELECT password, totp FROM credentials")[0]
    assert str(kept[0]).startswith("$argon2id$")
    assert phone.secret.encode() not in bytes(kept[1])
    assert sealing not in bytes(kept[1])


def test_a_secret_put_into_another_row_is_worth_nothing(room: Room, phone: pyotp.TOTP, enter: Enter) -> None:
    with room.database.transaction(at_shell("own")) as within:
        staff.add(within, "finch", "Finch", [Role.SENIOR_REVIEWER])
        credentials.set_password(within, "finch", credentials.hashed(PASSWORD))
    room.run("UPDATE credentials SET totp = (SELECT c.totp FROM credentials c WHERE c.person_id = 'wren')")
    with pytest.raises(Forbidden):
        enter(phone.at(room.clock.now), who="finch")


def test_without_a_phone_there_is_no_way_in(room: Room, phone: pyotp.TOTP, enter: Enter) -> None:
    room.run("UPDATE credentials SET totp = NULL")
    for code in ("", "000000", phone.at(room.clock.now)):
        with pytest.raises(Forbidden):
            enter(code)


def test_who_has_left_does_not_come_back_in(room: Room, phone: pyotp.TOTP, enter: Enter) -> None:
    with room.database.transaction(at_shell("own")) as within:
        staff.leave(within, "wren")
    with pytest.raises(Forbidden):
        enter(phone.at(room.clock.now))


def test_nobody_sets_the_password_of_another(room: Room, phone: pyotp.TOTP) -> None:
    assert phone
    finch = room.person("finch", Role.SENIOR_REVIEWER)
    with room.database.transaction(finch) as within, pytest.raises(Forbidden, match="may not keep people"):
        credentials.set_password(within, "wren", credentials.hashed(PASSWORD))


@pytest.mark.parametrize("password", ["", "short", "x" * 1_001])
def test_a_password_too_short_or_too_long_is_refused(password: str) -> None:
    with pytest.raises(Fault, match="too short or too long"):
        credentials.hashed(password)
