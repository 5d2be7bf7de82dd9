"""How likely is each account a member, when some flags are wrong and many members have none?

1. Learn how accounts whose flags are hidden differ from accounts without a flag (`hiding`), and judge everybody: a
   flagged account only by models that did not see its flag.
2. Flagged accounts that look like nobody's member stop being evidence (they stay flagged; have them reviewed). Twice.
3. Accounts without a flag that look more like a member than not become evidence. Never flags: nothing is done to them
   for it but what the guard does with odds. Three times.
4. Learn once more, now also from disguised accounts, and judge everybody by that.

Steps 1 to 3 learn from undisguised accounts only: with disguises the first rounds took whole circles that share an
audience with members for members, and kept the wrong flags that led there.
"""

from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from ringfence.exposure.cuts import hiding
from ringfence.exposure.cuts.columns import Follows, Numbers, columns, nearest
from ringfence.graph.csr import Ids
from ringfence.model.faults import Fault

Mask = NDArray[np.bool_]

# Chosen on worlds 1 and 2 of benchmarks/exposure/frontier.py.
DOUBT, ADOPT = -1.0, 0.0  # log-odds below which a flag is no evidence, and from which an account without one is
TRIMS, ADOPTIONS = 2, 3
LEAST_LEFT = 0.3  # of the flags stay evidence, whatever they look like
OTHERS = 6_000  # accounts without a flag that a part is compared with
ENDS = (0.002, 0.998)  # columns are cut off at these quantiles: nobody is judged by how far they reach beyond the rest
FEWEST = 4  # flags; fewer cannot be hidden in parts


@dataclass(frozen=True, slots=True)
class Odds:
    """`log_odds` has one entry an account, as have the masks: flags that are `doubted`, and whom it `adopted`."""

    log_odds: Numbers
    doubted: Mask
    adopted: Mask

    @property
    def probability(self) -> Numbers:
        return np.asarray(expit(self.log_odds))


def estimate(follows: Follows, flagged: Mask, seed: int, cleared: Ids | None = None) -> Odds:
    """The odds of every account. `cleared` are accounts that a person has looked at and found to be no members.

    They are learned from as what they are, and get the lowest odds of all, flagged or not. Raises Fault for fewer than
    four flags: nothing can be learned from them.
    """
    seen_innocent = np.zeros(len(flagged), dtype=bool)
    if cleared is not None:
        seen_innocent[cleared] = True
    flags = np.flatnonzero(flagged & ~seen_innocent).astype(np.uint32)
    if len(flags) < FEWEST:
        raise Fault(f"there are {len(flags)} flags", where="cuts", mend=f"flag at least {FEWEST} accounts")
    learner = _Learner(follows, nearest(follows), flagged, seen_innocent, np.random.default_rng(seed))
    trusted, adopted = flags, flags[:0]
    for turn in range(TRIMS + ADOPTIONS):
        judged = learner.judge(trusted, adopted, disguise=False)
        trusted = _trusted(flags, judged)
        if turn >= TRIMS:
            adopted = np.flatnonzero(~flagged & ~seen_innocent & (judged >= ADOPT)).astype(np.uint32)
    judged = learner.judge(trusted, adopted, disguise=True)
    judged[seen_innocent] = judged.min()
    return Odds(judged, flagged & ~_mask(trusted, len(flagged)), _mask(adopted, len(flagged)))


def _trusted(flags: Ids, judged: Numbers) -> Ids:
    kept = flags[judged[flags] >= DOUBT]
    if len(kept) >= max(LEAST_LEFT * len(flags), FEWEST):
        return kept
    least = max(int(np.ceil(LEAST_LEFT * len(flags))), FEWEST)
    return np.sort(flags[np.argsort(-judged[flags], kind="stable")[:least]])


