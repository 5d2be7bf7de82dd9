"""How much do members whom nobody flagged still leak, arm by arm, and what does each arm cost everybody else?

    python -m benchmarks.exposure.frontier.run [--worlds 20] [--condition NAME]...

Worlds 101 to 120; constants were chosen on worlds below 100. Each world and condition is kept in .cache/frontier when
it is done, so a run that was stopped goes on where it was. Writes benchmarks/results/frontier.md from all there are.
"""

import argparse
import os
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

import msgspec
import numpy as np
from benchmarks.exposure.frontier.research import research_rule
from benchmarks.exposure.frontier.trials import Asked, Mask, Outcome, drawn, tried, watched
from benchmarks.exposure.frontier.worlds import CONDITIONS, World, world
from numpy.typing import NDArray
from rich.progress import track
from threadpoolctl import threadpool_limits

import ringfence.exposure
from ringfence.demo import tables
from ringfence.exposure import arms
from ringfence.exposure.cuts.budget import Cut, Sample, cut
from ringfence.exposure.cuts.columns import of_csr
from ringfence.exposure.cuts.odds import Reviews, estimate
from ringfence.exposure.recommenders.friend_of_friend import FriendOfFriend
from ringfence.exposure.recommenders.item_based import ItemBased
from ringfence.exposure.recommenders.salsa import Salsa
from ringfence.exposure.simulate import keep_all, keep_unflagged
from ringfence.graph.csr import Ids
from ringfence.store.disk import write_whole

EXPOSURE = Path(ringfence.exposure.__file__).parent
HERE = Path(__file__).parent
RESULT = HERE.parents[1] / "results" / "frontier.md"
CACHE = HERE.parents[2] / ".cache" / "frontier"
TARGETS = tomllib.loads((HERE / "targets.toml").read_text())
FIRST, WORLDS, DRAWS = 101, 20, 2_000
BATCHES, BATCH = 3, 10  # thirty reviews
ASKED = ("friend_of_friend", "item_based", "library", "paths", "popular", "ranking", "salsa", "trust")
PLAIN = {"friend-of-friend": FriendOfFriend, "item-based": ItemBased, "SALSA": Salsa}
REVIEWED, REVIEWED_WORLDS = "30 reviews", 3  # in the first worlds only: it takes as long as all the rest


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
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    wanted = [
        (name, seed)
        for seed in range(asked.first, asked.first + asked.worlds)
        for name in asked.condition or CONDITIONS
    ]
    missing = [one for one in wanted if not _file(*one).exists()]
    # One thread each: more of them wait for one another in matrices as small as these.
    with ProcessPoolExecutor(asked.jobs, get_context("spawn"), initializer=threadpool_limits, initargs=(1,)) as pool:
        for _ in track(as_completed([pool.submit(keep, *one) for one in missing]), "worlds", total=len(missing)):
            pass
    if asked.first >= FIRST:
        tables.write(RESULT, report(), "python -m benchmarks.exposure.frontier.run")
    else:
        print("\n".join(_shortly(*one) for one in wanted))


def keep(name: str, seed: int) -> None:
    """Measure one world and write it down."""
    CACHE.mkdir(parents=True, exist_ok=True)
    write_whole(_file(name, seed), msgspec.json.encode(measured(world(CONDITIONS[name], seed), seed)))


