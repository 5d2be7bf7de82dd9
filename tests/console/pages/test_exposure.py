from dataclasses import replace
from pathlib import Path

import playwright.sync_api
import pytest
from tests.console.conftest import Place
from tests.console.pages.chromium import checked
from tests.console.pages.conftest import Inside
from tests.exposure.audits import measured

from ringfence.cases.people import Role
from ringfence.exposure import history
from ringfence.guard.files import signer_of
from ringfence.store.workspace import Workspace

SCRIPT = "<script>alert(1)</script>"
pytestmark = pytest.mark.parametrize("room", ["sqlite"], indirect=True)


def kept(place: Place, *leaks: float) -> Workspace:
    workspace = place.room.workspace
    for day, leak in enumerate(leaks, 1):
        history.keep(workspace, measured(leak, at=f"2026-11-{day:02}T10:00:00+00:00"), signer_of(workspace))
    return workspace


@pytest.fixture
def files(place: Place) -> Path:
    return place.room.workspace.exposure / "history"


def test_the_last_is_told_with_intervals_and_bounds_met_missed_and_open(place: Place, inside: Inside) -> None:
    gull = inside("gull", Role.VIEWER)
    for leak, outcome in ((0.2, "missed"), (0.05, "open"), (0.01, "met")):
        kept(place, leak)
        page = gull.get("/exposure").text
        assert f"leak {outcome}" in page
        assert "displaced met" in page
        for file in (place.room.workspace.exposure / "history").iterdir():
            file.unlink()


def test_days_are_drawn_once_there_are_two(place: Place, inside: Inside) -> None:
    gull = inside("gull", Role.VIEWER)
    kept(place, 0.2)
    assert "a line takes two" in gull.get("/exposure").text
    kept(place, 0.2, 0.1, 0.01)
    page = gull.get("/exposure").text
    assert "3 measurements. At the last: none 40.0%; filter 1.0%." in page
    assert page.count('<svg class="picture"') == 2


def test_one_that_was_changed_is_named_and_the_rest_is_shown(place: Place, inside: Inside, files: Path) -> None:
    kept(place, 0.2, 0.01)
    first = min(files.glob("*.json"))
    first.write_bytes(first.read_bytes().replace(b"0.2", b"0.1"))
    page = inside("gull", Role.VIEWER).get("/exposure").text
    assert "Some measurements cannot be read." in page
    assert first.name in page
    assert "leak met" in page


def test_stored_script_is_text(place: Place, inside: Inside) -> None:
    made = measured(0.01)
    odd = replace(
        made,
        recipe=replace(made.recipe, command=SCRIPT),
        measured=(replace(made.measured[0], recommender=SCRIPT),),
        left_out=(SCRIPT,),
    )
    history.keep(place.room.workspace, odd, signer_of(place.room.workspace))
    page = inside("gull", Role.VIEWER).get("/exposure")
    assert page.status_code == 200
    assert "<script>alert" not in page.text


def test_nothing_measured_is_said_and_makes_no_key(place: Place, inside: Inside) -> None:
    assert "Nothing was measured yet" in inside("gull", Role.VIEWER).get("/exposure").text
    assert not list(place.room.workspace.path.glob("signing*"))


def test_the_page_is_open_to_all(place: Place, inside: Inside, chromium: playwright.sync_api.Browser) -> None:
    gull = inside("gull", Role.VIEWER)
    checked(chromium, place, gull, "/exposure")
    kept(place, 0.2, 0.1, 0.01)
    checked(chromium, place, gull, "/exposure")
