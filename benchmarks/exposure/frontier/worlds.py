"""Where are cuts tried? On platforms of follows alone, with a crew in each, some of whom nobody has flagged.

After the description in the project's research: 50,000 accounts in 75 communities, popularity by Pareto's law; a crew
of 100 who follow one another, 1,250 fans who follow them, 75 innocent bridges whom fans like. `circles` adds eight
innocent groups of 100 creators and 1,250 fans, made by the same process; a part of the crew's fans like two of them.
50 accounts are flagged wrongly, half of them creators of those two. Members are withheld at random or in ways of their
own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.graph.csr import Csr, from_pairs

Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]

ACCOUNTS, COMMUNITIES = 50_000, 75
CREW, FANS, BRIDGES = 100, 1_250, 75
CIRCLES, SHARED = 8, (0.30, 0.15)  # of the crew's fans also like the first circle, and the second
NETWORKS = 5  # that the crew falls into where there are circles
WRONG_IN_CIRCLES, WRONG = (15, 10), 50


@dataclass(frozen=True, slots=True)
class Condition:
    """What is hard about a world. `inside` is the share of a network's ties that stay in it."""

    circles: bool = True
    random: int = 0  # members withheld at random
    newest: int = 0  # members withheld who have at most 5 fans and 2 followers of the crew
    camouflaged: int = 0  # members withheld who mix: thrice the followers more, 40 follows more, 3 follows of the crew
    network: bool = False  # one network is withheld whole
    inside: float = 0.7
    half_a_circle: bool = False  # 50 creators of the first circle are flagged, and none of the second


CONDITIONS: Mapping[str, Condition] = {
    "random": Condition(random=10),
    "newest": Condition(newest=15),
    "camouflaged": Condition(camouflaged=15),
    "network": Condition(network=True),
    "plain, random": Condition(circles=False, random=10),
    "isolated network": Condition(network=True, inside=0.95),
    "all ways at once": Condition(newest=15, camouflaged=15, network=True),
    "half unknown": Condition(random=50),
    "most unknown": Condition(random=70),
    "nearly all unknown": Condition(random=85),
    "half a circle flagged": Condition(random=10, half_a_circle=True),
}


@dataclass(frozen=True, slots=True)
class World:
    """`follows` is accounts x accounts; `flagged` holds members who are known and innocents who are not members."""

    follows: Csr
    members: Mask
    withheld: Ids
    flagged: Mask
    bridges: Ids


def world(condition: Condition, seed: int) -> World:
    """The same condition and seed give the same world."""
    return _Maker(condition, np.random.default_rng([seed, 77])).made()


