import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.guard.service import api_keys
from ringfence.guard.service.api_keys import Keyring, Role, add, read, revoke
from ringfence.guard.service.refusals import FORBIDDEN, UNAUTHORISED, Kind, Refusal
from ringfence.model.faults import Fault


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "guard_keys.json"


def ring(file: Path, clock: Callable[[], float] | None = None, *, open_without: bool = False) -> Keyring:
    return Keyring(file, open_without=open_without, clock=clock or Clock())


def refused(keys: Keyring, shown: bytes | None, role: Role = Role.DECIDE) -> Kind:
    with pytest.raises(Refusal) as caught:
        keys.name_of(shown, role)
    return caught.value.kind


def test_a_key_lets_its_holder_in_and_says_their_name(file: Path) -> None:
    key = add(file, "search", Role.DECIDE)
    assert re.fullmatch(r"rfk_[0-9a-f]{16}_[A-Za-z0-9_-]{43}", key)
    assert ring(file).name_of(f"Bearer {key}".encode(), Role.DECIDE) == "search"


def test_the_file_holds_no_key(file: Path) -> None:
    key = add(file, "search", Role.DECIDE)
    secret = key.rpartition("_")[2] if key.count("_") == 2 else key[21:]
    assert secret not in file.read_text()
    assert len(secret) == 43 or key[21:] not in file.read_text()
    (kept,) = json.loads(file.read_text())["keys"]
    assert set(kept) == {"name", "role", "id", "hash", "created_at"}


@pytest.mark.parametrize(
    ("role", "allowed"),
    [(Role.DECIDE, {Role.DECIDE}), (Role.METRICS, {Role.METRICS}), (Role.ADMIN, {Role.DECIDE, Role.METRICS})],
)
def test_a_key_is_good_for_its_role_only(file: Path, role: Role, allowed: set[Role]) -> None:
    shown = f"Bearer {add(file, 'one', role)}".encode()
    keys = ring(file)
    for wanted in (Role.DECIDE, Role.METRICS):
        if wanted in allowed:
            assert keys.name_of(shown, wanted) == "one"
        else:
            assert refused(keys, shown, wanted) is FORBIDDEN


def test_anything_else_is_nobody(file: Path) -> None:
    key = add(file, "one", Role.ADMIN)
    other = add(file, "two", Role.ADMIN)
    keys = ring(file)
    crossed = key[:21] + other[21:]
    for shown in (None, b"", key.encode(), f"bearer {key}".encode(), f"Bearer {key} ".encode(), b"Bearer \xff"):
        assert refused(keys, shown) is UNAUTHORISED
    for wrong in (key[:-1], key + "A", crossed, key.swapcase(), key[:-1] + ("A" if key[-1] != "A" else "B")):
        assert refused(keys, f"Bearer {wrong}".encode()) is UNAUTHORISED


@given(st.binary(max_size=90) | st.binary(max_size=60).map(lambda tail: b"Bearer rfk_" + tail))
def test_no_header_breaks_it(shown: bytes) -> None:
    assert refused(Keyring(None, open_without=False), shown) is UNAUTHORISED


def test_a_new_key_and_a_revoked_one_are_noticed_within_a_second(file: Path) -> None:
    clock = Clock()
    first = f"Bearer {add(file, 'first', Role.DECIDE)}".encode()
    keys = ring(file, clock)
    second = f"Bearer {add(file, 'second', Role.DECIDE)}".encode()
    revoke(file, "first")
    clock.now += 0.9
    assert keys.name_of(second, Role.DECIDE) == "second"
    assert refused(keys, first) is UNAUTHORISED


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"keys": [{"name": "x"}]}', b"\xff\xfe", b'{"keys": 3}'])
def test_a_corrupt_file_lets_nobody_in_until_it_is_mended(file: Path, content: bytes) -> None:
    clock = Clock()
    shown = f"Bearer {add(file, 'one', Role.ADMIN)}".encode()
    keys, whole = ring(file, clock, open_without=True), file.read_bytes()
    file.write_bytes(content)
    clock.now += 1
    assert refused(keys, shown) is UNAUTHORISED
    assert keys.trouble == api_keys.KEYS_UNREADABLE
    assert ring(file, open_without=True).trouble == api_keys.KEYS_UNREADABLE
    file.write_bytes(whole)
    clock.now += 1
    assert keys.name_of(shown, Role.DECIDE) == "one"
    assert keys.trouble == ""


def test_a_file_that_vanishes_lets_nobody_in(file: Path) -> None:
    clock = Clock()
    shown = f"Bearer {add(file, 'one', Role.ADMIN)}".encode()
    keys = ring(file, clock, open_without=True)
    file.unlink()
    clock.now += 1
    assert refused(keys, shown) is UNAUTHORISED
    assert keys.trouble == api_keys.KEYS_MISSING


def test_a_hash_that_is_none_lets_nobody_in(file: Path) -> None:
    add(file, "one", Role.ADMIN)
    table = json.loads(file.read_text())
    table["keys"][0]["hash"] = "no hash"
    file.write_text(json.dumps(table))
    assert ring(file).trouble == api_keys.KEYS_UNREADABLE


def test_without_a_file_it_is_open_only_when_told_and_closes_for_good_when_one_appears(file: Path) -> None:
    clock = Clock()
    assert refused(ring(file), None) is UNAUTHORISED
    keys = ring(file, clock, open_without=True)
    assert keys.name_of(None, Role.METRICS) == api_keys.NOBODY
    shown = f"Bearer {add(file, 'one', Role.DECIDE)}".encode()
    clock.now += 1
    assert refused(keys, None) is UNAUTHORISED
    assert keys.name_of(shown, Role.DECIDE) == "one"
    file.unlink()
    clock.now += 1
    assert refused(keys, None) is UNAUTHORISED


def test_the_last_key_revoked_leaves_it_closed(file: Path) -> None:
    add(file, "one", Role.DECIDE)
    revoke(file, "one")
    assert refused(ring(file, open_without=True), None) is UNAUTHORISED


def test_names_are_given_once_and_are_plain(file: Path) -> None:
    add(file, "one", Role.DECIDE)
    with pytest.raises(Fault, match="there is a key one already"):
        add(file, "one", Role.ADMIN)
    for name in ("", "One", "a b", "x" * 65, "a\nb", "-a"):
        with pytest.raises(Fault, match="is no name"):
            add(file, name, Role.DECIDE)
    with pytest.raises(Fault, match="there is no key two"):
        revoke(file, "two")
    assert [key.name for key in read(file)] == ["one"]


def test_two_keys_of_one_name_are_a_fault(file: Path) -> None:
    add(file, "one", Role.DECIDE)
    table = json.loads(file.read_text())
    file.write_text(json.dumps({"keys": table["keys"] * 2}))
    with pytest.raises(Fault, match="two keys of one name"):
        read(file)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_lets_nobody_in(file: Path) -> None:
    add(file, "one", Role.DECIDE)
    file.chmod(0)
    assert ring(file, open_without=True).trouble == api_keys.KEYS_UNREADABLE
