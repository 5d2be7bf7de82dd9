import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pyarrow.parquet as pq
import pytest

from ringfence.discovery import results, vetted
from ringfence.guard.limits.journal import file
from ringfence.guard.policies.policy import DEFAULT_POLICY
from ringfence.model.words import Opinion
from ringfence.store.disk import write_whole
from ringfence.store.load import load
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.versions import keep
from ringfence.world.write import write

Run = Callable[..., CompletedProcess[str]]
CAP = 15


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform on which discovery found more than twice as many accounts as may be limited in a day."""
    folder = tmp_path_factory.mktemp("limits")
    world = write(folder / "world", 5_000, 41)
    workspace = Workspace.create(folder / "workspace")
    text = DEFAULT_POLICY.replace("per_day = 10_000", f"per_day = {CAP}").replace(
        "per_share = 0.005", "per_share = 0.05"
    )
    assert text.count(f"per_day = {CAP}") == text.count("per_share = 0.05") == 1
    write_whole(workspace.policy_file, text.encode())
    keep(workspace, Lexicon.from_terms(world.seed_terms))
    vetted.add(workspace, world.seed_accounts, Opinion.POSITIVE, "test")
    load(workspace, [world.folder])
    results.scan(workspace)
    results.discover(workspace)
    return workspace.path


def said(done: CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_from_publish_to_undo(ringfence: Run, place: Path) -> None:
    at = ("--workspace", place)
    first = ringfence("publish", *at)
    assert first.returncode == 0
    assert "CIRCUIT BREAKER" in first.stderr
    assert f"{CAP} accounts are newly limited (batch 1)" in first.stdout
    told = said(ringfence("status", "--json", *at))["limits"]
    assert (told["automatic"], told["tripped"]) == (CAP, ["per_day"])
    assert told["held"] > CAP

    limited = said(ringfence("limits", "list", "--json", *at))["limited"]
    held = said(ringfence("limits", "list", "--held", "--json", *at))["held"]
    assert (len(limited), len(held)) == (CAP, told["held"])
    member, other, waits = limited[0]["account_id"], limited[1]["account_id"], held[0]["account_id"]
    slate = said(ringfence("decide", "suggest", waits, member, "nobody", "--json", *at))
    assert slate["kept"] == ["nobody", waits]

    assert said(ringfence("limits", "confirm", member, waits, "--by", "wren", "--json", *at))["batch"] == 2
    assert (
        said(ringfence("limits", "lift", other, "--by", "wren", "--why", "a bird watcher", "--json", *at))["batch"] == 3
    )
    undone = said(ringfence("limits", "undo", 1, "--by", "robin", "--json", *at))
    assert (undone["undone"], undone["accounts"]) == (1, CAP)
    slate = said(ringfence("decide", "suggest", waits, member, other, limited[2]["account_id"], "--json", *at))
    assert slate["kept"] == [other, limited[2]["account_id"]]  # one carries nothing, one is shown last
    left = said(ringfence("limits", "list", "--json", *at))["limited"]
    assert sorted(one["account_id"] for one in left) == sorted([member, waits])
    assert {one["network_id"] for one in left} == {limited[0]["network_id"], held[0]["network_id"]}
    told = ringfence("status", *at).stdout
    assert "breaker      CIRCUIT BREAKER: the policy's per_day holds" in told
    assert ("trouble      none" in told, "delta        none" in told) == (True, True)
    again = said(ringfence("publish", "--json", *at))
    assert (again["limits"]["limited"], again["limits"]["tripped"]) == (0, "per_day")
    batches = said(ringfence("limits", "batches", "--json", *at))["batches"]
    assert [(one["act"], one["by"], one["undone_by"]) for one in batches] == [
        ("set", "ringfence", 4), ("confirm", "wren", None), ("lift", "wren", None), ("undo", "robin", None),
    ]  # fmt: skip
    entries = said(ringfence("audit", "--json", *at))["entries"]
    assert {"limits_read", "limits_changed"} <= {one["action"] for one in entries}


def test_an_undo_that_is_not_published_says_so(ringfence: Run, place: Path) -> None:
    at = ("--workspace", place)
    held = said(ringfence("limits", "list", "--held", "--json", *at))["held"][0]["account_id"]
    batch = said(ringfence("limits", "confirm", held, "--by", "wren", "--json", *at))["batch"]
    before = said(ringfence("status", "--json", *at))["snapshot"]
    policy = Workspace.open(place).policy_file
    text = policy.read_text()
    try:
        policy.write_text("kittiwake")
        done = ringfence("limits", "undo", batch, "--by", "robin", *at)
    finally:
        policy.write_text(text)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert f"batch {batch} is undone, and not published" in done.stderr
    assert "the guard does not know of it yet" in done.stderr
    assert said(ringfence("status", "--json", *at))["snapshot"] == before
    listed = said(ringfence("limits", "list", "--json", *at))["limited"]
    assert held not in {one["account_id"] for one in listed}


def test_status_names_what_is_wrong_and_goes_on(ringfence: Run, place: Path) -> None:
    at = ("--workspace", place)
    journal, current = file(Workspace.open(place)), place / "snapshots" / "current"
    whole = journal.read_bytes(), current.read_bytes()
    try:
        journal.write_bytes(b"kittiwake\n")
        current.write_bytes(b"kittiwake")
        told = said(ringfence("status", "--json", *at))
        lines = ringfence("status", *at).stdout.splitlines()
    finally:
        journal.write_bytes(whole[0])
        current.write_bytes(whole[1])
    assert (told["snapshot"], told["limits"], len(told["trouble"])) == (None, None, 2)
    assert "snapshot     none that can be served" in lines
    assert sum("names no version" in line or "is no batch" in line for line in lines) == 2


def test_damping_is_exported_with_where_it_is_from(ringfence: Run, place: Path, tmp_path: Path) -> None:
    at = ("--workspace", place)
    version = said(ringfence("publish", "--json", *at))["snapshot"]
    done = said(ringfence("damping", "export", tmp_path / "soft", "--json", *at))
    assert (done["snapshot"], done["mode"]) == (version, "soft")
    accounts, ties = (pq.read_table(tmp_path / "soft" / f"{name}.parquet") for name in ("accounts", "ties"))
    assert (accounts.num_rows, ties.num_rows) == (done["accounts"], done["ties"])
    assert ties.num_rows > accounts.num_rows > 0
    assert said(ringfence("damping", "export", tmp_path / "hard", "--hard", "--json", *at))["mode"] == "hard"
    assert set(pq.read_table(tmp_path / "hard" / "accounts.parquet")["weight"].to_pylist()) == {0.0}


def test_snapshots_are_listed_compared_checked_and_gone_back_to(ringfence: Run, place: Path) -> None:
    at = ("--workspace", place)
    one = said(ringfence("publish", "--json", *at))["snapshot"]
    held = said(ringfence("limits", "list", "--held", "--json", *at))["held"][-1]["account_id"]
    said(ringfence("limits", "confirm", held, "--by", "wren", "--json", *at))
    two = said(ringfence("publish", "--json", *at))["snapshot"]
    listed = said(ringfence("snapshot", "list", "--json", *at))["snapshots"]
    assert [(row["version"], row["active"]) for row in listed] == [(one, ""), (two, "yes")]
    found = said(ringfence("snapshot", "diff", one, two, "--json", *at))
    assert found["accounts"]["limit:confirmed"]["new"] == 1
    assert said(ringfence("snapshot", "rollback", "--json", *at))["version"] == one
    assert said(ringfence("snapshot", "verify", "--json", *at))["version"] == one
    assert said(ringfence("snapshot", "activate", two, "--json", *at))["version"] == two
    broken = place / "snapshots" / f"{one}.snapshot"
    whole = broken.read_bytes()
    broken.unlink()
    broken.write_bytes(whole[:-1])
    for refused in (("verify", one), ("activate", one), ("rollback",), ("diff", two, one), ("activate", "kittiwake")):
        done = ringfence("snapshot", *refused, *at)
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert said(ringfence("snapshot", "verify", "--json", *at))["version"] == two
    rows = said(ringfence("snapshot", "list", "--json", *at))["snapshots"]
    assert {row["version"]: bool(row["fault"]) for row in rows} == {one: True, two: False}


@pytest.mark.parametrize(
    "words",
    [
        ("confirm", "kittiwake", "--by", "wren"),
        ("confirm", "a00000001", "--by", "ringfence"),
        ("lift", "kittiwake", "--by", "wren", "--why", "x"),
        ("lift", "a00000001", "--by", "wren", "--why", " "),
        ("undo", 99, "--by", "wren"),
        ("list", "--held", "--care"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(ringfence: Run, place: Path, words: tuple[object, ...]) -> None:
    journal = file(Workspace.open(place))
    before = journal.read_bytes() if journal.exists() else b""
    done = ringfence("limits", *words, "--workspace", place)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert (journal.read_bytes() if journal.exists() else b"") == before
