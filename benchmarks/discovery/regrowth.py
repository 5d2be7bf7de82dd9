"""How soon is an account found that stands in for a removed one?

    python benchmarks/discovery/regrowth.py

Worlds of 50,000 accounts, seeds 100 to 102. On day 120 some accounts are removed; back-up accounts open over the weeks
after, and a part of the audience returns to them. Discovery runs every third day on what was there to see by then, from
the removed accounts. Writes benchmarks/results/regrowth.md.
"""

import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ringfence.demo import evaluate, tables
from ringfence.demo.trial import opened, settled
from ringfence.exposure.estimates import Estimate
from ringfence.world.adversary import Adversary
from ringfence.world.as_of import as_of, days
from ringfence.world.plan import REMOVAL_DAY
from ringfence.world.write import World, write

RESULT = Path(__file__).parents[1] / "results" / "regrowth.md"
ACCOUNTS, WORLDS = 50_000, range(100, 103)
DAYS = range(REMOVAL_DAY, 166, 3)
RETURNS = (0.0, 0.3)  # share of a removed account's followers that return
WITHIN = (7, 14, 30)


@dataclass(frozen=True, slots=True)
class Found:
    """A back-up account: when it opened, and the first day it was named, or among as many as there are members."""

    opened: float
    named: float  # NaN where it was not by the last day
    ranked: float


@dataclass(frozen=True, slots=True)
class Day:
    """What a day's discovery came to."""

    backups: int
    named: int
    precision: float


def main() -> None:
    lines = [
        "# Time to rediscovery",
        "",
        f"Worlds of {ACCOUNTS:,} accounts, seeds {WORLDS.start} to {WORLDS.stop - 1}, added up. Discovery from the",
        f"removed accounts on days {DAYS.start} to {DAYS[-1]}, every {DAYS.step} days, so a time is up to {DAYS.step}",
        "days too long. A share within so many days counts back-ups that had been there as long by the last day.",
        "",
    ]
    for share in RETURNS:
        accounts: list[Found] = []
        by_day: dict[int, list[Day]] = {}
        for seed in WORLDS:
            with tempfile.TemporaryDirectory() as folder:
                world = write(Path(folder) / "world", ACCOUNTS, seed, adversary=Adversary(regrowth=share))
                accounts += followed(world, Path(folder), by_day)
            print(f"world {seed}, {share:.0%} return: {len(accounts)} back-ups so far", file=sys.stderr)
        lines += [f"## {share:.0%} of a removed account's followers return", "", *report(accounts, by_day)]
    tables.write(RESULT, lines, "python benchmarks/discovery/regrowth.py")


def followed(world: World, folder: Path, by_day: dict[int, list[Day]]) -> list[Found]:
    """Every back-up account of a world, followed from day to day; adds to `by_day` what each day came to."""
    accounts = pq.read_table(world.folder / "accounts.parquet", columns=["account_id", "created_at", "status"])
    removed = accounts.filter(pc.equal(accounts["status"], "removed"))["account_id"].to_pylist()
    truth = pq.read_table(world.folder / "truth" / "accounts.parquet")
    planted = truth.filter(pc.equal(truth["kind"], "backup"))["account_id"]
    backups = accounts.filter(pc.is_in(accounts["account_id"], planted))
    since = dict(zip(backups["account_id"].to_pylist(), days(backups["created_at"]).tolist(), strict=True))
    named, ranked = dict.fromkeys(since, float("nan")), dict.fromkeys(since, float("nan"))
    for day in DAYS:
        on_list, on_top, summed = discovered(world, folder / str(day), day, removed)
        by_day.setdefault(day, []).append(summed)
        for first, there in ((named, on_list), (ranked, on_top)):
            first.update({account: day for account in there if account in first and np.isnan(first[account])})
    return [Found(opened, named[account], ranked[account]) for account, opened in since.items()]


def discovered(world: World, folder: Path, day: int, removed: Sequence[str]) -> tuple[set[str], set[str], Day]:
    """Who is named on a day, and who is among the first as many as there are members, seeds left out."""
    view = as_of(world.folder, day, folder / "view")
    trial = opened(settled(folder / "workspace", view, world.seed_terms), view)
    start = trial.start(removed)
    found = trial.discover(start)
    truth, others = trial.truth.but(start.accounts)
    names = np.array(trial.graph.accounts.to_pylist())[others]
    top = np.argsort(-found.score[others], kind="stable")[: int(truth.member.sum())]
    own = found.members[others]
    backup = truth.kind == "backup"
    summed = Day(int(backup.sum()), int((own & backup).sum()), evaluate.cut(truth, own).precision)
    return set(names[own].tolist()), set(names[top].tolist()), summed


def report(accounts: Sequence[Found], by_day: dict[int, list[Day]]) -> list[str]:
    return [
        *tables.table(
            [
                "found",
                "back-ups",
                *(f"within {within} days" for within in WITHIN),
                "by the last day",
                "median days, if found",
            ],
            [
                row("named by the product", [(one.opened, one.named) for one in accounts]),
                row("among as many as there are members", [(one.opened, one.ranked) for one in accounts]),
            ],
        ),
        *tables.table(
            ["day", "back-ups open", "named", "precision of all named"],
            [
                [
                    str(day),
                    str(sum(one.backups for one in of)),
                    str(sum(one.named for one in of)),
                    f"{statistics.mean(one.precision for one in of):.3f}",
                ]
                for day, of in by_day.items()
            ],
        ),
        "Back-ups named, of those open:",
        "",
        *tables.curve({f"day {day}": share(of) for day, of in by_day.items()}),
    ]


def row(name: str, times: Sequence[tuple[float, float]]) -> list[str]:
    """Of accounts that opened and were found on some days: how many within so long, and how soon."""
    opened, found = np.array(times).T
    waited = found - opened
    cells = []
    for within in WITHIN:
        could = opened + within <= DAYS[-1]
        cells.append(percent(evaluate.wilson(int((waited[could] <= within).sum()), int(could.sum()))))
    seen = waited[~np.isnan(waited)]
    ever = percent(evaluate.wilson(len(seen), len(waited)))
    return [name, str(len(times)), *cells, ever, f"{np.median(seen):.1f}" if len(seen) else "\N{EN DASH}"]


def share(of: Sequence[Day]) -> float:
    there = sum(one.backups for one in of)
    return sum(one.named for one in of) / there if there else float("nan")


def percent(estimate: Estimate) -> str:
    return f"{estimate.value:.0%} of {estimate.accounts} ({estimate.low:.0%} to {estimate.high:.0%})"


if __name__ == "__main__":
    main()
