"""How long from a file of 2.5 million posts to every pair of accounts that share links within a minute?

    python benchmarks/graph/coaction.py

The elections posts, tiled: each copy has accounts, posts and links of its own. ringfence ingests a Parquet file into a
new workspace and counts co-action; coordination-network-toolkit loads the same posts from a CSV file, by its own
Python functions and on as many processes as there are cores, and computes its co-link network. Each runs once, in a
process of its own. Writes benchmarks/results/coaction.md.
"""

import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb
import numpy as np

DATA = Path(__file__).parents[3] / "shared" / "data" / "elections" / "posts.parquet"
RESULT = Path(__file__).parents[1] / "results" / "coaction.md"
POSTS, WINDOW, CAP, CORES = 2_463_944, 60, 1_000, os.cpu_count() or 1
Edges = dict[tuple[str, str], int]

OURS = """
import resource, sys, time
from pathlib import Path
import duckdb, numpy as np, pyarrow as pa, pyarrow.parquet as pq
from ringfence.graph.coaction import coaction
from ringfence.store import events
from ringfence.store.load import load
from ringfence.store.workspace import Workspace
file, folder, window, cap = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
workspace = Workspace.create(folder / "workspace")
began = time.perf_counter()
assert load(workspace, [file]).quarantined == 0
loaded = time.perf_counter()
store = events.connect(workspace)
acts = store.sql('''
    SELECT account, dense_rank() OVER (ORDER BY link) - 1 AS link, second, post
    FROM (SELECT account, unnest(links) AS link, epoch("at")::BIGINT AS second, row_number() OVER () AS post FROM posts)
''').to_arrow_table()
columns = (acts[name].to_numpy() for name in ("account", "link", "second", "post"))
found = coaction(*columns, window=window, cap=cap, least=1)
counted = time.perf_counter()
names = store.sql("SELECT account_id FROM account_ids ORDER BY id").to_arrow_table()["account_id"].combine_chunks()
pairs = names.take(pa.array(found.first)), names.take(pa.array(found.second))
both = {"user_1": pa.chunked_array(pairs), "user_2": pa.chunked_array(pairs[::-1])}
both["weight"] = np.concatenate((found.first_posts, found.second_posts))
pq.write_table(pa.table(both), folder / "ours.parquet")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(loaded - began, counted - loaded, peak, found.capped_objects)
"""
THEIRS = """
import csv, resource, sqlite3, sys, time
from pathlib import Path
from coordination_network_toolkit.compute_networks import compute_co_link_network
from coordination_network_toolkit.preprocess import preprocess_data
file, folder, window, cores = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
database = str(folder / "toolkit.db")
began = time.perf_counter()
with open(file, newline="", encoding="utf-8") as opened:
    rows = csv.reader(opened)
    next(rows)
    # Its own reader gives a post without a link the empty link, which would tie all such posts to one another.
    preprocess_data(database, ((*row[:-1], row[-1].split()) for row in rows))
loaded = time.perf_counter()
compute_co_link_network(database, window, n_threads=cores)
counted = time.perf_counter()
with open(folder / "theirs.csv", "w", newline="", encoding="utf-8") as out:
    writer = csv.writer(out)
    writer.writerow(("user_1", "user_2", "weight"))
    writer.writerows(sqlite3.connect(database).execute("SELECT * FROM co_link_network WHERE user_1 <> user_2"))
peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
print(loaded - began, counted - loaded, peak)
"""


def main() -> None:
    if not DATA.exists():
        print(f"nothing to measure: {DATA} is not there")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        links = generate(folder)
        load, count, peak, capped = run(OURS, folder / "posts.parquet", folder, WINDOW, CAP)
        their_load, their_count, their_peak = run(THEIRS, folder / "posts.csv", folder, WINDOW, CORES)
        ours, theirs = edges(folder / "ours.parquet"), edges(folder / "theirs.csv")
    only = len(ours.keys() - theirs.keys()), len(theirs.keys() - ours.keys())
    alike = sum(theirs.get(pair) == weight for pair, weight in ours.items())
    report(
        [
            f"{POSTS:,} posts, {links:,} of them with a link; a window of {WINDOW} s; every pair at least once.",
            "",
            "| | load s | co-action s | together s | peak MB | edges, both ways |",
            "|---|---|---|---|---|---|",
            f"| ringfence | {load:.1f} | {count:.1f} | {load + count:.1f} | {peak:,.0f} | {len(ours):,} |",
            (
                f"| coordination-network-toolkit {version('coordination-network-toolkit')} | {their_load:.1f} "
                f"| {their_count:.1f} | {their_load + their_count:.1f} | {their_peak:,.0f} | {len(theirs):,} |"
            ),
            "",
            (
                f"ringfence is {(their_load + their_count) / (load + count):.1f} times as fast. Of {len(ours):,} edges "
                f"{alike:,} have the same weight in both; {only[0]:,} are in ringfence's network alone and {only[1]:,} "
                f"in the toolkit's alone. Ties of accounts to themselves, which the toolkit keeps, are left out. "
                f"{capped:,.0f} links had more than {CAP:,} posts on one side of a post within the window. "
                "Peak is that of the largest process."
            ),
        ]
    )


def generate(folder: Path) -> int:
    """The same posts as Parquet and as CSV; tells how many have a link."""
    engine = duckdb.connect()
    engine.execute(f"""
        CREATE TABLE posts AS
        SELECT copy || '-' || row_number() OVER () AS post_id, copy || '-' || account_id AS account_id,
               timestamp::BIGINT AS second, copy || '-' || url_id::BIGINT AS url, 'post' AS text
        FROM '{DATA}' CROSS JOIN (SELECT range AS copy FROM range({POSTS} // 200000))
        WHERE timestamp IS NOT NULL ORDER BY copy, second, post_id LIMIT {POSTS}""")
    engine.execute(f"""
        COPY (SELECT post_id, account_id, to_timestamp(second) AS at, text,
                     CASE WHEN url IS NULL THEN [] ELSE ['https://example.org/' || url] END AS links FROM posts)
        TO '{folder}/posts.parquet' (COMPRESSION zstd)""")
    engine.execute(f"""
        COPY (SELECT post_id AS message_id, account_id AS user_id, account_id AS username, '' AS repost_id,
                     '' AS reply_id, text AS message, second AS timestamp,
                     coalesce('https://example.org/' || url, '') AS urls FROM posts)
        TO '{folder}/posts.csv' (HEADER)""")
    counted = engine.sql("SELECT count(*), count(url) FROM posts").fetchall()[0]
    assert counted[0] == POSTS
    return int(counted[1])


def run(code: str, *arguments: object) -> tuple[float, ...]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return tuple(float(word) for word in done.stdout.splitlines()[-1].split())


def edges(file: Path) -> Edges:
    query = "SELECT user_1::VARCHAR AS user_1, user_2::VARCHAR AS user_2, weight::BIGINT AS weight FROM"
    found = duckdb.connect().sql(f"{query} '{file}'").fetchnumpy()
    pairs = zip(found["user_1"], found["user_2"], strict=True)
    return dict(zip(pairs, found["weight"].tolist(), strict=True))


def report(lines: list[str]) -> None:
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    lines = [
        "# From posts to co-action",
        "",
        *lines,
        "",
        (
            f"{datetime.now(UTC):%Y-%m-%d}, {CORES} cores, {gigabytes:.0f} GB, Python {platform.python_version()}, "
            f"duckdb {duckdb.__version__}, numpy {np.__version__}. Command: `python benchmarks/graph/coaction.py`"
        ),
    ]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
