"""How good is the demo on worlds that nothing was tuned on, and where do its seconds go?

    python benchmarks/demo/demo.py

Three worlds of 200,000 accounts, seeds 100 to 102, each in a process of its own. Writes benchmarks/results/demo.md.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULT = Path(__file__).parents[1] / "results" / "demo.md"
WORLDS = (100, 101, 102)
SHOWN = (
    "precision", "recall", "auprc", "one_feature_auprc", "keyword_auprc", "innocents_touched", "ever_shown_before",
    "ever_shown_after", "peak_mb",
)  # fmt: skip


def main() -> None:
    runs = [run(seed) for seed in WORLDS]
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    lines = ["# The demo, 200,000 accounts", "", f"| world | {' | '.join(SHOWN)} | start to summary, s |"]
    lines.append("|---" * (len(SHOWN) + 2) + "|")
    for seed, (summary, wall) in zip(WORLDS, runs, strict=True):
        cells = " | ".join(f"{summary[key]:.3g}" if summary[key] < 100 else f"{summary[key]:.0f}" for key in SHOWN)
        lines.append(f"| {seed} | {cells} | {wall:.1f} |")
    stages = runs[0][0]["seconds"]
    medians = {name: statistics.median(summary["seconds"][name] for summary, _ in runs) for name in stages}
    lines += [
        "",
        "| stage | median s |",
        "|---|---|",
        *(f"| {name} | {value:.2f} |" for name, value in medians.items()),
    ]
    lines += [
        "",
        (
            f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {gigabytes:.0f} GB, "
            f"Python {platform.python_version()}. "
            "Command: `python benchmarks/demo/demo.py`"
        ),
    ]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def run(seed: int) -> tuple[dict[str, Any], float]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ringfence", "demo", "--no-serve", "--json", "--seed", str(seed)]
        began = time.perf_counter()
        done = subprocess.run([*command, "--out", f"{folder}/demo"], capture_output=True, text=True, check=True)
        return json.loads(done.stdout), time.perf_counter() - began


if __name__ == "__main__":
    main()
