"""How much does hiding cost discovery? Recall against the adversary's effort, one way of hiding after another.

    python benchmarks/discovery/adversary.py

Worlds of 50,000 accounts, seeds 100 to 102, from 10 seed terms. The last table is about false seeds: 20% of the seeds
are innocent accounts, which an attacker reported. Writes benchmarks/results/adversary.md.
"""

import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ringfence.demo import evaluate, tables
from ringfence.demo.trial import Trial, random_members, trial
from ringfence.discovery.expand import Expansion
from ringfence.discovery.seeds import seeds
from ringfence.world.adversary import NONE, Adversary
from ringfence.world.plan import plan
from ringfence.world.poison import Poison, PoisonedSeeds, poisoned_seeds
from ringfence.world.write import World

RESULT = Path(__file__).parents[1] / "results" / "adversary.md"
ACCOUNTS, WORLDS, PRECISION = 50_000, range(100, 103), 0.95
EFFORTS = (0, 0.25, 0.5, 1, 2)
# What each way of hiding is at effort 1. Where every network is isolated no term leads to any: that share stays lower.
WAYS: Mapping[str, tuple[str, tuple[float, ...]]] = {
    "camouflage": ("Effort 1 is as many ordinary follows and posts as all that a member has.", EFFORTS),
    "bought": ("Effort 1 is 45 bought followers a member, about as many as it has.", EFFORTS),
    "hopping": ("Effort 1 is new words every 30 days; the seed terms are the first ones.", EFFORTS),
    "slow": ("Effort 1 is members that open on any day of the six months, and do half as much.", EFFORTS),
    "isolated": ("The effort is the share of the networks that use none of the seed terms.", (0, 0.25, 0.5, 0.75)),
}
FALSE = 0.2
POISONED_SEEDS = (10, 20)
KINDS = (Poison.SUPPORT_GROUP, Poison.BIRD_WATCHER, Poison.COMMUNITY, Poison.RANDOM)


@dataclass(frozen=True, slots=True)
class Row:
    """One discovery, judged. `dragged` is the share of a falsely named group that it names; NaN where there is none."""

    auprc: float
    recall_at: float
    own: evaluate.Cut
    innocents: int  # how many there are
    dragged: float = float("nan")
    shown: str = ""


def main() -> None:
    ways: dict[tuple[str, float], list[Row]] = {}
    poisons: dict[tuple[int, str], list[Row]] = {}
    for seed in WORLDS:
        for way, effort, adversary in hidings():
            with tempfile.TemporaryDirectory() as folder:
                world, tried = trial(Path(folder), ACCOUNTS, seed, adversary)
                found = tried.discover(tried.start(terms=True))
                row = judged(tried, found, np.empty(0, np.int64))
                if adversary == NONE:
                    ways.update({(name, 0): [*ways.get((name, 0), []), row] for name in WAYS})
                    for key, poisoned in poisonings(world, tried, seed):
                        poisons.setdefault(key, []).append(poisoned)
                else:
                    ways.setdefault((way, effort), []).append(row)
                    if way == "isolated":
                        ways.setdefault(("isolated networks alone", effort), []).append(alone(world, tried, found))
            print(f"world {seed}, {way} {effort}: recall {row.recall_at:.3f}", file=sys.stderr)
    tables.write(RESULT, report(ways, poisons), "python benchmarks/discovery/adversary.py")


def hidings() -> Iterator[tuple[str, float, Adversary]]:
    yield "nothing hidden", 0, NONE
    for way, (_, efforts) in WAYS.items():
        yield from ((way, effort, Adversary(**{way: effort})) for effort in efforts if effort)  # type: ignore[arg-type]


def judged(tried: Trial, found: Expansion, seeds: NDArray[np.int64], dragged: float = float("nan")) -> Row:
    truth, others = tried.truth.but(seeds)
    return Row(
        auprc=evaluate.average_precision(truth.member, found.score[others]),
        recall_at=evaluate.recall_at_precision(truth.member, found.score[others], PRECISION),
        own=evaluate.cut(truth, found.members[others]),
        innocents=int(truth.innocent.sum()),
        dragged=dragged,
        shown=shown(found),
    )


def alone(world: World, tried: Trial, found: Expansion) -> Row:
    """The same discovery, judged by members of isolated networks alone: the other members count as nobody."""
    who = plan(world.accounts, world.seed, world.adversary)
    network = who.network[who.order]  # by row of the accounts table, whose ids are numbered by row
    rows = np.array([int(account[1:]) for account in tried.graph.accounts.to_pylist()])
    isolated = (network[rows] >= 0) & who.isolated[network[rows]]
    return judged(tried, found, np.flatnonzero(tried.truth.member & ~isolated))


