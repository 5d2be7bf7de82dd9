"""How far does the recommender lead test accounts to members, without the guard and with it?"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np

from ringfence.exposure.estimates import Estimate, resamples
from ringfence.exposure.metrics import Collateral, ExposureSummary, collateral, fall, summarise
from ringfence.exposure.recommenders.friend_of_friend import FriendOfFriend
from ringfence.exposure.recommenders.suggestions import Recommender
from ringfence.exposure.simulate import SLOTS, Keep, Mask, first_slates, keep_all, keep_unflagged, walk
from ringfence.graph.csr import Csr, Ids
from ringfence.model.faults import Fault

ONE_FOLLOW = "one_follow"  # starts by following one member
RANDOM = "random"  # starts by following one account drawn from all that are no members


@dataclass(frozen=True, slots=True)
class Stratum:
    """Test accounts that started alike, without the guard and with it."""

    name: str
    test_accounts: int
    before: ExposureSummary
    after: ExposureSummary
    ever_fall: Estimate  # ever-shown before minus after, paired by test account


@dataclass(frozen=True, slots=True)
class Exposure:
    """The whole measurement, and what it takes to repeat it."""

    accounts: int
    members: int
    known_members: int  # members the guard knows
    flagged: int  # accounts the guard knows, members or not
    seed: int
    steps: int
    slots: int
    strata: tuple[Stratum, ...]
    collateral: Collateral


@dataclass(frozen=True, slots=True)
class _Trial:
    """What every stratum shares."""

    suggest: Recommender
    keep: Keep
    members: Mask
    known: Mask
    seed: int
    steps: int


def measure(
    follows: Csr,
    members: Ids,
    known: Ids,
    starts: Mapping[str, Ids],
    seed: int,
    *,
    steps: int = 10,
    test_accounts: int = 200,
    viewers: int = 1_000,
    suggest: Recommender | None = None,
    keep: Keep | None = None,
) -> Exposure:
    """Run every stratum twice on the same test accounts with the same luck, and judge what they were shown.

    `members` are all true members and `known` those the guard flags, rightly or wrongly; dense ids. `starts` names
    further strata beside "one_follow" and "random": each is a pool that up to `test_accounts` starts are drawn from,
    none of them twice. Collateral is read off `viewers` innocent accounts with the follows they really have. The
    recommender is friend-of-friend and the guard a plain filter of `known` unless others are given.
    Raises `Fault` when a stratum has nobody to start from.
    """
    accounts = follows.columns
    trial = _Trial(
        suggest=suggest or FriendOfFriend(follows),
        keep=keep or keep_unflagged(_mask(known, accounts)),
        members=_mask(members, accounts),
        known=_mask(known, accounts),
        seed=seed,
        steps=steps,
    )
    innocent = np.flatnonzero(~trial.members).astype(np.uint32)
    pools = {ONE_FOLLOW: members, RANDOM: innocent, **starts}
    drawn = {name: _draw(name, pool, test_accounts, seed) for name, pool in pools.items()}
    return Exposure(
        accounts=accounts,
        members=int(trial.members.sum()),
        known_members=int((trial.members & trial.known).sum()),
        flagged=int(trial.known.sum()),
        seed=seed,
        steps=steps,
        slots=SLOTS,
        strata=tuple(_stratum(name, chosen, trial) for name, chosen in drawn.items()),
        collateral=_collateral(follows, innocent, viewers, trial),
    )


def to_json(exposure: Exposure) -> str:
    """The measurement as one JSON object; a share of nothing is null."""
    return msgspec.json.encode(exposure).decode()


def _stratum(name: str, starts: Ids, trial: _Trial) -> Stratum:
    luck = _generator(f"luck {name}", trial.seed).random((len(starts), trial.steps))
    newcomers = len(trial.members)  # the first viewer id that is no account's
    before = walk(trial.suggest, keep_all, starts, luck, first_viewer=newcomers)
    after = walk(trial.suggest, trial.keep, starts, luck, first_viewer=newcomers)
    draws = resamples(len(starts), trial.seed)
    return Stratum(
        name=name,
        test_accounts=len(starts),
        before=summarise(before, trial.members, trial.known, draws),
        after=summarise(after, trial.members, trial.known, draws),
        ever_fall=fall(before, after, trial.members, draws),
    )


def _collateral(follows: Csr, innocent: Ids, viewers: int, trial: _Trial) -> Collateral:
    # Somebody who follows nobody sees popularity only; what the guard costs shows in slates that are personal.
    following = innocent[np.diff(follows.starts)[innocent] > 0]
    drawn = _draw("viewers", following, viewers, trial.seed)
    before = first_slates(trial.suggest, keep_all, drawn, follows.row, SLOTS)
    after = first_slates(trial.suggest, trial.keep, drawn, follows.row, SLOTS)
    return collateral(before, after, trial.members, resamples(len(drawn), trial.seed))


def _draw(name: str, pool: Ids, wanted: int, seed: int) -> Ids:
    """At most `wanted` different accounts of the pool; the draw hangs on the seed and the name, on nothing else."""
    candidates = np.unique(pool)
    if len(candidates) == 0:
        raise Fault("has nobody to start from", where=f"stratum {name!r}", mend="give it at least one account id")
    return _generator(name, seed).permutation(candidates)[:wanted].astype(np.uint32)


def _generator(name: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, *name.encode()])


def _mask(ids: Ids, accounts: int) -> Mask:
    mask = np.zeros(accounts, dtype=np.bool_)
    mask[ids] = True
    return mask
