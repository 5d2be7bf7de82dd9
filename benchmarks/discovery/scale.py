"""How do time and memory of discovery grow from 1 million ties to 100 million?

    python benchmarks/discovery/scale.py [most ties]

Made-up platforms with ten ties an account: follows, hashtags, links and media, popular ones and those of one's own
neighbourhood, and planted networks of 40 that tie to one another. Ten seeds, two of each of five networks. Each size
runs in a process of its own, which reads the ties from files, builds the graph, finds the networks and makes the table
of scores. Then a day's ties, 1% more, join the graph. Writes benchmarks/results/scale.md.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from numpy.typing import NDArray

from ringfence.demo import tables
from ringfence.discovery.expand import expansion, scores
from ringfence.discovery.seeds import seeds
from ringfence.graph.csr import from_pairs, merged
from ringfence.graph.relations import Graph, weighed
from ringfence.model.words import Relation

RESULT = Path(__file__).parents[1] / "results" / "scale.md"
SIZES = (1_000_000, 3_000_000, 10_000_000, 30_000_000, 100_000_000)
# What was set before measuring: ties, seconds, gigabytes.
GOALS = {10_000_000: (30, 2), 100_000_000: (360, 12)}
GOAL_UPDATE = 1 / 10
ACCOUNT_TIES, RING, EACH, SEEDED = 10, 40, 25_000, 5
NEAR, BLOCK = 0.15, 2_000  # the share of ties within one's own neighbourhood, and how many accounts that has
# Of each relation: its share of all ties, ties for each object, and how many a member has within its network.
SHARES: Mapping[Relation, tuple[float, int, int]] = {
    Relation.FOLLOWS: (0.6, 0, 8), Relation.USES_HASHTAG: (0.2, 8, 6),
    Relation.SHARES_LINK: (0.12, 8, 4), Relation.SHARES_MEDIA: (0.08, 8, 4),
}  # fmt: skip
OBJECTS = 12  # that a network shares, by relation

Ids = NDArray[np.int32]


def main() -> None:
    most = int(float(sys.argv[1])) if len(sys.argv) > 1 else SIZES[-1]
    rows = []
    for ties in (size for size in SIZES if size <= most):
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder), ties)
            done = subprocess.run(
                [sys.executable, __file__, "--once", folder], check=True, stdout=subprocess.PIPE, text=True
            )
            rows.append(json.loads(done.stdout))
            print(rows[-1], file=sys.stderr)
    tables.write(RESULT, report(rows), "python benchmarks/discovery/scale.py")


def make(folder: Path, ties: int) -> None:
    """Write each relation's ties to a file, and the members of the planted networks, a row a network."""
    chance = np.random.default_rng(ties)
    accounts = ties // ACCOUNT_TIES
    busy = np.minimum(chance.zipf(2.2, accounts), 500) + 0.0
    rings = max(SEEDED, accounts // EACH)
    members = chance.choice(accounts, (rings, RING), replace=False).astype(np.int32)
    np.save(folder / "members.npy", members)
    np.save(folder / "accounts.npy", accounts)
    for relation, (share, each, own) in SHARES.items():
        count = int(ties * share)
        size = count // each if each else accounts
        block = BLOCK if not each else BLOCK * size // accounts
        src = np.repeat(np.arange(accounts, dtype=np.int32), chance.multinomial(count, busy / busy.sum()))
        near = chance.random(count, np.float32) < NEAR
        popular = chance.random(count, np.float32) ** 3
        dst = np.where(near, src // BLOCK * block + block * popular, size * popular).astype(np.int32) % size
        ring_of = np.repeat(np.arange(rings), RING * own)
        if each:
            inside = size + ring_of * OBJECTS + chance.integers(OBJECTS, size=len(ring_of))
        else:
            inside = members[ring_of, chance.integers(RING, size=len(ring_of))]
        src = np.concatenate([src, np.repeat(members.ravel(), own)])
        np.save(folder / f"{relation}.npy", np.stack([src, np.concatenate([dst, inside.astype(np.int32)])]))


def once(folder: Path) -> dict[str, float]:
    """One size, from files to the table of scores; then the same graph with 1% more ties."""
    members, accounts = np.load(folder / "members.npy"), int(np.load(folder / "accounts.npy"))
    warm_up()
    began = time.perf_counter()
    graph = Graph.from_matrices({str(relation): matrix(folder, relation, accounts) for relation in SHARES})
    built = time.perf_counter()
    start = seeds(graph, [str(one) for one in members[:SEEDED, :2].ravel()])
    found = expansion(graph, start, np.zeros(graph.size, bool), seed=0)
    expanded = time.perf_counter()
    scores(found)
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    named, seeded, planted = np.flatnonzero(found.members), members[:SEEDED].ravel(), members.ravel()
    innocent, ties = int((~np.isin(named, planted)).sum()), graph.ties
    del graph, start, found
    return {
        "ties": ties,
        "accounts": accounts,
        "graph": built - began,
        "expand": expanded - built,
        "table": done - expanded,
        "total": done - began,
        "gigabytes": peak,
        "update": updated(folder, accounts),
        "recall": float(np.isin(seeded, named).mean()),
        "innocent": innocent,
    }


def matrix(folder: Path, relation: Relation, accounts: int) -> sp.coo_matrix:
    src, dst = np.load(folder / f"{relation}.npy")
    columns = int(dst.max()) + 1 if SHARES[relation][1] else accounts
    return sp.coo_matrix((np.ones(len(src), np.float32), (src, dst)), (accounts, columns))


def warm_up() -> None:
    """Compile what is compiled, or read it from where compiled code is kept."""
    chance = np.random.default_rng(0)
    small = {str(one): sp.random_array((500, 500), density=0.02, rng=chance, dtype=np.float32) for one in SHARES}
    graph = Graph.from_matrices(small)
    expansion(graph, seeds(graph, ["1", "2", "3"]), np.zeros(500, bool), seed=0)


def updated(folder: Path, accounts: int) -> float:
    """Seconds to bring the whole graph up to date with 1% more ties, whose counts before are at hand."""
    total = 0.0
    for relation in SHARES:
        src, dst = np.load(folder / f"{relation}.npy")
        ones = np.ones(len(src), np.float32)
        columns = int(dst.max()) + 1 if SHARES[relation][1] else accounts
        objects = None if relation is Relation.FOLLOWS else pa.array(np.arange(columns)).cast(pa.string())
        counts = from_pairs(src, dst, ones, (accounts, columns))
        day = np.random.default_rng(1).choice(len(src), len(src) // 100, replace=False)
        began = time.perf_counter()
        fresh = from_pairs(src[day], dst[day][::-1].copy(), ones[day], (accounts, columns))
        weighed(relation, merged(counts, fresh), objects)
        total += time.perf_counter() - began
    return total


def report(rows: list[dict[str, float]]) -> list[str]:
    lines = [
        "# Discovery from 1 million ties to 100 million",
        "",
        "Seconds from ties to the table of scores, and the highest memory of the process. Recall is of the members of",
        "the five networks that have seeds; innocent are accounts found that are in no planted network.",
        "",
    ]
    header = ["ties", "accounts", "graph", "expand", "table", "all", "GB", "graph with 1% more", "recall", "innocent"]
    lines += tables.table(header, map(cells, rows))
    each = {f"{row['ties']:,.0f} ties": row["total"] / row["ties"] / np.log2(row["ties"]) * 1e9 for row in rows}
    lines += ["Nanoseconds for each tie and doubling, n log n being a straight line; the bar is against the first:", ""]
    first = next(iter(each.values()))
    bars = [f"{name:>16} {value:6.1f} {tables.BLOCK * round(20 * value / first)}" for name, value in each.items()]
    lines += ["```", *bars, "```", ""]
    return [*lines, "## Goals, set before measuring", "", *tables.table(["", "at most", "measured", ""], goals(rows))]


def cells(row: Mapping[str, float]) -> list[str]:
    return [
        f"{row['ties']:,.0f}",
        f"{row['accounts']:,.0f}",
        *(f"{row[name]:.1f}" for name in ("graph", "expand", "table", "total", "gigabytes")),
        f"{row['update']:.2f} ({row['update'] / row['total']:.1%} of all)",
        f"{row['recall']:.3f}",
        f"{row['innocent']:,.0f}",
    ]


def goals(rows: list[dict[str, float]]) -> list[list[str]]:
    told = []
    for size, (seconds, gigabytes) in GOALS.items():
        for row in (row for row in rows if 0.9 * size <= row["ties"] <= 1.1 * size):
            took, held = row["total"], row["gigabytes"]
            told.append([f"{size:,} ties", f"{seconds} s", f"{took:.1f} s", met(took, seconds)])
            told.append([f"{size:,} ties", f"{gigabytes} GB", f"{held:.1f} GB", met(held, gigabytes)])
    worst = max(row["update"] / row["total"] for row in rows)
    told.append(["the graph with 1% more ties, of all", f"{GOAL_UPDATE:.2f}", f"{worst:.3f}", met(worst, GOAL_UPDATE)])
    return told


def met(value: float, most: float) -> str:
    return "met" if value <= most else "**missed**"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--once"]:
        print(json.dumps(once(Path(sys.argv[2]))))
    else:
        main()
