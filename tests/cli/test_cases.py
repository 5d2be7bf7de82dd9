import json
from pathlib import Path

import pytest
from tests.cli.conftest import Run

from ringfence.discovery import results, vetted
from ringfence.model.words import Opinion
from ringfence.store.load import load
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon
from ringfence.world.write import write


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated platform after one discovery."""
    folder = tmp_path_factory.mktemp("platform")
    world = write(folder / "world", 3_000, 7)
    workspace = Workspace.create(folder / "workspace")
    load(workspace, [world.folder])
    Lexicon.from_terms(world.seed_terms).write(workspace.lexicon_file)
    vetted.add(workspace, world.seed_accounts, Opinion.POSITIVE, "test")
    results.scan(workspace)
    results.discover(workspace)
    return workspace.path


def test_a_case_from_discovery_to_release_and_an_audit_that_is_whole(ringfence: Run, platform: Path) -> None:
    def said(*words: str) -> dict[str, object]:
        done = ringfence(*words, "--workspace", platform, "--json")
        assert done.returncode == 0, done.stderr
        told: dict[str, object] = json.loads(done.stdout)
        return told

    opened = said("cases", "open")
    networks = json.loads((platform / "results" / "run.json").read_text())["networks"]
    assert opened["opened"] == networks > 0
    assert said("cases", "open")["already"] is True
    said("people", "add", "wren", "--role", "reviewer")
    held = said("cases", "lease", "--by", "wren")["case"]
    assert isinstance(held, dict)
    assert held["lease_by"] == "wren"
    told = said("cases", "show", held["case_id"])
    assert len(told["members"]) == held["size"]  # type: ignore[arg-type]
    listed = said("cases", "list")
    assert listed["cases"][0]["case_id"] == held["case_id"]  # type: ignore[index]
    said("cases", "release", held["case_id"], "--by", "wren")
    said("audit", "anchor", str(platform / "anchors.jsonl"))
    verdict = said("audit", "verify", "--anchor", str(platform / "anchors.jsonl"))
    assert verdict["cases"]["broken"] == verdict["command_line"]["broken"] == ""  # type: ignore[index]
    for words in (("cases", "list"), ("cases", "show", held["case_id"]), ("people", "list"), ("audit", "verify")):
        plain = ringfence(*words, "--workspace", platform)
        assert plain.returncode == 0, plain.stderr
        assert plain.stdout


def test_a_file_that_was_changed_is_refused(ringfence: Run, platform: Path) -> None:
    lines = (platform / "audit.jsonl").read_bytes().splitlines(keepends=True)
    (platform / "audit.jsonl").write_bytes(b"".join(lines[:1] + lines[2:]))
    done = ringfence("audit", "verify", "--workspace", platform)
    assert done.returncode == 1
    assert "does not rest on the line before it" in done.stdout
    (platform / "audit.jsonl").write_bytes(b"".join(lines))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("cases", "lease", "--by", "nobody"), "does not work here"),
        (("cases", "show", "case-1' OR '1'='1"), "there is no such case"),
        (("people", "add", "../wren", "--role", "viewer"), "is no id for a person"),
        (("audit", "verify", "--key", "kittiwake"), "is not signed with the key"),
    ],
)
def test_what_is_refused_is_one_line(ringfence: Run, platform: Path, words: tuple[str, ...], told: str) -> None:
    done = ringfence(*words, "--workspace", platform)
    assert done.returncode == 1
    assert told in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_a_password_is_read_from_standard_input(ringfence: Run, platform: Path) -> None:
    ringfence("people", "add", "finch", "--role", "viewer", "--workspace", platform)
    done = ringfence("people", "password", "finch", "--workspace", platform, stdin="kittiwake-on-the-cliff\n")
    assert done.stdout.startswith("otpauth://totp/ringfence:finch?secret=")
    assert "kittiwake" not in done.stdout + done.stderr
