"""How much do members whom nobody flagged still leak, arm by arm, and what does each arm cost everybody else?

    python -m benchmarks.exposure.frontier.run [--worlds 20] [--condition NAME]...

Worlds 101 to 120; constants were chosen on worlds below 100. Each world and condition is kept when it is done, so a run
that was stopped goes on where it was. Then `told` writes the table and the pictures of all there are.
"""

import argparse
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

import msgspec
import numpy as np
from benchmarks.exposure.frontier import told
from benchmarks.exposure.frontier.kept import BATCH, BATCHES, CACHE, FIRST, WORLDS, Measured, file_of, read
from benchmarks.exposure.frontier.research import research_rule
from benchmarks.exposure.frontier.trials import Asked, Mask, Outcome, drawn, tried, watched
from benchmarks.exposure.frontier.worlds import CONDITIONS, World, world
from rich.progress import track
from threadpoolctl import threadpool_limits

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

PLAIN = {"friend-of-friend": FriendOfFriend, "item-based": ItemBased, "SALSA": Salsa}
REVIEWED, REVIEWED_WORLDS = "30 reviews", 3  # in the first worlds only: it takes as long as all the rest


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
    missing = [one for one in wanted if not file_of(*one).exists()]
    # One thread each: more of them wait for one another in matrices as small as these.
    with ProcessPoolExecutor(asked.jobs, get_context("spawn"), initializer=threadpool_limits, initargs=(1,)) as pool:
        for _ in track(as_completed([pool.submit(keep, *one) for one in missing]), "worlds", total=len(missing)):
            pass
    if asked.first >= FIRST:
        told.write()
    else:
        print("\n".join(_shortly(*one) for one in wanted))


def keep(name: str, seed: int) -> None:
    """Measure one world and write it down."""
    CACHE.mkdir(parents=True, exist_ok=True)
    write_whole(file_of(name, seed), msgspec.json.encode(measured(world(CONDITIONS[name], seed), seed)))


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
            outcome = tried(one, kept, place.withheld.astype(np.uint32), sought, viewers, place.members, seed)
            rows.append(_row(name, arm, outcome))
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


def _row(recommender: str, arm: str, outcome: Outcome) -> Measured:
    displaced, touched = outcome.lost.sum() / outcome.shown.sum(), (outcome.lost > 0).mean()
    ever = float(outcome.ever.mean())
    return Measured(recommender, arm, ever, float(displaced), float(touched), outcome.backfilled, outcome.empty)


def _shortly(name: str, seed: int) -> str:
    rows = (f"{row.recommender} {row.arm} {row.ever:.0%} {row.displaced:.2%}" for row in read(name, seed))
    return f"{name} {seed}: " + ", ".join(rows)


if __name__ == "__main__":
    main()
