"""How is a measurement written down? As Markdown tables and bars of text, with date, machine and command under them."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ringfence.discovery.expand import MODEL

BAR, BLOCK = 40, "\N{FULL BLOCK}"  # how many of which character stand for 1


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table's lines, with an empty one after it."""
    lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]


def curve(shares: Mapping[str, float]) -> list[str]:
    """One bar a line, as long as its share is large, within a code block; a share of nothing has no bar."""
    width = max(map(len, shares), default=0)
    bars = (
        f"{name:>{width}} {_told(share)} {BLOCK * round(BAR * np.nan_to_num(share))}" for name, share in shares.items()
    )
    return ["```", *(bar.rstrip() for bar in bars), "```", ""]


def _told(share: float) -> str:
    return f"{share:6.1%}" if np.isfinite(share) else "  none"


def write(file: Path, lines: Sequence[str], command: str) -> None:
    """Put the lines in a file and on the screen, with where and when they were measured."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    footer = (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {gigabytes:.0f} GB, "
        f"Python {platform.python_version()}, model {MODEL}. Command: `{command}`"
    )
    text = "\n".join([*lines, footer]) + "\n"
    file.write_text(text, encoding="utf-8")
    print(text)  # noqa: T201 - benches print what they write
