"""What is posted on the generated platform? Texts of a few harmless words, with hashtags, links and media hashes.

Tags, links and media are numbers into pools. Ordinary communities have pools of their own, as networks do: to share
things is what communities do, and no sign of anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.world.adversary import HOP_DAYS
from ringfence.world.plan import DAYS, MEMBERS, REMOVAL_DAY, Kind, Plan, generator
from ringfence.world.vocabulary import BIRDS, code_words, disguised, later_words

Numbers = NDArray[np.int64]
Kinds = NDArray[np.uint8]

TAGS_PER_COMMUNITY, COMMON_TAGS, WORDS_PER_NETWORK, SPELLINGS, SUPPORT_TAGS, SPAM_TAGS = 12, 300, 6, 4, 16, 40
START = np.datetime64("2026-01-01T00:00:00", "us")
LINKS_PER_COMMUNITY, MEDIA_PER_COMMUNITY, NEWS_LINKS, SPAM_POOL = 20, 30, 400, 60
SLOTS = 3  # at most so many hashtags a post


@dataclass(frozen=True, slots=True)
class Pools:
    """The tag vocabulary, laid end to end; each attribute is where a part of it starts."""

    words: pa.StringArray
    birds: int
    networks: int
    disguises: int
    support: int
    spam: int
    communities: int
    later: int  # the networks' words of each later period, then their disguised spellings


def pools(plan: Plan) -> Pools:
    """All tags that can occur: common, birds, networks' own, their disguised spellings, support, spam, communities',
    and what networks change their words to.
    """
    words = [f"topic{n}" for n in range(COMMON_TAGS)]
    starts = [len(words)]
    own = [word for network in range(plan.networks) for word in code_words(network, WORDS_PER_NETWORK)]
    for part in (
        BIRDS,
        own,
        [spelling for word in own for spelling in disguised(word)],
        [f"circle{n}" for n in range(SUPPORT_TAGS)],
        [f"offer{n}" for n in range(SPAM_TAGS)],
    ):
        words.extend(part)
        starts.append(len(words))
    later = _later(plan)
    words.extend(
        f"c{n // TAGS_PER_COMMUNITY}x{n % TAGS_PER_COMMUNITY}" for n in range(plan.communities * TAGS_PER_COMMUNITY)
    )
    starts.append(len(words))
    words.extend(later)
    words.extend(spelling for word in later for spelling in disguised(word))
    return Pools(pa.array(words), *starts)


def periods(plan: Plan) -> int:
    """How many times each network has new words, its first ones counted."""
    hopping = plan.adversary.hopping
    return ceil(DAYS * hopping / HOP_DAYS) if hopping else 1


def _later(plan: Plan) -> list[str]:
    """The words of every period but the first, by period, network and word, as the first ones are laid out."""
    count = WORDS_PER_NETWORK * (periods(plan) - 1)
    all_ = [later_words(network, count) for network in range(plan.networks)]
    cuts = range(0, count, WORDS_PER_NETWORK)
    return [word for first in cuts for own in all_ for word in own[first : first + WORDS_PER_NETWORK]]


def seed_terms(plan: Plan, count: int = 10) -> list[str]:
    """The terms an analyst would start from: two plain bird names, and first words of the largest networks.

    Where nearly all networks are isolated there are fewer than `count`.
    """
    known = np.flatnonzero(~plan.isolated).tolist()
    own = [code_words(network, WORDS_PER_NETWORK)[n] for n in range(WORDS_PER_NETWORK) for network in known]
    return [*BIRDS[:2], *own[: count - 2]]


@dataclass(frozen=True, slots=True)
class Posts:
    """Posts in columns. `tags` is posts x SLOTS of numbers into the pools' words; -1 is none, for links too."""

    author: Numbers  # place
    day: NDArray[np.float64]  # after the first event
    tags: Numbers
    link: Numbers
    media: Numbers


# Mean posts an account by kind; the count is a gamma-mixed Poisson, so that most accounts of a kind post less.
ACTIVITY = {
    Kind.PROMOTER: 6.5, Kind.BRIDGE: 6.5, Kind.BACKUP: 4.5, Kind.AUDIENCE: 0.5, Kind.ORDINARY: 2.6, Kind.BYSTANDER: 2.6,
    Kind.BIRD_WATCHER: 7.0, Kind.SUPPORT_GROUP: 5.0, Kind.JOURNALIST: 8.0, Kind.SPAM: 30.0, Kind.RESEARCHER: 6.0,
}  # fmt: skip

