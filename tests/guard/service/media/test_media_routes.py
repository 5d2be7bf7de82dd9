"""Do the paths about media answer clients of Hasher-Matcher-Actioner as they expect, and nobody else at all?"""

import asyncio
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from ringfence.guard.policies.policy import default_policy
from ringfence.guard.service import api_keys
from ringfence.guard.service.api_keys import Role
from ringfence.guard.service.application import Application, Place, application
from ringfence.guard.service.counters import Board
from ringfence.guard.service.media.routes import TABLE
from ringfence.media.banks.bank import Bank, Remedy
from ringfence.media.banks.banks import Banks
from ringfence.media.banks.reviews import Act
from ringfence.media.hashes import parse
from ringfence.media.items import Item, Signal
from ringfence.model.words import HashKind, Opinion
from ringfence.store.workspace import Workspace

CLIENT = Path(__file__).with_name("hma_client.py")
NUMBERS = np.random.default_rng(7)
CODE = NUMBERS.bytes(32).hex()
NEAR = f"{int(CODE, 16) ^ 0b1011:064x}"


def picture() -> bytes:
    """A drawn picture of a few colours, as PNG."""
    small = Image.fromarray(NUMBERS.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    small.resize((320, 240)).save(buffer, "PNG")
    return buffer.getvalue()


PICTURE = picture()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "platform")


@pytest.fixture
def app(workspace: Workspace) -> Iterator[Application]:
    yield from _app(workspace)


def _app(workspace: Workspace, *, keys: Path | None = None) -> Iterator[Application]:
    place = Place(
        workspace.snapshots, default_policy(), workspace.config.guard, keys, open_without_keys=keys is None,
        workspace=workspace,
    )  # fmt: skip
    built = application(place, Board(1), 0)
    yield built
    built.desk.current.close()
    if built.media is None:
        raise AssertionError
    built.media.close()


def ask(app: Application, method: str, path: str, **sent: Any) -> httpx.Response:
    async def one() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://guard") as client:
            return await client.request(method, path, **sent)

    return asyncio.run(one())


def test_a_client_that_knows_nothing_of_us_works_unchanged(tmp_path: Path) -> None:
    """A real service in a process of its own, and a real client in another."""
    file, home = tmp_path / "drawn.png", tmp_path / "platform"
    file.write_bytes(PICTURE)
    subprocess.run([sys.executable, "-m", "ringfence", "init", str(home)], check=True, capture_output=True)
    serve = [sys.executable, "-m", "ringfence", "serve", "--port", "0", "--workspace", str(home)]
    with subprocess.Popen(serve, stderr=subprocess.PIPE, text=True) as service:
        try:
            lines = iter(service.stderr or ())
            address = next(line for line in lines if "answers at" in line).split(" at ")[1].split()[0]
            client = [sys.executable, str(CLIENT), address, str(file)]
            done = subprocess.run(client, capture_output=True, text=True, check=True, timeout=120)
        finally:
            service.terminate()
    said = json.loads(done.stdout)
    pdq = said["hash"][1]["pdq"]
    found = [{"bank_content_id": 1, "distance": "0"}]
    assert said["status"] == [200, "I-AM-ALIVE"]
    assert {"/m/lookup", "/c/bank/<bank_name>/content/<int:content_id>"} <= set(said["site map"][1])
    assert said["make"] == [201, {"name": "TEST_BANK", "matching_enabled_ratio": 1.0}]
    assert [said[step][0] for step in ("make again", "odd name")] == [403, 400]
    assert said["add file"] == [200, {"id": 1, "signals": {"pdq": pdq}}]
    assert said["look up"] == [200, {"TEST_BANK": found}]
    assert said["look up near"] == [200, {"TEST_BANK": [{"bank_content_id": 1, "distance": "3"}]}]
    assert said["look up file"] == [200, {"pdq": {"TEST_BANK": found}}]
    assert said["raw"] == [200, {"matches": [1]}]
    assert said["raw distance"] == [200, {"matches": [{"bank_content_id": 1, "distance": "3"}]}]
    assert said["compare"] == [200, {"pdq": [True, {"distance": 3}]}]
    assert said["look up hash"] == [200, {"TEST_BANK": [{"bank_content_id": 2, "distance": "0"}]}]
    assert said["content"][1]["signals"] == {"pdq": pdq}
    assert said["disable bank"] == [200, {"name": "TEST_BANK", "matching_enabled_ratio": 0.0}]
    assert said["look up bypassing"] == [200, {"TEST_BANK": found}]
    assert [said[f"look up {when}"][1] for when in ("disabled", "while disabled", "removed")] == [{}, {}, {}]
    assert said["remove"] == [200, {"deleted": 1}]
    assert said["index"][1]["pdq"] == {"present": True, "built_to": said["index"][1]["pdq"]["built_to"], "size": 1}
    assert [said[step][0] for step in ("bad hash", "no such type", "no such bank")] == [400, 400, 404]
    assert said["rename"][1]["name"] == "OTHER_BANK"
    assert said["banks after"] == [200, []]


