from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ringfence
from ringfence.discovery import expand as room
from ringfence.discovery.corroborate import Corroboration, corroborate
from ringfence.discovery.expand import Expansion, _close, _scored, agreed, expansion, positives, scores
from ringfence.discovery.pool import LEARNABLE, Pool
from ringfence.discovery.refine import Refined
from ringfence.discovery.seeds import Seeds, seeds
from ringfence.discovery.walks import nearness, walks
from ringfence.graph.relations import Graph
from ringfence.kernels import threads
from ringfence.model.faults import Fault

FOLLOWERS = 5_000  # of the hub


def pairs(ties: Sequence[tuple[str, str]]) -> pa.Table:
    return pa.table(
        {"src": pa.array([a for a, _ in ties], pa.string()), "dst": pa.array([b for _, b in ties], pa.string())}
    )


def found(graph: Graph, start: Sequence[str], negatives: Sequence[str] = ()) -> Expansion:
    return expansion(graph, seeds(graph, start, negatives=negatives), np.zeros(graph.size, dtype=bool), seed=0)


def defined(graph: Graph, result: Expansion) -> None:
    """Everybody has one finite score, seeds stand above all, and those said to be none below."""
    table = scores(result)
    assert sorted(table["account_id"].to_pylist()) == graph.accounts.to_pylist()
    assert np.isfinite(result.score).all()
    known = np.concatenate([result.seeds.accounts, result.seeds.negatives])
    others = np.delete(result.score, known)
    assert result.score[result.seeds.accounts].min(initial=np.inf) > others.max(initial=-1)
    assert result.score[result.seeds.negatives].max(initial=-np.inf) < others.min(initial=0)
    assert not result.members[result.seeds.negatives].any()


@pytest.fixture(scope="module")
def company(tables: dict[str, pa.Table]) -> Graph:
    """Only who follows whom, so that no two families of ties can agree."""
    return Graph.from_tables({"follows": tables["follows"]})


@pytest.mark.parametrize(
    ("start", "negatives", "line"),
    [
        ([], [], "nothing to start from"),
        ([], ["m000", "m001"], "nothing to start from"),
        (["m000", "m001"], ["w000", "m001"], "account 'm001' is given as positive and as negative"),
        (["m000"], ["nobody"], "account 'nobody' is not among"),
        (["nobody"], [], "account 'nobody' is not among"),
    ],
)
def test_what_cannot_be_started_from_is_refused_in_one_line(
    graph: Graph, start: list[str], negatives: list[str], line: str
) -> None:
    with pytest.raises(Fault, match=line) as refused:
        ringfence.expand(graph, start, negatives)
    assert "\n" not in str(refused.value)


def test_features_that_are_no_numbers_are_refused_in_one_line(tables: dict[str, pa.Table]) -> None:
    features = pa.table({"account_id": ["m000", "m001"], "age": [1.0, float("nan")]})
    with pytest.raises(Fault, match="row 1, column 0 is no finite number") as refused:
        Graph.from_tables(tables, features=features)
    assert "\n" not in str(refused.value)


def test_a_graph_without_a_relation_is_refused_and_one_without_a_tie_is_not() -> None:
    features = pa.table({"account_id": list("abcdef"), "age": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]})
    with pytest.raises(Fault, match="no relation"):
        ringfence.expand(Graph.from_tables({}, features=features), ["a"])
    for start in (["a"], list("abcd"), list("abcdef")):
        graph = Graph.from_tables({"follows": pairs([]), "shares_link": pairs([])}, features=features)
        result = found(graph, start)
        defined(graph, result)
        assert isinstance(result.ranking, Pool)


@pytest.mark.parametrize("negatives", [[], ["d"]])
def test_where_everybody_is_known_there_is_nobody_to_learn_from(negatives: list[str]) -> None:
    graph = Graph.from_tables({"follows": pairs([("a", "b"), ("b", "c"), ("c", "d")])})
    result = found(graph, [one for one in "abcd" if one not in negatives], negatives)
    defined(graph, result)
    assert isinstance(result.ranking, Pool)
    assert bool(result.ranking.forests) == bool(negatives)  # one said to be none is somebody to tell from


