"""How well are accounts that come back after a removal matched to the removed ones, beside each likeness alone?

    python benchmarks/discovery/recidivism.py

Worlds of 50,000 accounts, seeds 100 to 102: on day 120 some members are removed, and back-up accounts open. All new
accounts that are like a removed one are ranked; a back-up should rank first, beside the very account it stands in for.
Writes benchmarks/results/recidivism.md.
"""

import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ringfence.demo import evaluate, tables
from ringfence.demo.trial import settled
from ringfence.discovery import alike
from ringfence.discovery.recidivism import AHEAD, lives_of, returned
from ringfence.graph.build import build
from ringfence.store import events
from ringfence.world.adversary import Adversary
from ringfence.world.write import World, write

RESULT = Path(__file__).parents[1] / "results" / "recidivism.md"
ACCOUNTS, WORLDS = 50_000, range(100, 103)
RETURNS = (0.05, 0.1, 0.3)  # share of a removed account's followers that follow its back-up
OURS = "**ringfence**"


@dataclass(frozen=True, slots=True)
class Row:
    """One ranking: AUPRC, the share of back-ups among as many, and of these how many are matched to their own."""

    auprc: float
    among: float
    matched: float


def main() -> None:
    lines = [
        "# Removed accounts that come back",
        "",
        f"Worlds of {ACCOUNTS:,} accounts, seeds {WORLDS.start} to {WORLDS.stop - 1}, means, lowest and highest.",
        "All accounts opened since shortly before a removal are ranked. Among as many: the share of back-ups among the",
        "first as many as there are back-ups. Matched: of these, how many stand beside the account they replace.",
        "",
    ]
    for share in RETURNS:
        rows: dict[str, list[Row]] = {}
        counts = []
        for seed in WORLDS:
            with tempfile.TemporaryDirectory() as folder:
                world = write(Path(folder) / "world", ACCOUNTS, seed, adversary=Adversary(regrowth=share))
                for name, row in rankings(world, Path(folder) / "workspace"):
                    rows.setdefault(name, []).append(row)
                counts.append(len(replaced(world)))
            print(f"world {seed}, {share:.0%} return: AUPRC {rows[OURS][-1].auprc:.3f}", file=sys.stderr)
        title = f"## {share:.0%} of a removed account's followers return ({sum(counts)} back-ups)"
        lines += [title, "", *report(rows)]
    tables.write(RESULT, lines, "python benchmarks/discovery/recidivism.py")


def replaced(world: World) -> dict[str, str]:
    """Which removed account each back-up stands in for."""
    told = pq.read_table(world.folder / "truth" / "replaced.parquet")
    return dict(zip(*(column.to_pylist() for column in told.columns), strict=True))


def rankings(world: World, place: Path) -> Iterator[tuple[str, Row]]:
    workspace = settled(place, world.folder, world.seed_terms)
    replaces = replaced(world)
    with events.connect(workspace) as connection:
        graph = build(connection)
        found = returned(graph, connection)
        names = graph.accounts.to_pylist()
        ranking = dict(zip(found["account_id"].to_pylist(), found["score"].to_pylist(), strict=True))
        was = dict(zip(found["account_id"].to_pylist(), found["was"].to_pylist(), strict=True))
        lives = lives_of(connection, graph.size)
        removed = np.flatnonzero(lives.removed)
        new = np.flatnonzero(~lives.removed & (lives.opened >= np.nanmin(lives.ended[removed]) - AHEAD))
        yield OURS, judged(names, new, ranking, was, replaces)
        for kind in alike.kinds(graph, connection):
            likeness = kind.alike(removed).tocsc()[:, new]
            best = likeness.max(axis=0).toarray().ravel()
            beside = removed[np.asarray(likeness.argmax(axis=0)).ravel()]
            score = {names[one]: float(value) for one, value in zip(new, best, strict=True)}
            of = {names[one]: names[other] for one, other in zip(new, beside, strict=True)}
            yield f"{kind.name} alone", judged(names, new, score, of, replaces)


def judged(
    names: list[str],
    new: NDArray[np.int64],
    ranking: Mapping[str, float],
    was: Mapping[str, str],
    replaces: Mapping[str, str],
) -> Row:
    everybody = sorted({*(names[one] for one in new), *ranking})
    score = np.array([ranking.get(one, -1.0) for one in everybody])
    truth = np.array([one in replaces for one in everybody])
    first = [everybody[one] for one in np.argsort(-score, kind="stable")[: len(replaces)]]
    among = [one for one in first if one in replaces]
    return Row(
        auprc=evaluate.average_precision(truth, score),
        among=len(among) / len(replaces),
        matched=sum(was.get(one) == replaces[one] for one in among) / max(len(among), 1),
    )


def report(rows: Mapping[str, list[Row]]) -> list[str]:
    ordered = sorted(rows.items(), key=lambda named: -statistics.mean(row.auprc for row in named[1]))
    return tables.table(
        ["", "AUPRC", "among as many", "matched"],
        [[name, *(told([getattr(row, field) for row in of]) for field in Row.__slots__)] for name, of in ordered],
    )


def told(values: list[float]) -> str:
    return f"{statistics.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


if __name__ == "__main__":
    main()
