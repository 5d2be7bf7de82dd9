"""How long does it take to compute what every one of a million accounts is shown, and how exposed each of them is?

    python benchmarks/exposure/exact.py [accounts]

A made-up platform: communities, popularity with a heavy tail, 5 to 5,000 follows an account, and five planted networks
with an audience. Slates are those of friend-of-friend. Each stage runs in a process of its own, which reads what the
one before it wrote; kernels are compiled before the clock starts. Beside the exact audit stand the same figures by
scipy's sparse matrices, and by random walks. Writes benchmarks/results/exposure.md.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import gmres

from ringfence.demo import tables
from ringfence.exposure.choices import Choice, any_slot, top
from ringfence.exposure.clicks import Memory, walks
from ringfence.exposure.exact import PATIENCE, discounted, held, hit_within, shown_within, slot_prices
from ringfence.exposure.slates import Mask, Slates, friend_of_friend, load, save
from ringfence.graph.csr import Csr, from_pairs

RESULT = Path(__file__).parents[1] / "results" / "exposure.md"
ACCOUNTS = 1_000_000
# What was set before measuring: seconds, gigabytes, steps a second.
GOAL_SLATES, GOAL_AUDIT, GOAL_MEMORY, GOAL_STEPS = 180, 60, 4, 2_000_000
COMMUNITY, LOCAL = 3_000, 0.7  # accounts in one, and the share of follows within one's own
RINGS, RING, OWN, AUDIENCE = 5, 400, 8, 2_000  # networks, members of each, follows within, and who also follows three
TURNS, WALKS, STEPS = 3, 2_000_000, 10
CHOICES = (top(3), any_slot())
SURE = 0.01  # the standard error of a mean by random walks, relative to the mean

Measured = dict[str, Any]


def main() -> None:
    accounts = int(float(sys.argv[1])) if len(sys.argv) > 1 else ACCOUNTS
    began, busy = time.perf_counter(), others()
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "accounts.npy", accounts)
        # This process holds nothing: the system counts what a process held when it starts another as held by that too.
        stages = {name: stage(name, Path(folder)) for name in STAGES}
    busy = (others() - busy) / (time.perf_counter() - began)
    tables.write(RESULT, report(stages, busy), "python benchmarks/exposure/exact.py")


def stage(name: str, folder: Path) -> Measured:
    command = [sys.executable, __file__, "--stage", name, str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    measured: Measured = json.loads(done.stdout)
    print(name, measured, file=sys.stderr)
    return measured


def platform_stage(folder: Path) -> Measured:
    """Write the follow graph and who is a member."""
    accounts = int(np.load(folder / "accounts.npy"))
    follows, members = platform(accounts)
    np.savez(folder / "follows.npz", starts=follows.starts, targets=follows.targets, weights=follows.weights)
    np.save(folder / "members.npy", members)
    most = int(np.bincount(follows.targets).max())
    return {"accounts": accounts, "follows": follows.ties, "most": most, "members": int(members.sum())}


def platform(accounts: int) -> tuple[Csr, Mask]:
    chance = np.random.default_rng(100)
    degrees = np.minimum(5 + chance.pareto(2.0, accounts) * 12, 5_000).astype(np.int64)
    src = np.repeat(np.arange(accounts), degrees)
    popular = np.cumsum(chance.pareto(1.2, accounts) + 1)
    anywhere = np.searchsorted(popular, chance.random(len(src)) * popular[-1])
    # Accounts of a community stand next to one another; the first of each are its best known.
    nearby = src // COMMUNITY * COMMUNITY + (chance.random(len(src)) ** 2 * COMMUNITY).astype(np.int64)
    dst = np.where(chance.random(len(src)) < LOCAL, nearby, anywhere)
    planted = chance.choice(accounts, (RINGS, RING + AUDIENCE), replace=False)
    rings, audience = planted[:, :RING], planted[:, RING:]
    inside = [(ring[:, None], chance.choice(ring, (RING, OWN))) for ring in rings]
    outside = [(some[:, None], chance.choice(ring, (AUDIENCE, 3))) for some, ring in zip(audience, rings, strict=True)]
    for who, whom in inside + outside:
        src, dst = np.append(src, np.broadcast_to(who, whom.shape)), np.append(dst, whom)
    ties = (src != dst) & (dst < accounts)
    follows = from_pairs(src[ties], dst[ties], np.ones(int(ties.sum()), np.float32), (accounts, accounts))
    return follows, np.isin(np.arange(accounts), rings)


def slates_stage(folder: Path) -> Measured:
    kept = np.load(folder / "follows.npz")
    follows = Csr(kept["starts"], kept["targets"], kept["weights"], len(kept["starts"]) - 1)
    friend_of_friend(small())
    before = memory()
    slates, seconds = timed(lambda: friend_of_friend(follows))
    save(slates, folder / "slates.npy")
    backfilled = float(slates.backfilled.sum() / slates.filled().sum())
    return {"seconds": seconds, "graph": before, "gigabytes": memory(), "backfilled": backfilled}


def audit_stage(folder: Path) -> Measured:
    slates, members = opened(folder)
    return {choice.name: audit(slates, choice, members) for choice in CHOICES} | {"gigabytes": memory()}


def audit(slates: Slates, choice: Choice, members: Mask) -> Measured:
    starts = (~members).astype(np.float64)
    solved = discounted(slates, choice, members)
    hits = hit_within(slates, choice, members)
    parts: dict[str, Callable[[], object]] = {
        "hit within 1, 3 and 10": lambda: hit_within(slates, choice, members),
        "shown within 1, 3 and 10": lambda: shown_within(slates, choice, members),
        "discounted": lambda: discounted(slates, choice, members),
        "prices": lambda: slot_prices(slates, choice, members, starts, known=solved),
    }
    seconds = {name: median(part) for name, part in parts.items()}
    return seconds | {
        "all": sum(seconds.values()),
        "iterations": solved.iterations,
        "bound": solved.error_bound / solved.exposure.max(),
        "mean": hits[~members, 2].mean(),
        "exposure": solved.exposure[~members].mean(),
    }


def scipy_stage(folder: Path) -> Measured:
    slates, members = opened(folder)
    return {choice.name: by_scipy(slates, choice, members) for choice in CHOICES} | {"gigabytes": memory()}


def by_scipy(slates: Slates, choice: Choice, members: Mask) -> Measured:
    clicks, build = timed(lambda: matrix(slates, choice))
    base = held(slates, members).astype(np.float64)
    system = sp.eye_array(slates.accounts, format="csr") - PATIENCE * clicks
    (solved, failed), seconds = timed(lambda: gmres(system, base, rtol=1e-10, atol=0.0))
    ours = discounted(slates, choice, members).exposure
    apart = np.abs(powers(clicks, members) - hit_within(slates, choice, members)).max()
    return {
        "build": build,
        "powers": median(lambda: powers(clicks, members)),
        "gmres": seconds,
        "failed": failed,
        "apart": float(apart),
        "gmres apart": float(np.abs(solved - ours).max() / ours.max()),
    }


def matrix(slates: Slates, choice: Choice) -> sp.csr_array:
    """The chance to click from each account to each other; these slates have no gaps."""
    weights = np.where(np.arange(slates.slots) < choice.head, choice.weights(slates.slots), 0.0)
    open_weights = np.where(slates.ids >= 0, weights, 0.0)
    chances = open_weights / np.maximum(open_weights.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    row, slot = np.nonzero(chances)
    return sp.csr_array((chances[row, slot], (row, slates.ids[row, slot])), (slates.accounts, slates.accounts))


def powers(clicks: sp.csr_array, members: Mask) -> NDArray[np.float64]:
    values: Any = np.zeros(len(members))
    answers = []
    for click in range(1, 11):
        values = clicks @ np.where(members, 1.0, values)
        if click in {1, 3, 10}:
            answers.append(values)
    return np.stack(answers, axis=1)


def walks_stage(folder: Path) -> Measured:
    slates, members = opened(folder)
    choice, chance = CHOICES[0], np.random.default_rng(0)
    innocent = np.flatnonzero(~members)
    speeds = {}
    for name, remembers in (("remembers nothing", None), ("clicks nobody twice", Memory()), ("tires", Memory(0.5))):
        starts = chance.choice(innocent, WALKS)

        def walk(starts: NDArray[np.int64] = starts, remembers: Memory | None = remembers) -> int:
            return int(walks(slates, choice, starts, STEPS, members, 1, remembers=remembers).clicks.sum())

        speeds[name] = walk() / median(walk)
    count, mean, seconds = until_sure(slates, choice, members, innocent)
    return {"speeds": speeds, "walks": count, "mean": mean, "seconds": seconds, "gigabytes": memory()}


def until_sure(slates: Slates, choice: Choice, members: Mask, innocent: NDArray[np.int64]) -> tuple[int, float, float]:
    """Walks from random starts until the mean of hit-within-10 is known well enough; how many, the mean, seconds."""
    chance, hits, count, piece = np.random.default_rng(1), 0, 0, 20_000
    began = time.perf_counter()
    while True:
        drawn = walks(slates, choice, chance.choice(innocent, piece), STEPS, members, count)
        hits, count = hits + int(drawn.hit_within(10).sum()), count + piece
        mean = hits / count
        if hits and ((1 - mean) / (mean * count)) ** 0.5 <= SURE:
            return count, mean, time.perf_counter() - began


def opened(folder: Path) -> tuple[Slates, Mask]:
    return load(folder / "slates.npy"), np.load(folder / "members.npy")


def small() -> Csr:
    return from_pairs(np.array([0, 1]), np.array([1, 2]), np.ones(2, np.float32), (3, 3))


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    answer = work()
    return answer, time.perf_counter() - began


def median(work: Callable[[], object]) -> float:
    """Seconds of the middle one of three turns, after one call to compile."""
    work()
    return sorted(timed(work)[1] for _ in range(TURNS))[TURNS // 2]


def others() -> float:
    """Seconds for which processes other than this and its own have kept a core busy."""
    everybody = psutil.cpu_times()
    own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return float(everybody.user + everybody.system - sum(one.ru_utime + one.ru_stime for one in own))


def memory() -> float:
    """The most this process has held, in gigabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


