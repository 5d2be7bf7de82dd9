from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.cases.networks import network

from ringfence.cases import found
from ringfence.cases.priority import Harm
from ringfence.discovery.last_results import Run
from ringfence.model.faults import Fault
from ringfence.model.schemas import NETWORKS, SCORES
from ringfence.store.load import load
from ringfence.store.workspace import Workspace

AT = datetime(2026, 11, 2, tzinfo=UTC)
RUN = Run("m1", "l1", ("a",), 0, 0, AT, 9, 9, 3, 1)


def lines(*rows: Mapping[str, object]) -> str:
    return "".join(msgspec.json.encode(row).decode() + "\n" for row in rows)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Members a, b and c; d to h follow them or were shown them, among them one child outside and one inside."""
    made = Workspace.create(tmp_path / "platform")
    source = tmp_path / "events"
    source.mkdir()
    ages = {"c": 15, "e": 14}
    accounts = [{"account_id": one, **({"declared_age": ages[one]} if one in ages else {})} for one in "abcdefgh"]
    (source / "accounts.jsonl").write_text(lines(*accounts))
    follows = [("d", "a"), ("e", "a"), ("e", "b"), ("b", "a"), ("f", "g")]
    (source / "ties.jsonl").write_text(lines(*({"src": a, "dst": b, "relation": "follows"} for a, b in follows)))
    posts = [("p1", "a", 5), ("p2", "h", 2)]
    said = ({"post_id": one, "account_id": who, "at": AT - timedelta(days=days)} for one, who, days in posts)
    (source / "posts.jsonl").write_text(lines(*said))
    shown = [("g", "a", 1), ("g", "b", 1), ("h", "p1", 2), ("f", "a", 40), ("b", "a", 1), ("d", "h", 1)]
    rows = (
        {"at": AT - timedelta(days=days), "surface": "search", "viewer_id": who, "shown_id": what, "position": 1}
        for who, what, days in shown
    )
    (source / "impressions.jsonl").write_text(lines(*rows))
    load(made, [source])
    keep(made, ["a", "b", "c"], ["a", "b", "c"])
    return made


def keep(workspace: Workspace, members: list[str], scored: list[str], run: Run = RUN) -> None:
    workspace.results.mkdir(exist_ok=True)
    one, other = network("net-1", members), network("net-1", scored)
    pq.write_table(pa.Table.from_pylist([dict(one.row)], NETWORKS), workspace.results / "networks.parquet")
    pq.write_table(
        pa.Table.from_pylist([dict(row) for row in other.scores], SCORES), workspace.results / "scores.parquet"
    )
    (workspace.results / "run.json").write_bytes(msgspec.json.encode(run))


def test_how_far_a_network_reaches_is_counted_from_the_events(workspace: Workspace) -> None:
    told = found.found(workspace)
    assert told.networks[0].harm == Harm(
        viewers=2, audience=2, minors_reached=1, minors_inside=1, growth=0.1, quiet=3.0
    )
    assert told.minors == {"c"}
    assert [row["account_id"] for row in told.networks[0].scores] == ["a", "b", "c"]


def test_files_of_two_discoveries_are_refused(workspace: Workspace) -> None:
    keep(workspace, ["a", "b", "c"], ["a", "b"])
    with pytest.raises(Fault, match="not all of one discovery"):
        found.found(workspace)


def test_another_run_or_other_probabilities_is_another_run(workspace: Workspace) -> None:
    seen = [found.found(workspace).run_id]
    (workspace.results / "probabilities.json").write_text("{}")
    seen.append(found.found(workspace).run_id)
    keep(workspace, ["a"], ["a"], msgspec.structs.replace(RUN, at=AT + timedelta(days=1)))
    seen.append(found.found(workspace).run_id)
    assert len(set(seen)) == 3
    assert found.found(workspace).run_id == seen[-1]


def test_before_a_discovery_there_is_nothing_to_open(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="nothing was discovered"):
        found.found(Workspace.create(tmp_path / "platform"))
