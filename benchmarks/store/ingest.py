"""How long does it take to ingest ten million ties?

    python benchmarks/store/ingest.py

Parquet with string ids over a million accounts; three repeats, each into a new workspace in a process of its own.
Writes benchmarks/results/store.md.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

RESULT = Path(__file__).parents[1] / "results" / "store.md"
ACCOUNTS, TIES, REPEATS = 1_000_000, 10_000_000, 3
CHILD = """
import resource, sys, time
from pathlib import Path
from ringfence.store.load import load
from ringfence.store.workspace import Workspace
began = time.perf_counter()
landed = load(Workspace.create(Path(sys.argv[2])), [Path(sys.argv[1])]).landed
print(landed, time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events"
        generate(events)
        runs = [ingest(events, Path(folder) / f"workspace{repeat}") for repeat in range(REPEATS)]
    landed = runs[0][0]
    seconds, peak = statistics.median(run[1] for run in runs), statistics.median(run[2] for run in runs)
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    lines = [
        "# Ingest",
        "",
        "| input | rows landed | median s | rows/s | peak MB |",
        "|---|---|---|---|---|",
        (
            f"| {TIES:,} ties over {ACCOUNTS:,} accounts | {landed:,.0f} | {seconds:.1f} | {landed / seconds:,.0f} "
            f"| {peak:,.0f} |"
        ),
        "",
        (
            f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {gigabytes:.0f} GB, "
            f"Python {platform.python_version()}, "
            f"duckdb {duckdb.__version__}, pyarrow {pa.__version__}, {REPEATS} repeats. "
            "Command: `python benchmarks/store/ingest.py`"
        ),
    ]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def generate(folder: Path) -> None:
    folder.mkdir()
    accounts = f"SELECT 'account' || range AS account_id FROM range({ACCOUNTS})"
    ties = f"""
        SELECT 'account' || (hash(range) % {ACCOUNTS}) AS src, 'account' || (hash(range * 7 + 1) % {ACCOUNTS}) AS dst,
               'follows' AS relation, TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_seconds(range // 10) AS at
        FROM range({TIES})"""
    for name, query in (("accounts", accounts), ("ties", ties)):
        duckdb.execute(f"COPY ({query}) TO '{folder}/{name}.parquet' (COMPRESSION zstd)")


def ingest(events: Path, workspace: Path) -> tuple[float, ...]:
    command = [sys.executable, "-c", CHILD, str(events), str(workspace)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return tuple(float(word) for word in done.stdout.split())


if __name__ == "__main__":
    main()
