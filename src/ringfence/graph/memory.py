"""Is there room for a graph on this machine? Better said before it is built than when the system ends the process."""

import os
from pathlib import Path

from ringfence.model.faults import Fault

# What building takes at its highest, measured with 10 million follows: the counts, both directions, and one sort.
BYTES_A_TIE, BYTES_AN_ACCOUNT = 72, 256
GROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
MEMINFO = Path("/proc/meminfo")


def fits(ties: int, accounts: int, limit: int | None = None) -> None:
    """Raise Fault when a graph of so many ties and accounts needs more than `limit` bytes, or than there are free."""
    needed = ties * BYTES_A_TIE + accounts * BYTES_AN_ACCOUNT
    free = available() if limit is None else limit
    if needed > free:
        raise Fault(
            f"{ties:,} ties of {accounts:,} accounts need about {_gigabytes(needed)} of memory, "
            f"and there are {_gigabytes(free)}",
            where="graph",
            mend="use a machine with more memory, or fewer days; a larger graph is for the engine spark, to come",
        )


def available() -> int:
    """How many bytes this process may still take: what the system has free, within the limit of its group."""
    return min([_free(), *(limit for file in GROUPS if (limit := _limit(file)) is not None)])


def _free() -> int:
    try:
        lines = dict(line.split(":") for line in MEMINFO.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _limit(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):  # no such group, or "max"
        return None


def _gigabytes(number: int) -> str:
    return f"{number / 1e9:,.1f} GB"
