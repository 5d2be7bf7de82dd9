"""Do probabilities, thresholds and counts hold on accounts nobody learned from, and does choosing whom to review help?

    python benchmarks/discovery/calibration.py

Tolokers, official splits 2, 3 and 4, learned from the train mask: calibration error on the test mask before and after
the curve and at other prevalences, and precision above the threshold that each asked precision gave. Tolokers and
Weibo: how often a threshold from 400 random reviews keeps what it promised, how often the interval for "how many are
there?" holds the truth, over 200 repeats, and what 50, 100 and 200 reviews teach, drawn by `propose` and at random.
Writes benchmarks/results/calibration.md.
"""

import os
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import beta
from sklearn.metrics import average_precision_score

import ringfence
from ringfence.discovery.calibrate import calibrate, error_interval, expected_calibration_error
from ringfence.discovery.classify import classified
from ringfence.discovery.prevalence import prevalence
from ringfence.discovery.propose import propose
from ringfence.discovery.thresholds import Threshold, threshold
from ringfence.model.faults import Fault

DATA = Path(__file__).parents[3] / "shared" / "data"
RESULT = Path(__file__).parents[1] / "results" / "calibration.md"
SPLITS = (2, 3, 4)
SHARES = (0.02, 0.05, 0.5)
REPEATS, REVIEWS = 200, 400
ROUNDS = (50, 100, 200)
FIRST_DRAW, DRAWS, SEEDS, RARE = 200, 4, 10, 0.011

COUNTED = (
    "Among the accounts without a label. Beside: Jeffreys' interval of a simple random sample of as many reviews. All "
    "intervals are for 90%; width and error are in parts of the true number."
)
TAUGHT = (
    f"{SEEDS} random seeds, then reviews in rounds; the first is drawn from what `expand` ranks, each later one from "
    f"what `classify` has learned by then. AUPRC on test accounts, none of which may be reviewed; {DRAWS} draws."
)

Scores = NDArray[np.float64]
Said = NDArray[np.bool_]
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Platform:
    """A graph and who belongs. `ids` are its account ids, by dense id."""

    name: str
    graph: ringfence.Graph
    truth: Said

    def labels(self, accounts: Ids) -> pa.Table:
        return pa.table(
            {"account_id": self.graph.accounts.take(pa.array(accounts)), "label": self.truth[accounts].astype(int)}
        )


@dataclass(frozen=True, slots=True)
class Held:
    """Scores of one platform learned from `told`, and the accounts that had no part in them."""

    platform: Platform
    split: int
    told: Ids
    rest: Ids
    score: Scores

    def table(self, accounts: Ids) -> pa.Table:
        """The scores of some accounts as a table, best first."""
        order = accounts[np.argsort(-self.score[accounts], kind="stable")]
        return pa.table({"account_id": self.platform.graph.accounts.take(pa.array(order)), "score": self.score[order]})


def main() -> None:
    if not DATA.exists():
        print(f"nothing to measure: {DATA} is not there")
        return
    began = time.perf_counter()
    stored = np.load(DATA / "tolokers" / "tolokers.npz")
    tolokers, weibo = tolokers_platform(stored), weibo_platform()
    held = [
        learned(
            tolokers, split, np.flatnonzero(stored["train_masks"][split]), np.flatnonzero(stored["test_masks"][split])
        )
        for split in SPLITS
    ]
    other = [learned(weibo, draw, *halves(weibo, draw)) for draw in range(FIRST_DRAW, FIRST_DRAW + len(SPLITS))]
    parts = [
        ("Calibration error", errors([*held, *other])),
        ("Moved to another prevalence", moved(held)),
        ("Thresholds from all that was labelled", thresholds([*held, *other])),
        (f"Thresholds from {REVIEWS} random reviews, {REPEATS} repeats", promises([held[0], other[0]])),
        (f"How many are there? {REPEATS} repeats", counts([held[0], other[0]])),
        ("Whom to review", taught(tolokers, stored["test_masks"], [weibo, weibo_platform(RARE)])),
    ]
    lines = ["# Probabilities, thresholds, counts", ""]
    for title, rows in parts:
        lines += [f"## {title}", "", *rows, ""]
    lines += [machine(time.perf_counter() - began)]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def tolokers_platform(stored: "np.lib.npyio.NpzFile") -> Platform:
    edges, truth = stored["edges"], stored["node_labels"] == 1
    ties = sp.coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(len(truth),) * 2).tocsr()
    graph = ringfence.Graph.from_matrices({"follows": ties}, features=stored["node_features"])
    return Platform("Tolokers", graph, truth)


