"""Who follows and answers whom in the generated platform?

Ordinary follows go to popular accounts, mostly of the own community. Planted groups get theirs on top, so that a
member's camouflage is an ordinary account's whole life.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.world.plan import MEMBERS, Kind, Plan, generator

Places = NDArray[np.int64]

OWN_COMMUNITY = 0.68  # share of ordinary follows that stay in the community
MEAN_FOLLOWS = 13.5
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
    follows = [_ordinary(plan, places, rng), *_planted(plan, places, rng)]
    answers = [_answers(plan, places, rng)]
    src, dst = _distinct(plan, follows)
    answer_src, answer_dst = _distinct(plan, answers)
    replies = np.concatenate((np.zeros(len(src), bool), np.ones(len(answer_src), bool)))
    return Ties(np.concatenate((src, answer_src)), np.concatenate((dst, answer_dst)), replies)


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
    src = np.repeat(places, np.minimum(count, plan.accounts // 20))
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
