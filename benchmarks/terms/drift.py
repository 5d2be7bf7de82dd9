"""How many planted code words do simple measures of association rank first, and how many does ringfence list?

    python benchmarks/terms/drift.py

Generated worlds of seeds 300 to 309; seeds below 100 were used to choose constants. Each has 12,000 accounts of three
languages and 150 flagged ones: six networks of 20 and 30 accounts outside them, who post more than others and mostly
in the second language. Twenty words are planted among them. Thirty more are spam, each of one flagged account that
repeats it; thirty are topical, harmless words that flagged accounts use twice as often as others. A last part measures
time and memory on 50 million uses. Writes benchmarks/results/drift.md.
"""

import multiprocessing
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import scipy
from numpy.typing import NDArray

from ringfence.discovery.drift import strata
from ringfence.terms.drift import PRIOR, Sides, candidates, g2, log_odds

RESULT = Path(__file__).parents[1] / "results" / "drift.md"
SEEDS, NOISE = range(300, 310), range(400, 440)
ACCOUNTS, FLAGGED, NETWORKED, NETWORK = 12_000, 150, 120, 20
LANGUAGES, VOCABULARY, WORDS_A_POST = 3, 6_000, 8
PLANTED, SPAM, TOPICAL = 20, 30, 30
FIRST, LAST = 20, 50

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class World:
    """Distinct (post, word) pairs with the author of each; the flagged accounts are the first ones."""

    author: Numbers
    post: Numbers
    word: Numbers
    language: Numbers
    planted: Numbers
    topical: Numbers


@dataclass(frozen=True, slots=True)
class Counts:
    """Of each word that flagged accounts use: how often they and others do, in posts or in accounts."""

    word: Numbers
    users: Floats
    others: Floats
    flagged: float  # posts or accounts
    background: float
    flagged_uses: float  # the sums of `users` and `others` over all words
    background_uses: float


def world(seed: int, planted: int = PLANTED, spam: int = SPAM, topical: int = TOPICAL) -> World:
    """Account ids below FLAGGED are flagged; the words made for the test are numbered after the vocabulary."""
    chance = np.random.default_rng(seed)
    flagged = np.arange(ACCOUNTS) < FLAGGED
    language = np.where(
        flagged,
        chance.choice(LANGUAGES, ACCOUNTS, p=[0.3, 0.6, 0.1]),
        chance.choice(LANGUAGES, ACCOUNTS, p=[0.6, 0.25, 0.15]),
    )
    posts = 1 + chance.poisson(np.where(flagged, 10.0, 5.0) * chance.gamma(1.2, 1 / 1.2, ACCOUNTS))
    author = np.repeat(np.arange(ACCOUNTS), posts)
    popularity = 1 / np.arange(5, VOCABULARY + 5)
    drawn = chance.choice(VOCABULARY, (len(author), WORDS_A_POST), p=popularity / popularity.sum())
    parts = [
        (np.repeat(np.arange(len(author)), WORDS_A_POST), (drawn + VOCABULARY * language[author][:, None]).ravel())
    ]
    starts = np.cumsum(posts) - posts
    number = VOCABULARY * LANGUAGES
    made = []
    for kind, many in (("planted", planted), ("spam", spam), ("topical", topical)):
        made.append(np.arange(number, number + many))
        for made_word in made[-1]:
            who = _users(kind, chance)
            each = chance.integers(20, 60, len(who)) if kind == "spam" else chance.integers(1, 3, len(who))
            own = np.repeat(who, each)
            parts.append((starts[own] + chance.integers(0, posts[own]), np.full(len(own), made_word)))
        number += many
    pairs = np.unique(np.concatenate([post * (number + 1) + word for post, word in parts]))
    post, word = np.divmod(pairs, number + 1)
    return World(author[post], post, word, language, made[0], made[2])


def _users(kind: str, chance: np.random.Generator) -> Numbers:
    """Who uses one of the words that are made for the test."""
    if kind == "planted":  # by 5 to 20 flagged accounts, and by some who heard it
        mine, others = int(chance.integers(5, 21)), int(chance.integers(0, 11))
    elif kind == "spam":
        mine, others = 1, 0
    else:
        rate = chance.uniform(0.01, 0.06)
        mine, others = int(chance.binomial(FLAGGED, 2 * rate)), int(chance.binomial(ACCOUNTS - FLAGGED, rate))
    return np.concatenate(
        [
            chance.choice(FLAGGED, mine, replace=False),
            chance.choice(np.arange(FLAGGED, ACCOUNTS), others, replace=False),
        ]
    )


