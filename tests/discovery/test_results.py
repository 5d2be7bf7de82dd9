from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from ringfence.demo import evaluate
from ringfence.discovery import last_results, results, vetted
from ringfence.discovery.expand import MODEL, Expansion
from ringfence.model.faults import Fault
from ringfence.model.schemas import NETWORKS, SCORES
from ringfence.model.words import Opinion
from ringfence.store.load import load
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon
from ringfence.world.write import World, write


@dataclass(frozen=True, slots=True)
class Found:
    world: World
    workspace: Workspace
    expansion: Expansion
    signals: pa.Table


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    folder = tmp_path_factory.mktemp("platform")
    world = write(folder / "world", 5_000, 7)
    workspace = Workspace.create(folder / "workspace")
    load(workspace, [world.folder])
    Lexicon.from_terms(world.seed_terms).write(workspace.lexicon_file)
    vetted.add(workspace, world.seed_accounts, Opinion.POSITIVE, "test")
    signals = results.scan(workspace)
    return Found(world, workspace, results.discover(workspace), signals)


def test_a_planted_network_is_found_again(found: Found) -> None:
    truth = evaluate.truth(found.world.folder, found.expansion.graph.accounts)
    named = found.expansion.members
    assert truth.member[named].mean() > 0.6
    assert named[truth.member].mean() > 0.6
    assert not named[truth.kind == "bird_watcher"].any()


def test_what_is_kept_is_what_was_found(found: Found) -> None:
    scores, networks = last_results.read_scores(found.workspace), last_results.read_networks(found.workspace)
    assert (scores.schema, networks.schema) == (SCORES, NETWORKS)
    order = found.expansion.order()
    assert scores["account_id"].to_pylist() == found.expansion.graph.accounts.take(pa.array(order)).to_pylist()
    run = last_results.last_run(found.workspace)
    assert (run.model, run.accounts, run.networks) == (MODEL, 5_000, networks.num_rows)
    assert run.members == sum(networks["size"].to_pylist()) == len(scores) - scores["network_id"].null_count
    assert run.seed_accounts == found.world.seed_accounts
    assert last_results.signals(found.workspace).equals(found.signals)


def test_networks_and_scores_tell_the_same(found: Found) -> None:
    scores = last_results.read_scores(found.workspace)
    follows = pq.read_table(found.world.folder / "ties.parquet").filter(pc.field("relation") == "follows")
    rows = last_results.read_networks(found.workspace).to_pylist()
    everybody = set(scores.filter(pc.is_valid(scores["network_id"]))["account_id"].to_pylist())
    for row in rows:
        members = scores.filter(pc.equal(scores["network_id"], row["network_id"]))["account_id"].to_pylist()
        assert sorted(members) == sorted(row["members"])
        pairs = set(zip(follows["src"].to_pylist(), follows["dst"].to_pylist(), strict=True))
        outside = [src for src, dst in pairs if dst in members and src not in everybody]
        assert (row["reach"], row["audience"]) == (len(outside), len(set(outside)))
        assert 0 <= row["growth"] <= 1
    assert [row["size"] for row in rows] == sorted((row["size"] for row in rows), reverse=True)


def test_discovered_again_it_is_the_same(found: Found) -> None:
    before = last_results.read_scores(found.workspace)
    results.discover(found.workspace)
    assert last_results.read_scores(found.workspace).equals(before)


def test_one_account_is_explained_and_the_read_is_audited(found: Found) -> None:
    row = last_results.explain(found.workspace, found.world.seed_accounts[0])
    assert row["reasons"]
    assert found.world.seed_accounts[0] in found.workspace.audit_file.read_text().splitlines()[-1]
    with pytest.raises(Fault, match="kittiwake"):
        last_results.explain(found.workspace, "kittiwake")


def test_before_there_is_anything_each_step_says_what_comes_first(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "here")
    assert last_results.signals(workspace).num_rows == 0
    with pytest.raises(Fault, match="ringfence discover"):
        last_results.read_scores(workspace)
    with pytest.raises(Fault, match="ringfence ingest"):
        results.discover(workspace, ["a"])


def test_networks_keep_their_ids_and_the_history_grows(found: Found) -> None:
    before = last_results.read_networks(found.workspace)["network_id"].to_pylist()
    rows = pq.read_table(found.workspace.networks_history).num_rows
    results.discover(found.workspace)
    assert last_results.read_networks(found.workspace)["network_id"].to_pylist() == before
    history = pq.read_table(found.workspace.networks_history)
    assert history.num_rows == rows + len(before)
    assert set(history["event"].to_pylist()[rows:]) == {"kept"}


def test_a_seed_on_the_list_that_is_nothing_here_is_skipped_and_named(found: Found) -> None:
    before = last_results.read_scores(found.workspace)
    vetted.add(found.workspace, ["kittiwake"], Opinion.POSITIVE, "test")
    results.discover(found.workspace)
    assert last_results.last_run(found.workspace).unknown_seeds == ("account kittiwake",)
    assert last_results.read_scores(found.workspace).equals(before)
    vetted.retract(found.workspace, ["kittiwake"])


def test_an_unknown_seed_leaves_the_last_result_as_it_was(found: Found) -> None:
    before = last_results.last_run(found.workspace)
    with pytest.raises(Fault, match="kittiwake"):
        results.discover(found.workspace, ["kittiwake"])
    assert last_results.last_run(found.workspace) == before