def poisonings(world: World, tried: Trial, seed: int) -> Iterator[tuple[tuple[int, str], Row]]:
    for count in POISONED_SEEDS:
        true = random_members(tried, count, seed)
        yield (count, "clean"), poisoned(tried, PoisonedSeeds(tuple(true), (), ()), tuple(true))
        for kind in KINDS:
            mixed = poisoned_seeds(world, true, FALSE, kind)
            yield (count, kind), poisoned(tried, mixed, tuple(true))
            yield (count, f"{kind}, held"), poisoned(tried, mixed, tuple(true), doubted=mixed.false)
        # All kinds replace the same seeds, so what is left without them is the same too.
        yield (count, "false seeds taken out by hand"), poisoned(tried, PoisonedSeeds(mixed.true, (), ()), tuple(true))


def poisoned(tried: Trial, mixed: PoisonedSeeds, true: tuple[str, ...], doubted: tuple[str, ...] = ()) -> Row:
    """Judged without the true seeds of the clean run too, so that all runs of a count are about the same accounts.

    `doubted` are the seeds that nobody but one person, the attacker, vouches for.
    """
    found = tried.discover(seeds(tried.graph, mixed.all, doubted=doubted))
    left_out = tried.graph.find(sorted({*mixed.all, *true}))
    group = tried.graph.find(list(mixed.group))
    dragged = float(found.members[group].mean()) if len(group) else float("nan")
    return judged(tried, found, left_out, dragged)


def shown(found: Expansion) -> str:
    """How many groups of seeds a reviewer is shown."""
    return str(len(found.groups))


def report(ways: Mapping[tuple[str, float], list[Row]], poisons: Mapping[tuple[int, str], list[Row]]) -> list[str]:
    lines = [
        "# Discovery against an adversary",
        "",
        f"Worlds of {ACCOUNTS:,} accounts, seeds {WORLDS.start} to {WORLDS.stop - 1}, means, from 10 terms. Recall is",
        f"the best of any cut of the ranking at {PRECISION:.0%} precision; own cut is what the product names.",
        "",
    ]
    for way, (meaning, efforts) in WAYS.items():
        rows = {effort: ways[way, effort] for effort in efforts}
        lines += [f"## {way.capitalize()}", "", meaning, "", *effort_table(rows)]
        lines += tables.curve({f"effort {effort:g}": mean(of, "recall_at") for effort, of in rows.items()})
    lines += ["Members of isolated networks alone; other members are left out of the count:", ""]
    lines += effort_table({effort: of for (way, effort), of in ways.items() if way == "isolated networks alone"})
    return lines + poison_table(poisons)


def effort_table(rows: Mapping[float, list[Row]]) -> list[str]:
    return tables.table(
        [
            "effort",
            "recall at 95% precision",
            "lowest",
            "AUPRC",
            "own cut: recall",
            "precision",
            "innocents per 10,000",
        ],
        [
            [
                f"{effort:g}",
                f"{mean(of, 'recall_at'):.3f}",
                f"{min(row.recall_at for row in of):.3f}",
                f"{mean(of, 'auprc'):.3f}",
                *own(of),
            ]
            for effort, of in rows.items()
        ],
    )


def poison_table(poisons: Mapping[tuple[int, str], list[Row]]) -> list[str]:
    header = ["seeds", "false ones", "AUPRC", "recall at 95% precision", "own cut: recall", "precision"]
    return [
        "## False seeds",
        "",
        f"Random member accounts as seeds, {FALSE:.0%} of them replaced by innocent accounts. Dragged along: how much",
        "of the rest of the falsely named group is named too. Groups shown: how many seed groups a reviewer is shown.",
        "Held: with `discovery.hold_unconfirmed_groups`, where two people vouch for the true seeds, the attacker alone",
        "for the false ones.",
        "",
        *tables.table(
            [*header, "innocents per 10,000", "dragged along", "groups shown"],
            [
                [
                    str(count),
                    kind.replace("_", " "),
                    f"{mean(of, 'auprc'):.3f}",
                    f"{mean(of, 'recall_at'):.3f}",
                    *own(of),
                    percent(mean(of, "dragged")),
                    ", ".join(row.shown for row in of if row.shown) or "\N{EN DASH}",
                ]
                for (count, kind), of in poisons.items()
            ],
        ),
    ]


def own(of: list[Row]) -> list[str]:
    """Recall and precision of the product's own cut, and whom it touches, over all worlds together."""
    named, hits = sum(row.own.named for row in of), sum(row.own.members for row in of)
    share = evaluate.wilson(sum(row.own.innocents for row in of), sum(row.innocents for row in of))
    return [
        f"{statistics.mean(row.own.recall for row in of):.3f}",
        f"{hits / named:.3f}" if named else "\N{EN DASH}",
        f"{share.value * 10_000:.2f} ({share.low * 10_000:.2f} to {share.high * 10_000:.2f})",
    ]


def mean(of: list[Row], field: str) -> float:
    return float(statistics.mean(getattr(row, field) for row in of))


def percent(share: float) -> str:
    return "\N{EN DASH}" if np.isnan(share) else f"{share:.1%}"


if __name__ == "__main__":
    main()
