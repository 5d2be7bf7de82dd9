import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Run = Callable[..., CompletedProcess[str]]

DAY = "2026-01-02T00:00:00Z"


@pytest.fixture
def place(ringfence: Run, tmp_path: Path) -> Path:
    assert ringfence("init", tmp_path / "platform").returncode == 0
    return tmp_path / "platform"


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def one_line(done: CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    told = done.stderr.strip().splitlines()
    assert len(told) == 1, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in told[0]


def test_a_missing_file(ringfence: Run, place: Path) -> None:
    one_line(ringfence("ingest", place / "posts.parquet", "--workspace", place), 1, "posts.parquet")


def test_wrong_columns_name_what_was_found(ringfence: Run, place: Path) -> None:
    pq.write_table(pa.table({"acount_id": ["a"]}), place / "accounts.parquet")
    one_line(ringfence("ingest", place / "accounts.parquet", "--workspace", place), 1, "account_id", "acount_id")


def test_wrong_types_go_to_quarantine_with_their_row(ringfence: Run, place: Path) -> None:
    good = {"post_id": "p1", "account_id": "a", "at": DAY}
    file = lines(place / "posts.jsonl", good, {"post_id": "p2", "account_id": "a", "at": "yesterday"})
    one_line(ringfence("ingest", file, "--workspace", place), 3, "posts.jsonl:2", "yesterday")
    status = json.loads(ringfence("status", "--json", "--workspace", place).stdout)
    assert (status["rows"]["posts"], status["rows"]["quarantine"]) == (1, 1)


def test_duplicate_ids(ringfence: Run, place: Path) -> None:
    file = lines(place / "accounts.jsonl", {"account_id": "a"}, {"account_id": "b"}, {"account_id": "a"})
    one_line(ringfence("ingest", file, "--workspace", place), 3, "accounts.jsonl:3", "already in row 1")


def test_dangling_ids_land_once_their_account_is_there(ringfence: Run, place: Path) -> None:
    accounts = lines(place / "accounts.jsonl", {"account_id": "a"})
    ties = lines(place / "ties.jsonl", {"src": "a", "dst": "b", "relation": "follows"})
    assert ringfence("ingest", accounts, "--workspace", place).returncode == 0
    one_line(ringfence("ingest", ties, "--workspace", place), 3, "ties.jsonl:1", "'b'")
    more = lines(place / "accounts-2.jsonl", {"account_id": "b"})
    assert ringfence("ingest", more, ties, "--workspace", place).returncode == 0
    assert json.loads(ringfence("status", "--json", "--workspace", place).stdout)["rows"]["ties"] == 1


def test_a_seed_that_does_not_exist(ringfence: Run, place: Path) -> None:
    tie = {"src": "a", "dst": "b", "relation": "follows"}
    assert ringfence("ingest", lines(place / "ties.jsonl", tie), "--workspace", place).returncode == 0
    one_line(ringfence("discover", "--seed", "nobody", "--workspace", place), 1, "'nobody'", "check the id")


def test_an_empty_lexicon(ringfence: Run, place: Path) -> None:
    (place / "empty.csv").write_text("term\n")
    before = (place / "lexicon.csv").read_bytes()
    one_line(ringfence("lexicon", "import", place / "empty.csv", "--workspace", place), 1, "empty.csv", "add at least")
    assert (place / "lexicon.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (('surface = "search"', 'surface = "serch"'), "serch"),
        (("\nillegal = true", "\nillegal = true\nbypass = true"), "bypass"),
    ],
)
def test_a_policy_that_may_not_be_served(ringfence: Run, place: Path, edit: tuple[str, str], words: str) -> None:
    policy = place / "policy.toml"
    policy.write_text(policy.read_text().replace(*edit, 1))
    one_line(ringfence("policy", "check", "--workspace", place), 1, "policy.toml", words)


def test_a_corrupt_snapshot_is_refused(ringfence: Run, place: Path) -> None:
    tie = {"src": "a", "dst": "b", "relation": "follows"}
    assert ringfence("ingest", lines(place / "ties.jsonl", tie), "--workspace", place).returncode == 0
    assert ringfence("discover", "--seed", "a", "--workspace", place).returncode == 0
    assert ringfence("publish", "--workspace", place).returncode == 0
    (snapshot,) = (place / "snapshots").glob("*.snapshot")
    content = bytearray(snapshot.read_bytes())
    content[-3] ^= 1
    snapshot.write_bytes(bytes(content))
    one_line(ringfence("decide", "search", "x", "--workspace", place), 1, snapshot.name, "checksum", "publish again")


def test_no_workspace(ringfence: Run, tmp_path: Path) -> None:
    one_line(ringfence("status", "--workspace", tmp_path), 1, "ringfence init")


def test_a_line_that_is_no_json(ringfence: Run, place: Path) -> None:
    done = ringfence("scan", "--workspace", place, stdin='{"text": "a firecrest"}\nnonsense\n')
    one_line(done, 1, "standard input, line 2")
    assert json.loads(done.stdout.splitlines()[0])["hits"] == []


def test_nothing_discovered_yet(ringfence: Run, place: Path) -> None:
    one_line(ringfence("networks", "--workspace", place), 1, "ringfence discover")


def test_an_unknown_surface(ringfence: Run, place: Path) -> None:
    tie = {"src": "a", "dst": "b", "relation": "follows"}
    assert ringfence("ingest", lines(place / "ties.jsonl", tie), "--workspace", place).returncode == 0
    assert ringfence("discover", "--seed", "a", "--workspace", place).returncode == 0
    assert ringfence("publish", "--workspace", place).returncode == 0
    one_line(ringfence("decide", "serch", "x", "--workspace", place), 1, "'serch'", "autocomplete")
