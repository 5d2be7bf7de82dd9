"""How much do members whom nobody flagged still leak, arm by arm, and what does each arm cost everybody else?

    python -m benchmarks.exposure.frontier.run [--worlds 20] [--condition NAME]...

Worlds 101 to 120; constants were chosen on worlds below 100. Each world and condition is kept in .cache/frontier when
it is done, so a run that was stopped goes on where it was. Writes benchmarks/results/frontier.md from all there are.
"""

import argparse
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from benchmarks.exposure.frontier.trials import Asked, Outcome, Viewers, tried, viewers
from benchmarks.exposure.frontier.worlds import CONDITIONS, World, world
from numpy.typing import NDArray
from rich.progress import track

from ringfence.demo import tables
from ringfence.exposure import arms
from ringfence.exposure.cuts.budget import Cut, cut
from ringfence.exposure.cuts.columns import of_csr
from ringfence.exposure.cuts.odds import Odds, estimate
from ringfence.exposure.recommenders.friend_of_friend import FriendOfFriend
from ringfence.exposure.recommenders.item_based import ItemBased
from ringfence.exposure.recommenders.salsa import Salsa
from ringfence.exposure.simulate import Keep, keep_all, keep_unflagged
from ringfence.store.disk import write_whole

HERE = Path(__file__).parent
RESULT = HERE.parents[1] / "results" / "frontier.md"
CACHE = HERE.parents[2] / ".cache" / "frontier"
TARGETS = tomllib.loads((HERE / "targets.toml").read_text())
FIRST, WORLDS, DRAWS = 101, 20, 2_000
BATCHES, BATCH = 3, 10  # thirty reviews
PLAIN = {"friend-of-friend": FriendOfFriend, "item-based": ItemBased, "SALSA": Salsa}
DAMPED = {"damping": arms.damping, "hard": arms.hard}  # recommenders of friend-of-friend alone


@dataclass(frozen=True, slots=True)
class Measured:
    """One arm in one world. `ever` is a share of sessions, the others of slots or of viewers."""

    recommender: str
    arm: str
    ever: float
    displaced: float
    viewers: float
    backfilled: float
    empty: float


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--worlds", type=int, default=WORLDS)
    parser.add_argument("--first", type=int, default=FIRST, help="below 100 for development")
    parser.add_argument("--condition", action="append", choices=list(CONDITIONS))
    asked = parser.parse_args()
    wanted = [
        (name, seed)
        for seed in range(asked.first, asked.first + asked.worlds)
        for name in asked.condition or CONDITIONS
    ]
    for name, seed in track([one for one in wanted if not _file(*one).exists()], "worlds"):
        rows = measured(world(CONDITIONS[name], seed), seed)
        write_whole(_file(name, seed), msgspec.json.encode(rows))
    if asked.first >= FIRST:
        tables.write(RESULT, report(), "python -m benchmarks.exposure.frontier.run")
    for name, seed in wanted:
        for row in read(name, seed):
            print(
                f"{name:22} {seed} {row.recommender:17} {row.arm:12}"
                f" {row.ever:6.1%} {row.displaced:7.2%} {row.viewers:6.1%}"
            )


def measured(place: World, seed: int) -> list[Measured]:
    """Every arm with every recommender, in one world."""
    asked = {name: Asked(build(place.follows)) for name, build in PLAIN.items()}
    watched = {name: viewers(one, place.follows, place.members, seed) for name, one in asked.items()}
    chosen = chosen_cut(place, place.flagged, None, watched, seed)
    reviewed, seen, innocent = after_reviews(place, seed, watched)
    unseen = np.zeros(len(place.members), dtype=bool)
    unseen[place.withheld] = True
    rows = []
    for name in PLAIN:
        tries: list[tuple[str, Asked, Keep]] = [
            ("none", asked[name], keep_all),
            ("filter", asked[name], keep_unflagged(place.flagged)),
            ("budgeted", asked[name], chosen.keep),
            ("30 reviews", asked[name], reviewed.keep),
        ]
        if name == "friend-of-friend":
            for arm, build in DAMPED.items():
                damped = build(place.follows, place.flagged)
                tries.append((arm, Asked(damped.suggest), damped.keep))
        for arm, one, keep in tries:
            told = tried(
                one,
                keep,
                place.withheld.astype(np.uint32),
                unseen & ~seen if arm == "30 reviews" else unseen,
                watched[name],
                place.members,
                seed,
            )
            rows.append(_row(name, arm, told))
    assert not (seen & innocent).any()
    return rows


