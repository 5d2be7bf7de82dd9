import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from ringfence.cli.seeds import GROUP
from ringfence.discovery import last_results, results, retraction, vetted
from ringfence.discovery.retraction import Difference, Found, Resized, difference
from ringfence.model.schemas import EVENTS, NETWORKS, SCORES
from ringfence.model.words import Opinion, Table
from ringfence.store import audit
from ringfence.store.load import load
from ringfence.store.workspace import Workspace

NEIGHBOURS = [f"n{number:02}" for number in range(20)]  # as close-knit as the members, and innocent


@pytest.fixture
def workspace(tmp_path: Path, tables: dict[str, pa.Table], members: list[str]) -> Workspace:
    """The session's platform with a group that somebody wrongly took for members, and its first discovery."""
    chance = np.random.default_rng(3)
    rows = [
        {"src": src, "dst": dst, "relation": relation}
        for relation, ties in tables.items()
        for src, dst in zip(ties["src"].to_pylist(), ties["dst"].to_pylist(), strict=True)
    ]
    for one in NEIGHBOURS:
        rows += [{"src": one, "dst": str(to), "relation": "follows"} for to in chance.choice(NEIGHBOURS, 6)]
        for relation, thing in (("uses_hashtag", "eyrie"), ("shares_link", "branch")):
            rows += [{"src": one, "dst": f"{thing}{n}", "relation": relation} for n in chance.choice(8, 4)]
    (tmp_path / "world").mkdir()
    pq.write_table(pa.Table.from_pylist(rows, EVENTS[Table.TIES]), tmp_path / "world" / "ties.parquet")
    place = Workspace.create(tmp_path / "here")
    load(place, [tmp_path / "world"])
    vetted.add(place, members[:4], Opinion.POSITIVE, "report-1", by="wren")
    vetted.add(place, NEIGHBOURS[:3], Opinion.POSITIVE, "report-2", by="robin")
    results.discover(place)
    return place


def run(workspace: Workspace, *words: str) -> Result:
    return CliRunner().invoke(GROUP, [*words, "--workspace", str(workspace.path)])


def found(workspace: Workspace) -> set[str]:
    rows = last_results.read_scores(workspace).to_pylist()
    return {row["account_id"] for row in rows if row["network_id"]}