def weibo_platform(share: float | None = None) -> Platform:
    """All of Weibo, or as many of its suspicious accounts, drawn at random, as leave them this share."""
    uses = duckdb.connect().sql(
        f"SELECT account_id AS src, topic AS dst, count AS weight FROM '{DATA}/weibo/uses.parquet'"
    )
    table = uses.to_arrow_table()
    labels = dict(duckdb.execute(f"FROM '{DATA}/weibo/labels.parquet' ORDER BY 1").fetchall())
    yes = [name for name, label in labels.items() if label == 1]
    name = "Weibo"
    if share is not None:
        many = round((len(labels) - len(yes)) * share / (1 - share))
        gone = np.random.default_rng(FIRST_DRAW).permutation(len(yes))[many:]
        table = table.filter(pc.invert(pc.is_in(table["src"], pa.array([yes[one] for one in gone]))))
        name = f"Weibo thinned to {share:.1%}"
    graph = ringfence.Graph.from_tables({"uses_hashtag": table})
    return Platform(name, graph, np.array([labels[one] == 1 for one in graph.accounts.to_pylist()]))


def halves(weibo: Platform, draw: int) -> tuple[Ids, Ids]:
    """A fifth to learn from, half to measure on."""
    place = np.random.default_rng(draw).permutation(len(weibo.truth)) / len(weibo.truth)
    return np.flatnonzero(place < 0.2), np.flatnonzero(place >= 0.5)


def learned(platform: Platform, split: int, told: Ids, rest: Ids) -> Held:
    found = classified(platform.graph, platform.labels(told), split, None)
    print(f"{platform.name} {split}: learned", flush=True)
    return Held(platform, split, told, rest, found.score)


def errors(held: list[Held]) -> list[str]:
    lines = [
        "Bins of equal mass. Before: the learners' mean log-odds taken as they are. In brackets a 90% interval.",
        "",
        "| data | split | before | after |",
        "|---|---|---|---|",
    ]
    for one in held:
        truth, score = one.platform.truth, one.score
        curve = calibrate(score[one.told], truth[one.told])
        cells = []
        for probability in (expit(score[one.rest]), curve.probability(score[one.rest])):
            error = error_interval(probability, truth[one.rest])
            cells.append(f"{error.expected:.1%} ({error.lowest:.1%} to {error.highest:.1%})")
        lines.append(f"| {one.platform.name} | {one.split} | {' | '.join(cells)} |")
    return lines


def moved(held: list[Held]) -> list[str]:
    """Test accounts of one class are left out until the share is another; the curve is told that share, or is not."""
    lines = [
        "Calibration error on Tolokers, mean of the three splits, where accounts of one class are left out.",
        "",
        "| share of positives | told the share | not told | mean probability, told |",
        "|---|---|---|---|",
    ]
    for share in SHARES:
        rows = []
        for one in held:
            truth, score = one.platform.truth, one.score
            kept = thinned(one, share)
            told = calibrate(score[one.told], truth[one.told], prevalence=share).probability(score[kept])
            plain = calibrate(score[one.told], truth[one.told]).probability(score[kept])
            rows.append([*(expected_calibration_error(p, truth[kept]) for p in (told, plain)), told.mean()])
        mean = np.mean(rows, axis=0)
        lines.append(f"| {share:.0%} | {mean[0]:.1%} | {mean[1]:.1%} | {mean[2]:.1%} |")
    return lines


