"""What does `ringfence exposure` say of platforms that little can be measured on?"""

import json
import re
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from itertools import cycle
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.exposure.recommenders.test_endpoint import Server, answers, sends
from typer.testing import CliRunner

from ringfence.cli.exposure import GROUP
from ringfence.discovery.last_results import Run
from ringfence.guard import onward_tags
from ringfence.guard.damping import EXTRA
from ringfence.model.faults import Fault
from ringfence.model.schemas import EVENTS, SCORES
from ringfence.model.words import Table
from ringfence.store.audit import Action
from ringfence.store.audit import read as audit_entries
from ringfence.store.load import load
from ringfence.store.workspace import Workspace

ACCOUNTS = 40


def platform(folder: Path, follows: Iterable[tuple[int, int]], members: Iterable[int]) -> Workspace:
    """As a discovery that found `members` leaves a workspace."""
    workspace = Workspace.create(folder / "workspace")
    ties = [{"src": f"a{one:02}", "dst": f"a{other:02}", "relation": "follows"} for one, other in follows]
    pq.write_table(pa.table({"account_id": [f"a{one:02}" for one in range(ACCOUNTS)]}), folder / "accounts.parquet")
    pq.write_table(pa.Table.from_pylist(ties or [TALK]), folder / "ties.parquet")
    load(workspace, [folder / "accounts.parquet", folder / "ties.parquet"])
    found = set(members)
    scores = [{"account_id": f"a{one:02}", "network_id": "n1" if one in found else None} for one in range(ACCOUNTS)]
    workspace.results.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(scores, schema=SCORES), workspace.results / "scores.parquet")
    run = Run("none", "none", (), 0, 0, datetime(2026, 11, 2, tzinfo=UTC), ACCOUNTS, len(ties), len(found), 1)
    (workspace.results / "run.json").write_bytes(msgspec.json.encode(run))
    return workspace


TALK = {"src": "a00", "dst": "a01", "relation": "replies"}


def at_random(*, since: int = 0) -> set[tuple[int, int]]:
    """Each account from `since` on follows about eight of them."""
    rng = np.random.default_rng(3)
    drawn = {(one, int(other)) for one in range(since, ACCOUNTS) for other in rng.integers(since, ACCOUNTS, 8)}
    return {(one, other) for one, other in drawn if one != other}


def asked(workspace: Workspace, *words: str) -> Any:
    command = [*words, "--test-accounts", "5", "--workspace", str(workspace.path), "--json"]
    done = CliRunner().invoke(GROUP, command, catch_exceptions=False)
    return json.loads(done.stdout)["audit"]


@pytest.mark.parametrize(
    ("follows", "members", "says"),
    [
        ([(0, 1), (1, 2)], [], "no member was found"),
        ([], [1], "there are no follows"),
        ([(0, 1), (1, 2)], range(ACCOUNTS), "every account is a member"),
        ([(0, 1), (1, 2)], [0, 1], "nobody but members follows anybody"),
    ],
)
def test_a_platform_that_nothing_can_be_measured_on_is_one_line(
    tmp_path: Path, follows: list[tuple[int, int]], members: list[int], says: str
) -> None:
    with pytest.raises(Fault, match=says) as told:
        asked(platform(tmp_path, follows, members))
    assert "\n" not in str(told.value)


def test_fewer_than_four_flags_leave_the_cut_out_and_say_so(tmp_path: Path) -> None:
    audit = asked(platform(tmp_path, at_random(), range(3)), "--withhold", "0")
    assert [arm["name"] for arm in audit["measured"][0]["exposure"]["strata"][0]["arms"]] == [
        "none", "filter", "damping", "hard",
    ]  # fmt: skip
    assert "arm budgeted: there are 3 flags" in audit["left_out"]
    assert [line for line in audit["left_out"] if line.startswith("stratum searcher")]


def test_a_network_that_nobody_outside_follows_is_measured(tmp_path: Path) -> None:
    ring = {(one, (one + step) % 6) for one in range(6) for step in (1, 2)}
    audit = asked(platform(tmp_path, ring | at_random(since=6), range(6)), "--withhold", "0", "--choice", "any")
    (measured,) = audit["measured"]
    assert audit["recipe"]["choice"] == "any slot"
    strata = {stratum["name"]: stratum for stratum in measured["exposure"]["strata"]}
    assert strata["one_follow"]["arms"][0]["summary"]["ever"]["value"] == 1
    assert strata["one_follow"]["arms"][0]["amplification"]["value"] is None
    assert [group["accounts"] for group in measured["exact"]["arms"][0]["groups"]] == [34, 0, 34]