def counts(unit: Numbers, author: Numbers, word: Numbers) -> Counts:
    """Counts over distinct (unit, word) pairs, where a unit is a post or an account."""
    several = int(word.max()) + 1
    pairs, at = np.unique(unit * several + word, return_index=True)
    mine = author[at] < FLAGGED
    users = np.bincount(pairs[mine] % several, minlength=several).astype(float)
    others = np.bincount(pairs[~mine] % several, minlength=several).astype(float)
    units = np.unique(np.column_stack([unit, author < FLAGGED]), axis=0)
    seen = np.flatnonzero(users)
    flagged = float(units[:, 1].sum())
    return Counts(seen, users[seen], others[seen], flagged, len(units) - flagged, users.sum(), others.sum())


def pmi(these: Counts) -> Floats:
    share = these.users / (these.users + these.others)
    return np.asarray(np.log(share * (these.flagged + these.background) / these.flagged))


def tf_idf(these: Counts) -> Floats:
    frequency = these.users + these.others
    return np.asarray(these.users * np.log((these.flagged + these.background) / frequency))


def log_odds_z(these: Counts) -> Floats:
    delta, lower = log_odds(these.users, these.flagged_uses, these.others, these.background_uses)
    return np.asarray(delta / (delta - lower))  # the constant 1.96 changes no ranking


def signed_g2(these: Counts) -> Floats:
    over = these.users / these.flagged > these.others / these.background
    return np.where(over, 1, -1) * g2(these.users, these.flagged, these.others, these.background)


MEASURES: dict[str, Callable[[Counts], Floats]] = {
    "PMI": pmi,
    "TF-IDF": tf_idf,
    "log-odds z": log_odds_z,
    "G2": signed_g2,
}