def thinned(one: Held, share: float) -> Ids:
    chance = np.random.default_rng(one.split)
    yes, no = one.rest[one.platform.truth[one.rest]], one.rest[~one.platform.truth[one.rest]]
    if share < len(yes) / len(one.rest):
        yes = chance.permutation(yes)[: round(len(no) * share / (1 - share))]
    else:
        no = chance.permutation(no)[: round(len(yes) * (1 - share) / share)]
    return np.sort(np.concatenate([yes, no]))


def thresholds(held: list[Held]) -> list[str]:
    lines = [
        "From the out-of-fold scores of the labelled. Attained: on the test accounts above the threshold.",
        "",
        "| data | split | asked | precision at least (95%) | estimated | attained | test accounts above |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in held:
        table = one.table(np.arange(one.platform.graph.size))
        for asked in (0.6, 0.8, 0.9):
            start = f"| {one.platform.name} | {one.split} | {asked:.0%} |"
            found = vouched(table, one.platform.labels(one.told), asked)
            if isinstance(found, str):
                lines.append(f"{start} {found} | | | |")
                continue
            above = one.rest[one.score[one.rest] >= found.score]
            attained = one.platform.truth[above].mean()
            lines.append(
                f"{start} {found.precision_bound:.1%} | {found.precision:.1%} | {attained:.1%} | {len(above):,} |"
            )
    return lines


def vouched(table: pa.Table, labels: pa.Table, asked: float) -> Threshold | str:
    try:
        found = threshold(table, labels, asked)
    except Fault as fault:
        return f"none: {fault.what}"
    return found if isinstance(found, Threshold) else f"none: {found}"


def promises(held: list[Held]) -> list[str]:
    lines = [
        "Reviewed are random accounts that had no part in the scores; attained is the precision among all of those.",
        "",
        "| data | asked | a threshold was given | of these kept their promise | mean attained |",
        "|---|---|---|---|---|",
    ]
    for one in held:
        table, truth = one.table(one.rest), one.platform.truth
        for asked in (0.6, 0.8, 0.9):
            attained = []
            for repeat in range(REPEATS):
                drawn = np.random.default_rng(repeat).choice(one.rest, REVIEWS, replace=False)
                found = vouched(table, one.platform.labels(drawn), asked)
                if isinstance(found, Threshold):
                    attained.append(truth[one.rest[one.score[one.rest] >= found.score]].mean())
            kept = f"{np.mean(np.array(attained) >= asked):.1%} | {np.mean(attained):.1%}" if attained else " | "
            lines.append(f"| {one.platform.name} | {asked:.0%} | {len(attained) / REPEATS:.1%} | {kept} |")
    return lines


def counts(held: list[Held]) -> list[str]:
    lines = [
        COUNTED,
        "",
        "| data | reviews | held the truth | width | root mean square error | beside: held | width | error |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in held:
        table, truth = one.table(one.rest), one.platform.truth
        place = {name: at for at, name in enumerate(one.platform.graph.accounts.to_pylist())}
        there = int(truth[one.rest].sum())
        for reviews in (100, 200, 400):
            rows = [[*drawn(table, one.platform, place, reviews, repeat), *plain(one, reviews, repeat)]
                    for repeat in range(REPEATS)]  # fmt: skip
            ours, beside = (summary(np.array(rows)[:, columns], there) for columns in (slice(3), slice(3, 6)))
            lines.append(f"| {one.platform.name} | {reviews} | {ours} | {beside} |")
    return lines


def drawn(table: pa.Table, where: Platform, place: dict[str, int], reviews: int, repeat: int) -> Iterator[float]:
    """Half of the reviews in a first round, the rest where they tell more by then."""
    said = where.labels(np.empty(0, np.int64))
    for number, many in enumerate((reviews // 2, reviews - reviews // 2)):
        names = propose(table, said, many, seed=2 * repeat + number)["account_id"].to_pylist()
        said = pa.concat_tables([said, where.labels(np.array([place[name] for name in names]))])
    found = prevalence(table, said, 0.9)
    yield from (found.accounts, found.lowest, found.highest)


def plain(one: Held, reviews: int, repeat: int) -> Iterator[float]:
    picked = np.random.default_rng(repeat).choice(one.rest, reviews, replace=False)
    right = int(one.platform.truth[picked].sum())
    lowest, highest = (float(beta.ppf(tail, right + 0.5, reviews - right + 0.5)) for tail in (0.05, 0.95))
    yield from (len(one.rest) * share for share in (right / reviews, lowest, highest))


def summary(found: Scores, truth: int) -> str:
    holds = ((found[:, 1] <= truth) & (truth <= found[:, 2])).mean()
    width = (found[:, 2] - found[:, 1]).mean() / truth
    error = np.sqrt(((found[:, 0] - truth) ** 2).mean()) / truth
    return f"{holds:.1%} | {width:.2f} | {error:.2f}"


def taught(tolokers: Platform, tests: NDArray[np.bool_], others: list[Platform]) -> list[str]:
    """Average precision on test accounts, of what is learned from the seeds and so many reviews."""
    lines = [
        TAUGHT,
        "",
        f"| data | way | {' | '.join(f'{many} reviews' for many in ROUNDS)} | of them positive |",
        f"|---|---|{'---|' * len(ROUNDS)}---|",
    ]
    for where in (tolokers, *others):
        answers: dict[str, list[list[float]]] = {"proposed": [], "random": []}
        for draw in range(FIRST_DRAW, FIRST_DRAW + DRAWS):
            tolokers_test = np.flatnonzero(tests[SPLITS[draw % len(SPLITS)]])
            test = tolokers_test if where is tolokers else halves(where, draw)[1]
            for way, rows in answers.items():
                rows.append(list(rounds(where, test, draw, way)))
                print(where.name, draw, way, [f"{figure:.3f}" for figure in rows[-1]], flush=True)
        for way, rows in answers.items():
            mean, spread = np.mean(rows, axis=0), np.std(rows, axis=0)
            cells = " | ".join(f"{mean[n]:.1%} ± {100 * spread[n]:.1f}" for n in range(len(ROUNDS)))
            lines.append(f"| {where.name} | {way} | {cells} | {mean[-1]:.0f} |")
    return lines


def rounds(where: Platform, test: Ids, draw: int, way: str) -> Iterator[float]:
    """AUPRC after each round, and how many of all reviewed belong."""
    chance = np.random.default_rng(draw)
    open_ = np.setdiff1d(np.arange(where.graph.size), test)
    told = chance.choice(open_[where.truth[open_]], SEEDS, replace=False)
    names = where.graph.accounts.to_pylist()
    place = {name: at for at, name in enumerate(names)}
    found = ringfence.expand(where.graph, [names[one] for one in told])
    score = np.empty(len(names))
    score[[place[name] for name in found["account_id"].to_pylist()]] = found["score"].to_numpy()
    for before, after in zip((0, *ROUNDS), ROUNDS, strict=False):
        if way == "random":
            more = chance.choice(np.setdiff1d(open_, told), after - before, replace=False)
        else:
            ranked = Held(where, draw, told, test, score).table(open_)
            asked = propose(ranked, where.labels(told), after - before, seed=draw)
            more = np.array([place[name] for name in asked["account_id"].to_pylist()])
        told = np.concatenate([told, more])
        score = classified(where.graph, where.labels(told), draw, None).score
        yield float(average_precision_score(where.truth[test], score[test]))
    yield float(where.truth[told[SEEDS:]].sum())


def machine(seconds: float) -> str:
    memory = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB"
    versions = ", ".join(f"{name} {version(name)}" for name in ("lightgbm", "scikit-learn", "scipy"))
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory}, Python {platform.python_version()}, "
        f"{versions}, {seconds:.0f} s. Command: `python benchmarks/discovery/calibration.py`"
    )


if __name__ == "__main__":
    main()