def test_taking_false_seeds_back_names_all_that_rested_on_them(workspace: Workspace, members: list[str]) -> None:
    before = found(workspace)
    assert len(before & set(NEIGHBOURS)) > 10
    last_results.explain(workspace, NEIGHBOURS[5])
    last_results.explain(workspace, members[5])
    audit.record(workspace, audit.Action.SNAPSHOT_PUBLISHED, "0123456789abcdef", actor="knot")
    done = run(workspace, "retract", *NEIGHBOURS[:3], "--by", "ruff", "--note", "birds of another feather", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert told["seeds"] == 4
    assert set(told["difference"]["left"]) >= before & set(NEIGHBOURS)
    assert not set(told["difference"]["left"]) & set(members)
    assert [one["subject"] for one in told["snapshots"]] == ["0123456789abcdef"]
    assert [one["subject"] for one in told["reads"]] == [NEIGHBOURS[5]]
    assert found(workspace) == before  # nothing of it is kept
    assert vetted.history(workspace)[-1].note == "birds of another feather"


def test_recomputed_the_result_is_as_if_they_had_never_been_there(workspace: Workspace, members: list[str]) -> None:
    before = {row["network_id"]: row for row in last_results.read_networks(workspace).to_pylist()}
    done = run(workspace, "retract", *NEIGHBOURS[:3], "--recompute")
    assert done.exit_code == 0, done.output
    assert "ringfence publish" in done.output
    after = last_results.read_networks(workspace).to_pylist()
    assert not found(workspace) & set(NEIGHBOURS)
    (kept,) = [row["network_id"] for row in after if set(row["members"]) & set(members)]
    assert set(before[kept]["members"]) & set(members)  # the members' network goes by the same id
    assert last_results.last_run(workspace).seed_accounts == tuple(members[:4])


def test_where_no_seed_is_left_all_that_was_found_rested_on_them(workspace: Workspace, members: list[str]) -> None:
    before = found(workspace)
    done = run(workspace, "retract", *NEIGHBOURS[:3], *members[:4], "--recompute")
    assert done.exit_code == 0, done.output
    assert f"{len(before):,} accounts lose their place" in done.output
    assert "Nothing is left to start from" in done.output
    assert found(workspace) == before


def test_on_a_seed_that_no_discovery_used_nothing_rested(workspace: Workspace) -> None:
    vetted.add(workspace, ["o0200"], Opinion.POSITIVE, "later")
    done = run(workspace, "retract", "o0200")
    assert done.exit_code == 0, done.output
    assert "No account found by the last discovery rested on them" in done.output


LABELS = st.lists(st.sampled_from([None, "net-1", "net-2"]), min_size=8, max_size=8)


def tabled(labels: list[str | None]) -> Found:
    scores = [{"account_id": f"a{n}", "network_id": label} for n, label in enumerate(labels)]
    sizes = {label: labels.count(label) for label in labels if label}
    return Found(
        pa.Table.from_pylist(scores, SCORES),
        pa.Table.from_pylist([{"network_id": label, "size": size} for label, size in sizes.items()], NETWORKS),
    )


@given(LABELS, LABELS)
def test_a_difference_names_every_account_that_changed_once(before: list[str | None], after: list[str | None]) -> None:
    told = difference(tabled(before), tabled(after))
    pairs = [(f"a{n}", was, now) for n, (was, now) in enumerate(zip(before, after, strict=True))]
    assert told.left == tuple(one for one, was, now in pairs if was and not now)
    assert told.entered == tuple(one for one, was, now in pairs if now and not was)
    assert told.moved == tuple(one for one, was, now in pairs if was and now and was != now)
    changed = {name for _, was, now in pairs if was != now for name in (was, now) if name}
    assert told.networks == tuple(Resized(one, before.count(one), after.count(one)) for one in sorted(changed))
    assert (told == Difference()) is (before == after)


def test_the_command_line_keeps_every_word_that_was_said(tmp_path: Path) -> None:
    place = Workspace.create(tmp_path / "here")
    assert run(place, "add", "a", "b", "--by", "wren", "--expires", "2999-01-31").exit_code == 0
    assert run(place, "add", "a", "--opinion", "negative", "--by", "robin", "--note", "another person").exit_code == 0
    listed = json.loads(run(place, "list", "--json").output)["seeds"]
    assert [(one["seed"], one["opinion"]) for one in listed] == [("a", "disputed"), ("b", "positive")]
    assert "2999-01-31" in run(place, "list").output
    assert run(place, "add", "a", "--opinion", "negative", "--by", "knot", "--resolve").exit_code == 0
    told = json.loads(run(place, "history", "a", "--json").output)["entries"]
    assert [(one["by"], one["act"], one["opinion"]) for one in told] == [
        ("wren", "add", "positive"),
        ("robin", "add", "negative"),
        ("knot", "resolve", "negative"),
    ]
    assert "robin" in run(place, "history").output


def test_seeds_come_from_a_file_and_a_bad_line_is_named(tmp_path: Path) -> None:
    place = Workspace.create(tmp_path / "here")
    file = tmp_path / "seeds.csv"
    digest = "ab" * 32
    file.write_text(f"seed,kind,opinion,expires\na,,,\n{digest},media,investigate,\nFirecrest,term,,2999-01-01\n")
    done = run(place, "add", "--file", str(file), "--source", "hotline", "--json")
    assert json.loads(done.output) == {"added": 3, "seeds": 3}
    assert [(one.kind, one.seed, one.opinion, one.last.source) for one in vetted.read(place)] == [
        ("account", "a", "positive", "hotline"),
        ("media", digest, "investigate", "hotline"),
        ("term", "firecrest", "positive", "hotline"),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("seed,opinoin\na,positive\n", ["line 1", "opinoin"]),
        ("account\na\n", ["line 1", "account"]),
        ("seed,opinion\na,positive\nb,positiv\n", ["line 3", "did you mean 'positive'"]),
        ("seed,kind\na,person\n", ["line 2", "person"]),
        ("seed,expires\na,tomorrow\n", ["line 2", "tomorrow"]),
        ("seed,note\n,x\n", ["line 2", "names no seed"]),
        ("seed,note\na\n", ["line 2", "cells"]),
        ("seed,note\na,b,c\n", ["line 2", "cells"]),
        ("seed\n", ["no row"]),
        ("", ["no column seed"]),
    ],
)
def test_a_bad_file_is_refused_whole_with_its_line(tmp_path: Path, content: str, words: list[str]) -> None:
    place = Workspace.create(tmp_path / "here")
    file = tmp_path / "seeds.csv"
    file.write_text(content)
    done = run(place, "add", "--file", str(file))
    assert all(word in str(done.exception) for word in words), done.exception
    assert vetted.history(place) == ()


def test_what_was_published_before_a_seed_came_did_not_rest_on_it() -> None:
    at = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 3)]
    entries = [audit.Entry("wren", one, audit.Action.SNAPSHOT_PUBLISHED, f"v{n}") for n, one in enumerate(at)]
    assert [one.subject for one in retraction._published(entries, datetime(2026, 1, 2, tzinfo=UTC))] == ["v1"]