class _Maker:
    """Draws a world step by step; ties gather in `src` and `dst`."""

    def __init__(self, condition: Condition, rng: np.random.Generator) -> None:
        self.condition, self.rng = condition, rng
        shuffled = rng.permutation(ACCOUNTS)
        sizes = [CREW, FANS, BRIDGES] + [CREW, FANS] * (CIRCLES if condition.circles else 0)
        groups = np.split(shuffled, np.cumsum(sizes))
        self.crew, self.fans, self.bridges = groups[:3]
        self.creators, self.circle_fans, self.others = groups[3:-1:2], groups[4:-1:2], groups[-1]
        self.home = rng.integers(0, NETWORKS, CREW) if condition.circles else np.zeros(CREW, np.int64)
        self.popularity = np.cumsum(1 + rng.pareto(1.15, ACCOUNTS))
        self.src: list[Ids] = []
        self.dst: list[Ids] = []

    def made(self) -> World:
        self._everybody()
        if self.condition.circles:
            self._networks()
        else:
            self._crowd(self.crew, self.fans)
        self._tie(np.repeat(self.fans, 2), self.rng.choice(self.bridges, 2 * FANS))
        self._tie(self.crew, self.rng.choice(self.bridges, CREW))
        for place, (creators, fans) in enumerate(zip(self.creators, self.circle_fans, strict=True)):
            share = SHARED[place] if place < len(SHARED) else 0.0
            both = self.rng.choice(self.fans, int(share * FANS), replace=False)
            self._crowd(creators, np.concatenate([fans, both]))
        src, dst = np.concatenate(self.src), np.concatenate(self.dst)
        newest, camouflaged, withheld = self._withheld()
        src, dst = self._made_new(src, dst, newest)
        src, dst = self._mixed(src, dst, camouflaged)
        return self._world(src, dst, withheld)

    def _tie(self, src: Ids, dst: Ids) -> None:
        self.src.append(src)
        self.dst.append(dst)

    def _popular(self, count: int) -> Ids:
        drawn: Ids = np.searchsorted(self.popularity, self.popularity[-1] * self.rng.random(count))
        return np.asarray(np.minimum(drawn, ACCOUNTS - 1))

    def _everybody(self) -> None:
        """Ordinary follows: seven of ten in the own community, the popular more often. Nobody meets creators so."""
        rng = self.rng
        community = np.sort(rng.integers(0, COMMUNITIES, ACCOUNTS))
        bounds = np.concatenate([[0.0], self.popularity])[np.searchsorted(community, np.arange(COMMUNITIES + 1))]
        following = np.minimum(rng.lognormal(np.log(17) - 0.6, 1.1, ACCOUNTS).astype(np.int64) + 1, 2_000)
        following[np.concatenate([self.crew, *self.creators])] = 8
        src = np.repeat(np.arange(ACCOUNTS), following)
        anywhere = rng.random(len(src)) < 0.3
        low = np.where(anywhere, 0.0, bounds[community[src]])
        high = np.where(anywhere, self.popularity[-1], bounds[community[src] + 1])
        dst = np.searchsorted(self.popularity, low + (high - low) * rng.random(len(src)))
        met = ~np.isin(dst, np.concatenate([self.crew, *self.creators])) & (dst < ACCOUNTS)
        self._tie(src[met], dst[met])

    def _crowd(self, creators: Ids, fans: Ids) -> None:
        """Creators follow 6 of each other, fans 1 and 3 more of them."""
        for who, likes in ((creators, self._crew_likes(len(creators))), (fans, self._fan_likes(len(fans)))):
            src = np.repeat(who, likes)
            self._tie(src, self._skewed(creators, len(src)))
        self._by_chance(creators)

    def _networks(self) -> None:
        """The same of the crew and its fans, who each have a network and mostly stay in it."""
        homes = (self.home, self.rng.integers(0, NETWORKS, FANS))
        likes = (self._crew_likes(CREW), self._fan_likes(FANS))
        for who, home, count in zip((self.crew, self.fans), homes, likes, strict=True):
            self._tie(np.repeat(who, count), self._kin(np.repeat(home, count)))
        self._by_chance(self.crew)

    def _crew_likes(self, size: int) -> Ids:
        return self.rng.poisson(6, size)

    def _fan_likes(self, size: int) -> Ids:
        return 1 + self.rng.poisson(3, size)

    def _by_chance(self, creators: Ids) -> None:
        """Fourteen people come to each creator who are no fans."""
        known = np.repeat(creators, self.rng.poisson(14, len(creators)))
        self._tie(self.rng.integers(0, ACCOUNTS, len(known)), known)

    def _skewed(self, targets: Ids, count: int) -> Ids:
        return targets[(len(targets) * self.rng.random(count) ** 1.5).astype(np.int64)]

    def _kin(self, home: Ids) -> Ids:
        """A member for each, of the network `home` with the condition's probability, else of another one."""
        liked = np.empty(len(home), np.int64)
        inside = self.rng.random(len(home)) < self.condition.inside
        for network in range(NETWORKS):
            for here, targets in (
                (inside, self.crew[self.home == network]),
                (~inside, self.crew[self.home != network]),
            ):
                asked = here & (home == network)
                liked[asked] = self._skewed(targets, int(asked.sum()))
        return liked

    def _withheld(self) -> tuple[Ids, Ids, Ids]:
        """The newest, the camouflaged, and all that are withheld."""
        condition, shuffled = self.condition, self.rng.permutation(self.crew)
        newest, camouflaged, rest = np.split(shuffled, np.cumsum([condition.newest, condition.camouflaged]))
        chosen = [newest, camouflaged, rest[: condition.random]]
        if condition.network:
            chosen.append(self.crew[self.home == self.rng.integers(0, NETWORKS)])
        return newest, camouflaged, np.unique(np.concatenate(chosen))

    def _made_new(self, src: Ids, dst: Ids, newest: Ids) -> tuple[Ids, Ids]:
        kept, order = np.ones(len(src), dtype=bool), self.rng.permutation(len(src))
        for one in newest:
            followers = order[dst[order] == one]
            kept[followers[np.isin(src[followers], self.fans)][5:]] = False
            kept[followers[np.isin(src[followers], self.crew)][2:]] = False
        return src[kept], dst[kept]

    def _mixed(self, src: Ids, dst: Ids, camouflaged: Ids) -> tuple[Ids, Ids]:
        kept, order = np.ones(len(src), dtype=bool), self.rng.permutation(len(src))
        strangers = np.setdiff1d(np.arange(ACCOUNTS), np.concatenate([self.crew, self.fans]))
        more: list[tuple[Ids, Ids]] = [(src[:0], dst[:0])]
        for one in camouflaged:
            came = self.rng.choice(strangers, 3 * int((dst == one).sum()))
            gone = np.setdiff1d(self._popular(40), self.crew)
            more += [(came, np.full(len(came), one)), (np.full(len(gone), one), gone)]
            crew = order[(src[order] == one) & np.isin(dst[order], self.crew)]
            kept[crew[3:]] = False
            lacking = max(0, 3 - len(crew))
            more.append((np.full(lacking, one), self.rng.choice(self.crew, lacking)))
        return (
            np.concatenate([src[kept], *(pair[0] for pair in more)]),
            np.concatenate([dst[kept], *(pair[1] for pair in more)]),
        )

    def _world(self, src: Ids, dst: Ids, withheld: Ids) -> World:
        pairs = np.unique(src[src != dst] * ACCOUNTS + dst[src != dst])
        src, dst = pairs // ACCOUNTS, pairs % ACCOUNTS
        follows = from_pairs(src, dst, np.ones(len(src), np.float32), (ACCOUNTS, ACCOUNTS))
        members, flagged = np.zeros(ACCOUNTS, dtype=bool), np.zeros(ACCOUNTS, dtype=bool)
        members[self.crew] = True
        flagged[np.setdiff1d(self.crew, withheld)] = True
        flagged[self._wrongly()] = True
        return World(follows, members, withheld, flagged, self.bridges)

    def _wrongly(self) -> Ids:
        if not self.condition.circles:
            return self.rng.choice(self.others, WRONG, replace=False)
        counts = (50, 0) if self.condition.half_a_circle else WRONG_IN_CIRCLES
        circles = [
            self.rng.choice(creators, count, replace=False)
            for creators, count in zip(self.creators[: len(counts)], counts, strict=True)
        ]
        return np.concatenate([*circles, self.rng.choice(self.others, WRONG - sum(WRONG_IN_CIRCLES), replace=False)])