def measured(place: World, seed: int) -> list[Measured]:
    """Every arm with every recommender, in one world."""
    asked = {name: Asked(build(place.follows)) for name, build in PLAIN.items()}
    setting, others = drawn(place.follows, place.members, place.flagged, seed)
    samples = [watched(one, place.follows, setting, seed).sample() for one in asked.values()]
    cuts, found = cut_by(place, seed, samples)
    unseen = np.zeros(len(place.members), dtype=bool)
    unseen[place.withheld] = True
    rows = []
    for name, plain in asked.items():
        viewers = watched(plain, place.follows, others, seed)
        tries = [("none", plain, keep_all), ("filter", plain, keep_unflagged(place.flagged))]
        if name == "friend-of-friend":
            damped = [build(place.follows, place.flagged) for build in (arms.damping, arms.hard)]
            tries += [(arm.name, Asked(arm.suggest), arm.keep) for arm in damped]
        tries += [(arm, plain, chosen.keep) for arm, chosen in cuts.items()]
        for arm, one, kept in tries:
            sought = unseen & ~found if arm == REVIEWED else unseen
            told = tried(one, kept, place.withheld.astype(np.uint32), sought, viewers, place.members, seed)
            rows.append(_row(name, arm, told))
    return rows


def cut_by(place: World, seed: int, samples: Sequence[Sample]) -> tuple[dict[str, Cut], Mask]:
    """The cuts by arm, and the members that 30 reviews by somebody who never errs have found.

    The unflagged accounts of highest odds are looked at, ten and ten and ten, in the first three worlds. Whoever is
    found is flagged from then on.
    """
    follows = of_csr(place.follows)
    odds = estimate(follows, place.flagged, seed)
    cuts = {
        "research's rule": research_rule(place.follows, place.flagged, samples),
        "budgeted": cut(odds, place.flagged, samples, arms.BUDGET),
    }
    found, innocent = np.zeros(len(place.members), dtype=bool), np.zeros(len(place.members), dtype=bool)
    if (seed - FIRST) % WORLDS >= REVIEWED_WORLDS:
        return cuts, found
    for _ in range(BATCHES):
        open_to = np.flatnonzero(~place.flagged & ~found & ~innocent)
        looked = open_to[np.argsort(-odds.log_odds[open_to], kind="stable")[:BATCH]]
        found[looked[place.members[looked]]] = True
        innocent[looked[~place.members[looked]]] = True
        odds = estimate(follows, place.flagged, seed, Reviews(_ids(found), _ids(innocent)))
    cuts[REVIEWED] = cut(odds, place.flagged | found, samples, arms.BUDGET)
    return cuts, found


def _ids(mask: Mask) -> Ids:
    return np.flatnonzero(mask).astype(np.uint32)


def _row(recommender: str, arm: str, told: Outcome) -> Measured:
    displaced, touched = float(told.lost.sum() / told.shown.sum()), float((told.lost > 0).mean())
    return Measured(recommender, arm, float(told.ever.mean()), displaced, touched, told.backfilled, told.empty)


def _file(condition: str, seed: int) -> Path:
    return CACHE / f"{_code()}-{condition.replace(' ', '-').replace(',', '')}-{seed}.json"


@cache
def _code() -> str:
    """Names all that decides the figures: a world measured by other code is measured again."""
    here = [HERE / name for name in ("worlds.py", "trials.py", "research.py")]
    asked = [EXPOSURE / "recommenders" / f"{name}.py" for name in ASKED]
    deciding = [*EXPOSURE.glob("cuts/*.py"), *asked, *here]
    told = b"".join(file.read_bytes() for file in sorted(deciding))
    return sha256(told + f"{arms.BUDGET} {BATCHES} {BATCH}".encode()).hexdigest()[:12]


def read(condition: str, seed: int) -> list[Measured]:
    file = _file(condition, seed)
    return msgspec.json.decode(file.read_bytes(), type=list[Measured]) if file.exists() else []


def _shortly(name: str, seed: int) -> str:
    told = (f"{row.recommender[:4]} {row.arm} {row.ever:.0%} {row.displaced:.2%}" for row in read(name, seed))
    return f"{name} {seed}: " + ", ".join(told)


def report() -> list[str]:
    """One table a condition: means over worlds with 95% intervals by a bootstrap over whole worlds."""
    lines = [
        f"Worlds from {FIRST} on. Shown: test accounts that follow one withheld member and meet one in ten slates.",
        "Displaced: innocent slots of 3,000 viewers that change hands; no threshold was set on them.",
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