@dataclass(frozen=True, slots=True)
class _Learner:
    follows: Follows
    near: Any
    flagged: Mask
    cleared: Mask
    rng: np.random.Generator

    def judge(self, trusted: Ids, adopted: Ids, *, disguise: bool) -> Numbers:
        """Log-odds of all accounts, each account of the evidence by models from which its flag was hidden."""
        held = np.concatenate([trusted, adopted])
        evidence = _mask(held, self.follows.accounts)
        others = np.flatnonzero(~self.flagged & ~evidence | self.cleared)
        examples, hidden = _Examples(), []
        for part in self._parts(held):
            known = evidence & ~_mask(part, len(evidence))
            values = columns(self.follows, self.near, known)
            drawn = self.rng.choice(others, min(OTHERS, len(others)), replace=False)
            examples.add(values[drawn], member=False)
            examples.add(values[part], member=True)
            hidden.append((part, values[part]))
            if disguise:
                changed = hiding.disguised(self.follows, part, evidence, self.rng)
                examples.add(columns(changed, nearest(changed, part), known, part), member=True)
        model = _fitted(examples, len(held), len(others))
        judged = model.log_odds(columns(self.follows, self.near, evidence))
        sums, times = np.zeros(len(judged)), np.zeros(len(judged))
        for part, values in hidden:
            sums[part] += model.log_odds(values)
            times[part] += 1
        judged[held] = sums[held] / times[held]
        return judged

    def _parts(self, evidence: Ids) -> list[Ids]:
        return [*hiding.scattered(evidence, self.rng), *hiding.neighbourhoods(evidence, self.near, self.rng)]


class _Examples:
    """Rows to learn from, and which of them are members."""

    def __init__(self) -> None:
        self._rows: list[Numbers] = []
        self._member: list[Mask] = []

    def add(self, rows: Numbers, *, member: bool) -> None:
        self._rows.append(rows)
        self._member.append(np.full(len(rows), member))

    def all(self) -> tuple[Numbers, Mask]:
        return np.concatenate(self._rows), np.concatenate(self._member)


@dataclass(frozen=True, slots=True)
class _Model:
    """A line and a forest, which err differently; both see the columns cut off at their ends."""

    low: Numbers
    high: Numbers
    scale: Any
    line: Any
    forest: tuple[Any, ...]

    def log_odds(self, rows: Numbers) -> Numbers:
        inside = np.clip(rows, self.low, self.high)
        straight = self.line.decision_function(self.scale.transform(inside))
        grown = sum((tree.predict(inside, raw_score=True, num_threads=1) for tree in self.forest), np.zeros(len(rows)))
        return np.asarray((straight + grown / len(self.forest)) / 2)


def _fitted(examples: _Examples, members: int, others: int) -> _Model:
    """Rows are weighted so that members and others count as many as there are."""
    rows, member = examples.all()
    weight = np.where(member, members / member.sum(), others / (~member).sum())
    low, high = np.quantile(rows, ENDS, axis=0)
    inside = np.clip(rows, low, high)
    scale = StandardScaler().fit(inside)
    line = LogisticRegression(C=0.3, max_iter=500).fit(scale.transform(inside), member, sample_weight=weight)
    return _Model(low, high, scale, line, tuple(_grown(inside, member, weight, seed) for seed in range(3)))


def _grown(rows: Numbers, member: Mask, weight: Numbers, seed: int) -> Any:
    settings = {
        "objective": "binary", "num_leaves": 8, "learning_rate": 0.05, "min_data_in_leaf": 20, "lambda_l2": 5.0,
        "min_sum_hessian_in_leaf": 0.01, "feature_fraction": 0.5, "bagging_fraction": 0.7, "bagging_freq": 1,
        "seed": seed, "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
    }  # fmt: skip
    data = lightgbm.Dataset(rows, member.astype(np.float32), weight=weight, params={"verbosity": -1, "num_threads": 1})
    return lightgbm.train(settings, data, num_boost_round=120)


def _mask(ids: Ids, size: int) -> Mask:
    mask = np.zeros(size, dtype=bool)
    mask[ids] = True
    return mask
