"""Can the two people of a demo sign in at its console, each by what the demo told?"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pyotp
import pytest

from ringfence.demo import console, reviewers
from ringfence.demo.reviewers import Reviewer
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace

PAGE = {"sec-fetch-site": "same-origin", "accept": "text/html"}


@pytest.fixture
def hired(tmp_path: Path) -> tuple[Workspace, tuple[Reviewer, ...]]:
    workspace = Workspace.create(tmp_path / "platform")
    return workspace, reviewers.hire(workspace)


@pytest.fixture
def browser(hired: tuple[Workspace, tuple[Reviewer, ...]]) -> Iterator[httpx.Client]:
    with console.console(hired[0], 0) as address, httpx.Client(base_url=address, headers=PAGE) as client:
        yield client


def test_both_sign_in_by_what_the_demo_told(
    hired: tuple[Workspace, tuple[Reviewer, ...]], browser: httpx.Client
) -> None:
    shown = {person: (code, left) for person, code, left in reviewers.codes(hired[1], datetime.now(UTC))}
    for one in hired[1]:
        code, left = shown[one.id]
        assert pyotp.parse_uri(one.address).issuer == "ringfence"
        assert 0 < left <= 30
        browser.cookies.clear()
        form = re.search(r'name="csrf" value="([0-9a-f]{64})"', browser.get("/sign-in").text)
        assert form
        fields = {"csrf": form[1], "person": one.id, "password": one.password, "code": code}
        answer = browser.post("/sign-in", data=fields)
        assert answer.status_code == 303, answer.text
        assert browser.get("/queue").status_code == 200


def test_passwords_are_new_for_every_demo(tmp_path: Path) -> None:
    made = [reviewers.hire(Workspace.create(tmp_path / name)) for name in ("one", "two")]
    assert len({one.password for each in made for one in each}) == 4
    assert {one.id: one.roles for one in made[0]} == {
        "wren": ("lexicon_keeper", "reviewer"),
        "tern": ("auditor", "senior_reviewer"),
    }


def test_a_port_that_is_taken_is_told(hired: tuple[Workspace, tuple[Reviewer, ...]], browser: httpx.Client) -> None:
    with (
        pytest.raises(Fault, match="the console cannot listen there"),
        console.console(hired[0], browser.base_url.port or 0),
    ):
        pass
