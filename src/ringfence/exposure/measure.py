"""How far does the recommender lead test accounts to members, one way of running discovery beside another?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from ringfence.exposure.arms import Arm, filtered, none
from ringfence.exposure.choices import Choice
from ringfence.exposure.estimates import Estimate, Resamples, amplified, paired_fall, resamples
from ringfence.exposure.metrics import (
    Collateral,
    ExposureSummary,
    collateral,
    ever_shown,
    fall,
    hits_and_shown,
    summarise,
)
from ringfence.exposure.recommenders.friend_of_friend import FriendOfFriend
from ringfence.exposure.recommenders.suggestions import NOBODY
from ringfence.exposure.simulate import SLOTS, TRUSTING, Mask, Sessions, first_slates, walk
from ringfence.graph.csr import Csr, Ids, Index
from ringfence.model.faults import Fault

ONE_FOLLOW = "one_follow"  # starts by following one member
RANDOM = "random"  # starts by following one account drawn from all that are no members
NEW_ACCOUNT = "new_account"  # starts by following nobody
UNTIED: Index = np.array([NOBODY])  # the pool of test accounts that start by following nobody: as many as are wanted
LUCKS = ("luck", "other luck")  # streams of random numbers; the second is for the noise alone


@dataclass(frozen=True, slots=True)
class ArmExposure:
    """What the test accounts of one stratum met in one arm.

    `ever_fall` is ever-shown in the first arm minus here, paired by test account. `amplification` is this stratum's
    share of slots over that of the random one.
    """

    name: str
    summary: ExposureSummary
    ever_fall: Estimate
    amplification: Estimate


@dataclass(frozen=True, slots=True)
class Stratum:
    """Test accounts that started alike, the same ones in every arm.

    `noise` is the fall of ever-shown between two runs of the first arm that differ by luck alone.
    """

    name: str
    test_accounts: int
    arms: tuple[ArmExposure, ...]
    noise: Estimate

    @property
    def before(self) -> ExposureSummary:
        """The first arm: no guard."""
        return self.arms[0].summary

    @property
    def after(self) -> ExposureSummary:
        """The second arm: the guard as it is."""
        return self.arms[1].summary


@dataclass(frozen=True, slots=True)
class Exposure:
    """The whole measurement, and what it takes to repeat it. `collateral` has one entry an arm but the first."""

    accounts: int
    members: int
    known_members: int  # members the guard knows
    flagged: int  # accounts the guard knows, members or not
    seed: int
    steps: int
    slots: int
    strata: tuple[Stratum, ...]
    collateral: tuple[Collateral, ...]


@dataclass(frozen=True, slots=True)
class _Trial:
    """What every stratum shares."""

    arms: Sequence[Arm]
    members: Mask
    known: Mask
    seed: int
    steps: int
    choice: Choice


@dataclass(frozen=True, slots=True)
class _Walked:
    """One stratum's sessions, arm by arm, and once more in the first arm with other luck."""

    name: str
    arms: list[Sessions]
    again: Sessions
    draws: Resamples


