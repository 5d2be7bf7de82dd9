from math import log1p

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.discovery import refine as room
from ringfence.discovery.corroborate import corroborate
from ringfence.discovery.kinds import Kind, kinds
from ringfence.discovery.refine import CUT, ENOUGH, PRIOR, REPEATS, SPARE, Refined, evidence, refine
from ringfence.discovery.seeds import seeds
from ringfence.discovery.walks import nearness, walks
from ringfence.graph.relations import Graph
from ringfence.kernels import threads

ACCOUNTS, OBJECTS = 7, 4
SQUARE = st.lists(st.booleans(), min_size=ACCOUNTS**2, max_size=ACCOUNTS**2)
USED = st.lists(st.booleans(), min_size=ACCOUNTS * OBJECTS, max_size=ACCOUNTS * OBJECTS)
MEMBERS = st.lists(st.booleans(), min_size=ACCOUNTS, max_size=ACCOUNTS)
NOBODY = np.empty(0, np.int64)


def of(follows: list[bool], mentions: list[bool], reported: list[bool], used: list[bool]) -> tuple[Kind, ...]:
    """Two relations with a direction, one without, and one to content."""
    one, two, three = (np.array(ties).reshape(ACCOUNTS, ACCOUNTS) for ties in (follows, mentions, reported))
    matrices = {"follows": one, "mentions": two, "co_reported": three | three.T, "shares_link": np.array(used)}
    matrices["shares_link"] = matrices["shares_link"].reshape(ACCOUNTS, OBJECTS)
    return kinds(Graph.from_matrices({name: sp.coo_matrix(ties.astype(int)) for name, ties in matrices.items()}))


def targets(kind: Kind) -> list[list[int]]:
    return [kind.matrix.row(row).tolist() for row in range(kind.matrix.rows)]


def twin(found: tuple[Kind, ...], members: set[int], account: int) -> dict[str, float]:
    """What ties one account to the other members, told from the definition."""
    others, told = members - {account}, {}
    for kind in found:
        own = targets(kind)[account]
        told[f"{kind.name}: how many"] = log1p(len(own))
        if kind.company:
            direct = len(others & set(own))
            told[f"{kind.name}: members"] = log1p(direct)
            told[f"{kind.name}: share of members"] = direct / (len(own) + SPARE)
            for other in (one for one in found if one.company):
                steps = targets(other)
                total = sum(min(len(others & set(steps[target])), ENOUGH) for target in own)
                told[f"{kind.name}, then {other.name}: members"] = log1p(total)
                told[f"{kind.name}, then {other.name}: mean"] = total / (len(own) + SPARE)
        else:
            users = [{user for user, used in enumerate(targets(kind)) if thing in used} - {account} for thing in own]
            shares = [len(those & others) / (len(those) + PRIOR) for those in users]
            told[f"{kind.name}: members' share"] = log1p(20 * sum(shares))
            told[f"{kind.name}: mean share"] = sum(shares) / (len(own) + SPARE)
            told[f"{kind.name}: largest share"] = max(shares, default=0.0)
    return told


@settings(deadline=None, max_examples=50)
@given(SQUARE, SQUARE, SQUARE, USED, MEMBERS)
def test_evidence_is_as_counted_by_hand_from_other_members_alone(
    follows: list[bool], mentions: list[bool], reported: list[bool], used: list[bool], inside: list[bool]
) -> None:
    found, rows = of(follows, mentions, reported, used), np.arange(1, ACCOUNTS)
    names, columns = evidence(found, np.array(inside), rows)
    members = {number for number, one in enumerate(inside) if one}
    for row, account in enumerate(rows):
        expected = twin(found, members, int(account))
        assert names == tuple(expected)
        assert np.allclose(columns[row], list(expected.values()), atol=1e-5)


@settings(deadline=None, max_examples=50)
@given(SQUARE, SQUARE, SQUARE, USED, MEMBERS, st.integers(0, ACCOUNTS - 1))
def test_whether_an_account_is_a_member_changes_no_evidence_about_it(
    follows: list[bool], mentions: list[bool], reported: list[bool], used: list[bool], inside: list[bool], one: int
) -> None:
    found, members = of(follows, mentions, reported, used), np.array(inside)
    other = members.copy()
    other[one] = not other[one]
    rows = np.arange(ACCOUNTS)
    assert np.array_equal(evidence(found, members, rows)[1][one], evidence(found, other, rows)[1][one])