def ours(one: World) -> tuple[Numbers, Floats]:
    """The words that ringfence lists, first to last, and the q of each."""
    pairs = np.unique(one.author * (int(one.word.max()) + 1) + one.word)
    account, word = np.divmod(pairs, int(one.word.max()) + 1)
    uses = pa.table({"account": account.astype(np.uint32), "word": pa.array(word).cast(pa.string())})
    flagged = np.arange(FLAGGED)
    sides = Sides(
        flagged=flagged.astype(np.uint32),
        cluster_of=np.where(flagged < NETWORKED, flagged // NETWORK, ACCOUNTS + flagged),
        strata=strata(one.language, np.bincount(account, minlength=ACCOUNTS), np.arange(ACCOUNTS) < FLAGGED),
    )
    found = candidates(uses, sides, lambda _: False)
    return found["word"].cast(pa.int64()).to_numpy(), found["q"].to_numpy()


def rankings(one: World, seed: int) -> dict[str, Numbers]:
    """Each measure's words, first to last; words that it cannot tell apart stand in a random order."""
    ranked = {}
    for level, unit in (("accounts", one.author), ("posts", one.post)):
        these = counts(unit, one.author, one.word)
        shuffled = np.random.default_rng(seed).permutation(len(these.word))
        for name, measure in MEASURES.items():
            order = shuffled[np.argsort(-measure(these)[shuffled], kind="stable")]
            ranked[f"{name}, {level}"] = these.word[order]
    ranked["ringfence"] = ours(one)[0]
    return ranked


def million_uses(millions: int, answer: "multiprocessing.Queue[tuple[int, float, float]]") -> None:
    """Time `candidates` on a million accounts with so many words each, of two million words; memory is the peak."""
    chance = np.random.default_rng(0)
    accounts = 1_000_000
    # Each slot of an account draws from a part of the vocabulary of its own, so that no pair comes twice.
    words = [(40_000 * chance.random(accounts) ** 4).astype(np.int32) + 40_000 * slot for slot in range(millions)]
    uses = pa.table(
        {
            "account": np.tile(np.arange(accounts, dtype=np.uint32), millions),
            "word": pa.array(np.concatenate(words)).cast(pa.string()),
        }
    )
    del words
    flagged = np.arange(2_000)
    with duckdb.connect(config={"memory_limit": "4GB"}) as connection:
        connection.execute("SET enable_progress_bar = false")
        began = time.perf_counter()
        sides = Sides(flagged.astype(np.uint32), flagged // 20, strata=np.arange(accounts) % 12)
        candidates(uses, sides, lambda _: False, connection)
        seconds = time.perf_counter() - began
    answer.put((uses.num_rows, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9))


def measured(millions: int) -> tuple[int, float, float]:
    spawn = multiprocessing.get_context("spawn")
    answer = spawn.Queue()
    child = spawn.Process(target=million_uses, args=(millions, answer))
    child.start()
    found: tuple[int, float, float] = answer.get(timeout=1_200)
    child.join()
    return found


def main() -> None:
    precision: dict[str, list[float]] = {}
    recall: dict[str, list[float]] = {}
    listed, topical, everyday = [], [], []
    for seed in SEEDS:
        one = world(seed)
        for name, ranked in rankings(one, seed).items():
            head = ranked[:FIRST]
            precision.setdefault(name, []).append(float(np.isin(head, one.planted).mean()) if len(head) else 0.0)
            recall.setdefault(name, []).append(len(np.intersect1d(ranked[:LAST], one.planted)) / PLANTED)
        listed.append(len(ranked))
        topical.append(int(np.isin(ranked, one.topical).sum()))
        everyday.append(int((~np.isin(ranked, np.concatenate([one.planted, one.topical]))).sum()))
    wrong = sum(len(ours(world(seed, 0, 0, 0))[0]) > 0 for seed in NOISE)
    report(precision, recall, (listed, topical, everyday), wrong, measured(50))


def report(
    precision: dict[str, list[float]],
    recall: dict[str, list[float]],
    lists: tuple[list[int], list[int], list[int]],
    wrong: int,
    scale: tuple[int, float, float],
) -> None:
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    listed, topical, everyday = lists
    lines = [
        "# New code words, planted in generated worlds",
        "",
        (
            f"{len(SEEDS)} worlds (seeds {SEEDS.start} to {SEEDS.stop - 1}) of {ACCOUNTS:,} accounts, {FLAGGED} "
            f"flagged; {PLANTED} planted words, {SPAM} words of one loud account each, {TOPICAL} topical words. "
            f"Precision of the first {FIRST} words, and share of the planted words among the first {LAST}; means, "
            "lowest and highest. "
            "ringfence lists only what passes its rules; where it lists fewer than 20, precision is that of the list. "
            "It alone knows each account's language and activity; the others compare with everybody."
        ),
        "",
        f"| measure, counting | precision@{FIRST} | lowest to highest | recall@{LAST} | lowest to highest |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {statistics.mean(precision[name]):.2f} | {min(precision[name]):.2f} to "
            f"{max(precision[name]):.2f} | {statistics.mean(recall[name]):.2f} | {min(recall[name]):.2f} to "
            f"{max(recall[name]):.2f} |"
            for name in precision
        ),
        "",
        (
            f"ringfence lists {statistics.mean(listed):.1f} words a world ({min(listed)} to {max(listed)}), of which "
            f"{statistics.mean(topical):.1f} are topical and {statistics.mean(everyday):.1f} everyday words or spam."
        ),
        "",
        (
            f"In {len(NOISE)} worlds without any made word (seeds {NOISE.start} to {NOISE.stop - 1}) it lists "
            f"something in {wrong}; a false discovery rate of 5 % allows {0.05 * len(NOISE):.0f} on average."
        ),
        "",
        (
            f"{scale[0]:,} uses by 1,000,000 accounts of 2,000,000 words: {scale[1]:.1f} s, with DuckDB held to 4 GB; "
            f"the process peaks at {scale[2]:.1f} GB, the table of uses and its making included. "
            "To cut posts into words is not part of it."
        ),
        "",
        (
            "The worlds are made up: words are drawn independently, and no language behaves like that. No figure here "
            "says how the list does on a real platform."
        ),
        "",
        (
            f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {gigabytes:.0f} GB, "
            f"Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}, "
            f"DuckDB {duckdb.__version__}, prior {PRIOR}. Command: `python benchmarks/terms/drift.py`"
        ),
    ]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
