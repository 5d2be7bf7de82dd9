"""What does a recommender still teach when it learns less from flagged accounts, with the guard and without it?

    python benchmarks/guard/damping.py

One world of 20,000 accounts, seed 41, found from 10 terms and 5 accounts; a fifth of the members found is kept from
guard and damping. Friend-of-friend as in docs/exposure.md; a path counts with the product of the weights of its two
ties, each the lesser weight of both ends, as in `ties.parquet`. Writes benchmarks/results/damping.md.
"""

import tempfile
from pathlib import Path

import numpy as np

from ringfence.demo import tables
from ringfence.demo.trial import Trial, cached
from ringfence.discovery.expand import Expansion
from ringfence.exposure.arms import Arm, filtered, none
from ringfence.exposure.estimates import Estimate, resamples
from ringfence.exposure.measure import Exposure, measure
from ringfence.exposure.metrics import Collateral, collateral
from ringfence.exposure.recommenders.friend_of_friend import FriendOfFriend
from ringfence.exposure.recommenders.suggestions import Recommender
from ringfence.exposure.simulate import SLOTS, first_slates, keep_all
from ringfence.graph.csr import Csr, Ids
from ringfence.guard.judge import weight_of
from ringfence.guard.policies.policy import Damping
from ringfence.model.words import Relation

RESULT = Path(__file__).parents[1] / "results" / "damping.md"
CACHE = Path(tempfile.gettempdir()) / "ringfence-worlds"
ACCOUNTS, WORLD, WITHHELD, TEST_ACCOUNTS = 20_000, 41, 0.2, 1_000
SIGNALS = {"network:member": 1.0, "network:nearby": 0.5}
ARMS = {
    "no damping": None,
    "soft": Damping("soft", SIGNALS),
    "soft, members only": Damping("soft", {"network:member": 1.0}),
}


def main() -> None:
    CACHE.mkdir(exist_ok=True)
    world, trial = cached(CACHE, ACCOUNTS, WORLD)
    expansion = trial.discover(trial.start(world.seed_accounts, terms=True))
    rng = np.random.default_rng(WORLD)
    known = np.flatnonzero(expansion.members).astype(np.uint32)
    known = known[rng.random(len(known)) >= WITHHELD]
    members = np.flatnonzero(trial.truth.member).astype(np.uint32)
    suggest = {name: recommender(trial, expansion, known, damping) for name, damping in ARMS.items()}
    measured = {
        name: measure(
            follows_of(trial), members, known, {}, WORLD, test_accounts=TEST_ACCOUNTS, arms=arms(one, trial, known)
        )
        for name, one in suggest.items()
    }
    plain, *others = ARMS
    moved = {name: displaced(trial, suggest[plain], suggest[name]) for name in others}
    tables.write(RESULT, report(measured, moved), "python benchmarks/guard/damping.py")


def arms(suggest: Recommender, trial: Trial, known: Ids) -> list[Arm]:
    flagged = np.zeros(trial.graph.size, dtype=bool)
    flagged[known] = True
    return [none(suggest), filtered(suggest, flagged)]


def recommender(trial: Trial, expansion: Expansion, known: Ids, damping: Damping | None) -> FriendOfFriend:
    weight = np.ones(trial.graph.size)
    if damping:
        weight[expansion.shortlist()] = weight_of({"network:nearby": 1.0}, damping)
        weight[np.flatnonzero(expansion.members)] = 1.0  # those withheld are known to nobody
        weight[known] = weight_of({"network:member": 1.0}, damping)
    follows = follows_of(trial)
    return FriendOfFriend(follows, reads=int(follows.degree().max()), weights=weight)


def follows_of(trial: Trial) -> Csr:
    return next(ties.forward for ties in trial.graph.relations if ties.relation is Relation.FOLLOWS)


def displaced(trial: Trial, plain: Recommender, damped: Recommender) -> Collateral:
    """What damping takes from innocent viewers, who follow whom they follow, in the slate each would see now."""
    follows, rng = follows_of(trial), np.random.default_rng(WORLD)
    viewers = np.flatnonzero(~trial.truth.member & (np.diff(follows.starts) > 0)).astype(np.uint32)
    viewers = rng.permutation(viewers)[:TEST_ACCOUNTS]
    before, after = (first_slates(one, keep_all, viewers, follows.row, SLOTS) for one in (plain, damped))
    return collateral("damping", before, after, trial.truth.member, resamples(len(viewers), WORLD))


def report(measured: dict[str, Exposure], moved: dict[str, Collateral]) -> list[str]:
    header = ["who starts", "guard", "damping", "shown a member", "in the first slate", "slots", "shown an unknown one"]
    first = next(iter(measured.values()))
    rows = [
        [stratum.name, guard, name, *map(told, (arm.ever, arm.ever_first, arm.share, arm.leak))]
        for place, stratum in enumerate(first.strata)
        for guard, side in (("none", "before"), ("drops", "after"))
        for name, exposure in measured.items()
        for arm in (getattr(exposure.strata[place], side),)
    ]
    costs = [[name, told(one.displaced), told(one.viewers_changed)] for name, one in moved.items()]
    known = f"{first.members} members, {first.known_members} of them known to guard and damping"
    return [
        f"{known}; {TEST_ACCOUNTS:,} test accounts of each kind, fewer where there are fewer to start from.",
        "",
        *tables.table(header, rows),
        *tables.table(["damping, no guard", "innocent accounts it moves out of slates", "viewers who lose one"], costs),
    ]


def told(share: Estimate) -> str:
    return f"{share.value:.1%} [{share.low:.1%}, {share.high:.1%}]"


if __name__ == "__main__":
    main()
