import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ringfence.cli.policy import GROUP
from ringfence.guard import files
from ringfence.guard.policies.policy import DEFAULT_POLICY
from ringfence.guard.snapshots import shelf, signing, snapshot
from ringfence.guard.snapshots.flags import table
from ringfence.model.faults import Fault
from ringfence.store import audit
from ringfence.store.load import load
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon

DAY = "2026-11-20T00:00:00Z"
STRICTER = DEFAULT_POLICY.replace('version = "1"', 'version = "2"').replace(
    'signal = "network:nearby"\nverdict = "demote"', 'signal = "network:nearby"\nverdict = "drop"', 1
)


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    workspace = Workspace.create(tmp_path / "platform")
    workspace.policy_file.write_text(DEFAULT_POLICY)
    Lexicon.from_terms(["firecrest"]).write(workspace.lexicon_file)
    return workspace


@pytest.fixture
def stricter(tmp_path: Path) -> Path:
    file = tmp_path / "next.toml"
    file.write_text(STRICTER)
    return file


def run(*args: object, code: int = 0) -> str:
    done = CliRunner().invoke(GROUP, list(map(str, args)), catch_exceptions=True)
    if isinstance(done.exception, Fault):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.output


def answer(*args: object, code: int = 0) -> dict[str, Any]:
    return dict(json.loads(run(*args, "--json", code=code)))


def test_check_tells_every_fault_in_a_line_of_its_own(place: Workspace) -> None:
    place.policy_file.write_text(
        DEFAULT_POLICY.replace('"lexicon:illegal"', '"lexcon:illegal"').replace("0.95 ", "0.1 ")
    )
    lines = run("check", "--workspace", place.path, code=1).splitlines()
    assert len(lines) == 7
    assert all(line.startswith(f"ringfence: {place.policy_file}: ") for line in lines)
    assert any("at_least" in line for line in lines)


def test_check_says_what_holds_sometimes(place: Workspace) -> None:
    told = run("check", "--workspace", place.path)
    assert "Policy 1 is in order: 27 rules, 12 examples" in told
    assert "rule 5   hashtag: tag:network earns drop from strength 0.8" in told
    assert answer("check", "--workspace", place.path)["expired"] == []
    until = DEFAULT_POLICY.replace('verdict = "demote"\nstrength = 0.5', 'verdict = "demote"\nuntil = 2020-01-01')
    place.policy_file.write_text(until)
    assert "Hold no more" in run("check", "--workspace", place.path)
    with pytest.raises(Fault, match="cannot be read"):
        run("check", place.path / "none.toml")


def test_diff_shows_verdicts_and_settings(place: Workspace, stricter: Path) -> None:
    stricter.write_text(STRICTER.replace("per_day = 10_000", "per_day = 9"))
    told = run("diff", place.policy_file, stricter)
    assert [word in told for word in ("network:nearby", "demote", "stricter", "automatic.per_day")] == [True] * 4
    found = answer("diff", place.policy_file, stricter)
    assert not found["same"]
    assert [(one["surface"], one["now"]) for one in found["verdicts"]] == [("suggestion", "drop")]
    assert answer("diff", stricter, stricter)["same"]
    assert "No difference" in run("diff", stricter, stricter)


def test_test_ends_with_3_when_an_example_fails(place: Workspace, tmp_path: Path) -> None:
    assert "12 of 12 examples pass" in run("test", "--workspace", place.path)
    own = tmp_path / "own.toml"
    own.write_text(f'{DEFAULT_POLICY}\n[[example]]\nsurface = "search"\nquery = "firecrest"\nverdict = "allow"\n')
    told = run("test", own, "--workspace", place.path, code=3)
    assert 'FAIL  example 13: search: query "firecrest" earns allow, but got block (lexicon:illegal)' in told
    assert [one["passed"] for one in answer("test", own, "--workspace", place.path, code=3)["examples"]][-1] is False
    with pytest.raises(Fault, match='1 of its examples fail: search: query "firecrest" earns block'):
        run("activate", own, "--workspace", place.path)
    with pytest.raises(Fault, match="1 of its examples fail"):
        run("try", own, "--shadow", "--workspace", place.path)
    assert place.policy_file.read_text() == DEFAULT_POLICY


def test_activate_and_back(place: Workspace, stricter: Path) -> None:
    assert "ringfence publish" in run("activate", stricter, "--workspace", place.path)
    assert place.policy_file.read_text() == STRICTER
    assert answer("rollback", "--workspace", place.path)["version"] == "1"
    assert place.policy_file.read_text() == DEFAULT_POLICY
    with pytest.raises(Fault, match="replaced no other"):
        run("rollback", "--workspace", place.path)


def test_a_trial_from_try_to_promote(place: Workspace, stricter: Path) -> None:
    where = ("--workspace", place.path)
    for wrong in ((), ("--shadow", "--percent", 5)):
        with pytest.raises(Fault, match="either in shadow or for a share"):
            run("try", stricter, *wrong, *where)
    with pytest.raises(Fault, match="no policy is on trial"):
        run("promote", *where)
    with pytest.raises(Fault, match="no policy is on trial"):
        run("withdraw", *where)
    assert "in shadow" in run("try", stricter, "--shadow", *where)
    assert answer("try", stricter, "--percent", 12.5, *where) == {"version": "2", "mode": "percent", "share": 0.125}
    assert "No policy is on trial" in run("withdraw", *where)
    run("try", stricter, "--percent", 5, *where)
    assert answer("promote", *where)["version"] == "2"
    assert place.policy_file.read_text() == STRICTER
    assert not list(place.path.glob("policy.trial.*"))


def test_rehearse_counts_and_names_only_when_asked(place: Workspace, stricter: Path, tmp_path: Path) -> None:
    rows: dict[str, list[dict[str, object]]] = {
        "accounts": [{"account_id": name} for name in ("al", "bo", "cy")],
        "searches": [{"at": DAY, "query": "firecrest", "surface": "search"}],
        "impressions": [
            {"at": DAY, "surface": "suggestion", "viewer_id": "al", "shown_id": shown, "position": 1}
            for shown in ("bo", "cy", "bo")
        ],
    }
    for name, lines in rows.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    load(place, sorted(tmp_path.glob("*.jsonl")))
    signer = signing.new()
    flags = table([("bo", "network:nearby", 1.0, None)])
    made = snapshot.build(Lexicon.load(place.lexicon_file), files.read_policy(place), flags, signer=signer)
    signing.trust(place.snapshots, signer)
    shelf.publish(place.snapshots, made, signer)
    where = ("--workspace", place.path)
    told = run("rehearse", stricter, *where)
    assert "2 of 4 decisions change (50.00%), policy 1 to 2" in told
    assert "bo" not in told.split()
    assert audit.read(place) == ()
    shown = answer("rehearse", stricter, "--show", *where)
    assert shown["examples"] == [{"surface": "suggestion", "subject": "bo", "was": "demote", "now": "drop"}]
    assert [(one.action, one.subject) for one in audit.read(place)] == [(audit.Action.TRAFFIC_READ, "rehearsal of 2")]