def test_two_recommenders_are_measured_in_one_audit(tmp_path: Path) -> None:
    words = ("--withhold", "1", "--recommender", "friend_of_friend", "--recommender", "salsa", "--recommender", "salsa")
    audit = asked(platform(tmp_path, at_random(), range(6)), *words)
    assert audit["recipe"]["recommenders"] == ["friend_of_friend", "salsa"]
    assert [one["recommender"] for one in audit["measured"]] == ["friend_of_friend", "salsa"]
    assert [bool(one["exact"]) for one in audit["measured"]] == [True, False]
    starts = [one["exposure"]["strata"][0]["test_accounts"] for one in audit["measured"]]
    assert starts == [5, 5]
    assert audit["recipe"]["withheld"] == 6


def test_the_platforms_own_is_asked_over_http_and_what_is_wrong_with_it_is_told(tmp_path: Path) -> None:
    workspace, served = platform(tmp_path, at_random(), range(6)), Server()
    served.reply = answers("a00", "nobody", *(f"a{one:02}" for one in range(6, 26)))
    words = ("--withhold", "0.5", "--endpoint", served.url, "--header", "authorization: secret", "--seconds", "9")
    audit = asked(workspace, *words)
    served.close()
    (measured,) = audit["measured"]
    assert measured["recommender"] == "endpoint"
    assert {trouble["name"] for trouble in measured["troubles"]} >= {"unknown"}
    assert all(trouble["count"] and trouble["example"] for trouble in measured["troubles"])
    assert audit["recipe"]["command"].count(served.url) == 1
    assert "secret" not in (workspace.exposure / "exposure.json").read_text()


def test_an_endpoint_that_fails_in_every_way_is_still_measured(tmp_path: Path) -> None:
    workspace, served = platform(tmp_path, at_random(), range(6)), Server()
    fine = answers(*(f"a{one:02}" for one in range(26)))
    ways = cycle([fine, sends(b"", 503), fine, sends(b"not json"), fine, *[fine] * 200, late])

    def reply(handler: BaseHTTPRequestHandler) -> None:
        next(ways)(handler)

    served.reply = reply
    words = ["--endpoint", served.url, "--seconds", "0.2", "--test-accounts", "2", "--workspace", str(workspace.path)]
    done = CliRunner().invoke(GROUP, words, catch_exceptions=False)
    served.close()
    assert done.exit_code == 0
    for trouble in ("errors", "malformed", "timeouts"):
        assert re.search(rf"Trouble: {trouble} \d+, such as ", done.stdout)
    assert re.search(r"one_follow +2 +none +\d", done.stdout)
    assert json.loads((workspace.exposure / "exposure.json").read_text())["audit"]["measured"][0]["troubles"]


def late(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(0.4)
    sends(b"")(handler)


def test_slates_of_real_viewers_are_judged_and_no_test_account_walks_on_them(tmp_path: Path) -> None:
    workspace, table = platform(tmp_path, at_random(), range(6)), tmp_path / "slates.csv"
    rows = [f"a{viewer:02},a{shown:02},{shown}" for viewer in range(10, 40) for shown in (3, 7, 9)]
    table.write_text("\n".join(["viewer_id,shown_id,position", *rows, "a10,nobody,11"]) + "\n")
    words = ["--table", str(table), "--test-accounts", "2", "--withhold", "0", "--workspace", str(workspace.path)]
    told = CliRunner().invoke(GROUP, words, catch_exceptions=False).stdout
    assert "test accounts of table: slates that are kept do not say what would follow a click" in told
    assert "Trouble: unknown 1, such as 'nobody', shown to 'a10'" in told
    made = json.loads((workspace.exposure / "exposure.json").read_text())["audit"]
    (seen,) = made["viewed"]
    assert [one["recommender"] for one in made["measured"]] == ["friend_of_friend"]
    assert sum(group["viewers"] for group in seen["groups"]) == 30
    shares = {arm["name"]: arm["ever_first"]["value"] for arm in seen["groups"][0]["arms"]}
    assert (shares["none"], shares["filter"]) == (1, 0)
    assert "budgeted" in shares
    assert f"--table {table}" in made["recipe"]["command"]
    assert "What real viewers are shown: table" in (workspace.exposure / "exposure.html").read_text()
    with pytest.raises(Fault, match="impressions: no viewer has a slate"):
        CliRunner().invoke(GROUP, ["--impressions", "suggestion", *words[2:]], catch_exceptions=False)


def nobody(_viewer: str | None, _followed: Sequence[str], _wanted: int) -> list[str]:
    raise RuntimeError("down")


def test_one_that_always_fails_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Fault) as told:
        asked(platform(tmp_path, at_random(), range(6)), "--function", f"{__name__}:nobody")
    assert "\n" not in str(told.value)


def test_a_header_without_a_colon_is_one_line(tmp_path: Path) -> None:
    words = ("--endpoint", "http://127.0.0.1:9", "--header", "authorization")
    with pytest.raises(Fault, match="is no header"):
        asked(platform(tmp_path, at_random(), range(6)), *words)