# Where a hashtag slot is filled from: none, own community, common, birds, own network, its disguised words, support
# group, spam.
TAG_MIX = {
    Kind.PROMOTER: (0.34, 0.16, 0.20, 0.08, 0.15, 0.07, 0.00, 0.00),
    Kind.BRIDGE: (0.34, 0.16, 0.20, 0.08, 0.15, 0.07, 0.00, 0.00),
    Kind.BACKUP: (0.34, 0.16, 0.20, 0.08, 0.10, 0.12, 0.00, 0.00),
    Kind.AUDIENCE: (0.55, 0.22, 0.20, 0.01, 0.01, 0.01, 0.00, 0.00),
    Kind.ORDINARY: (0.50, 0.30, 0.19, 0.01, 0.00, 0.00, 0.00, 0.00),
    Kind.BYSTANDER: (0.50, 0.30, 0.19, 0.01, 0.00, 0.00, 0.00, 0.00),
    Kind.BIRD_WATCHER: (0.25, 0.15, 0.15, 0.45, 0.00, 0.00, 0.00, 0.00),
    Kind.SUPPORT_GROUP: (0.39, 0.12, 0.15, 0.05, 0.03, 0.00, 0.26, 0.00),
    Kind.JOURNALIST: (0.50, 0.12, 0.25, 0.04, 0.05, 0.00, 0.04, 0.00),
    Kind.SPAM: (0.10, 0.02, 0.36, 0.05, 0.003, 0.00, 0.00, 0.467),
    Kind.RESEARCHER: (0.34, 0.10, 0.16, 0.12, 0.22, 0.06, 0.00, 0.00),
}

# Where a link comes from: none, own community, news, nowhere else, own network, spam. Media hashes likewise, but news.
LINK_MIX = {
    Kind.PROMOTER: (0.70, 0.04, 0.06, 0.06, 0.14, 0.00),
    Kind.BRIDGE: (0.70, 0.04, 0.06, 0.06, 0.14, 0.00),
    Kind.BACKUP: (0.66, 0.04, 0.06, 0.06, 0.18, 0.00),
    Kind.SPAM: (0.15, 0.00, 0.05, 0.10, 0.00, 0.70),
}
MEDIA_MIX = {
    Kind.PROMOTER: (0.50, 0.04, 0.00, 0.24, 0.22, 0.00),
    Kind.BRIDGE: (0.50, 0.04, 0.00, 0.24, 0.22, 0.00),
    Kind.BACKUP: (0.46, 0.04, 0.00, 0.22, 0.28, 0.00),
    Kind.SPAM: (0.45, 0.00, 0.00, 0.15, 0.00, 0.40),
}
OTHER_LINK_MIX = (0.82, 0.06, 0.06, 0.06, 0.00, 0.00)
OTHER_MEDIA_MIX = (0.62, 0.08, 0.00, 0.30, 0.00, 0.00)


def posts(plan: Plan, pool: Pools, places: Numbers, part: int) -> Posts:
    """Everything that the accounts at `places` post, grouped by author; what is posted for cover comes last."""
    rng = generator(plan.seed, "posts", part)
    mean = np.array([ACTIVITY[kind] for kind in Kind])[plan.kind[places]]
    author = np.repeat(places, rng.poisson(mean * rng.gamma(1.2, 1 / 1.2, len(places))))
    own = _slowed(plan, _posted(plan, pool, author, plan.kind[author], rng), part)
    return _joined(own, _cover(plan, pool, own.author, part)) if plan.adversary.camouflage else own


def _posted(plan: Plan, pool: Pools, author: Numbers, kind: Kinds, rng: np.random.Generator) -> Posts:
    """A post of each `author`, written as an account of that `kind` would."""
    born = np.maximum(plan.created[author], 0.0)
    gone = np.where(plan.removed[author], REMOVAL_DAY, DAYS)
    day = born + (gone - born) * rng.random(len(author))
    tags = _hopped(plan, pool, _tags(plan, pool, author, kind, rng), author, day)
    return Posts(
        author=author,
        day=day,
        tags=np.sort(tags, axis=1)[:, ::-1],
        link=_objects(plan, author, kind, (LINK_MIX, OTHER_LINK_MIX), LINKS_PER_COMMUNITY, rng),
        media=_objects(plan, author, kind, (MEDIA_MIX, OTHER_MEDIA_MIX), MEDIA_PER_COMMUNITY, rng),
    )


def _cover(plan: Plan, pool: Pools, author: Numbers, part: int) -> Posts:
    """What members post in order to look ordinary, in proportion to what else they post."""
    rng = generator(plan.seed, "cover posts", part)
    members = author[np.isin(plan.kind[author], MEMBERS)]
    extra = np.repeat(members, rng.poisson(plan.adversary.camouflage, len(members)))
    return _posted(plan, pool, extra, np.full(len(extra), Kind.ORDINARY, np.uint8), rng)


def _joined(one: Posts, other: Posts) -> Posts:
    columns = ("author", "day", "tags", "link", "media")
    return Posts(*(np.concatenate((getattr(one, column), getattr(other, column))) for column in columns))


def _slowed(plan: Plan, all_: Posts, part: int) -> Posts:
    """Slow members leave out a part of their posts and put the rest late: few at first, more in time."""
    slow = plan.adversary.slow
    if not slow:
        return all_
    rng = generator(plan.seed, "slow posts", part)
    member = np.isin(plan.kind[all_.author], MEMBERS)
    born = np.maximum(plan.created[all_.author], 0.0)
    gone = np.where(plan.removed[all_.author], REMOVAL_DAY, DAYS)
    late = born + (gone - born) * ((all_.day - born) / (gone - born)) ** (1 / (1 + slow))
    kept = ~member | (rng.random(len(member)) < 1 / (1 + slow))
    day = np.where(member, late, all_.day)
    return Posts(all_.author[kept], day[kept], all_.tags[kept], all_.link[kept], all_.media[kept])