def measure(
    follows: Csr,
    members: Ids,
    known: Ids,
    starts: Mapping[str, Ids | Index],
    seed: int,
    *,
    arms: Sequence[Arm] = (),
    choice: Choice = TRUSTING,
    steps: int = 10,
    test_accounts: int = 200,
    viewers: int = 1_000,
) -> Exposure:
    """Run every stratum in every arm on the same test accounts with the same luck, and judge what they were shown.

    `members` are all true members and `known` those the guard flags, rightly or wrongly; dense ids. `starts` names
    further strata beside "one_follow" and "random": each is a pool that up to `test_accounts` starts are drawn from,
    none of them twice; from `UNTIED`, so many test accounts that follow nobody yet. All click by `choice`. The first of
    `arms` is the one without a guard, the second the guard as it is; without any they are friend-of-friend and a plain
    filter of `known` before it. Collateral is read off `viewers` innocent accounts with the follows they really have.
    Raises `Fault` when a stratum has nobody to start from.
    """
    accounts = follows.columns
    if not arms:
        suggest = FriendOfFriend(follows)
        arms = (none(suggest), filtered(suggest, _mask(known, accounts)))
    trial = _Trial(arms, _mask(members, accounts), _mask(known, accounts), seed, steps, choice)
    innocent = np.flatnonzero(~trial.members).astype(np.uint32)
    pools: dict[str, Ids | Index] = {ONE_FOLLOW: members, RANDOM: innocent, **starts}
    walked = {name: _walked(name, _draw_starts(name, pool, test_accounts, seed), trial) for name, pool in pools.items()}
    return Exposure(
        accounts=accounts,
        members=int(trial.members.sum()),
        known_members=int((trial.members & trial.known).sum()),
        flagged=int(trial.known.sum()),
        seed=seed,
        steps=steps,
        slots=SLOTS,
        strata=tuple(_stratum(one, walked[RANDOM], trial) for one in walked.values()),
        collateral=_collateral(follows, innocent, viewers, trial),
    )


def to_json(exposure: Exposure) -> str:
    """The measurement as one JSON object; a share of nothing is null."""
    return msgspec.json.encode(exposure).decode()


def _walked(name: str, starts: Ids | Index, trial: _Trial) -> _Walked:
    luck, other = (_generator(f"{which} {name}", trial.seed).random((len(starts), trial.steps)) for which in LUCKS)
    newcomers = len(trial.members)  # the first viewer id that is no account's

    def sessions(arm: Arm, drawn: NDArray[np.float64]) -> Sessions:
        return walk(arm.suggest, arm.keep, starts, drawn, first_viewer=newcomers, choice=trial.choice)

    arms = [sessions(arm, luck) for arm in trial.arms]
    return _Walked(name, arms, sessions(trial.arms[0], other), resamples(len(starts), trial.seed))


def _stratum(walked: _Walked, by_chance: _Walked, trial: _Trial) -> Stratum:
    first, draws = walked.arms[0], walked.draws
    ever, again = (ever_shown(sessions, trial.members)[:, -1] for sessions in (first, walked.again))
    return Stratum(
        name=walked.name,
        test_accounts=len(first.slates),
        arms=tuple(
            ArmExposure(
                name=arm.name,
                summary=summarise(sessions, trial.members, trial.known, draws),
                ever_fall=fall(first, sessions, trial.members, draws),
                amplification=amplified(
                    hits_and_shown(sessions, trial.members),
                    draws,
                    hits_and_shown(usual, trial.members),
                    by_chance.draws,
                ),
            )
            for arm, sessions, usual in zip(trial.arms, walked.arms, by_chance.arms, strict=True)
        ),
        noise=paired_fall(ever, again, draws),
    )


def _collateral(follows: Csr, innocent: Ids, viewers: int, trial: _Trial) -> tuple[Collateral, ...]:
    # Somebody who follows nobody sees popularity only; what the guard costs shows in slates that are personal.
    following = innocent[np.diff(follows.starts)[innocent] > 0]
    drawn = _draw("viewers", following, viewers, trial.seed)
    slates = [first_slates(arm.suggest, arm.keep, drawn, follows.row, SLOTS) for arm in trial.arms]
    draws = resamples(len(drawn), trial.seed)
    return tuple(
        collateral(arm.name, slates[0], after, trial.members, draws)
        for arm, after in zip(trial.arms[1:], slates[1:], strict=True)
    )


def _draw_starts(name: str, pool: Ids | Index, wanted: int, seed: int) -> Ids | Index:
    """As `_draw`; nobody is as many as are wanted."""
    return np.repeat(UNTIED, wanted) if np.array_equal(pool, UNTIED) else _draw(name, pool, wanted, seed)


def _draw(name: str, pool: Ids | Index, wanted: int, seed: int) -> Ids:
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