def _put(workspace: Workspace, bank: Bank, code: str = CODE) -> int:
    banks = Banks.of(workspace)
    try:
        if bank.name not in banks.every():
            banks.add(bank)
        value = parse(HashKind.PDQ, code, "here")
        return banks.put(bank.name, Item("", (Signal(HashKind.PDQ, value, 90),), labels=("kittiwake",)))
    finally:
        banks.close()


def test_one_answer_says_all(app: Application, workspace: Workspace) -> None:
    number = _put(workspace, Bank("known", "firecrest", action=Remedy.SUPPRESS))
    query = {"media_id": "m1", "pdq": NEAR, "quality": 80, "looks": [{"pdq": CODE, "transform": "mirrored"}]}
    said = ask(app, "POST", "/v1/match", json=query).json()
    (match,) = said["matches"]
    assert (said["media_id"], said["remedy"]) == ("m1", "suppress")
    assert (match["bank"], match["content"], match["source"], match["labels"]) == (
        "known",
        number,
        "firecrest",
        ["kittiwake"],
    )
    assert (match["distance"], match["transform"], match["kind"]) == (0, "mirrored", "pdq")


def test_many_are_answered_a_line_each_in_their_order(app: Application, workspace: Workspace) -> None:
    _put(workspace, Bank("known"))
    lines = [{"media_id": "a", "pdq": CODE}, {"media_id": "b", "pdq": "0f" * 32}, {"media_id": "c", "pdq": NEAR}]
    body = b"\n".join(json.dumps(line).encode() for line in lines)
    said = ask(app, "POST", "/v1/match", content=body, headers={"content-type": "application/x-ndjson"})
    answers = [json.loads(line) for line in said.text.splitlines()]
    assert [(answer["media_id"], len(answer["matches"])) for answer in answers] == [("a", 1), ("b", 0), ("c", 1)]


def test_what_a_negative_bank_or_a_reviewer_keeps_from_acting_is_only_in_the_raw_answer(
    app: Application, workspace: Workspace
) -> None:
    first = _put(workspace, Bank("known"))
    asked = {"signal_type": "pdq", "signal": CODE}
    assert ask(app, "GET", "/m/lookup", params=asked).json() == {"known": [{"bank_content_id": first, "distance": "0"}]}
    second = _put(workspace, Bank("never", opinion=Opinion.NEGATIVE))
    assert ask(app, "GET", "/m/lookup", params=asked).json() == {}
    assert ask(app, "GET", "/m/lookup", params={**asked, "bypass_coinflip": "true"}).json() == {}
    assert ask(app, "GET", "/m/raw_lookup", params=asked).json() == {"matches": [first, second]}
    assert ask(app, "GET", "/m/raw_lookup", params={**asked, "banks": "known"}).json() == {"matches": [first]}


