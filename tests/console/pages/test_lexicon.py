import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import playwright.sync_api
import pyarrow as pa
import pytest
from tests.console.conftest import Browser, MakePlace, Place
from tests.console.pages.chromium import checked
from tests.console.pages.conftest import within_console

from ringfence.cases.people import Role
from ringfence.console.pages import lexicon as page
from ringfence.discovery import drift
from ringfence.discovery.last_results import Run
from ringfence.model.words import Opinion
from ringfence.store.workspace import Workspace
from ringfence.terms import versions
from ringfence.terms.drift import CANDIDATES
from ringfence.terms.lexicon import Lexicon, from_file, from_rows

SCRIPT = "<script>alert(1)</script>"
ROWS: list[dict[str, Any]] = [
    {"term": "kittiwake", "id": "kittiwake", "source": SCRIPT, "licence": "agreement 12"},
    {"term": "#firecrest", "category": "illegal", "severity": SCRIPT},
    {"term": "osprey", "category": "context_only", "opinion": "negative", "expires": "2020-01-01"},
]
WORDS = ("kittiwake", "firecrest", "osprey", "bittern", "wheatear")
pytestmark = pytest.mark.parametrize("room", ["sqlite"], indirect=True)

Make = Callable[..., Place]


@pytest.fixture
def made(make_place: MakePlace) -> Make:
    """A console over a lexicon; what is given is set under [lexicon]."""

    def make(**told: object) -> Place:
        place = make_place()
        config = place.settings.workspace.config
        lexicon = config.lexicon.model_copy(update={"drift_readers": ("lark", "linnet"), **told})
        workspace = replace(place.settings.workspace, config=config.model_copy(update={"lexicon": lexicon}))
        place = make_place(workspace=workspace)
        versions.keep(workspace, from_rows(enumerate(ROWS, 1), "test"))
        return place

    return make


def workspace_of(place: Place) -> Workspace:
    return place.settings.workspace


def bird(*extra: str) -> Lexicon:
    return from_rows(enumerate([*ROWS, *({"term": one} for one in extra)], 1), "test")