@pytest.mark.parametrize(("ties", "content"), [("followed by all", True), ("follows all", False)])
def test_a_hub_among_the_seeds_has_a_defined_result(ties: str, content: bool) -> None:  # noqa: FBT001 - a column
    chance = np.random.default_rng(1)
    crowd = [f"o{number:04}" for number in range(FOLLOWERS)]
    follows = [(one, str(other)) for one in crowd for other in chance.choice(crowd, 2)]
    follows += [(one, "hub") for one in crowd if ties == "followed by all"]
    follows += [("hub", one) for one in crowd if ties == "follows all"]
    tables = {"follows": pairs(follows)}
    if content:
        tables["uses_hashtag"] = pairs([(one, f"t{chance.integers(300)}") for one in crowd] + [("hub", "t1")])
    graph = Graph.from_tables(tables)
    result = found(graph, ["hub", "o0001", "o0002"], ["o0003"])
    defined(graph, result)
    assert result.members.sum() < FOLLOWERS / 100  # a hub leads everywhere, and so to nobody


def test_a_tie_given_twice_is_one_of_twice_the_weight_and_one_to_oneself_none(tables: dict[str, pa.Table]) -> None:
    twice = {name: pa.concat_tables([rows, rows]) for name, rows in tables.items()}
    heavy = {name: rows.append_column("weight", pa.array([2.0] * rows.num_rows)) for name, rows in tables.items()}
    loops = pairs([(one, one) for one in sorted(set(tables["follows"]["src"].to_pylist()))])
    heavy["follows"] = pa.concat_tables([heavy["follows"], loops.append_column("weight", pa.array([5.0] * len(loops)))])
    one, other = (ringfence.expand(Graph.from_tables(each), ["m000", "m001"]) for each in (twice, heavy))
    assert one.equals(other)


def test_an_object_that_everybody_uses_brings_nobody_in(tables: dict[str, pa.Table], members: list[str]) -> None:
    everybody = sorted(set(tables["follows"]["src"].to_pylist()))
    more = dict(tables)
    more["shares_link"] = pa.concat_tables([tables["shares_link"], pairs([(one, "home") for one in everybody])])
    result = found(Graph.from_tables(more), members[:4])
    named = set(result.graph.accounts.take(pa.array(np.flatnonzero(result.members))).to_pylist())
    assert named <= set(members)
    assert len(named) >= 0.9 * len(members)


def test_an_isolated_seed_among_others_takes_nothing_from_them(tables: dict[str, pa.Table], members: list[str]) -> None:
    features = pa.table({"account_id": sorted({"alone", *tables["follows"]["src"].to_pylist()})})
    features = features.append_column("age", pa.array([1.0] * len(features)))
    graph = Graph.from_tables(tables, features=features)
    result = found(graph, [*members[:4], "alone"])
    defined(graph, result)
    assert result.members[graph.find(members)].mean() >= 0.9


def test_where_all_who_agree_were_said_to_be_none_nobody_learns_from_them(graph: Graph, members: list[str]) -> None:
    for kept in (1, 4):
        result = found(graph, members[:kept], members[kept:])
        defined(graph, result)
        assert isinstance(result.ranking, Pool)


