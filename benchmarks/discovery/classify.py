"""How well are accounts classified from reviewers' labels, beside tree detectors on neighbour means?

    python benchmarks/discovery/classify.py

Tolokers, the five official splits: learned from the train mask alone, measured on the test mask. Splits 0 and 1 were
used to choose constants and stand apart. Weibo, which has no features: random splits with seeds from 200 on (draws
below 100 were free to choose constants by). XGBGraph, RFGraph and FlatBaseline are graphspot's, as it ships them.
Writes benchmarks/results/classify.md.
"""

import os
import platform
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb
import graphspot
import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from graphspot.detectors import FlatBaseline, RFGraph, XGBGraph
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

import ringfence
from ringfence.discovery.calibrate import expected_calibration_error

DATA = Path(__file__).parents[3] / "shared" / "data"
RESULT = Path(__file__).parents[1] / "results" / "classify.md"
TUNED, REPORTED = (0, 1), (2, 3, 4)
WEIBO_DRAWS = range(200, 203)

Scores = NDArray[np.float64]
Said = NDArray[np.int64]
# Graph, labels with -1 for unknown, seed: scores and probabilities.
Method = Callable[[Said, int], tuple[Scores, Scores]]


def main() -> None:
    if not DATA.exists():
        print(f"nothing to measure: {DATA} is not there")
        return
    lines = ["# Classified from labels", "", *tolokers(), "", *weibo(), "", machine()]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def tolokers() -> list[str]:
    stored = np.load(DATA / "tolokers" / "tolokers.npz")
    edges, features, truth = stored["edges"], stored["node_features"], stored["node_labels"].astype(np.int64)
    ties = sp.coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(len(truth),) * 2).tocsr()
    graph = ringfence.Graph.from_matrices({"follows": ties}, features=features)
    methods = {"ringfence": ours(graph), **peers(ties + ties.T, features)}
    lines = [f"Tolokers: {len(truth):,} accounts, {graph.ties:,} ties, {truth.mean():.1%} positive, half labelled."]
    for title, splits in (("Splits 2, 3 and 4", REPORTED), ("Splits 0 and 1, which constants were chosen on", TUNED)):
        draws = [
            (np.where(stored["train_masks"][split], truth, -1), stored["test_masks"][split], split) for split in splits
        ]
        lines += ["", f"## {title}", "", *table(methods, truth, draws)]
    return lines


def weibo() -> list[str]:
    uses = duckdb.connect().sql(
        f"SELECT account_id AS src, topic AS dst, count AS weight FROM '{DATA}/weibo/uses.parquet'"
    )
    graph = ringfence.Graph.from_tables({"uses_hashtag": uses.to_arrow_table()})
    labels = dict(duckdb.execute(f"FROM '{DATA}/weibo/labels.parquet'").fetchall())
    truth = np.array([labels[name] for name in graph.accounts.to_pylist()], dtype=np.int64)
    lines = [f"Weibo: {len(truth):,} accounts, {graph.ties:,} ties to topics, {truth.mean():.1%} positive."]
    for title, draw in (("40% labelled, 40% measured", two_fifths), ("100 labels, 20 of them positive", hundred)):
        draws = [(*draw(truth, seed), seed) for seed in WEIBO_DRAWS]
        lines += ["", f"## Weibo, {title}", "", *table({"ringfence": ours(graph)}, truth, draws)]
    return lines


def two_fifths(truth: Said, seed: int) -> tuple[Said, NDArray[np.bool_]]:
    place = np.random.default_rng(seed).permutation(len(truth)) / len(truth)
    return np.where(place < 0.4, truth, -1), place >= 0.6


def hundred(truth: Said, seed: int) -> tuple[Said, NDArray[np.bool_]]:
    chance = np.random.default_rng(seed)
    told = [chance.choice(np.flatnonzero(truth == said), many, replace=False) for said, many in ((1, 20), (0, 80))]
    known = np.isin(np.arange(len(truth)), np.concatenate(told))
    return np.where(known, truth, -1), ~known


def ours(graph: ringfence.Graph) -> Method:
    places = {name: place for place, name in enumerate(graph.accounts.to_pylist())}

    def classify(known: Said, seed: int) -> tuple[Scores, Scores]:
        told = np.flatnonzero(known >= 0)
        labels = pa.table({"account_id": graph.accounts.take(pa.array(told)), "label": known[told]})
        found = ringfence.classify(graph, labels, seed=seed)
        order = [places[name] for name in found["account_id"].to_pylist()]
        score, probability = np.empty(graph.size), np.empty(graph.size)
        score[order], probability[order] = found["score"].to_numpy(), found["probability"].to_numpy()
        return score, probability

    return classify


def peers(adjacency: sp.csr_matrix, features: NDArray[np.float32]) -> dict[str, Method]:
    graph = graphspot.Graph.from_scipy(adjacency, x=features)

    def detector(kind: type) -> Method:
        def fit(known: Said, seed: int) -> tuple[Scores, Scores]:
            score = kind(random_state=seed).fit(graph, known).decision_scores_
            return score, score

        return fit

    def label_share(known: Said, _: int) -> tuple[Scores, Scores]:
        heard = adjacency @ (known >= 0).astype(float)
        usual = known[known >= 0].mean()
        share = (adjacency @ (known == 1).astype(float) + usual) / (heard + 1.0)
        return share, share

    return {
        "XGBGraph (graphspot)": detector(XGBGraph),
        "RFGraph (graphspot)": detector(RFGraph),
        "features alone (FlatBaseline, graphspot)": detector(FlatBaseline),
        "share of labelled neighbours that are positive": label_share,
    }


def table(methods: dict[str, Method], truth: Said, draws: Iterable[tuple[Said, NDArray[np.bool_], int]]) -> list[str]:
    lines = [
        "| method | AUPRC | AUROC | recall in the top K | calibration error | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for name, method in methods.items():
        rows = []
        for known, test, seed in draws:
            began = time.perf_counter()
            score, probability = method(known, seed)
            rows.append([*measured(truth[test], score[test], probability[test]), time.perf_counter() - began])
        mean, spread = np.mean(rows, axis=0), np.std(rows, axis=0)
        figures = " | ".join(f"{mean[n]:.1%} ± {100 * spread[n]:.1f}" for n in range(4))
        lines.append(f"| {name} | {figures} | {mean[4]:.1f} |")
        print(lines[-1], flush=True)
    return lines


def measured(truth: Said, score: Scores, probability: Scores) -> list[float]:
    top = np.argsort(-score, kind="stable")[: truth.sum()]
    return [
        float(average_precision_score(truth, score)),
        float(roc_auc_score(truth, score)),
        float(truth[top].mean()),
        expected_calibration_error(probability, truth == 1),
    ]


def machine() -> str:
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    versions = ", ".join(f"{name} {version(name)}" for name in ("lightgbm", "scikit-learn", "graphspot", "xgboost"))
    return (
        "K is the number of positives measured on. Calibration error: 15 bins of equal mass; the peers' probabilities "
        "are what they return, learned with weighted classes. Mean and standard deviation over splits or draws.\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {gigabytes:.0f} GB, "
        f"Python {platform.python_version()}, {versions}. Command: `python benchmarks/discovery/classify.py`"
    )


if __name__ == "__main__":
    main()