def test_either_file_is_verified_and_a_changed_byte_is_one_line(tmp_path: Path) -> None:
    workspace = platform(tmp_path, at_random(), range(6))
    done = CliRunner().invoke(
        GROUP, ["--withhold", "1", "--test-accounts", "5", "--workspace", str(workspace.path)], catch_exceptions=False
    )
    page = workspace.exposure / "exposure.html"
    assert f"to read, in {page}" in done.stdout
    for file in (page, workspace.exposure / "exposure.json"):
        checked = CliRunner().invoke(GROUP, ["verify", str(file)], catch_exceptions=False)
        assert "Signed, and not changed since" in checked.stdout
        content = file.read_bytes()
        file.write_bytes(content.replace(b"friend", b"fiends", 1))
        with pytest.raises(Fault) as fault:
            CliRunner().invoke(GROUP, ["verify", str(file)], catch_exceptions=False)
        assert len(str(fault.value).splitlines()) == 1
        assert "does not fit" in str(fault.value)


CREW = {(one, other) for one in range(16) for other in range(16) if one != other and (one + other) % 3}
FANS = {(fan, (fan * 7 + step) % 16) for fan in range(16, 40) for step in range(3)}


def test_what_leads_to_members_without_a_flag_is_fed_to_the_damping_table_and_to_the_guard(tmp_path: Path) -> None:
    workspace = platform(tmp_path, CREW | FANS | at_random(since=16), range(8))
    command = ["feed", "--workspace", str(workspace.path)]
    told = json.loads(CliRunner().invoke(GROUP, [*command, "--json"], catch_exceptions=False).stdout)
    ties = pq.read_table(workspace.path / EXTRA)
    assert told["ties"] == ties.num_rows > 0
    assert set(ties["weight"].to_pylist()) == {0.0}
    assert set(ties["dst"].to_pylist()) <= {f"a{one:02}" for one in range(16)}
    assert told["members"] - told["likely"] == 8  # found, and under no limit
    assert told["effect"]["after"] < told["effect"]["before"]
    assert onward_tags.read(workspace, datetime.now(UTC)) == told["tags"]
    words = CliRunner().invoke(GROUP, [*command, "--weight", "0.25"], catch_exceptions=False).stdout
    assert "first-order bound" in words
    again = pq.read_table(workspace.path / EXTRA)
    assert set(again["weight"].to_pylist()) == {0.25}
    assert again.drop("weight") == ties.drop("weight")
    assert [entry.action for entry in audit_entries(workspace)].count(Action.EXPOSURE_FED) == 2


def test_fewer_flags_than_odds_are_learned_from_leave_the_members_found(tmp_path: Path) -> None:
    workspace = platform(tmp_path, at_random(), range(3))
    done = CliRunner().invoke(GROUP, ["feed", "--workspace", str(workspace.path)], catch_exceptions=False)
    assert "Nobody is counted as a likely member: there are 3 flags" in done.stderr
    assert "3 members carry no flag, 0 of them only likely" in done.stdout


def test_what_real_viewers_were_shown_is_told_by_day(tmp_path: Path) -> None:
    workspace = platform(tmp_path, at_random(), range(3))
    rows = [
        {"at": datetime(2026, 11, day, tzinfo=UTC), "surface": "suggestion", "viewer_id": f"a{viewer:02}",
         "shown_id": shown, "position": 1}
        for day in (1, 2, 4) for viewer in range(9, 30) for shown in ("a30", "nobody", *(["a01"] if day == 4 else []))
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows, EVENTS[Table.IMPRESSIONS]), tmp_path / "impressions.parquet")
    with pytest.raises(Fault, match="none were logged"):
        CliRunner().invoke(GROUP, ["observed", "--workspace", str(workspace.path)], catch_exceptions=False)
    load(workspace, [tmp_path / "impressions.parquet"])
    command = ["observed", "--workspace", str(workspace.path), "--surface", "suggestion"]
    words = CliRunner().invoke(GROUP, command, catch_exceptions=False).stdout
    assert "WARNING: the share of members on 2026-11-04" in words
    assert "nothing was logged on 1 days, the last of them 2026-11-03" in words
    assert "63 of 147 rows of a viewer or an account that is none of the platform's, left out" in words
    told = json.loads(CliRunner().invoke(GROUP, [*command, "--json"], catch_exceptions=False).stdout)
    assert told["rose"] == ["suggestion"]
    assert [day["share"]["value"] for day in told["surfaces"][0]["days"]] == [0, 0, 0.5]
    assert "WARNING" not in CliRunner().invoke(GROUP, [*command, "--days", "1"], catch_exceptions=False).stdout
