import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import average_precision_score

Run = Callable[..., CompletedProcess[str]]

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
KEYS = [
    "accounts",
    "ties",
    "posts",
    "planted_members",
    "found_members",
    "precision",
    "recall",
    "innocents_touched",
    "networks_found",
    "one_feature_auprc",
    "keyword_auprc",
    "auprc",
    "ever_shown_before",
    "ever_shown_after",
    "leak",
    "displaced",
    "media_first",
    "seconds",
    "peak_mb",
]
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the recorded data is not beside the project")


@pytest.fixture(scope="module")
def demo(ringfence: Run, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("demo") / "out"
    done = ringfence("demo", "--accounts", 20_000, "--no-serve", "--json", "--out", out)
    assert done.returncode == 0, done.stderr
    return out, json.loads(done.stdout)


def test_the_demo_finds_what_simple_rules_do_not(demo: tuple[Path, dict[str, Any]]) -> None:
    out, summary = demo
    assert list(summary) == KEYS
    assert summary["precision"] >= 0.85
    assert summary["recall"] >= 0.6
    assert summary["auprc"] > 2 * max(summary["one_feature_auprc"], summary["keyword_auprc"])
    assert summary["one_feature_auprc"] < 0.5
    assert summary["ever_shown_after"] < summary["ever_shown_before"]
    leak, displaced = summary["leak"], summary["displaced"]
    assert list(leak) == ["none", "guard", "damping", "hard", "budgeted"]
    assert list(displaced) == list(leak)[1:]
    assert leak["budgeted"] <= leak["guard"]
    assert displaced["budgeted"] < 0.02
    media = summary["media_first"]
    assert media["priority"] > max(share for order, share in media.items() if order != "priority")
    page = (out / "report.html").read_text()
    assert "<svg" in page
    assert 'src="http' not in page


@pytest.mark.parametrize(
    "words",
    [
        ("status", "--json"), ("networks", "--json"), ("report", "--json"), ("audit", "--json"),
        ("policy", "check", "--json"),
        ("seeds", "list", "--json"), ("decide", "search", "firecrest", "--json"),
        ("decide", "hashtag", "#hoopoe", "--json"),
        ("decide", "autocomplete", "firecrest", "--prefix", "fire", "--json"), ("publish", "--json"),
        ("decide", "suggest", "a00000001", "--json"), ("decide", "recommend", "a00000001", "--json"),
        ("exposure", "--json", "--test-accounts", "20"), ("exposure", "history", "--json"),
        ("exposure", "observed", "--json"),
        ("scan", "--store", "--json"),
    ],
)  # fmt: skip
def test_every_command_answers_on_the_demos_workspace(
    ringfence: Run, demo: tuple[Path, dict[str, Any]], words: tuple[str, ...]
) -> None:
    done = ringfence(*words, "--workspace", demo[0] / "workspace")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


def test_a_member_found_is_explained_and_left_out(ringfence: Run, demo: tuple[Path, dict[str, Any]]) -> None:
    place = demo[0] / "workspace"
    network = json.loads(ringfence("networks", "--json", "--workspace", place).stdout)["networks"][0]
    member = network["members"][0]
    told = json.loads(ringfence("explain", member, "--json", "--workspace", place).stdout)
    assert told["network_id"] == network["network_id"]
    assert told["reasons"]
    assert told["probability"] is None
    amounts = [part["amount"] for part in told["explanation"]["contributions"]]
    assert sum(amounts) == pytest.approx(told["score"])
    read = ringfence("explain", member, "--workspace", place).stdout
    assert "What the score adds up from" in read
    assert all(part["words"] in read for part in told["explanation"]["contributions"])
    assert all(step["name"] in read for step in told["explanation"]["path"])
    unknown = ringfence("explain", "kittiwake", "--workspace", place)
    assert (unknown.returncode != 0, len(unknown.stderr.splitlines())) == (True, 1)
    standing = json.loads(ringfence("limits", "list", "--json", "--workspace", place).stdout)["limited"]
    limited = standing[0]["account_id"]
    slate = json.loads(ringfence("decide", "suggest", limited, "nobody", "--json", "--workspace", place).stdout)
    assert slate["kept"] == ["nobody"]
    entries = json.loads(ringfence("audit", "--json", "--workspace", place).stdout)["entries"]
    assert ("explanation_read", member) in [(entry["action"], entry["subject"]) for entry in entries]


@needs_data
def test_elections_bring_back_the_group_that_shares_a_rare_link(ringfence: Run, tmp_path: Path) -> None:
    place, posts = tmp_path / "elections", DATA / "elections" / "posts.parquet"
    ringfence("init", place)
    done = ringfence(
        "ingest", posts, "--mapping", ROOT / "examples" / "mappings" / "elections.toml", "--workspace", place, "--json"
    )
    loaded = json.loads(done.stdout)
    assert (done.returncode, loaded["landed"], loaded["quarantined"]) == (3, 194_323, 24_648)
    sharers = [
        row[0]
        for row in duckdb.execute(
            "SELECT DISTINCT account_id FROM read_parquet(?) WHERE url_id = 1662 ORDER BY 1", [str(posts)]
        ).fetchall()
    ]
    seeds, others = sharers[:2] + sharers[3:6], set(sharers[2:3] + sharers[6:])
    flags = [word for seed in seeds for word in ("--seed", seed)]
    found = json.loads(ringfence("discover", *flags, "--top", 30, "--json", "--workspace", place).stdout)["top"]
    back = [row for row in found if row["account_id"] in others]
    assert len(back) >= len(others) - 2
    assert all(row["reasons"] for row in back)


@needs_data
def test_weibo_ranks_suspicious_accounts_first(ringfence: Run, tmp_path: Path) -> None:
    place, uses = tmp_path / "weibo", DATA / "weibo" / "uses.parquet"
    ringfence("init", place)
    mapping = ROOT / "examples" / "mappings" / "weibo.toml"
    assert ringfence("ingest", uses, "--mapping", mapping, "--workspace", place).returncode == 0
    labels = dict(duckdb.execute("FROM read_parquet(?)", [str(DATA / "weibo" / "labels.parquet")]).fetchall())
    seeds = sorted(account for account, suspicious in labels.items() if suspicious)[::87][:10]
    flags = [word for seed in seeds for word in ("--seed", seed)]
    assert ringfence("discover", *flags, "--workspace", place).returncode == 0
    rows = pq.read_table(place / "results" / "scores.parquet", columns=["account_id", "score"]).to_pylist()
    judged = [row for row in rows if row["account_id"] not in seeds]
    truth = [labels[row["account_id"]] for row in judged]
    assert average_precision_score(truth, [row["score"] for row in judged]) > 0.75


def test_exposure_is_signed_compared_and_checked(
    ringfence: Run, demo: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    place = demo[0] / "workspace"
    words = ("exposure", "--test-accounts", "15", "--workspace", place)
    first = json.loads(ringfence(*words, "--json").stdout)
    again = ringfence(*words, "--daily")
    assert again.returncode == 0, again.stderr  # the same seed on the same events: nothing can have risen
    assert "kept from the guard" in again.stdout
    arms = first["audit"]["measured"][0]["exposure"]["strata"][0]["arms"]
    assert [arm["name"] for arm in arms][:4] == ["none", "filter", "damping", "hard"]
    kept = sorted((place / "exposure" / "history").iterdir())
    same = ringfence("exposure", "diff", kept[-2], kept[-1])
    assert (same.returncode, "rose" in same.stdout) == (0, False)
    assert "not changed since" in ringfence("exposure", "verify", first["file"]).stdout
    edited = tmp_path / "edited.json"
    edited.write_bytes(Path(first["file"]).read_bytes().replace(b'"displaced"', b'"misplaced"', 1))
    refused = ringfence("exposure", "verify", edited)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    bounds = tmp_path / "bounds.toml"
    bounds.write_text("leek = 0.1\n")
    assert "leek is no bound" in ringfence(*words, "--thresholds", bounds).stderr
