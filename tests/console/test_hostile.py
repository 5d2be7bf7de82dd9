"""What somebody may try who writes on the platform, who stands at the door, or who works here and wants more."""

import logging
import socket
import stat
from html.parser import HTMLParser

import pytest
from tests.cases.networks import network
from tests.console.conftest import BROWSER, PASSWORD, MakePlace, Place

from ringfence.cases.people import Role
from ringfence.cases.reports import Report
from ringfence.console.headers import ALWAYS
from ringfence.console.page import Page

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg onload=alert(1)>{{7*7}}{% raw %}"
ALLOWED = ("/static/",)
SQL = ("' OR 1=1 --", "'; DROP TABLE cases; --", "%", "_", "\\", '"', "a' UNION SELECT * FROM credentials --")


class Elements(HTMLParser):
    """What a browser would make of a page, as far as it could run anything."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "script" and not (told.get("src") or "").startswith(ALLOWED):
            self.found.append(tag)
        if tag in {"iframe", "object", "embed", "style", "base"} or (tag == "img"):
            self.found.append(tag)
        self.found += [f"{tag} {name}" for name in told if name.startswith("on") or name == "style"]
        self.found += [f"{tag} {value}" for value in told.values() if (value or "").strip().startswith("javascript:")]


def runs(text: str) -> list[str]:
    return Elements(text).found


def test_what_was_written_to_run_is_shown_as_it_is(place: Place) -> None:
    made = network("net-1", [SCRIPT, "b"], b=SCRIPT[:30])
    row = {**made.row, "key_objects": [f"uses_hashtag:{SCRIPT}"], "terms": [SCRIPT]}
    explained = {SCRIPT: {"against": [SCRIPT], "contributions": [{"words": SCRIPT, "amount": 1.0}]}}
    scores = [{**one, "reasons": [SCRIPT]} for one in made.scores]
    hostile = type(made)(row, scores, explained, made.harm)
    [case_id] = place.open_cases(hostile)
    place.report(Report("r-1" + SCRIPT, SCRIPT, SCRIPT, SCRIPT, place.room.clock.now))
    wrote = {"handle": SCRIPT, "display_name": SCRIPT, "bio": SCRIPT, "links": [f"javascript:{SCRIPT}"]}
    place.fill_store({"account_id": SCRIPT, **wrote})
    browser = place.signed_in("wren", Role.SENIOR_REVIEWER)
    browser.post(f"/cases/{case_id}/comments", text=SCRIPT)
    browser.post(f"/cases/{case_id}/take")
    browser.post(f"/cases/{case_id}/answers", report="r-1" + SCRIPT, decision="acted", text=SCRIPT)
    browser.post(f"/cases/{case_id}/urgent", why=SCRIPT)
    browser.post("/protected", account=SCRIPT, kind="reporter", why=SCRIPT)
    account = f"/accounts/{SCRIPT.replace('%', '%25').replace('?', '%3F').replace('#', '%23')}"
    for path in ("/queue", f"/cases/{case_id}", account, f"{account}?text=shown", f"/queue?about={SCRIPT}"):
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert runs(answer.text) == [], path
        assert "49" not in answer.text.split("&lt;svg onload=alert(1)&gt;")[-1][:4], "no template within a template"
    assert browser.get(f"/cases/{case_id}").text.count("&lt;script&gt;") > 8
    assert browser.get(f"{account}?text=shown").text.count("&lt;script&gt;") > 8
    assert runs(browser.get(f"/{SCRIPT}").text) == []
    assert runs(place.browser().post("/sign-in", "/sign-in", person=SCRIPT[:60], password=SCRIPT, code="1").text) == []


def test_the_test_above_would_see_it() -> None:
    assert runs(SCRIPT) == ["script", "img", "img onerror", "svg onload"]
    assert runs('<a href=" javascript:alert(1)">') != []


@pytest.mark.parametrize(
    "path",
    [
        "/static/../settings.py",
        "/static/..%2f..%2fsettings.py",
        "/static/%2e%2e/%2e%2e/pages/queue.py",
        "/static/....//settings.py",
        "/static//etc/passwd",
        "/static/..\\settings.py",
        "/static/%00",
        "/static/vendor",
        "/static/",
    ],
)
def test_static_files_are_those_of_the_console_and_no_others(place: Place, path: str) -> None:
    host = place.settings.address.removeprefix("http://")
    with socket.create_connection(("127.0.0.1", int(host.split(":")[1])), timeout=5) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: line.recv(65_536), b""))
    assert answer.split(b" ")[1] in {b"404", b"400"}, answer[:200]
    assert b"import" not in answer
    assert b"root:" not in answer


def test_sql_in_what_is_asked_is_text(place: Place) -> None:
    [case_id] = place.open_cases(network("net-1", "abc"))
    browser = place.signed_in("wren", Role.REVIEWER)
    for text in SQL:
        found = browser.client.get("/queue", params={"about": text, "after": ""}, headers=BROWSER)
        assert (found.status_code, "No open case is like that" in found.text) == (200, True), text
        found = browser.client.get(f"/cases/{case_id}", params={"find": text}, headers=BROWSER)
        assert (found.status_code, "No member is like that" in found.text) == (200, True), text
        for name in ("order", "held", "kind", "urgent"):
            assert browser.client.get("/queue", params={name: text}, headers=BROWSER).status_code == 400, (name, text)
        for name in ("sort", "way", "standing", "role", "least", "number", "left"):
            asked = browser.client.get(f"/cases/{case_id}", params={name: text}, headers=BROWSER)
            assert asked.status_code == 400, (name, text)
        assert browser.client.get("/queue", params={"after": text}, headers=BROWSER).status_code == 404, text
    assert place.room.count("cases") == 1


def test_what_no_database_takes_is_refused_wherever_it_stands(place: Place) -> None:
    [case_id] = place.open_cases(network("net-1", "abc"))
    browser = place.signed_in("wren", Role.SENIOR_REVIEWER)
    browser.post(f"/cases/{case_id}/take")
    asked = (
        "/queue?about=%00",
        "/cases/%00",
        "/accounts/a%00",
        f"/cases/{case_id}?find=%00",
        "/plans/%00",
        "/holds/%00",
    )
    assert {browser.get(path).status_code for path in asked} == {400}
    sent: dict[str, dict[str, str]] = {
        f"/cases/{case_id}/comments": {"text": "a\0b"},
        f"/cases/{case_id}/urgent": {"why": "\0"},
        f"/cases/{case_id}/plan": {"actions": "limit", "why": "\0"},
        "/appeals": {"account": "a\0", "statement": "birds"},
        "/holds": {"case": case_id, "why": "\0", "days": "3"},
        "/protected": {"account": "a", "kind": "reporter", "why": "\0"},
        "/settings": {"theme": "dark", "zone": "\0"},
    }
    assert {path: browser.post(path, **fields).status_code for path, fields in sent.items()} == dict.fromkeys(sent, 400)
    assert place.browser().post("/sign-in", "/sign-in", person="\0", password="x", code="1").status_code == 400
    assert browser.post(f"/cases/{case_id}/comments", text="birds").status_code == 303


def test_fields_that_no_form_has_change_nothing(place: Place) -> None:
    [case_id] = place.open_cases(network("net-1", "abc"))
    browser = place.signed_in("wren", Role.REVIEWER)
    more = {"by": "finch", "tenant": "other", "at": "1970-01-01", "person_id": "finch", "status": "closed"}
    more |= {"lease_by": "finch", "roles": "administrator", "minutes": "99999", "priority": "1", "shortcuts": "on"}
    browser.post(f"/cases/{case_id}/comments", text="birds", **more)
    browser.post(f"/cases/{case_id}/take", **more)
    browser.post("/settings", theme="dark", **more)
    assert place.room.run("SELECT tenant, by, text FROM comments") == [("own", "wren", "birds")]
    assert place.room.run("SELECT tenant, person_id FROM preferences") == [("own", "wren")]
    assert place.room.run("SELECT role FROM roles") == [("reviewer",)]
    rows = place.room.run("SELECT status, lease_by, priority FROM cases")
    assert rows[0][:2] == ("open", "wren")
    assert rows[0][2] < 1


def test_what_another_tenant_has_is_not_there(place: Place) -> None:
    place.room.database.welcome("other")
    [theirs] = place.open_cases(network("net-1", "xyz"), tenant="other")
    place.report(Report("r-1", "x", "spam", None, place.room.clock.now), tenant="other")
    place.open_cases(network("net-2", "abc"))
    browser = place.signed_in("wren", Role.SENIOR_REVIEWER)
    for path in (f"/cases/{theirs}", "/accounts/x", f"/queue?after={theirs}"):
        answer, unknown = browser.get(path), browser.get("/cases/case-0000000000000000")
        assert (answer.status_code, unknown.status_code) == (404, 404)
        assert answer.text.count("there is no such case") == ("accounts" not in path)
    assert theirs not in browser.get("/queue").text
    assert theirs not in browser.get("/queue?about=x").text
    for act in ("take", "release", "comments", "urgent", "not-urgent", "close", "reopen"):
        fields = {"text": "birds", "why": "birds", "outcome": "nothing"}
        assert browser.post(f"/cases/{theirs}/{act}", **fields).status_code == 404, act
    answered = browser.post(f"/cases/{theirs}/answers", report="r-1", decision="acted", text="birds")
    assert answered.status_code == 404
    assert place.room.run("SELECT lease_by, status FROM cases WHERE tenant = 'other'") == [(None, "open")]
    other = place.room.run("SELECT count(*) FROM audit WHERE tenant = 'other' AND who = 'wren'")
    assert other == [(0,)]


def test_headers_are_on_every_answer(make_place: MakePlace) -> None:
    def fail() -> object:
        raise RuntimeError

    place = make_place(Page("/fails", "fails", fail, None))
    browser = place.signed_in("wren", Role.REVIEWER)
    client, host = browser.client, {"host": "elsewhere.example"}
    asked = {
        200: client.get("/queue", headers=BROWSER),
        303: client.get("/", headers=BROWSER),
        400: client.get("/queue?order=x", headers=BROWSER),
        401: client.post("/sign-out", headers={"cookie": "", "accept": "application/json"}),
        403: client.get("/people", headers=BROWSER),
        404: client.get("/nowhere", headers=BROWSER),
        405: client.put("/queue", headers=BROWSER),
        413: client.post("/settings", content=b"x" * 300_000, headers=BROWSER),
        421: client.get("/queue", headers=host),
        500: client.get("/fails", headers=BROWSER),
    }
    for status, answer in asked.items():
        assert answer.status_code == status
        assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS, status
        assert answer.headers["cache-control"] == "no-store", status
        assert answer.headers.get_list("content-security-policy") == [ALWAYS["content-security-policy"]]
        assert "server" not in answer.headers
    for inline in ("unsafe-inline", "unsafe-eval", "http:", "https:", "*"):
        assert inline not in ALWAYS["content-security-policy"]
    sheet = client.get("/static/console.css?v=1")
    assert "immutable" in sheet.headers["cache-control"]
    assert client.get("/static/nothing.css?v=1").headers["cache-control"] == "no-store"


def test_a_fault_of_ours_has_a_number_and_no_trace(make_place: MakePlace, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> object:
        raise RuntimeError("the kittiwake file")

    place = make_place(Page("/fails", "fails", fail, None))
    browser = place.signed_in("wren", Role.REVIEWER)
    answer = browser.get("/fails")
    number = answer.text.split("<code>")[1][:8]
    for told in (answer.text, browser.get("/fails", **{"hx-request": "true"}).text):
        assert "kittiwake" not in told
        assert "Traceback" not in told
    assert f"fault {number}" in caplog.text


def test_no_secret_reaches_a_log_or_the_audit(
    make_place: MakePlace, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> object:
        raise RuntimeError

    caplog.set_level(logging.DEBUG)
    place = make_place(Page("/fails", "fails", fail, None))
    place.browser().post("/sign-in", "/sign-in", person=PASSWORD, password=PASSWORD, code="123456")
    browser = place.signed_in("wren", Role.ADMINISTRATOR)
    place.hire("finch", Role.REVIEWER)
    shown = browser.post("/people/way-in", "/people", person="finch").text
    password = shown.split('<dt>Password</dt><dd class="id">')[1].split("<")[0]
    browser.get("/fails")
    out = capfd.readouterr()
    ours = [str(one.getMessage()) + str(one.exc_text) for one in caplog.records if not one.name.startswith("http")]
    assert ours
    told = "".join(ours) + out.out + out.err + str(place.room.run("SELECT * FROM audit"))
    sealing = place.settings.sealing.hex()
    secrets = (PASSWORD, password, place.secrets["wren"], browser.cookie(), browser.token(), sealing)
    assert [one for one in secrets if one in told] == []
    assert repr(place.settings.sealing) not in repr(place.settings)


def test_only_the_owner_reads_the_files(place: Place) -> None:
    place.signed_in("wren", Role.REVIEWER)
    files = [file for file in place.room.workspace.path.rglob("*") if file.is_file()]
    secret = [file for file in files if file.suffix in {".key", ".sqlite", ".secret"} or "sqlite" in file.name]
    assert len(secret) >= 2
    for file in secret:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_a_name_that_somebody_made_point_here_is_not_answered(place: Place) -> None:
    for host in ("elsewhere.example", "127.0.0.1", "127.0.0.1:1", "localhost.elsewhere.example:80", ""):
        answer = place.browser().client.get("/sign-in", headers={"host": host})
        assert answer.status_code in {400, 421}, host
        assert "csrf" not in answer.text


def test_more_than_a_form_holds_is_refused_however_it_comes(place: Place) -> None:
    browser = place.signed_in("wren", Role.REVIEWER)
    chunks, form = (b"x" * 50_000 for _ in range(10)), {"content-type": "application/x-www-form-urlencoded"}
    assert browser.client.post("/settings", content=chunks, headers={**BROWSER, **form}).status_code == 413
    assert browser.get("/settings").status_code == 200
