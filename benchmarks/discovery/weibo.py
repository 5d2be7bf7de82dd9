"""How well do ten seeds rank the suspicious accounts of a real graph, beside simpler rules?

    python benchmarks/discovery/weibo.py

Ten draws of ten random suspicious accounts (seeds 200 to 209; draws below 100 were used to choose constants). Average
precision over all other accounts. Writes benchmarks/results/discovery.md.
"""

import os
import platform
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import networkx as nx
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

import ringfence

DATA = Path(__file__).parents[3] / "shared" / "data" / "weibo"
RESULT = Path(__file__).parents[1] / "results" / "discovery.md"
DRAWS, SEEDS = range(200, 210), 10

Ranking = NDArray[np.float64]


def main() -> None:
    if not DATA.exists():
        print(f"nothing to measure: {DATA} is not there")
        return
    uses = duckdb.connect().sql(f"SELECT account_id AS src, topic AS dst, count AS weight FROM '{DATA}/uses.parquet'")
    table = uses.to_arrow_table()
    graph = ringfence.Graph.from_tables({"uses_hashtag": table})
    labels = dict(duckdb.execute(f"FROM '{DATA}/labels.parquet'").fetchall())
    names = graph.accounts.to_pylist()
    truth = np.array([labels[name] for name in names])
    pattern = (graph.relations[0].forward.to_scipy() > 0).astype(float).tocsr()
    walked = nx.Graph()
    entries = pattern.tocoo()
    walked.add_edges_from((int(row), f"t{column}") for row, column in zip(entries.row, entries.col, strict=True))
    rankings: dict[str, list[float]] = {}
    seconds = []
    for draw in DRAWS:
        seeds = np.random.default_rng(draw).choice(np.flatnonzero(truth), SEEDS, replace=False)
        began = time.perf_counter()
        scores = ringfence.expand(graph, [names[seed] for seed in seeds])
        seconds.append(time.perf_counter() - began)
        placed = dict(zip(scores["account_id"].to_pylist(), scores["score"].to_pylist(), strict=True))
        others = np.setdiff1d(np.arange(len(names)), seeds)
        for rule, ranking in (
            ("ringfence", np.array([placed[name] for name in names])),
            ("raw personalised PageRank (networkx)", pagerank(walked, seeds, len(names))),
            ("co-action count", np.asarray((pattern @ pattern[seeds].T).sum(axis=1)).ravel()),
            ("keyword rule (5 topics most shared by the seeds)", keyword(pattern, seeds)),
        ):
            rankings.setdefault(rule, []).append(average_precision_score(truth[others], ranking[others]))
    report(rankings, seconds, truth)


def pagerank(graph: nx.Graph, seeds: NDArray[np.int64], accounts: int) -> Ranking:
    start = {int(seed): 1.0 for seed in seeds if int(seed) in graph}
    ranked = nx.pagerank(graph, personalization=start)
    return np.array([ranked.get(account, 0.0) for account in range(accounts)])


def keyword(pattern: sp.csr_matrix, seeds: NDArray[np.int64]) -> Ranking:
    shared = np.asarray(pattern[seeds].sum(axis=0)).ravel()
    return np.asarray(pattern[:, np.argsort(-shared, kind="stable")[:5]].sum(axis=1), dtype=np.float64).ravel()


def report(rankings: dict[str, list[float]], seconds: list[float], truth: NDArray[np.int64]) -> None:
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    lines = [
        "# Discovery on a real graph, ten random seeds",
        "",
        (
            f"Weibo: {len(truth):,} accounts, {int(truth.sum())} suspicious ({truth.mean():.1%}). {len(DRAWS)} draws, "
            f"seeds {DRAWS.start} to {DRAWS.stop - 1}."
        ),
        "",
        "| rule | mean AUPRC | lowest | highest |",
        "|---|---|---|---|",
        *(
            f"| {rule} | {statistics.mean(all_):.3f} | {min(all_):.3f} | {max(all_):.3f} |"
            for rule, all_ in rankings.items()
        ),
        "",
        f"A call of `expand` takes {statistics.median(seconds):.2f} s (median).",
        "",
        (
            f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {gigabytes:.0f} GB, "
            f"Python {platform.python_version()}, "
            f"numpy {np.__version__}. Command: `python benchmarks/discovery/weibo.py`"
        ),
    ]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
