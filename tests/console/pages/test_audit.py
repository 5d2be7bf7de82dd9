import json
import time
from urllib.parse import urlencode

import pytest
from tests.console.conftest import Browser, Place
from tests.console.pages.conftest import Inside

from ringfence.cases import audit_files
from ringfence.cases.audit import Act
from ringfence.cases.people import Role, at_shell
from ringfence.console import checks

SCRIPT = "<script>alert(1)</script>"


def fill(place: Place, many: int, subject: str = "case-1", tenant: str = "own") -> None:
    with place.room.database.transaction(at_shell(tenant)) as within:
        for _ in range(many):
            within.record(Act.CASE_READ, subject, {"why": SCRIPT})


def checked(auditor: Browser, place: Place) -> str:
    assert auditor.post("/audit/check", "/audit").headers["location"] == "/audit/check"
    for _ in range(3_000):
        found = checks.last(place.room.database, "own")
        if found and not found.running:
            return auditor.get("/audit/check").text
        time.sleep(0.02)
    raise AssertionError(found)


def test_rows_are_paged_and_none_is_shown_twice_or_left_out(place: Place, inside: Inside) -> None:
    fill(place, 230)
    auditor = inside("owl", Role.AUDITOR)
    seen, path = [], "/audit?act=case_read"
    while path:
        page = auditor.get(path).text
        seen += [part.split("<", 1)[0] for part in page.split('<td class="right num">')[1:]]
        path = page.split('href="/audit?')[-1].split('"')[0].replace("&amp;", "&") if ">Older<" in page else ""
        path = f"/audit?{path}" if path else ""
    assert len(seen) == 230 == len(set(seen))


def test_filters_find_by_who_act_subject_and_time(place: Place, inside: Inside) -> None:
    fill(place, 1, "case-first")
    place.room.clock.later(hours=2)
    fill(place, 1, "case-second")
    auditor = inside("owl", Role.AUDITOR)
    assert "case-first" not in auditor.get("/audit?since=2026-11-02T10:00").text
    before = auditor.get("/audit?until=2026-11-02T10:00&act=case_read").text
    assert ("case-first" in before, "case-second" in before) == (True, False)
    found = auditor.get("/audit?subject=case-first&act=case_read").text
    assert found.count('<th scope="row">case read') == 1
    assert "No row is like that" in auditor.get("/audit?who=nobody").text


def test_sql_and_script_in_a_filter_find_nothing_and_do_nothing(place: Place, inside: Inside) -> None:
    fill(place, 3)
    auditor = inside("owl", Role.AUDITOR)
    odd = ("' OR 1=1 --", "x'; DROP TABLE audit;--", "%", "_", SCRIPT, "\0", "\ud800".encode("utf-8", "surrogatepass"))
    for field in ("who", "subject"):
        for value in odd:
            answer = auditor.get(f"/audit?{urlencode({field: value})}")
            assert answer.status_code in (200, 400), (field, value)
            assert '<th scope="row">' not in answer.text
            assert "<script>alert" not in answer.text
    assert place.room.count("audit") > 3


def test_what_is_no_filter_is_told_so(inside: Inside) -> None:
    auditor = inside("owl", Role.AUDITOR)
    for query in (
        "act=nonsense",
        "since=yesterday",
        "since=9999-12-31T23:59-05:00",
        "before=0",
        "before=x",
        "before=9e99",
    ):
        assert auditor.get(f"/audit?{query}").status_code == 400, query


def test_stored_script_is_text(place: Place, inside: Inside) -> None:
    fill(place, 1, SCRIPT)
    page = inside("owl", Role.AUDITOR).get("/audit").text
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2


def test_another_tenants_rows_are_never_shown_or_exported(place: Place, inside: Inside) -> None:
    place.room.database.welcome("other")
    fill(place, 2, "case-theirs", "other")
    auditor = inside("owl", Role.AUDITOR)
    assert "case-theirs" not in auditor.get("/audit").text
    assert "No row" in auditor.get("/audit?subject=case-theirs").text
    exported = [json.loads(line) for line in auditor.post("/audit/export", "/audit").text.splitlines()]
    assert {one["tenant"] for one in exported} == {"own"}


def test_looking_is_recorded(place: Place, inside: Inside) -> None:
    auditor = inside("owl", Role.AUDITOR)
    auditor.get("/audit?who=wren")
    auditor.get("/audit/command-line")
    rows = place.room.run("SELECT subject, detail FROM audit WHERE act = 'audit_read' ORDER BY number")
    assert [row[0] for row in rows] == ["audit", "command line"]
    assert '"who":"wren"' in rows[0][1]


def test_a_whole_audit_is_said_to_be_whole(place: Place, inside: Inside) -> None:
    fill(place, 10)
    told = checked(inside("owl", Role.AUDITOR), place)
    assert ">whole<" in told
    assert "lines, as they were written" in told


def test_the_first_altered_row_is_named(place: Place, inside: Inside) -> None:
    fill(place, 10)
    auditor = inside("owl", Role.AUDITOR)
    for statement in _without_guards(place):
        place.room.run(statement)
    place.room.run("UPDATE audit SET subject = 'case-2' WHERE number = 5")
    told = checked(auditor, place)
    assert ">not whole<" in told
    assert "Row 5 was altered" in told
    assert 'href="/audit?before=6"' in told


def test_a_missing_row_is_named(place: Place, inside: Inside) -> None:
    fill(place, 10)
    auditor = inside("owl", Role.AUDITOR)
    for statement in _without_guards(place):
        place.room.run(statement)
    place.room.run("DELETE FROM audit WHERE number = 7")
    assert "Row 7 is missing" in checked(auditor, place)


def test_the_export_verifies_by_itself(place: Place, inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> None:
    fill(place, 20)
    auditor = inside("owl", Role.AUDITOR)
    answer = auditor.post("/audit/export", "/audit")
    assert answer.headers["content-disposition"] == 'attachment; filename="audit-own-2026-11-02.jsonl"'
    file = tmp_path_factory.mktemp("export") / "audit.jsonl"
    file.write_bytes(answer.content)
    key = place.room.database.key.public_key().public_bytes_raw().hex()
    verdict = audit_files.verified(file, key)
    assert not verdict.broken
    assert json.loads(answer.content.splitlines()[-2])["act"] == "audit_exported"


def _without_guards(place: Place) -> list[str]:
    """Whoever owns the database can take its triggers away."""
    if place.room.database.engine.dialect.name == "sqlite":
        return ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"]
    return ["ALTER TABLE audit DISABLE TRIGGER ALL"]