def candidates(place: Place, monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    """Have drift find these words; how it does is tested with it."""
    place.settings.workspace.results.mkdir(exist_ok=True)
    run = Run("m1", "l1", (), 0, 0, datetime(2026, 11, 1, tzinfo=UTC), 9, 9, 3, 1)
    (place.settings.workspace.results / "run.json").write_bytes(msgspec.json.encode(run))
    rows = [{"word": one, "flagged_accounts": 9, "clusters": 2, "accounts": 12, "g2": 40.0, "log_odds": 2.0,
             "lower": 1.0, "q": 0.001} for one in words]  # fmt: skip
    page._found.cache_clear()
    monkeypatch.setattr(drift, "read", lambda *_: pa.Table.from_pylist(rows, CANDIDATES))


def acts(place: Place, act: str) -> list[Any]:
    return place.room.run("SELECT who, subject, detail FROM audit WHERE act = :act ORDER BY number", act=act)


def lark(place: Place, name: str = "lark") -> Browser:
    return within_console(place, name, Role.LEXICON_KEEPER)


def test_no_term_is_on_a_page_before_it_is_asked_for(made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    place = made(second_person=True)
    candidates(place, monkeypatch, "bittern")
    versions.propose(workspace_of(place), bird("wheatear"), "linnet")
    keeper = lark(place)
    for path in ("/lexicon", "/lexicon?opinion=negative", "/lexicon/versions", "/lexicon/drift", "/lexicon/drift/list"):
        answer = keeper.get(path)
        assert answer.status_code == 200, path
        assert [word for word in WORDS if word in answer.text] == [], path
        assert "<script>alert" not in answer.text, path
    assert SCRIPT.replace("<", "&lt;").replace(">", "&gt;") in keeper.get("/lexicon").text
    assert acts(place, "term_revealed") == []
    assert acts(place, "lexicon_read")[0][1] == bird().version


def test_every_term_can_be_asked_for_one_by_one_and_each_is_a_row(made: Make) -> None:
    place = made()
    keeper = lark(place)
    keys = re.findall(r'name="key" value="([0-9a-f]+)"', keeper.get("/lexicon").text)
    shown = [keeper.post("/lexicon/reveal", "/lexicon", key=key, version="active").text for key in keys]
    for text in shown:
        assert len([word for word in WORDS if word in text]) == 1
    assert [row[1] for row in acts(place, "term_revealed")] == keys
    assert place.room.count("reveals") == 3
    assert keeper.post("/lexicon/reveal", "/lexicon", key="0" * 24, version="active").status_code == 404
    assert keeper.post("/lexicon/reveal", "/lexicon", key="../x", version="active").status_code == 400


def test_a_version_takes_a_second_person_where_the_config_says_so(made: Make) -> None:
    place = made(second_person=True)
    new = bird("wheatear")
    versions.propose(workspace_of(place), new, "lark")
    one, other = lark(place), lark(place, "linnet")
    assert one.post("/lexicon/activate", "/lexicon/versions", version=new.version).status_code == 400
    assert from_file(workspace_of(place).lexicon_file).version == bird().version
    assert acts(place, "lexicon_decided") == []
    assert other.post("/lexicon/activate", "/lexicon/versions", version=new.version).status_code == 303
    assert from_file(workspace_of(place).lexicon_file).version == new.version
    assert [(row[0], row[1]) for row in acts(place, "lexicon_decided")] == [("linnet", new.version)]


def test_a_version_can_be_refused_with_a_reason_and_is_no_longer_asked_about(made: Make) -> None:
    place = made(second_person=True)
    new = bird("wheatear")
    versions.propose(workspace_of(place), new, "lark")
    other = lark(place, "linnet")
    assert other.post("/lexicon/refuse", "/lexicon/versions", version=new.version, why=" ").status_code == 400
    assert other.post("/lexicon/refuse", "/lexicon/versions", version=new.version, why=SCRIPT).status_code == 303
    shown = other.get("/lexicon/versions").text
    assert "Nothing waits" in shown
    assert "<script>alert" not in shown
    assert other.post("/lexicon/refuse", "/lexicon/versions", version=new.version, why="again").status_code == 400
    assert versions.history(workspace_of(place))[-1].act == "refused"


def test_others_read_and_decide_nothing(made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    place = made(second_person=True)
    candidates(place, monkeypatch, "bittern")
    new = bird("wheatear")
    versions.propose(workspace_of(place), new, "linnet")
    reader = within_console(place, "lark", Role.SENIOR_REVIEWER, Role.AUDITOR)
    assert "Activate" not in reader.get("/lexicon/versions").text
    assert "Confirm as a term" not in reader.get("/lexicon/drift/list").text
    for path, fields in (
        ("/lexicon/activate", {"version": new.version}),
        ("/lexicon/refuse", {"version": new.version, "why": "no"}),
        ("/lexicon/drift/judge", {"key": page.key("bittern"), "opinion": "positive"}),
    ):
        assert reader.post(path, "/lexicon", **fields).status_code == 403
    assert len(versions.waiting(workspace_of(place))) == 1


def test_only_named_readers_see_candidates(made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    place = made()
    candidates(place, monkeypatch, "bittern")
    keeper = lark(place, "whinchat")
    assert "You are not among those" in keeper.get("/lexicon/drift").text
    assert keeper.get("/lexicon/drift/list").status_code == 400
    fields = {"key": page.key("bittern"), "opinion": "positive"}
    assert keeper.post("/lexicon/drift/reveal", "/lexicon", **fields).status_code == 400
    assert keeper.post("/lexicon/drift/judge", "/lexicon", **fields).status_code == 400
    assert acts(place, "drift_read") == acts(place, "term_revealed") == acts(place, "lexicon_decided") == []


@pytest.mark.parametrize("opinion", [Opinion.POSITIVE, Opinion.NEGATIVE, Opinion.INVESTIGATE])
def test_a_judged_candidate_waits_for_a_second_person(
    made: Make, monkeypatch: pytest.MonkeyPatch, opinion: Opinion
) -> None:
    place = made(second_person=True)
    candidates(place, monkeypatch, "bittern", "wheatear")
    keeper = lark(place)
    for word in ("bittern", "wheatear"):
        fields = {"key": page.key(word), "opinion": str(opinion), "licence": "agreement 12"}
        answer = keeper.post("/lexicon/drift/judge", "/lexicon", **fields)
        assert answer.headers["location"] == "/lexicon/drift/list?said=judged"
    assert keeper.post("/lexicon/drift/judge", "/lexicon", **fields).status_code == 400
    (_, last) = versions.waiting(workspace_of(place))
    new = {one.term: one for one in versions.read(workspace_of(place), last.version)}
    assert {new["bittern"].opinion, new["wheatear"].opinion} == {opinion}
    assert new["bittern"].source == "drift, lark"
    assert "bittern" not in {one.term for one in from_file(workspace_of(place).lexicon_file)}


def test_without_the_rule_a_judged_candidate_is_in_at_once(made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    place = made()
    candidates(place, monkeypatch, "bittern")
    fields = {"key": page.key("bittern"), "opinion": "positive"}
    answer = lark(place).post("/lexicon/drift/judge", "/lexicon", **fields)
    assert answer.headers["location"].endswith("said=judged_active")
    assert "bittern" in {one.term for one in from_file(workspace_of(place).lexicon_file)}


def test_where_there_is_no_lexicon_the_page_says_what_to_do(make_place: MakePlace) -> None:
    place = make_place()
    Path(place.settings.workspace.lexicon_file).unlink(missing_ok=True)
    assert "There is no lexicon yet" in lark(place).get("/lexicon").text


def test_the_pages_are_open_to_all(
    made: Make, monkeypatch: pytest.MonkeyPatch, chromium: playwright.sync_api.Browser
) -> None:
    place = made(second_person=True)
    candidates(place, monkeypatch, "bittern", "wheatear")
    versions.propose(workspace_of(place), bird("wheatear"), "linnet")
    paths = ("/lexicon", "/lexicon/versions", "/lexicon/drift", "/lexicon/drift/list")
    checked(chromium, place, lark(place), *paths)