Asked = tuple[tuple[Kind, ...], np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def asked(graph: Graph, members: list[str]) -> Asked:
    """The kinds, a score and who is corroborated, as expansion hands them on."""
    start = seeds(graph, members[:4])
    judged = corroborate(graph, nearness(walks(graph, start.restarts).long), start.accounts)
    return judged.kinds, judged.score, judged.corroborated()


@pytest.fixture(scope="module")
def found(graph: Graph, asked: Asked) -> Refined:
    return refine(asked[0], np.arange(graph.size), *asked[1:], NOBODY, seed=0)


def test_members_whose_labels_are_hidden_are_found_and_watchers_are_not(
    graph: Graph, members: list[str], watchers: list[str], asked: Asked
) -> None:
    shown = np.zeros(graph.size, dtype=bool)
    shown[graph.find(members[:20])] = True
    above = refine(asked[0], np.arange(graph.size), asked[1], shown, NOBODY, seed=0).above(CUT, graph.size)
    assert above[graph.find(members[20:])].mean() >= 0.8
    assert above[graph.find(watchers)].mean() <= 0.05


def test_labels_drawn_at_random_are_not_found_again(graph: Graph, asked: Asked) -> None:
    drawn = np.zeros(graph.size, dtype=bool)
    drawn[np.random.default_rng(0).choice(np.arange(100, graph.size), 60, replace=False)] = True
    judged = room._round(asked[0], np.arange(graph.size), asked[1], drawn, NOBODY, seed=0)
    above = (judged.score[drawn][:, None] > judged.score[~drawn][None, :]).mean()
    assert 0.35 < above < 0.65
    assert judged.above(CUT, graph.size)[drawn].mean() <= judged.above(CUT, graph.size)[~drawn].mean() + 0.1


def test_a_row_is_judged_only_by_trees_that_did_not_see_it(graph: Graph, found: Refined) -> None:
    assert found.unseen.shape == (len(found.forests), graph.size)
    answers = np.array([forest.ask(found.columns) for forest in found.forests])
    times = found.unseen.sum(axis=0)
    assert times.min() >= REPEATS
    assert np.allclose((answers * found.unseen).sum(axis=0) / times, found.score)
    assert np.ptp(np.count_nonzero(~found.unseen, axis=1)) < graph.size / 10


def test_each_positive_is_judged_once_a_repeat_by_the_fold_it_is_not_in(
    graph: Graph, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "TREES", 5)
    judged = room._round(asked[0], np.arange(graph.size), asked[1], asked[2], NOBODY, seed=0)
    assert (judged.unseen[:, asked[2]].sum(axis=0) == REPEATS).all()


def test_the_parts_of_a_score_add_up_to_it(found: Refined) -> None:
    places = np.array([7, 0, 2_999, 31])
    parts = found.parts(places)
    assert parts.shape == (4, len(found.names) + 1)
    assert np.allclose(parts.sum(axis=1), found.score[places])
    assert found.parts(NOBODY).shape == (0, len(found.names) + 1)


def test_one_said_to_be_none_is_no_positive_even_if_given_as_one(
    graph: Graph, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "TREES", 10)
    ties, score, positives = asked
    negatives, rows = np.flatnonzero(positives)[::2], np.arange(graph.size)
    fewer = positives.copy()
    fewer[negatives] = False
    one, other = (refine(ties, rows, score, given, negatives, seed=0) for given in (positives, fewer))
    assert np.array_equal(one.score, other.score)
    assert (one.score[negatives] < 1).all()


@pytest.mark.parametrize("left", [0, 1])
def test_where_too_few_are_left_to_judge_one_another_the_first_answer_stands(
    graph: Graph, asked: Asked, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "TREES", 10)
    rows, second = np.arange(graph.size), np.zeros(graph.size, dtype=bool)
    second[:left] = True
    first = room._round(asked[0], rows, asked[1], asked[2], NOBODY, 0)
    monkeypatch.setattr(Refined, "above", lambda _, __, ___: second.copy())
    assert np.array_equal(refine(asked[0], rows, asked[1], asked[2], NOBODY, seed=0).score, first.score)


def test_threads_change_nothing(graph: Graph, asked: Asked, found: Refined, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "THREADS", 3)
    monkeypatch.setattr(threads, "WORTH_A_THREAD", 1)
    again = refine(asked[0], np.arange(graph.size), *asked[1:], NOBODY, seed=0)
    assert np.array_equal(again.score, found.score)
    assert np.array_equal(again.columns, found.columns)
