"""Which ways of running discovery are compared? Each is a recommender and the guard that stands before it.

| arm | recommender | guard |
|---|---|---|
| `none` | as it is | none |
| `filter` | as it is | leaves out whoever is flagged |
| `damping` | friend-of-friend that learns nothing through flagged accounts | as `filter` |
| `hard` | the same, nor through accounts that follow three flagged ones or more | as `filter` |
| `budgeted` | as it is | as `filter`, and leaves out likely members by what the viewer follows (`cuts`) |
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ringfence.exposure.cuts.budget import Cut, Sample, cut
from ringfence.exposure.cuts.columns import of_csr
from ringfence.exposure.cuts.odds import Reviews, estimate
from ringfence.exposure.recommenders.friend_of_friend import FriendOfFriend
from ringfence.exposure.recommenders.references import Kind
from ringfence.exposure.recommenders.suggestions import Recommender
from ringfence.exposure.simulate import SLOTS, Keep, Mask, first_slates, keep_all, keep_unflagged
from ringfence.graph.csr import Csr
from ringfence.model.faults import Fault

FOLLOWS_TOO_MANY = 3  # flagged accounts; whoever follows as many teaches nothing in the arm `hard`
BUDGET = 0.008  # of all slots: under the 1% that the target allows, by what a sample of viewers can miss
VIEWERS = 3_000  # whose slates say what a cut would cost


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to run discovery, by name."""

    name: str
    suggest: Recommender
    keep: Keep


def none(suggest: Recommender) -> Arm:
    """The recommender alone."""
    return Arm("none", suggest, keep_all)


def filtered(suggest: Recommender, flagged: Mask) -> Arm:
    """Whoever is flagged is shown to nobody."""
    return Arm("filter", suggest, keep_unflagged(flagged))


def damping(follows: Csr, flagged: Mask) -> Arm:
    """The filter, and a friend-of-friend recommender for which ties of flagged accounts weigh nothing."""
    return Arm("damping", FriendOfFriend(follows, weights=np.where(flagged, 0.0, 1.0)), keep_unflagged(flagged))


def hard(follows: Csr, flagged: Mask) -> Arm:
    """As `damping`, for the ties of whoever follows three flagged accounts as well."""
    followed = np.add.reduceat(np.append(flagged[follows.targets], 0), follows.starts[:-1]) * (follows.degree() > 0)
    silent = flagged | (followed >= FOLLOWS_TOO_MANY)
    return Arm("hard", FriendOfFriend(follows, weights=np.where(silent, 0.0, 1.0)), keep_unflagged(flagged))


def budgeted(
    follows: Csr,
    suggest: Recommender,
    flagged: Mask,
    seed: int,
    *,
    budget: float = BUDGET,
    reviews: Reviews | None = None,
) -> Arm:
    """The filter, and the deepest cut that this recommender alone can afford; see `affordable`."""
    return behind(affordable(follows, [suggest], flagged, seed, budget=budget, reviews=reviews), suggest)


def behind(chosen: Cut, suggest: Recommender) -> Arm:
    """A recommender with a cut before it."""
    return Arm("budgeted", suggest, chosen.keep)


def affordable(
    follows: Csr,
    suggesters: Sequence[Recommender],
    flagged: Mask,
    seed: int,
    *,
    budget: float = BUDGET,
    reviews: Reviews | None = None,
) -> Cut:
    """The deepest cut that the slates of 3,000 accounts which follow somebody can afford, in the worst recommender.

    Raises Fault where fewer than four accounts are flagged.
    """
    rng = np.random.default_rng([seed, *b"cut"])
    following = np.flatnonzero(~flagged & (follows.degree() > 0)).astype(np.uint32)
    viewers = rng.permutation(following)[:VIEWERS]
    rows = [follows.row(int(viewer)) for viewer in viewers]
    # Asked before the odds are learned, which takes longer: a platform that is down is told of at once.
    slates = [first_slates(suggest, keep_all, viewers, follows.row, SLOTS) for suggest in suggesters]
    odds = estimate(of_csr(follows), flagged, seed, reviews)
    return cut(odds, flagged, [Sample(rows, shown) for shown in slates], budget)


def standing(suggest: Recommender, flagged: Mask, chosen: Cut | None) -> list[Arm]:
    """No guard, the filter, and a cut that was chosen for others, where there is one."""
    return [none(suggest), filtered(suggest, flagged), *([behind(chosen, suggest)] if chosen else [])]


@dataclass(frozen=True, slots=True)
class Compared:
    """The arms of each recommender, the cut that they share, and a line for each arm that there cannot be."""

    arms: Mapping[str, Sequence[Arm]]
    chosen: Cut | None
    left_out: tuple[str, ...]


def every(follows: Csr, asked: Mapping[str, Recommender], flagged: Mask, seed: int) -> Compared:
    """All arms that there can be.

    Ties can be damped only in a recommender that is known to walk them, and a cut needs flags to learn from.
    """
    compared = {name: [none(suggest), filtered(suggest, flagged)] for name, suggest in asked.items()}
    if Kind.FRIEND_OF_FRIEND in compared:
        compared[Kind.FRIEND_OF_FRIEND] += [damping(follows, flagged), hard(follows, flagged)]
    try:
        chosen = affordable(follows, list(asked.values()), flagged, seed)
    except Fault as fault:
        return Compared(compared, None, (f"arm budgeted: {fault.what}",))
    cut_too = {name: [*others, behind(chosen, asked[name])] for name, others in compared.items()}
    return Compared(cut_too, chosen, ())
