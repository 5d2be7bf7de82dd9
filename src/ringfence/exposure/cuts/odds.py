"""How likely is each account a member, when some flags are wrong and many members have none?

1. Learn how accounts whose flags are hidden differ from accounts without a flag (`hiding`). Nobody is judged by a model
   that saw the account itself, and all are judged by the same views: so those flagged and those missed among the same
   people get the same odds.
2. Flagged accounts that look like nobody's member stop being evidence (they stay flagged; have them reviewed). Four
   times, from flags hidden one here and there: what tells members from an innocent circle with some wrong flags is how
   many of it are flagged, and hiding whole neighbourhoods would hide that.
3. Accounts without a flag that look as members look become evidence. Never flags: nothing is done to them for it but
   what the guard does with odds. Three times, now with neighbourhoods hidden as well.
4. Learn anew, three times, now also from disguised accounts, and judge everybody by their mean.

Steps 1 to 3 learn from undisguised accounts only: with disguises the first rounds took whole circles that share an
audience with members for members, and kept the wrong flags that led there.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from ringfence.exposure.cuts import hiding
from ringfence.exposure.cuts.columns import Follows, Numbers, columns, nearest
from ringfence.graph.csr import Ids
from ringfence.model.faults import Fault

Mask = NDArray[np.bool_]

# Chosen on worlds 1 to 8 of benchmarks/exposure/frontier.
DOUBT = -1.0  # log-odds below which a flag is no evidence
LEAST_LEFT = 0.3  # of the flags stay evidence, the likeliest, whatever they look like
TRIMS, ADOPTIONS = 4, 3
# Where half of the members have no flag, the odds of a flag are half those of being a member (Elkan and Noto, KDD
# 2008). So who counts as a member is measured by how likely flags are among the clearest of the evidence.
CLEAREST = 0.75  # the quantile of the evidence that is such
ADOPT = 0.6  # of their chance of a flag makes an account evidence, and so does an even chance
CLOSE, ANY = 1_000, 1_000  # accounts without a flag that a part is compared with: the likeliest so far, and of the rest
CLEARED = 10  # accounts that each one stands for which a person has cleared
FOLDS = 2
LAST = 3  # the last round is drawn and learned so many times, and averaged
ENDS = (0.002, 0.998)  # columns are cut off at these quantiles: nobody is judged by how far they reach beyond the rest
FEWEST = 4  # flags; fewer cannot be hidden in parts. And so many others
BARELY = 1e-9


@dataclass(frozen=True, slots=True)
class Odds:
    """`log_odds` has one entry an account, as have the masks: flags that are `doubted`, and whom it `adopted`."""

    log_odds: Numbers
    doubted: Mask
    adopted: Mask

    @property
    def probability(self) -> Numbers:
        return np.asarray(expit(self.log_odds))


@dataclass(frozen=True, slots=True)
class Reviews:
    """Accounts that a person has looked at. Those confirmed as members are evidence whatever they look like."""

    confirmed: Ids
    cleared: Ids

    @classmethod
    def none(cls) -> "Reviews":
        return cls(np.empty(0, np.uint32), np.empty(0, np.uint32))


def estimate(follows: Follows, flagged: Mask, seed: int, reviews: Reviews | None = None) -> Odds:
    """The odds of every account, learned from `flagged` accounts and from those that a person has looked at.

    Those cleared get the lowest odds of all, flagged or not. Raises Fault for fewer than four flags: nothing can be
    learned from them.
    """
    seen = reviews or Reviews.none()
    cleared, confirmed = _mask(seen.cleared, len(flagged)), _mask(seen.confirmed, len(flagged))
    believed = (flagged | confirmed) & ~cleared
    flags = np.flatnonzero(believed).astype(np.uint32)
    if len(flags) < FEWEST:
        raise Fault(f"there are {len(flags)} flags", where="cuts", mend=f"flag at least {FEWEST} accounts")
    if (others := len(believed) - len(flags)) < FEWEST:
        what = f"there are {others} accounts without a flag"
        raise Fault(what, where="cuts", mend=f"flag fewer: at least {FEWEST} others are learned from")
    learner = _Learner(follows, nearest(follows), believed, cleared, np.random.default_rng(seed))
    trusted, adopted = flags, flags[:0]
    near_flags = np.clip(learner.near @ believed.astype(float), BARELY, 1 - BARELY)
    judged = np.asarray(logit(near_flags))  # whom to look at first
    for turn in range(TRIMS + ADOPTIONS):
        held = np.concatenate([trusted, adopted])
        parts = learner.scattered(held) if turn < TRIMS else learner.both(held)
        judged = learner.judge(held, parts, judged)
        trusted = _trusted(flags, np.where(confirmed, np.inf, judged))
        if turn >= TRIMS:
            line = _adopted_from(judged[trusted])
            adopted = np.flatnonzero(~believed & ~cleared & (judged >= line)).astype(np.uint32)
    held = np.concatenate([trusted, adopted])
    last = [learner.judge(held, learner.both(held), judged, disguises=True) for _ in range(LAST)]
    judged = np.mean(last, axis=0)
    judged[cleared] = judged.min()
    return Odds(judged, flagged & ~_mask(trusted, len(flagged)), _mask(adopted, len(flagged)))


def _adopted_from(trusted: Numbers) -> float:
    """The log-odds that make an account evidence, by those of the trusted flags."""
    return min(0.0, float(logit(ADOPT * expit(np.quantile(trusted, CLEAREST)))))


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

    def scattered(self, held: Ids) -> list[Ids]:
        return list(hiding.scattered(held, self.rng))

    def both(self, held: Ids) -> list[Ids]:
        return [*self.scattered(held), *hiding.neighbourhoods(held, self.near, self.rng)]

    def judge(self, held: Ids, parts: list[Ids], before: Numbers, *, disguises: bool = False) -> Numbers:
        """Log-odds of all accounts, by models that saw neither the account nor, where it is evidence, its flag.

        The first `hiding.PARTS` of the parts are scattered: what is seen with each of them hidden is what accounts are
        judged by. `before` tells who is likeliest so far.
        """
        evidence = _mask(held, self.follows.accounts)
        examples, views = self._examples(evidence, parts, before, disguises=disguises)
        fold = self.rng.integers(0, FOLDS, len(evidence))
        if not all(_both_kinds(examples.member[fold[examples.ids] != one]) for one in range(FOLDS)):
            return before  # on a platform so small nothing more can be learned
        sums, times = np.zeros(len(evidence)), np.zeros(len(evidence))
        for one in range(FOLDS):
            model = _fitted(examples, fold[examples.ids] != one, len(held), len(evidence) - len(held))
            for part, values in views:
                asked = (fold == one) & (~evidence | _mask(part, len(evidence)))
                sums[asked] += model.log_odds(values[asked])
                times[asked] += 1
        return sums / times

    def _examples(
        self, evidence: Mask, parts: list[Ids], before: Numbers, *, disguises: bool
    ) -> tuple["_Examples", list[tuple[Ids, Numbers]]]:
        """What is learned from; and each scattered part, with the columns of all accounts while it is hidden."""
        close, rest = self._others(evidence, before)
        examples: list[_Examples] = []
        views: list[tuple[Ids, Numbers]] = []
        for part in parts:
            known = evidence & ~_mask(part, len(evidence))
            values = columns(self.follows, self.near, known)
            drawn = self.rng.choice(rest, min(ANY, len(rest)), replace=False)
            examples += [
                _examples(part, values[part], 1.0, member=True),
                _examples(close, values[close], np.where(self.cleared[close], CLEARED, 1.0), member=False),
                _examples(drawn, values[drawn], len(rest) / max(len(drawn), 1), member=False),
            ]
            if len(views) < hiding.PARTS:
                views.append((part, values))
            if disguises:
                changed = hiding.disguised(self.follows, part, evidence, self.rng)
                hidden = columns(changed, nearest(changed, part), known, part)
                examples.append(_examples(part, hidden, 1.0, member=True))
        return _Examples(*(np.concatenate(column) for column in zip(*examples, strict=True))), views

    def _others(self, evidence: Mask, before: Numbers) -> tuple[Ids, Ids]:
        """Accounts that are no evidence: those cleared and the likeliest so far, and the rest."""
        others = np.flatnonzero(~self.flagged & ~evidence | self.cleared).astype(np.uint32)
        others = others[np.argsort(-np.where(self.cleared, np.inf, before)[others], kind="stable")]
        return others[:CLOSE], others[CLOSE:]


class _Examples(NamedTuple):
    """Rows to learn from: of which account, whether as a member, and how many accounts each stands for."""

    ids: Ids
    rows: Numbers
    weight: Numbers
    member: Mask


def _examples(ids: Ids, rows: Numbers, weight: Numbers | float, *, member: bool) -> _Examples:
    return _Examples(ids, rows, np.broadcast_to(weight, len(ids)), np.full(len(ids), member))


@dataclass(frozen=True, slots=True)
class _Model:
    """A line and trees, which err differently; both see the columns cut off at their ends."""

    low: Numbers
    high: Numbers
    scale: Any
    line: Any
    trees: Any

    def log_odds(self, rows: Numbers) -> Numbers:
        inside = np.clip(rows, self.low, self.high)
        straight = self.line.decision_function(self.scale.transform(inside))
        return np.asarray((straight + self.trees.predict(inside, raw_score=True, num_threads=1)) / 2)


def _fitted(examples: _Examples, used: Mask, members: int, others: int) -> _Model:
    """A model of the rows that are `used`. All weigh as many as they are, however often each is seen."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415, two seconds that other commands need not wait
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415, as above

    rows, member, weight = examples.rows[used], examples.member[used], examples.weight[used]
    weight = weight * np.where(member, members / weight[member].sum(), others / weight[~member].sum())
    low, high = np.quantile(rows, ENDS, axis=0)
    inside = np.clip(rows, low, high)
    scale = StandardScaler().fit(inside)
    line = LogisticRegression(C=0.3, max_iter=500).fit(scale.transform(inside), member, sample_weight=weight)
    return _Model(low, high, scale, line, _grown(inside, member, weight))


def _grown(rows: Numbers, member: Mask, weight: Numbers) -> Any:
    import lightgbm  # noqa: PLC0415, as above

    settings = {
        "objective": "binary", "num_leaves": 8, "learning_rate": 0.075, "min_data_in_leaf": 20, "lambda_l2": 5.0,
        "min_sum_hessian_in_leaf": 0.01, "feature_fraction": 0.5, "bagging_fraction": 0.7, "bagging_freq": 1,
        "seed": 0, "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
    }  # fmt: skip
    data = lightgbm.Dataset(rows, member.astype(np.float32), weight=weight, params={"verbosity": -1, "num_threads": 1})
    return lightgbm.train(settings, data, num_boost_round=80)


def _both_kinds(member: Mask) -> bool:
    return bool(member.any() and not member.all())


def _mask(ids: Ids, size: int) -> Mask:
    mask = np.zeros(size, dtype=bool)
    mask[ids] = True
    return mask