def test_a_person_who_deconfirms_ends_it(app: Application, workspace: Workspace) -> None:
    number = _put(workspace, Bank("known"))
    banks = Banks.of(workspace)
    banks.say(number, Act.DECONFIRM, by="wren", why="a landscape")
    banks.close()
    assert ask(app, "GET", "/m/lookup", params={"signal_type": "pdq", "signal": CODE}).json() == {}


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"content": b"", "headers": {"content-type": "application/json"}}, 400),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=a"}}, 400),
        ({"files": {"paper": ("a.png", PICTURE)}}, 400),
        ({"files": [("photo", ("a.png", PICTURE)), ("photo", ("b.png", PICTURE))]}, 400),
        ({"files": {"photo": ("a.png", b"")}}, 400),
        ({"files": {"photo": ("a.png", b"no picture at all")}}, 400),
        ({"files": {"photo": ("a.png", PICTURE[:200])}}, 400),
        ({"files": {"photo": ("../../a.png", PICTURE)}}, 200),
        ({"files": {"video": ("a.png", PICTURE)}, "params": {"types": "md5,banana"}}, 400),
    ],
)  # fmt: skip
def test_a_form_without_one_good_file_is_refused(app: Application, sent: dict[str, Any], status: int) -> None:
    said = ask(app, "POST", "/h/hash", **sent)
    assert said.status_code == status, said.text
    assert ("message" in said.json()) == (status != 200)


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(app: Application, workspace: Workspace) -> None:
    most = workspace.config.media_fetch.most_bytes

    async def endless() -> Any:
        yield b'--a\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n'
        for _ in range(most // 1_000_000 + 2):
            yield bytes(1_000_000)

    headers = {"content-type": "multipart/form-data; boundary=a"}
    assert ask(app, "POST", "/h/hash", content=endless(), headers=headers).status_code == 413


@pytest.mark.parametrize("path", ["/h/hash", "/m/lookup"])
def test_no_address_is_read_unless_the_operator_says_so(app: Application, path: str) -> None:
    said = ask(app, "GET", path, params={"url": "http://127.0.0.1:1/secret"})
    assert said.status_code == 400
    assert "secret" not in said.text
    assert "is off" in said.text


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/m/compare", ["banana"], 400),
        ("POST", "/m/compare", {"pdq": "banana"}, 400),
        ("POST", "/m/compare", {"pdq": []}, 400),
        ("POST", "/m/compare", {"pdq": ["banana", "banana"]}, 400),
        ("POST", "/m/compare", {"pdq": [CODE, NEAR, CODE]}, 400),
        ("POST", "/m/compare", {"pdq": [CODE, NEAR]}, 200),
        ("POST", "/c/banks", {}, 400),
        ("POST", "/c/banks", {"name": "01_BANK"}, 400),
        ("POST", "/c/banks", {"name": "BANK", "enabled_ratio": 2}, 400),
        ("POST", "/c/banks", {"name": "BANK", "enabled_ratio": "much"}, 400),
        ("POST", "/c/bank/NONE/signal", {"pdq": CODE}, 404),
        ("PUT", "/c/bank/NONE", {"enabled": False}, 404),
        ("DELETE", "/c/bank/NONE", None, 200),
        ("GET", "/c/bank/NONE/content/1", None, 404),
        ("GET", "/c/bank/NONE/content/99999999999999999999", None, 404),
        ("POST", "/v1/match", {}, 422),
        ("POST", "/v1/match", {"pdq": "banana"}, 422),
        ("POST", "/v1/match", [1], 422),
    ],
)
def test_what_is_wrong_is_said_and_never_repeated(
    app: Application, method: str, path: str, body: Any, status: int
) -> None:
    said = ask(app, method, path, **({} if body is None else {"json": body}))
    assert said.status_code == status, said.text
    assert "banana" not in said.text


@pytest.mark.parametrize("body", [{}, {"pdq": "banana"}, {"banana": CODE}, {"pdq": 3}])
def test_a_bad_hash_never_reaches_a_bank(app: Application, body: dict[str, Any]) -> None:
    ask(app, "POST", "/c/banks", json={"name": "BANK"})
    assert ask(app, "POST", "/c/bank/BANK/signal", json=body).status_code == 400
    assert ask(app, "GET", "/m/index/status").json()["pdq"]["size"] == 0


def test_a_content_of_another_bank_is_none_of_this_one(app: Application) -> None:
    for name in ("ONE", "OTHER"):
        ask(app, "POST", "/c/banks", json={"name": name})
    number = ask(app, "POST", "/c/bank/ONE/signal", json={"pdq": CODE}).json()["id"]
    assert ask(app, "GET", f"/c/bank/OTHER/content/{number}").status_code == 404
    assert ask(app, "DELETE", f"/c/bank/OTHER/content/{number}").json() == {"deleted": 0}
    assert ask(app, "GET", f"/c/bank/ONE/content/{number}").status_code == 200


def test_banks_that_cannot_be_read_are_no_empty_answer(app: Application, workspace: Workspace) -> None:
    workspace.media.mkdir()
    (workspace.media / "banks.sqlite").write_bytes(b"no database" * 1_000)
    said = ask(app, "GET", "/m/lookup", params={"signal_type": "pdq", "signal": CODE})
    assert said.status_code == 503, said.text
    assert ask(app, "POST", "/v1/match", json={"pdq": CODE}).status_code == 503


@pytest.mark.parametrize("role", [*Role, None])
def test_who_may_ask_what(workspace: Workspace, tmp_path: Path, role: Role | None) -> None:
    """Every path with every role, and with no key at all."""
    keys = tmp_path / "keys.json"
    shown = {other: api_keys.add(keys, other.value, other) for other in Role}
    for app in _app(workspace, keys=keys):
        headers = {"authorization": f"Bearer {shown[role]}"} if role else {}
        wanted = [(path, method, needed) for path, method, _, needed, _ in TABLE]
        for path, method, needed in [*wanted, ("/v1/match", "POST", Role.DECIDE), ("/site-map", "GET", Role.DECIDE)]:
            named = path.replace("{bank}", "NONE").replace("{content:int}", "1")
            status = ask(app, method, named, headers=headers).status_code
            may = role is not None and role in (needed, Role.ADMIN)
            assert (status in (401, 403)) != may, (path, method, status)
        assert ask(app, "GET", "/status").text == "I-AM-ALIVE"