@pytest.mark.parametrize(("both", "route"), [(True, Refined), (False, Pool)])
def test_threads_change_nothing_by_either_route(
    graph: Graph,
    company: Graph,
    members: list[str],
    both: bool,  # noqa: FBT001 - a column
    route: type,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    of, tables = graph if both else company, []
    for number in (1, 3):
        monkeypatch.setattr(threads, "THREADS", number)
        monkeypatch.setattr(threads, "WORTH_A_THREAD", 1)
        result = found(of, members[:4], members[20:21])
        assert isinstance(result.ranking, route)
        defined(of, result)
        tables.append(scores(result))
    assert tables[0].equals(tables[1])


def judged_as(judged: Corroboration, who: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> Corroboration:
    monkeypatch.setattr(Corroboration, "corroborated", lambda _: who.copy())
    return judged


@pytest.mark.parametrize(("of_seeds", "expected"), [(4, True), (2, True), (1, False), (0, False)])
def test_both_families_are_believed_where_they_agree_on_half_of_the_seeds(
    graph: Graph,
    of_seeds: int,
    expected: bool,  # noqa: FBT001 - a column
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = seeds(graph, ["m000", "m001", "m002", "m003"])
    judged = corroborate(graph, nearness(walks(graph, start.restarts).long), start.accounts)
    who = np.ones(graph.size, dtype=bool)
    who[start.accounts[of_seeds:]] = False
    assert agreed(judged_as(judged, who, monkeypatch), start) is expected
    things = replace(start, restarts=np.hstack([start.restarts, start.restarts]))  # four terms more
    assert agreed(judged, things)
    result = expansion(graph, start, np.zeros(graph.size, bool), seed=0)
    assert result.agreed is expected
    others = np.setdiff1d(np.arange(graph.size), start.accounts)
    assert result.members[others].any() == expected


def test_one_family_alone_has_nothing_to_disagree_with(
    company: Graph, members: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    start = seeds(company, members[:4])
    judged = corroborate(company, nearness(walks(company, start.restarts).long), start.accounts)
    assert agreed(judged_as(judged, np.zeros(company.size, dtype=bool), monkeypatch), start)


def test_where_seeds_are_few_the_nearest_users_of_terms_stand_in() -> None:
    restarts = np.zeros((12, 2), np.float32)
    restarts[3, 0], restarts[4:10, 1] = 1, 1 / 6
    near = np.arange(12.0)
    start = Seeds(np.array([3]), restarts, negatives=np.array([9]))
    restarts[9, 1] = 0
    assert positives(start, near).tolist() == [3, 5, 6, 7, 8]  # twice as many as there are seeds, the nearest
    assert positives(start, -near).tolist() == [3, 4, 5, 6, 7]
    enough = Seeds(np.arange(LEARNABLE), np.eye(12, LEARNABLE + 1, dtype=np.float32))
    assert positives(enough, near).tolist() == list(range(LEARNABLE))


@given(st.integers(1, 40), st.data())
def test_all_who_were_looked_at_closely_stand_before_all_who_were_not(accounts: int, data: st.DataObject) -> None:
    rows = np.array(sorted(data.draw(st.sets(st.integers(0, accounts - 1), min_size=1))))
    close = np.array(data.draw(st.lists(st.floats(0, 5), min_size=len(rows), max_size=len(rows))))
    first = np.array(data.draw(st.lists(st.floats(-5, 5), min_size=accounts, max_size=accounts)))
    score = _scored(rows, close, first)
    others = np.setdiff1d(np.arange(accounts), rows)
    assert np.isfinite(score).all()
    assert score.min() >= -1e-9
    assert score[rows].min() > score[others].max(initial=-1)
    assert np.array_equal(np.argsort(-score[rows], kind="stable"), np.argsort(-(close + np.log(accounts / len(rows))),
                                                                               kind="stable"))  # fmt: skip
    behind = np.argsort(-score[others], kind="stable")
    assert np.array_equal(behind, np.argsort(-first[others], kind="stable"))


def test_whom_a_person_named_is_looked_at_closely_however_far(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "CLOSE", 50)
    start = seeds(graph, ["m000"], negatives=["w000"])
    score = np.arange(graph.size, dtype=float)
    score[[*start.accounts, *start.negatives]] = -1
    rows = _close(score, start)
    assert np.array_equal(rows, np.unique(rows))
    assert set(rows) == {*np.argsort(-score)[:50], *start.accounts, *start.negatives}


@pytest.mark.parametrize("content", [True, False])
def test_on_a_platform_too_large_to_look_at_whole_everybody_has_a_place(
    graph: Graph,
    company: Graph,
    members: list[str],
    content: bool,  # noqa: FBT001 - a column
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "CLOSE", 300)
    of = graph if content else company
    result = found(of, members[:4], ["w000"])
    assert isinstance(result.ranking, Refined if content else Pool)
    assert 300 <= len(result.rows) <= 305
    defined(of, result)
    far = np.setdiff1d(np.arange(of.size), result.rows)
    known = np.union1d(result.seeds.accounts, result.seeds.negatives)
    assert result.score[np.setdiff1d(result.rows, known)].min() > result.score[far].max()