STAGES: dict[str, Callable[[Path], Measured]] = {
    "platform": platform_stage,
    "slates": slates_stage,
    "audit": audit_stage,
    "scipy": scipy_stage,
    "walks": walks_stage,
}


def report(stages: dict[str, Measured], busy: float) -> list[str]:
    made, slates, audited, theirs, drawn = (stages[name] for name in STAGES)
    first = CHOICES[0].name
    spent = [
        (
            "slates of all accounts",
            f"{slates['seconds']:.1f}",
            f"{slates['gigabytes']:.1f}, of which the graph {slates['graph']:.1f}",
            f"{GOAL_SLATES} s, {GOAL_MEMORY} GB",
        ),
        *(
            (f"audit, {choice.name}", f"{audited[choice.name]['all']:.1f}", f"{audited['gigabytes']:.1f}", goal)
            for choice, goal in zip(CHOICES, [f"{GOAL_AUDIT} s, {GOAL_MEMORY} GB"] * 2, strict=True)
        ),
    ]
    each = drawn["seconds"] * made["accounts"] / 3600
    return [
        "# Exact exposure",
        "",
        (
            f"{made['accounts']:,} accounts, {made['follows']:,} follows, at most {made['most']:,} followers, "
            f"{made['members']:,} members. Friend-of-friend slates of 10 slots, {slates['backfilled']:.1%} of them "
            "backfilled. The audit is every figure below for every start, and the 1,000 dearest slots. "
            f"Medians of {TURNS} turns; slates, GMRES and the walks to a sure mean once."
        ),
        "",
        *tables.table(["stage", "seconds", "peak GB of the process", "goal"], spent),
        *figures(audited, theirs),
        (
            f"GMRES (to a residual of 1e-10) and ours differ by "
            f"{max(theirs[choice.name]['gmres apart'] for choice in CHOICES):.0e} of the largest exposure at most, the "
            f"powers and ours by {max(theirs[choice.name]['apart'] for choice in CHOICES):.0e}. Ours ends after "
            f"{audited[first]['iterations']} steps, sure to {audited[first]['bound']:.0e} of the largest exposure. "
            f"scipy's seconds leave out its matrix, built in {theirs[first]['build']:.1f} s for {first} and in "
            f"{theirs[CHOICES[1].name]['build']:.1f} s for {CHOICES[1].name}; it takes {theirs['gigabytes']:.1f} GB. "
            "Its GMRES bounds a residual, not the error of each start."
        ),
        "",
        "## Random walks",
        "",
        f"{STEPS} clicks a walk, {first}, {WALKS:,} walks a turn. Goal: {GOAL_STEPS / 1e6:.0f} million steps a second.",
        "",
        *tables.table(
            ["the test account", "million steps a second"],
            [(name, f"{speed / 1e6:.1f}") for name, speed in drawn["speeds"].items()],
        ),
        (
            f"The mean chance of innocent starts to hit a member within 10 clicks is {audited[first]['mean']:.4%}, "
            f"exactly. {drawn['walks']:,} walks give {drawn['mean']:.4%} with a standard error of 1% of that, in "
            f"{drawn['seconds']:.2f} s: one number. As many walks from each start, to know it start by start as the "
            f"exact way does, would take {each:,.0f} hours, and more where the chance is small."
        ),
        "",
        f"Meanwhile other processes kept {busy:.1f} of {os.cpu_count()} cores busy.",
        "",
    ]


def figures(audited: Measured, theirs: Measured) -> list[str]:
    rows = []
    beside = {"hit within 1, 3 and 10": "powers", "discounted": "gmres"}
    for name in ("hit within 1, 3 and 10", "shown within 1, 3 and 10", "discounted", "prices"):
        row = [name]
        for choice in CHOICES:
            row += [f"{audited[choice.name][name]:.2f}"]
            row += [f"{theirs[choice.name][beside[name]]:.2f}" if name in beside else ""]
        rows.append(row)
    header = ["figure, all starts"]
    for choice in CHOICES:
        header += [f"{choice.name}: s", "scipy s"]
    return tables.table(header, rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--stage"]:
        print(json.dumps(STAGES[sys.argv[2]](Path(sys.argv[3])), default=float))
    else:
        main()