def _hopped(plan: Plan, pool: Pools, tags: Numbers, author: Numbers, day: NDArray[np.float64]) -> Numbers:
    """The tags as they are on that day: networks change their words, and isolated ones leave the seeds' birds alone."""
    if plan.isolated.any():
        alone = (plan.network[author] >= 0) & plan.isolated[plan.network[author]]
        seed_bird = (tags >= pool.birds) & (tags < pool.birds + 2) & alone[:, None]
        tags = np.where(seed_bird, tags + 2, tags)
    if periods(plan) == 1:
        return tags
    period = (np.maximum(day, 0.0) * plan.adversary.hopping / HOP_DAYS).astype(np.int64)[:, None]
    words = plan.networks * WORDS_PER_NETWORK
    plain = (tags >= pool.networks) & (tags < pool.disguises) & (period > 0)
    spelled = (tags >= pool.disguises) & (tags < pool.support) & (period > 0)
    spellings = pool.later + words * (periods(plan) - 1)
    tags = np.where(plain, pool.later + (period - 1) * words + tags - pool.networks, tags)
    return np.where(spelled, spellings + (period - 1) * words * SPELLINGS + tags - pool.disguises, tags)


def network_of(plan: Plan, author: Numbers, rng: np.random.Generator) -> Numbers:
    """The network an author posts for: bridges take turns, accounts of none mention any."""
    network = plan.network[author].astype(np.int64)
    second = plan.second[author]
    turn = (second >= 0) & (rng.random(len(author)) < 0.5)
    network[turn] = second[turn]
    return np.where(network >= 0, network, rng.integers(0, plan.networks, len(author)))


def _source(mix: NDArray[np.float64], rows: NDArray[np.uint8], rng: np.random.Generator) -> Numbers:
    """One draw for each row from that row's distribution."""
    cumulative = np.cumsum(mix, axis=1)
    cumulative[:, -1] = 1.0
    drawn: Numbers = (rng.random(len(rows))[:, None] > cumulative[rows]).sum(axis=1)
    return drawn


def _tags(plan: Plan, pool: Pools, author: Numbers, kind: Kinds, rng: np.random.Generator) -> Numbers:
    author, kind = np.repeat(author, SLOTS), np.repeat(kind, SLOTS)
    source = _source(np.array([TAG_MIX[one] for one in Kind]), kind, rng)
    draw = rng.random(len(author))
    word = network_of(plan, author, rng) * WORDS_PER_NETWORK + (WORDS_PER_NETWORK * draw**1.3).astype(np.int64)
    tags = np.choose(
        source,
        (
            np.full(len(author), -1),
            pool.communities
            + plan.community(author) * TAGS_PER_COMMUNITY
            + (TAGS_PER_COMMUNITY * draw**2).astype(np.int64),
            (COMMON_TAGS * draw**2.2).astype(np.int64),
            pool.birds + (len(BIRDS) * draw**1.5).astype(np.int64),
            pool.networks + word,
            pool.disguises + word * SPELLINGS + rng.integers(0, SPELLINGS, len(author)),
            pool.support + (SUPPORT_TAGS * draw).astype(np.int64),
            pool.spam + (SPAM_TAGS * draw).astype(np.int64),
        ),
    )
    return tags.reshape(-1, SLOTS)


def _own_objects(plan: Plan) -> tuple[Numbers, Numbers]:
    """How many links (and media) each network has for itself, and where each network's start and the last one's end."""
    sizes = np.array([max(2, len(members) // 4) for members in plan.members])
    return sizes, np.cumsum(np.concatenate(([NEWS_LINKS + SPAM_POOL], sizes)))


def network_media(plan: Plan) -> range:
    """The numbers of all media that only networks post. Nothing but evaluation may ask."""
    starts = _own_objects(plan)[1]
    return range(int(starts[0]), int(starts[-1]))


def _objects(
    plan: Plan,
    author: Numbers,
    kind: Kinds,
    mixes: tuple[Mapping[Kind, tuple[float, ...]], tuple[float, ...]],
    per_community: int,
    rng: np.random.Generator,
) -> Numbers:
    """A number for each post's link or media, -1 for none, by its kind's own mix or else the other.

    Pools lie end to end; what none share is numbered last.
    """
    own, other = mixes
    source = _source(np.array([own.get(one, other) for one in Kind]), kind, rng)
    draw = rng.random(len(author))
    sizes, starts = _own_objects(plan)
    network = network_of(plan, author, rng)
    return np.choose(
        source,
        (
            np.full(len(author), -1),
            starts[-1] + plan.community(author) * per_community + (per_community * draw**1.8).astype(np.int64),
            (NEWS_LINKS * draw**2).astype(np.int64),
            starts[-1] + plan.communities * per_community + rng.integers(0, 1 << 40, len(author)),
            starts[network] + (sizes[network] * draw).astype(np.int64),
            NEWS_LINKS + (SPAM_POOL * draw).astype(np.int64),
        ),
    )