def chosen_cut(
    place: World, flagged: NDArray[np.bool_], cleared: NDArray[np.uint32] | None, watched: dict[str, Viewers], seed: int
) -> Cut:
    odds = estimate(of_csr(place.follows), flagged, seed, cleared)
    return cut(odds, flagged, [one.sample() for one in watched.values()], arms.BUDGET)


def after_reviews(
    place: World, seed: int, watched: dict[str, Viewers]
) -> tuple[Cut, NDArray[np.bool_], NDArray[np.bool_]]:
    """The cut after three batches of ten reviews by somebody who never errs, whom they found, and whom they cleared.

    The unflagged accounts of highest odds are looked at. Whoever is found is flagged from then on.
    """
    found, innocent = np.zeros(len(place.members), dtype=bool), np.zeros(len(place.members), dtype=bool)
    for _ in range(BATCHES):
        odds: Odds = estimate(of_csr(place.follows), place.flagged | found, seed, _ids(innocent))
        open_to = np.flatnonzero(~place.flagged & ~found & ~innocent)
        looked = open_to[np.argsort(-odds.log_odds[open_to], kind="stable")[:BATCH]]
        found[looked[place.members[looked]]] = True
        innocent[looked[~place.members[looked]]] = True
    return chosen_cut(place, place.flagged | found, _ids(innocent), watched, seed), found, innocent


def _ids(mask: NDArray[np.bool_]) -> NDArray[np.uint32]:
    return np.flatnonzero(mask).astype(np.uint32)


def _row(recommender: str, arm: str, told: Outcome) -> Measured:
    displaced, touched = float(told.lost.sum() / told.shown.sum()), float((told.lost > 0).mean())
    return Measured(recommender, arm, float(told.ever.mean()), displaced, touched, told.backfilled, told.empty)


def _file(condition: str, seed: int) -> Path:
    return CACHE / f"{condition.replace(' ', '-').replace(',', '')}-{seed}.json"


def read(condition: str, seed: int) -> list[Measured]:
    file = _file(condition, seed)
    return msgspec.json.decode(file.read_bytes(), type=list[Measured]) if file.exists() else []


def report() -> list[str]:
    """One table a condition: means over worlds with 95% intervals by a bootstrap over whole worlds."""
    lines = [
        f"Worlds from {FIRST} on. Shown: test accounts that follow one withheld member and meet one in ten slates.",
        "Displaced: innocent slots of 1,500 viewers that change hands.",
        f"Target: at most {TARGETS['leak']:.0%} and {TARGETS['displaced']:.0%} in the same world.",
        "",
    ]
    for name in CONDITIONS:
        worlds = [rows for seed in range(FIRST, FIRST + WORLDS) if (rows := read(name, seed))]
        if worlds:
            lines += [f"## {name}, {len(worlds)} worlds", "", *tables.table(HEADER, list(_lines(worlds)))]
    return lines


HEADER = [
    "recommender",
    "arm",
    "shown",
    "displaced",
    "most displaced",
    "viewers touched",
    "backfilled",
    "empty",
    "both met",
]


def _lines(worlds: list[list[Measured]]) -> Iterator[list[str]]:
    for place, first in enumerate(worlds[0]):
        rows = [one[place] for one in worlds]
        ever, displaced = np.array([row.ever for row in rows]), np.array([row.displaced for row in rows])
        both = int(((ever <= TARGETS["leak"]) & (displaced <= TARGETS["displaced"])).sum())
        yield [
            first.recommender, first.arm, _mean(ever, 1), _mean(displaced, 2), f"{displaced.max():.2%}",
            f"{np.mean([row.viewers for row in rows]):.1%}", f"{np.mean([row.backfilled for row in rows]):.1%}",
            f"{np.mean([row.empty for row in rows]):.1%}", f"{both} of {len(rows)}",
        ]  # fmt: skip


def _mean(values: NDArray[np.float64], places: int) -> str:
    drawn = np.random.default_rng(0).choice(values, (DRAWS, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{values.mean():.{places}%} [{low:.{places}%}, {high:.{places}%}]"


if __name__ == "__main__":
    main()
