"""Who follows and answers whom in the generated platform?

Ordinary follows go to popular accounts, mostly of the own community. Planted groups get theirs on top, so that a
member's camouflage is an ordinary account's whole life.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.world.adversary import BOUGHT
from ringfence.world.plan import DAYS, MEMBERS, Kind, Plan, generator

Places = NDArray[np.int64]

OWN_COMMUNITY = 0.68  # share of ordinary follows that stay in the community
MEAN_FOLLOWS = 13.5
RETURN = 2.0  # followers of a back-up account come back sooner rather than later: shares of its time, to this power
POPULARITY = 2.4  # a uniform u picks the place u ** POPULARITY of a community: in-degrees fall off as a power law


@dataclass(frozen=True, slots=True)
class Ties:
    """Directed ties between places; `replies` says which of them are answers, the others being follows."""

    src: Places
    dst: Places
    replies: NDArray[np.bool_]


def ties(plan: Plan, places: Places, part: int) -> Ties:
    """All ties that leave `places`, without repeats or self-loops, grouped by source."""
    rng = generator(plan.seed, "follows", part)
    follows = _distinct(plan, [_ordinary(plan, places, rng), *_planted(plan, places, rng)])
    answers = _distinct(plan, [_answers(plan, places, rng)])
    hidden = generator(plan.seed, "hidden follows", part)
    src, dst = _hidden(plan, places, _slowed(plan, follows, hidden), hidden)
    answer_src, answer_dst = _slowed(plan, answers, hidden)
    replies = np.concatenate((np.zeros(len(src), bool), np.ones(len(answer_src), bool)))
    return Ties(np.concatenate((src, answer_src)), np.concatenate((dst, answer_dst)), replies)


def tied(plan: Plan, own: Ties, rng: np.random.Generator) -> NDArray[np.float64]:
    """On which day each tie was made: any since both accounts are there, late where members grow slowly.

    The audience that returns to a back-up account does so within weeks.
    """
    earliest = np.maximum(np.maximum(plan.created[own.src], plan.created[own.dst]), -365.0)
    share = rng.random(len(own.src))
    if plan.adversary.slow:
        theirs = np.isin(plan.kind[own.src], MEMBERS) | np.isin(plan.kind[own.dst], MEMBERS)
        share = np.where(theirs, share ** (1 / (1 + plan.adversary.slow)), share)
    if plan.adversary.regrowth:
        back = plan.replaced[own.dst] >= 0
        share = np.where(back, share**RETURN, share)
    at: NDArray[np.float64] = earliest + (DAYS - earliest) * share
    return at


def _hidden(
    plan: Plan, places: Places, follows: tuple[Places, Places], rng: np.random.Generator
) -> tuple[Places, Places]:
    """The follows of a world without adversaries, and what they add to it."""
    effort = plan.adversary
    added = []
    if effort.camouflage:
        added.append(_cover(plan, follows[0], rng))
    if effort.bought:
        added += _bought(plan, places, rng)
    if effort.regrowth:
        added.append(_returned(plan, follows, rng))
    if effort.researchers:
        students = places[plan.kind[places] == Kind.RESEARCHER]
        added.append(_draw(students, 25.0, np.concatenate(plan.members), rng))
    return _distinct(plan, [follows, *added]) if added else follows


def _cover(plan: Plan, src: Places, rng: np.random.Generator) -> tuple[Places, Places]:
    """Members follow ordinary accounts, in proportion to all that they follow."""
    own = src[np.isin(plan.kind[src], MEMBERS)]
    return _wandering(plan, np.repeat(own, rng.poisson(plan.adversary.camouflage, len(own))), rng)


def _bought(plan: Plan, places: Places, rng: np.random.Generator) -> list[tuple[Places, Places]]:
    """Half of the bought followers are ordinary accounts, half spam, which follows as many popular ones for cover."""
    members, spam = np.concatenate(plan.members), plan.kind[places] == Kind.SPAM
    half = plan.adversary.bought * BOUGHT * len(members) / 2
    ordinary = places[plan.kind[places] == Kind.ORDINARY]
    hired = np.repeat(ordinary, rng.poisson(half / len(plan.of(Kind.ORDINARY)), len(ordinary)))
    sold = np.repeat(places[spam], rng.poisson(half / len(plan.of(Kind.SPAM)), int(spam.sum())))
    return [
        (hired, members[rng.integers(0, len(members), len(hired))]),
        (sold, members[rng.integers(0, len(members), len(sold))]),
        (sold, anywhere(plan, len(sold), rng)),
    ]


def _returned(plan: Plan, follows: tuple[Places, Places], rng: np.random.Generator) -> tuple[Places, Places]:
    """A share of those who followed a removed account follow the one that stands in for it."""
    src, dst = follows
    heir = np.full(plan.accounts, -1, dtype=np.int64)
    backups = np.flatnonzero(plan.replaced >= 0)
    heir[plan.replaced[backups]] = backups
    back = (heir[dst] >= 0) & (rng.random(len(dst)) < plan.adversary.regrowth)
    return src[back], heir[dst[back]]


def _slowed(plan: Plan, pairs: tuple[Places, Places], rng: np.random.Generator) -> tuple[Places, Places]:
    """Slow members leave out a part of their ties, and others of their ties to them."""
    slow = plan.adversary.slow
    if not slow:
        return pairs
    src, dst = pairs
    theirs = np.isin(plan.kind[src], MEMBERS) | np.isin(plan.kind[dst], MEMBERS)
    kept = ~theirs | (rng.random(len(src)) < 1 / (1 + slow))
    return src[kept], dst[kept]


def _distinct(plan: Plan, pairs: list[tuple[Places, Places]]) -> tuple[Places, Places]:
    src = np.concatenate([a for a, _ in pairs])
    dst = np.concatenate([b for _, b in pairs])
    keys = np.unique(src * plan.accounts + dst)
    src, dst = keys // plan.accounts, keys % plan.accounts
    return src[src != dst], dst[src != dst]


def in_community(plan: Plan, src: Places, rng: np.random.Generator) -> Places:
    """For each source a place of its own community, the popular ones more often."""
    community = plan.community(src)
    start, end = plan.community_starts[community], plan.community_starts[community + 1]
    return start + ((end - start) * rng.random(len(src)) ** POPULARITY).astype(np.int64)


def anywhere(plan: Plan, count: int, rng: np.random.Generator) -> Places:
    """Places of the whole platform, the popular ones more often."""
    ranks = (plan.accounts * rng.random(count) ** POPULARITY).astype(np.int64)
    return (ranks * plan.stride) % plan.accounts


def _ordinary(plan: Plan, places: Places, rng: np.random.Generator) -> tuple[Places, Places]:
    count = rng.lognormal(np.log(MEAN_FOLLOWS) - 0.6, 1.1, len(places)).astype(np.int64) + 1
    count[plan.kind[places] == Kind.SPAM] += rng.integers(40, 250)
    return _wandering(plan, np.repeat(places, np.minimum(count, plan.accounts // 20)), rng)


def _wandering(plan: Plan, src: Places, rng: np.random.Generator) -> tuple[Places, Places]:
    """For each source somebody to follow: mostly of its own community, the popular ones more often."""
    dst = in_community(plan, src, rng)
    outside = rng.random(len(src)) > OWN_COMMUNITY
    dst[outside] = anywhere(plan, int(outside.sum()), rng)
    return src, dst


def _planted(plan: Plan, places: Places, rng: np.random.Generator) -> list[tuple[Places, Places]]:
    everyone = np.concatenate(plan.members)
    watchers, group = plan.of(Kind.BIRD_WATCHER), plan.of(Kind.SUPPORT_GROUP)
    kind = plan.kind[places]
    pairs = [
        _draw(places[kind == Kind.BIRD_WATCHER], 7.0, watchers, rng),
        _draw(places[kind == Kind.SUPPORT_GROUP], 6.0, group, rng),
        _draw(places[kind == Kind.SUPPORT_GROUP], 0.4, everyone, rng),
        _draw(places[kind == Kind.JOURNALIST], 16.0, everyone, rng),
        _draw(places[np.isin(kind, MEMBERS)], 1.2, everyone, rng),
        _draw(places[np.isin(kind, MEMBERS)], 1.0, watchers, rng),
    ]
    for network, (members, audience) in enumerate(zip(plan.members, plan.audiences, strict=True)):
        if not len(members):
            continue
        here = (plan.network[places] == network) | (plan.second[places] == network)
        pairs += [
            _draw(places[here & np.isin(kind, MEMBERS)], 6.0, members, rng),
            _draw(places[here & (kind == Kind.AUDIENCE)], 3.5, members, rng),
            _draw(places[here & (kind == Kind.BYSTANDER)], 0.7, members, rng),
        ]
        if len(audience):
            pairs.append(_draw(places[here & np.isin(kind, MEMBERS)], 2.0, audience, rng))
    return pairs


def _draw(
    src: Places, mean: float, targets: Places, rng: np.random.Generator, *, skew: float = 1.5
) -> tuple[Places, Places]:
    """For each source a Poisson number of `targets`, the first more often; at least one where the mean is above 3."""
    count = rng.poisson(mean, len(src))
    if mean > 3:
        count = np.maximum(count, 1)
    repeated = np.repeat(src, count)
    return repeated, targets[(len(targets) * rng.random(len(repeated)) ** skew).astype(np.int64)]


def _answers(plan: Plan, places: Places, rng: np.random.Generator) -> tuple[Places, Places]:
    src = np.repeat(places, rng.poisson(0.9, len(places)))
    dst = in_community(plan, src, rng)
    for network, members in enumerate(plan.members):
        if len(members):
            fans = (plan.kind[src] == Kind.AUDIENCE) & (plan.network[src] == network) & (rng.random(len(src)) < 0.4)
            dst[fans] = members[(len(members) * rng.random(int(fans.sum()))).astype(np.int64)]
    return src, dst
