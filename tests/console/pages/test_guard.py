from collections.abc import Sequence
from pathlib import Path
from typing import Any

import playwright.sync_api
import pytest
from tests.cases.test_found import keep
from tests.console.conftest import Place
from tests.console.pages import platform
from tests.console.pages.chromium import checked
from tests.console.pages.conftest import Inside
from tests.console.pages.platform import MEMBERS

from ringfence.cases.people import Role
from ringfence.discovery import last_results
from ringfence.guard.limits import lists
from ringfence.guard.policies.policy import DEFAULT_POLICY
from ringfence.guard.publish import publish
from ringfence.guard.snapshots import shelf, signing
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon

SCRIPT = "<script>alert(1)</script>"
ROOMY = DEFAULT_POLICY.replace("per_share = 0.005", "per_share = 0.05")
pytestmark = pytest.mark.parametrize("room", ["sqlite"], indirect=True)


@pytest.fixture
def filled(place: Place, tmp_path: Path) -> Place:
    platform.fill(place.room, tmp_path / "events")
    keep(place.room.workspace, list(MEMBERS), list(MEMBERS))
    Lexicon.from_terms(["firecrest"]).write(place.room.workspace.lexicon_file)
    return place


def published(place: Place, policy: str = ROOMY) -> Workspace:
    workspace = place.room.workspace
    workspace.policy_file.write_text(policy)
    publish(workspace, last_results.read_scores(workspace), "m1", place.room.clock.now)
    return workspace


def acts(place: Place, act: str) -> list[Any]:
    return place.room.run("SELECT who, subject, detail FROM audit WHERE act = :act ORDER BY number", act=act)


def limited(place: Place) -> Sequence[str]:
    names: list[str] = lists.limited(place.room.workspace, place.room.clock.now)["account_id"].to_pylist()
    return names


def in_force(place: Place) -> int:
    """How many accounts the active snapshot has under a limit."""
    folder = place.room.workspace.snapshots
    return shelf.active(folder, signing.trusted_in(folder)).counts().get("limit:automatic", 0)


def test_what_is_served_is_told(filled: Place, inside: Inside) -> None:
    published(filled)
    filled.room.clock.later(minutes=5)
    published(filled, ROOMY.replace('version = "1"', 'version = "2"'))
    page = inside("gull", Role.VIEWER).get("/guard").text
    assert page.count(">active<") == 1
    assert page.count(">previous<") == 1
    assert "Nothing is wrong" in page
    assert "<code>lexicon:illegal</code>" in page
    assert "ringfence snapshot rollback" in page


@pytest.mark.parametrize("trouble", ["stale", "torn", "unpublished", "breaker", "policy", "journal", "unnamed"])
def test_each_trouble_is_told_and_the_rest_is_shown(filled: Place, inside: Inside, trouble: str) -> None:
    workspace = published(filled, DEFAULT_POLICY if trouble == "breaker" else ROOMY)
    told = {
        "stale": "hours old",
        "torn": "cannot be read",
        "unpublished": "is not published yet",
        "breaker": "The circuit breaker holds 3 accounts (per_share of the policy is reached)",
        "policy": "policy.toml",
        "journal": "is not as it was written",
        "unnamed": "names no version",
    }
    if trouble == "stale":
        filled.room.clock.later(days=4)
    elif trouble == "torn":
        file = next(workspace.snapshots.glob("*.snapshot"))
        file.write_bytes(file.read_bytes()[:-9])
    elif trouble == "unpublished":
        workspace.policy_file.write_text(ROOMY.replace('version = "1"', 'version = "2"'))
    elif trouble == "policy":
        workspace.policy_file.write_text("version = 1 = 2")
    elif trouble == "journal":
        file = workspace.path / "limits" / "journal.jsonl"
        file.write_bytes(file.read_bytes().replace(b'"ringfence"', b'"linnet"'))
    elif trouble == "unnamed":
        (workspace.snapshots / "current").write_bytes(b"{}\n")
    answer = inside("gull", Role.VIEWER).get("/guard")
    assert answer.status_code == 200
    assert told[trouble] in answer.text
    assert "Nothing is wrong" not in answer.text


def test_a_limit_is_shown_with_what_it_rests_on(filled: Place, inside: Inside) -> None:
    published(filled)
    wren = inside("wren", Role.REVIEWER)
    page = wren.get("/guard/limits").text
    case = str(filled.room.run("SELECT case_id FROM cases")[0][0])
    for words in ('href="/evidence/accounts/a"', f'href="/cases/{case}"', ">automatic<", "net-1"):
        assert words in page, words
    assert "Nobody is on this list" in wren.get("/guard/limits?which=held").text
    assert "Nobody is on this list" in wren.get("/guard/limits?network=' OR 1=1 --").text
    assert wren.get("/guard/limits?which=nonsense").status_code == 400
    assert [row[1] for row in acts(filled, "limits_read")] == ["limited", "held", "limited"]


def test_a_batch_is_undone_whole_and_the_guard_knows(filled: Place, inside: Inside) -> None:
    published(filled)
    wren = inside("wren", Role.REVIEWER)
    assert (len(limited(filled)), in_force(filled)) == (3, 3)
    assert wren.post("/guard/undo", "/guard/batches", number=1, why="  ").status_code == 400
    assert wren.post("/guard/undo", "/guard/batches", number=9, why="x").status_code == 400
    assert acts(filled, "limits_undone") == []
    assert wren.post("/guard/undo", "/guard/batches", number=1, why=SCRIPT).status_code == 303
    assert (len(limited(filled)), in_force(filled)) == (0, 0)
    page = wren.get("/guard/batches").text
    assert "undone by 2" in page
    assert "<script>alert" not in page
    assert [(row[0], row[1]) for row in acts(filled, "limits_undone")] == [("wren", "batch 1")]


def test_one_account_is_given_back(filled: Place, inside: Inside) -> None:
    published(filled)
    wren = inside("wren", Role.REVIEWER)
    assert wren.post("/guard/lift", "/guard/limits", account="a", why="a bird watcher").status_code == 303
    assert list(limited(filled)) == ["b", "c"]
    assert in_force(filled) == 2
    for odd in ("nobody", SCRIPT, "' OR 1=1 --"):
        assert wren.post("/guard/lift", "/guard/limits", account=odd, why="x").status_code == 400


def test_who_reads_alone_undoes_nothing(filled: Place, inside: Inside) -> None:
    published(filled)
    for name, role in (("gull", Role.VIEWER), ("owl", Role.AUDITOR)):
        reader = inside(name, role)
        assert "/guard/undo" not in reader.get("/guard/batches").text
        assert reader.post("/guard/undo", "/guard/batches", number=1, why="x").status_code == 403
        assert reader.post("/guard/lift", "/guard/batches", account="a", why="x").status_code == 403
    assert len(limited(filled)) == 3


def test_before_the_first_publish_the_pages_say_so(place: Place, inside: Inside) -> None:
    gull = inside("gull", Role.VIEWER)
    assert "Nothing was published yet" in gull.get("/guard").text
    assert "Nobody was ever limited" in gull.get("/guard/batches").text
    assert not list(place.room.workspace.path.glob("signing*"))


def test_the_pages_are_open_to_all(filled: Place, inside: Inside, chromium: playwright.sync_api.Browser) -> None:
    published(filled)
    checked(chromium, filled, inside("wren", Role.REVIEWER), "/guard", "/guard/limits", "/guard/batches")
