"""Does the command line rank new media, take decisions on it and take them back, audited and without a hash?"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ringfence.cli.media_triage import GROUP
from ringfence.demo.trial import trial
from ringfence.discovery import results, vetted
from ringfence.media.triage import decisions
from ringfence.model.faults import Fault
from ringfence.model.words import Opinion
from ringfence.store import audit
from ringfence.store.workspace import Workspace

SAID = ("--by", "wren", "--reason", "reviewed")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    world, made = trial(tmp_path_factory.mktemp("world") / "trial", 2_000, 9)
    vetted.add(made.workspace, world.seed_accounts, Opinion.POSITIVE, "test")
    results.discover(made.workspace)
    return made.workspace


def said(place: Workspace, *words: str) -> str:
    done = CliRunner().invoke(GROUP, [*words, "--workspace", str(place.path)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def told(place: Workspace, *words: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(said(place, *words, "--json"))
    return answer


def test_the_list_is_ranked_with_reasons_whose_amounts_add_up_and_tells_no_hash(place: Workspace) -> None:
    answer = told(place, "--limit", "30")
    rows = answer["rows"]
    assert 0 < len(rows) <= 30
    assert [row["priority"] for row in rows] == sorted((row["priority"] for row in rows), reverse=True)
    for row in rows:
        assert sum(row["parts"].values()) == pytest.approx(row["priority"], abs=1e-5)
        amounts = [float(one) for reason in row["reasons"] for one in re.findall(r"\(([+-][\d.]+)\)", reason)]
        assert sum(amounts) == pytest.approx(row["priority"], abs=0.021)
    assert not re.search(r"[0-9a-f]{32}", json.dumps(answer))
    counts = answer["counts"]
    left_out = counts["known"] + counts["decided"] + counts["on_no_list"]
    assert counts["for_review"] + counts["for_care"] + left_out == counts["clusters"]
    assert answer["classifier"] is None


def test_the_same_list_in_words(place: Workspace) -> None:
    text = said(place, "--limit", "1")
    assert told(place, "--limit", "1")["rows"][0]["cluster"] in text
    assert "company:" in text


def test_a_decision_is_taken_and_taken_back(place: Workspace) -> None:
    before = told(place)
    first = before["rows"][0]["cluster"]
    made = told(place, "decide", first, "--opinion", "positive", *SAID)
    assert made["media"] == before["rows"][0]["media"]
    assert len(made["uploaders"]) + len(made["care"]) == before["rows"][0]["uploaders"]
    after = told(place)
    assert first not in [row["cluster"] for row in after["rows"]]
    assert (after["counts"]["decided"], after["counts"]["known"]) == (1, 1)
    told(place, "undo", str(made["decision"]), *SAID)
    assert told(place)["rows"] == before["rows"]
    kept = told(place, "decisions")["decisions"]
    assert [one["stands"] for one in kept[-2:]] == [False, False]
    done = [one.action for one in audit.read(place)]
    assert done.count(audit.Action.MEDIA_TRIAGE_DECIDED) == 2
    assert done.count(audit.Action.MEDIA_TRIAGE_READ) >= 4


def test_what_cannot_be_decided_is_one_fault_and_changes_nothing(place: Workspace) -> None:
    before = decisions.read(place)
    with pytest.raises(Fault, match="is no cluster of the last triage"):
        said(place, "decide", "0000", "--opinion", "positive", *SAID)
    with pytest.raises(Fault, match="is no decision on media"):
        said(place, "decide", told(place)["rows"][0]["cluster"], "--opinion", "disputed", *SAID)
    assert decisions.read(place) == before


def test_without_a_discovery_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="run `ringfence discover`"):
        said(Workspace.create(tmp_path / "platform"))


def test_a_classifier_whose_key_is_missing_is_not_asked_without_it(place: Workspace) -> None:
    config = place.path / "ringfence.toml"
    before = config.read_text()
    config.write_text(
        before.replace('url = ""', 'url = "http://127.0.0.1:9/"')
        .replace('key_variable = ""', 'key_variable = "RINGFENCE_NO_SUCH_KEY"')
    )  # fmt: skip
    try:
        with pytest.raises(Fault, match="RINGFENCE_NO_SUCH_KEY is not set"):
            said(place)
    finally:
        config.write_text(before)


def test_a_classifier_that_is_down_changes_no_order_and_is_told(place: Workspace) -> None:
    before = told(place)
    config = place.path / "ringfence.toml"
    text = config.read_text()
    config.write_text(text.replace('url = ""', 'url = "http://127.0.0.1:9/"').replace("retries = 1", "retries = 0"))
    try:
        answer = told(place)
    finally:
        config.write_text(text)
    assert answer["rows"] == before["rows"]
    assert answer["classifier"]["errors"] == 5
    assert answer["classifier"]["not asked"] > 0
