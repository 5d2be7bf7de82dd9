import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Run

from ringfence.discovery import results, vetted
from ringfence.model.words import Opinion
from ringfence.store.load import load
from ringfence.store.workspace import CONFIG, Workspace
from ringfence.terms.lexicon import Lexicon
from ringfence.world.write import write

STAFF = (("wren", "reviewer"), ("finch", "senior_reviewer"), ("gull", "reviewer"))


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated platform after one discovery, whose plans are quick."""
    folder = tmp_path_factory.mktemp("platform")
    world = write(folder / "world", 3_000, 7)
    workspace = Workspace.create(folder / "workspace")
    config = workspace.path / CONFIG
    config.write_text(config.read_text().replace("per_second = 50.0", "per_second = 5000.0"))
    workspace = Workspace.open(workspace.path)
    load(workspace, [world.folder])
    Lexicon.from_terms(world.seed_terms).write(workspace.lexicon_file)
    vetted.add(workspace, world.seed_accounts, Opinion.POSITIVE, "test")
    results.scan(workspace)
    results.discover(workspace)
    return workspace.path


def test_a_plan_from_preview_to_undo_with_an_appeal_on_the_way(ringfence: Run, platform: Path) -> None:
    def said(*words: str, code: int = 0) -> Any:
        done = ringfence(*words, "--workspace", platform, "--json")
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout) if code == 0 else done.stderr

    said("cases", "open")
    for name, role in STAFF:
        said("people", "add", name, "--role", role)
    case_id = said("cases", "lease", "--by", "wren")["case"]["case_id"]
    wish = (case_id, "--action", "limit", "--action", "remove_content", "--by", "wren", "--why", "they sell")
    seen = said("plan", "preview", *wish)
    assert seen["blast"]["audience"] > 0
    assert seen["blast"]["posts"] > 0
    assert all(one["evidence"]["reasons"] for one in seen["steps"])
    assert any(one["evidence"]["seeds"] for one in seen["steps"])
    made = said("plan", "propose", *wish)["plan"]
    assert "token" not in made
    agree = ("plan", "approve", made["plan_id"], "--digest", made["digest"], "--why", "agreed")
    assert "may not approve plans" in said(*agree, "--by", "wren", code=1)
    said(*agree, "--by", "finch")
    assert said("plan", "run", made["plan_id"], "--by", "wren")["ended"] == "stage 1 is done"
    assert said("plan", "resume", made["plan_id"], "--by", "wren", "--stage", "9")["ended"] == "done"
    account = next(one["account_id"] for one in seen["steps"] if one["actions"] != ["care"])
    appeal = said("appeal", "receive", account, "--statement", "my own garden")["appeal"]
    assert said("appeal", "show", appeal)["took_part"] == ["finch", "wren"]
    decided = said("appeal", "decide", appeal, "overturn", "--by", "gull", "--answer", "sorry")
    assert decided["ended"] == "what was to be given back is given back"
    assert [one["action"] for one in decided["lasting"]] == ["remove_content"]
    undone = said("plan", "undo", made["plan_id"], "--by", "wren", "--why", "the wrong network")
    assert undone["ended"] == "undone"
    acted = [one for one in seen["steps"] if one["actions"] != ["care"]]
    assert sum(one["action"] == "remove_content" for one in undone["lasting"]) >= len(acted) - 1
    told = said("plan", "show", made["plan_id"])
    assert told["plan"]["status"] == "undone"
    assert told["troubles"] == {}
    lines = (platform / "orders.jsonl").read_text().splitlines()
    assert len({json.loads(line)["key"] for line in lines}) == len(lines)
    hold = said("hold", "list")["holds"][0]["hold_id"]
    said("hold", "legal", hold, "--by", "finch", "--why", "court order")
    said("hold", "extend", hold, "--by", "finch", "--why", "court order", "--until", "2099-01-31")
    assert said("hold", "purge", "--by", "finch")["holds"] == []
    assert said("audit", "verify")["cases"]["broken"] == ""
    for words in (
        ("plan", "list"),
        ("plan", "show", made["plan_id"]),
        ("appeal", "list", "--decided"),
        ("appeal", "show", appeal),
        ("hold", "show", hold),
    ):
        plain = ringfence(*words, "--workspace", platform)
        assert plain.returncode == 0, plain.stderr
        assert plain.stdout
