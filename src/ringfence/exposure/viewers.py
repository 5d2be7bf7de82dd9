"""What are real viewers shown now, where a platform can say that and nothing else? By a table of slates, or by its log.

Such a platform cannot be asked what would come after another follow, so no test account walks here. Slates are taken as
they are, whom the viewer follows by now among them: a member that was shown and then followed was shown all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ringfence.exposure.arms import Arm
from ringfence.exposure.estimates import Estimate, ratio, resamples
from ringfence.exposure.metrics import collateral, members_shown
from ringfence.exposure.recommenders.per_viewer import PerViewer
from ringfence.exposure.recommenders.platform import Names
from ringfence.exposure.recommenders.suggestions import NOBODY, Suggestions
from ringfence.exposure.recommenders.troubles import Tally, Trouble
from ringfence.exposure.simulate import SLOTS, Mask, first_slates
from ringfence.graph.csr import Csr, Ids
from ringfence.model.faults import Fault

MOST = 1_000  # viewers drawn of each group


@dataclass(frozen=True, slots=True)
class ViewedArm:
    """What the viewers of a group see in one arm. A slot that the guard empties is filled where the slate goes on."""

    name: str
    share: Estimate  # of filled slots that held a member
    ever_first: Estimate  # viewers shown a member
    displaced: Estimate  # of innocent accounts shown in the first arm: no longer shown
    empty: float  # of all slots


@dataclass(frozen=True, slots=True)
class ViewerGroup:
    """Real viewers that are no members and have a slate, drawn at random; `of` is how many there are."""

    name: str
    viewers: int
    of: int
    arms: tuple[ViewedArm, ...]


class Repeated:
    """A `Recommender` that repeats to each viewer the slate that a platform has for them, whomever they follow.

    The viewer, repeats and ids that no account has are taken out and counted, once however often the viewer is asked
    about; what stands behind them moves up.
    """

    __slots__ = ("_names", "_platform", "_slates", "_tally")

    def __init__(self, platform: PerViewer, names: Names) -> None:
        self._platform, self._names = platform, names
        self._slates: dict[int, Ids] = {}
        self._tally = Tally()

    @property
    def viewers(self) -> Ids:
        """All accounts that have a slate, ascending."""
        found = self._names.find(self._platform.viewers)
        return np.unique(found[found != NOBODY]).astype(np.uint32)

    @property
    def troubles(self) -> tuple[tuple[str, int, str], ...]:
        """Name, count and one example of everything that was wrong with the rows and with the slates asked for."""
        flaws, found = self._platform.flaws, self._tally.snapshot()
        strangers = len(self._platform.viewers) - len(self.viewers)
        told = [
            ("unreadable", flaws.unreadable, ""),
            ("missing", flaws.missing, flaws.examples.get("with_gaps", "")),
            ("repeated", flaws.repeated, flaws.examples.get("with_repeats", "")),
            ("unknown_viewers", strangers, ""),
            *((str(kind), getattr(found, kind), found.examples.get(kind, "")) for kind in Trouble),
        ]
        return tuple(one for one in told if one[1])

    def __call__(self, followed: Ids, wanted: int, viewer: int = NOBODY) -> Suggestions:  # noqa: ARG002 - see above
        """See `Recommender`; nobody for a viewer without a slate, and for a test account."""
        if viewer not in self._slates:
            self._slates[viewer] = self._read(viewer)
        return Suggestions(self._slates[viewer][:wanted], 0)

    def _read(self, viewer: int) -> Ids:
        name = self._names.name(viewer)
        shown = self._platform(name, (), np.iinfo(np.int64).max)
        kept: dict[int, None] = {}
        for told, account in zip(shown, self._names.find(shown).tolist(), strict=True):
            trouble = None
            if account == NOBODY:
                trouble = Trouble.UNKNOWN
            elif account == viewer:
                trouble = Trouble.VIEWER
            elif account in kept:
                trouble = Trouble.DUPLICATE
            if trouble:
                self._tally.count(trouble, 1, f"{told!r}, shown to {name!r}")
            else:
                kept[account] = None
        return np.array(list(kept), np.uint32)


def viewed(
    follows: Csr, members: Mask, shown: Repeated, arms: Sequence[Arm], seed: int, *, most: int = MOST
) -> tuple[ViewerGroup, ...]:
    """Viewers that follow a member, and those that follow none, in every arm; the first is the one without a guard.

    A group without a viewer is left out. Raises Fault where nobody but members has a slate.
    """
    viewers = shown.viewers[~members[shown.viewers]]
    if not len(viewers):
        raise Fault("no viewer has a slate", where="slates", mend="give slates of the workspace's own accounts")
    near = np.zeros(follows.rows, np.bool_)
    near[follows.sources()[members[follows.targets]]] = True
    groups = {"follows_member": viewers[near[viewers]], "follows_none": viewers[~near[viewers]]}
    return tuple(_group(name, some, follows, members, arms, seed, most) for name, some in groups.items() if len(some))


def _group(
    name: str, among: Ids, follows: Csr, members: Mask, arms: Sequence[Arm], seed: int, most: int
) -> ViewerGroup:
    drawn = np.sort(np.random.default_rng([seed, *f"viewed {name}".encode()]).permutation(among)[:most])
    draws, everyone = resamples(len(drawn), seed), np.ones(len(drawn), np.bool_)
    slates = {arm.name: first_slates(arm.suggest, arm.keep, drawn, follows.row, SLOTS) for arm in arms}
    before = slates[arms[0].name]
    told = []
    for arm, seen in slates.items():
        held, filled = members_shown(seen, members), (seen != NOBODY).sum(axis=1)
        cost = collateral(arm, before, seen, members, draws)
        share, ever = ratio(held, filled, draws), ratio(held > 0, everyone, draws)
        told.append(ViewedArm(arm, share, ever, cost.displaced, cost.empty))
    return ViewerGroup(name, len(drawn), len(among), tuple(told))
