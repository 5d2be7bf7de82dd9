import json
import stat
from pathlib import Path

import pytest
from tests.processes import PROCESSES

from ringfence.cases.actions import Action, Direction, Done, Order, Unclear, key
from ringfence.enforcement import configured
from ringfence.enforcement.file import FileEnforcer
from ringfence.enforcement.secret import secret
from ringfence.enforcement.webhook import WebhookEnforcer
from ringfence.model.faults import Fault
from ringfence.store.config_cases import Enforcement
from ringfence.store.workspace import CONFIG, Workspace


def order(number: int) -> Order:
    account = f"a{number}"
    return Order(key("d", account, Action.LIMIT, Direction.DO), account, Action.LIMIT, Direction.DO, "plan-0")


def lines(file: Path) -> list[str]:
    return [json.loads(line)["account_id"] for line in file.read_text().splitlines()]


def test_each_key_is_one_line_whoever_writes_and_however_often(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    first, second = FileEnforcer(file), FileEnforcer(file)
    for number in (0, 1, 0):
        assert first.carry_out(order(number)) == Done()
    for number in (1, 2, 0):
        assert second.carry_out(order(number)) == Done()
    assert first.carry_out(order(2)) == Done()
    assert lines(file) == ["a0", "a1", "a2"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_half_written_line_is_cut_off_and_asked_again(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    FileEnforcer(file).carry_out(order(0))
    whole = file.read_bytes()
    file.write_bytes(whole + whole[: len(whole) // 2])
    again = FileEnforcer(file)
    assert [again.carry_out(order(number)) for number in (1, 0)] == [Done(), Done()]
    assert lines(file) == ["a0", "a1"]


def test_a_platform_may_begin_a_new_file(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    enforcer = FileEnforcer(file)
    enforcer.carry_out(order(0))
    file.rename(tmp_path / "taken.jsonl")
    enforcer.carry_out(order(1))
    assert lines(file) == ["a1"]


def test_a_new_file_that_others_have_filled_is_read_from_its_start(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    enforcer, other = FileEnforcer(file), FileEnforcer(file)
    enforcer.carry_out(order(0))
    file.rename(tmp_path / "taken.jsonl")
    for number in range(10, 14):
        assert other.carry_out(order(number)) == Done()
    assert enforcer.carry_out(order(12)) == enforcer.carry_out(order(1)) == Done()
    assert lines(file) == ["a10", "a11", "a12", "a13", "a1"]


def test_what_cannot_be_written_is_not_done(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    file.mkdir()
    assert isinstance(FileEnforcer(file).carry_out(order(0)), Unclear)
    (tmp_path / "other.jsonl").write_text("no order\n")
    assert isinstance(FileEnforcer(tmp_path / "other.jsonl").carry_out(order(0)), Unclear)


def _write(file: Path) -> None:
    enforcer = FileEnforcer(file)
    for number in range(20):
        enforcer.carry_out(order(number))


def test_processes_that_write_at_once_write_each_key_once(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    with PROCESSES.Pool(3) as pool:
        pool.map(_write, [file] * 3)
    assert sorted(lines(file)) == sorted(f"a{number}" for number in range(20))


def test_the_secret_is_from_one_place_that_its_owner_alone_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", "a secret of sixteen and more bytes")
    assert secret(Enforcement(secret_variable="HOOK")) == b"a secret of sixteen and more bytes"
    file = tmp_path / "secret"
    file.write_text("a secret that is in a file\n")
    file.chmod(0o640)
    with pytest.raises(Fault, match="may be read by others") as told:
        secret(Enforcement(secret_file=str(file)))
    assert "that is in a file" not in str(told.value)
    file.chmod(0o600)
    assert secret(Enforcement(secret_file=str(file))) == b"a secret that is in a file"
    for settings in (
        Enforcement(),
        Enforcement(secret_file=str(file), secret_variable="HOOK"),
        Enforcement(secret_variable="NO_SUCH_VARIABLE"),
        Enforcement(secret_file=str(tmp_path / "none")),
        Enforcement(secret_file=str(tmp_path)),
    ):
        with pytest.raises(Fault):
            secret(settings)
    monkeypatch.setenv("HOOK", "short")
    with pytest.raises(Fault, match="no secret that can be used") as told:
        secret(Enforcement(secret_variable="HOOK"))
    assert "short" not in str(told.value)


def test_the_settings_say_who_carries_plans_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace.create(tmp_path / "platform")
    assert isinstance(configured.enforcer(workspace), FileEnforcer)
    monkeypatch.setenv("HOOK", "a secret of sixteen and more bytes")
    file = workspace.path / CONFIG
    text = file.read_text().replace('enforcer = "file"', 'enforcer = "webhook"')
    text = text.replace('secret_variable = ""', 'secret_variable = "HOOK"')
    file.write_text(text)
    with pytest.raises(Fault, match="is not set"):
        configured.enforcer(Workspace.open(workspace.path))
    text = text.replace('url = ""\nsecret', 'url = "https://example.org/"\nsecret', 1)
    address = text.replace('\nurl = ""\n# The environment', '\nurl = "https://example.org/"\n# The environment')
    file.write_text(address.replace('reversible = ["limit", "restrict", "suspend"]', 'reversible = ["limit"]'))
    made = configured.enforcer(Workspace.open(workspace.path))
    assert isinstance(made, WebhookEnforcer)
    assert made.reversible == {Action.LIMIT}
