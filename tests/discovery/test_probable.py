from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from ringfence.discovery import last_results, learners, probable, results, reviewed, vetted
from ringfence.discovery.reviewed import Answer, Label
from ringfence.model.faults import Fault
from ringfence.model.schemas import EVENTS
from ringfence.model.words import Opinion, Table
from ringfence.store.load import load
from ringfence.store.workspace import Workspace


@pytest.fixture(scope="module", autouse=True)
def _smaller_learners() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learners, "ROUNDS", 20)
        patch.setattr(learners, "TREES", 10)
        yield


@pytest.fixture(scope="module")
def discovered(tmp_path_factory: pytest.TempPathFactory, tables: dict[str, pa.Table], members: list[str]) -> Workspace:
    folder = tmp_path_factory.mktemp("platform")
    rows = [
        {"src": src, "dst": dst, "relation": relation}
        for relation, ties in tables.items()
        for src, dst in zip(ties["src"].to_pylist(), ties["dst"].to_pylist(), strict=True)
    ]
    (folder / "world").mkdir()
    pq.write_table(pa.Table.from_pylist(rows, EVENTS[Table.TIES]), folder / "world" / "ties.parquet")
    place = Workspace.create(folder / "here")
    load(place, [folder / "world"])
    vetted.add(place, members[:4], Opinion.POSITIVE, "test")
    results.discover(place)
    return place


@pytest.fixture
def workspace(discovered: Workspace) -> Workspace:
    discovered.labels_file.unlink(missing_ok=True)
    return discovered


def answer(workspace: Workspace, members: list[str], count: int) -> None:
    """Record what is true of accounts that are drawn."""
    reviewed.record(
        workspace,
        [
            Answer(row["account_id"], said(row["account_id"], members), row["weight"], row["stratum"])
            for row in probable.proposed(workspace, count).to_pylist()
        ],
    )


def said(account: str, members: list[str]) -> Label:
    return Label.YES if account in members else Label.NO


def test_who_was_reviewed_for_another_reason_moves_no_count(workspace: Workspace, members: list[str]) -> None:
    for count in (80, 40):
        answer(workspace, members, count)
    before = probable.counted(workspace)
    assert (before.among, before.seeds, before.reviewed) == (last_results.read_scores(workspace).num_rows - 4, 4, 120)
    wide = probable.counted(workspace, 0.99)
    assert wide.lowest <= len(members) - 4 <= wide.highest
    plain = probable.classify(workspace)
    done = {one.account_id for one in reviewed.read(workspace)}
    others = [name for name in members if name not in done]  # a tip-off, and a seed among them
    assert len(others) > 8
    reviewed.record(workspace, [Answer(name, Label.YES) for name in others])
    assert probable.counted(workspace) == before
    frame = probable._frame(workspace)
    weighed = probable._weighed(frame)
    drawn = pc.is_in(weighed["account_id"], pa.array([one.account_id for one in frame.drawn]))
    assert pc.sum(weighed.filter(drawn)["weight"]).as_py() == pytest.approx(frame.scores.num_rows)
    assert weighed.filter(pc.invert(drawn))["weight"].to_pylist() == [1.0] * len(others)
    more = probable.classify(workspace)
    assert (plain.state, more.state) == ("calibrated", "calibrated")
    scores = last_results.read_scores(workspace)
    assert scores["probability"].to_numpy().mean() == pytest.approx(before.accounts / before.among, abs=0.03)


def test_drawn_once_it_remains_drawn(workspace: Workspace, members: list[str]) -> None:
    answer(workspace, members, 60)
    before = probable.counted(workspace)
    reviewed.settle(workspace, [Answer(one.account_id, one.label) for one in reviewed.read(workspace)])
    assert probable.counted(workspace) == before


def test_none_of_the_drawn_belongs(workspace: Workspace) -> None:
    rows = probable.proposed(workspace, 60).to_pylist()
    reviewed.record(workspace, [Answer(row["account_id"], Label.NO, row["weight"], row["stratum"]) for row in rows])
    others = [row["account_id"] for row in probable.proposed(workspace, 5).to_pylist()]
    reviewed.record(workspace, [Answer(name, Label.YES) for name in others])
    assert probable.classify(workspace).state.startswith("uncalibrated: none of the accounts that were drawn belong;")
    assert probable.classify(workspace, 0.01).state == "calibrated"


def test_ranks_are_those_of_discovery_and_weights_one_over_the_chance(workspace: Workspace) -> None:
    ranks = dict(
        zip(*last_results.read_scores(workspace).select(["account_id", "rank"]).to_pydict().values(), strict=True)
    )
    drawn = probable.proposed(workspace, 100)
    assert [ranks[name] for name in drawn["account_id"].to_pylist()] == drawn["rank"].to_pylist()
    assert drawn["weight"].to_numpy() == pytest.approx(1 / drawn["chance"].to_numpy(), abs=1e-3)


def test_a_discovery_that_ran_meanwhile_keeps_its_scores(
    workspace: Workspace, members: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(workspace, members, 100)
    learn = probable._learned

    def slowly(*given: object) -> object:
        results.discover(workspace)
        return learn(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(probable, "_learned", slowly)
    with pytest.raises(Fault, match="discovery ran while this was learning; run `ringfence review classify` again"):
        probable.classify(workspace)
    scores = last_results.read_scores(workspace)
    assert scores["probability"].null_count == scores.num_rows


def test_the_setting_is_heeded_and_the_option_wins(workspace: Workspace, members: list[str]) -> None:
    answer(workspace, members, 150)

    def mean(place: Workspace, share: float | None) -> float:
        told = probable.classify(place, share)
        assert told.state == "calibrated"
        assert told == probable.last(place)
        return float(np.nanmean(last_results.read_scores(place)["probability"].to_numpy()))

    plain = mean(workspace, None)
    config: Path = workspace.path / "ringfence.toml"
    text = config.read_text()
    config.write_text(text.replace("prevalence = 0.0", "prevalence = 0.2"))
    rich = Workspace.open(workspace.path)
    config.write_text(text)
    assert mean(rich, None) > 3 * plain
    assert mean(rich, 0.0001) < plain
