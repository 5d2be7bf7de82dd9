from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

import ringfence
from ringfence.discovery import aggregates, learners
from ringfence.discovery import classify as classifying
from ringfence.graph.relations import Graph
from ringfence.kernels import threads
from ringfence.model.faults import Fault
from ringfence.model.schemas import SCORES

SIZE, MEMBERS = 400, 80


def platform(seed: int) -> Graph:
    """Members 0 to 79 follow one another more often and use the same links; one column hints at them, one is constant.

    Account 399 is tied to everybody, account 398 to nobody.
    """
    chance = np.random.default_rng(seed)
    follows = chance.integers(SIZE - 2, size=(1_500, 2)).tolist()
    follows += chance.integers(MEMBERS, size=(300, 2)).tolist()
    follows += [[SIZE - 1, other] for other in range(SIZE - 2)]
    links = [[account, 1_000 + int(chance.integers(60))] for account in range(SIZE - 2)]
    links += [[account, 2_000 + int(chance.integers(20))] for account in range(MEMBERS)]
    hint = chance.normal(size=SIZE) + 0.5 * (np.arange(SIZE) < MEMBERS)
    tables = {
        name: pa.table({"src": [a for a, _ in pairs], "dst": [b for _, b in pairs]})
        for name, pairs in (("follows", follows), ("shares_link", links))
    }
    return Graph.from_tables(tables, features=np.column_stack([hint, np.full(SIZE, 7.0), chance.normal(size=SIZE)]))


def labels(accounts: np.ndarray, said: np.ndarray) -> pa.Table:
    return pa.table({"account_id": accounts, "label": said.astype(int)})


def by_account(found: pa.Table, column: str) -> np.ndarray:
    values = np.empty(found.num_rows)
    values[np.array(found["account_id"].to_pylist(), dtype=int)] = found[column].to_numpy()
    return values


@pytest.fixture(scope="module", autouse=True)
def _smaller_learners() -> Iterator[None]:
    """What is promised holds for learners of any size; small ones are quicker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learners, "ROUNDS", 60)
        patch.setattr(learners, "TREES", 30)
        yield


@pytest.fixture(scope="module")
def told() -> np.ndarray:
    return np.random.default_rng(5).choice(SIZE, 200, replace=False)


@pytest.fixture(scope="module")
def found(told: np.ndarray) -> pa.Table:
    return ringfence.classify(platform(1), labels(told, told < MEMBERS))


def test_members_nobody_labelled_are_found(found: pa.Table, told: np.ndarray) -> None:
    assert found.schema == SCORES
    assert found["rank"].to_pylist() == list(range(1, SIZE + 1))
    assert (np.diff(found["score"].to_numpy()) <= 0).all()
    rest = np.setdiff1d(np.arange(SIZE), told)
    assert roc_auc_score(rest < MEMBERS, by_account(found, "score")[rest]) > 0.9
    probability = by_account(found, "probability")
    assert probability[rest].mean() == pytest.approx((rest < MEMBERS).mean(), abs=0.1)
    assert all(row["reasons"] for row in found.to_pylist())


def test_labels_drawn_at_random_are_not_found_again() -> None:
    """No leak: out of fold, labels that mean nothing rank their own accounts no better than chance."""
    graph, ranked = platform(2), []
    for seed in range(3):
        said = np.random.default_rng(seed).random(SIZE) < 0.3
        score = by_account(ringfence.classify(graph, labels(np.arange(SIZE), said), seed=seed), "score")
        ranked.append((roc_auc_score(said, score), average_precision_score(said, score) - said.mean()))
    assert np.mean(ranked, axis=0) == pytest.approx([0.5, 0.0], abs=0.07)


def test_the_number_of_threads_changes_nothing(
    found: pa.Table, told: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (aggregates, classifying, threads):
        monkeypatch.setattr(module, "THREADS", 1)
    again = ringfence.classify(platform(1), labels(told[::-1].copy(), told[::-1] < MEMBERS))
    assert again.equals(found)


@pytest.mark.parametrize(("positives", "negatives"), [(1, 1), (1, 30), (2, 2), (10, 10)])
def test_a_handful_of_labels_give_scores_and_no_probability(positives: int, negatives: int) -> None:
    accounts = np.concatenate([np.arange(positives), np.arange(100, 100 + negatives)])
    scored = ringfence.classify(platform(4), labels(accounts, accounts < MEMBERS))
    assert np.isfinite(scored["score"].to_numpy()).all()
    assert scored["probability"].null_count == SIZE
    assert scored["reasons"][0].as_py()[-1].startswith("uncalibrated: ")


def test_features_without_ties_and_ties_without_features_are_enough() -> None:
    values = np.random.default_rng(6).normal(size=(300, 2))
    alone = Graph.from_matrices({}, features=values)
    score = by_account(ringfence.classify(alone, labels(np.arange(100), values[:100, 0] > 0)), "score")
    assert roc_auc_score(values[100:, 0] > 0, score[100:]) > 0.95
    tied = platform(1)
    bare = Graph(tied.accounts, tied.relations)
    accounts = np.arange(0, SIZE, 3)
    score = by_account(ringfence.classify(bare, labels(accounts, accounts < MEMBERS)), "score")
    rest = np.setdiff1d(np.arange(SIZE), accounts)
    assert roc_auc_score(rest < MEMBERS, score[rest]) > 0.8


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (labels(np.arange(60), np.ones(60)), "all labels are of one class"),
        (
            pa.table({"account_id": pa.array([], pa.string()), "label": pa.array([], pa.int8())}),
            "no account is labelled",
        ),
        (labels(np.array([0, 4_000]), np.array([0, 1])), "account '4000' is not among the 400 accounts"),
    ],
)
def test_labels_nobody_can_learn_from_are_refused(table: pa.Table, words: str) -> None:
    with pytest.raises(Fault, match=words):
        ringfence.classify(platform(1), table)


def test_a_prevalence_moves_probabilities_and_no_rank(found: pa.Table, told: np.ndarray) -> None:
    rare = ringfence.classify(platform(1), labels(told, told < MEMBERS), prevalence=0.01)
    assert rare["account_id"].equals(found["account_id"])
    assert (rare["probability"].to_numpy() < found["probability"].to_numpy()).all()
    with pytest.raises(Fault, match="prevalence of 1"):
        ringfence.classify(platform(1), labels(told, told < MEMBERS), prevalence=1.0)
