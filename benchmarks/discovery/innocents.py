"""Whom would each threshold touch? The ranking cut at ever more accounts, and the product's own cut, kind by kind.

    python benchmarks/discovery/innocents.py

Worlds of 200,000 accounts, seeds 100 to 104, from 10 seed terms and 5 reported accounts; then the same with
researchers, who follow members and use their words. Counts are added up over worlds. Writes
benchmarks/results/innocents.md.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ringfence.demo import evaluate, tables
from ringfence.demo.evaluate import Cut, Truth, wilson
from ringfence.demo.trial import Trial, cached, trial
from ringfence.exposure.estimates import Estimate
from ringfence.world.adversary import NONE, Adversary
from ringfence.world.write import World

RESULT = Path(__file__).parents[1] / "results" / "innocents.md"
CACHE = Path(tempfile.gettempdir()) / "ringfence-worlds"
ACCOUNTS, WORLDS, RESEARCHERS = 200_000, range(100, 105), 60
SIZES = (50, 100, 200, 480, 1_000, 2_000)  # 480 is about how many members are planted
OWN = "own cut"

# For each world, its truth without the seeds and every cut by name.
Measured = list[tuple[Truth, dict[str, Cut]]]


def main() -> None:
    CACHE.mkdir(exist_ok=True)
    lines = [
        "# Innocents touched, at every threshold",
        "",
        f"{len(WORLDS)} worlds of {ACCOUNTS:,} accounts, seeds {WORLDS.start} to {WORLDS.stop - 1}, added up; from 10",
        "terms and 5 accounts, which are not counted. Innocents are all but members and their audience. Intervals are",
        "Wilson's, 95%; they take innocents for independent of one another, which those of one group are not.",
        "",
    ]
    for title, adversary in (
        ("The default worlds", NONE),
        (f"With {RESEARCHERS} researchers", Adversary(researchers=RESEARCHERS)),
    ):
        lines += [f"## {title}", "", *report([measured(seed, adversary) for seed in WORLDS])]
    tables.write(RESULT, lines, "python benchmarks/discovery/innocents.py")


def measured(seed: int, adversary: Adversary) -> tuple[Truth, dict[str, Cut]]:
    if adversary == NONE:  # worlds.py measures these too
        return judged(*cached(CACHE, ACCOUNTS, seed))
    with tempfile.TemporaryDirectory() as folder:
        return judged(*trial(Path(folder), ACCOUNTS, seed, adversary))


def judged(world: World, tried: Trial) -> tuple[Truth, dict[str, Cut]]:
    start = tried.start(world.seed_accounts, terms=True)
    found = tried.discover(start)
    truth, others = tried.truth.but(start.accounts)
    ranked = evaluate.cuts(truth, found.score[others], SIZES)
    cuts = {f"top {size:,}": cut for size, cut in zip(SIZES, ranked, strict=True)}
    cuts[OWN] = evaluate.cut(truth, found.members[others])
    print(f"world {world.seed}: {cuts[OWN].innocents} innocents at the own cut", file=sys.stderr)
    return truth, cuts


def report(worlds: Measured) -> list[str]:
    names = list(worlds[0][1])
    kinds = sorted(worlds[0][1][OWN].touched)
    innocents = sum(int(truth.innocent.sum()) for truth, _ in worlds)
    there = {kind: sum(int((truth.kind == kind).sum()) for truth, _ in worlds) for kind in kinds}
    summed = {name: [cuts[name] for _, cuts in worlds] for name in names}
    return [
        *tables.table(
            ["cut", "precision", "recall", "innocents", "per 10,000 innocents", "in each world"],
            [whole(name, summed[name], innocents, sum(int(t.member.sum()) for t, _ in worlds)) for name in names],
        ),
        "Recall:",
        "",
        *tables.curve({name: share([cut.members for cut in of], worlds) for name, of in summed.items()}),
        "Precision:",
        "",
        *tables.curve({name: precision(of).value for name, of in summed.items()}),
        "Touched per 10,000 of each kind (95% interval):",
        "",
        *tables.table(
            ["cut", *(f"{kind.replace('_', ' ')} ({there[kind]:,})" for kind in kinds)],
            [[name, *(by_kind(kind, summed[name], there[kind]) for kind in kinds)] for name in names],
        ),
    ]


def whole(name: str, of: Sequence[Cut], innocents: int, members: int) -> list[str]:
    touched = [cut.innocents for cut in of]
    found = wilson(sum(cut.members for cut in of), members)
    return [
        name,
        percent(precision(of)),
        percent(found),
        f"{sum(touched):,}",
        ten_thousand(wilson(sum(touched), innocents)),
        ", ".join(map(str, touched)),
    ]


def share(hits: Sequence[int], worlds: Measured) -> float:
    return sum(hits) / sum(int(truth.member.sum()) for truth, _ in worlds)


def precision(of: Sequence[Cut]) -> Estimate:
    return wilson(sum(cut.members for cut in of), sum(cut.named for cut in of))


def by_kind(kind: str, of: Sequence[Cut], there: int) -> str:
    return ten_thousand(wilson(sum(cut.touched[kind] for cut in of), there))


def percent(estimate: Estimate) -> str:
    return f"{estimate.value:.1%} ({estimate.low:.1%} to {estimate.high:.1%})"


def ten_thousand(estimate: Estimate) -> str:
    value, low, high = (np.array([estimate.value, estimate.low, estimate.high]) * 10_000).tolist()
    digits = 2 if high < 10 else 0
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


if __name__ == "__main__":
    main()
