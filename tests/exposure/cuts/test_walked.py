import numpy as np
from tests.exposure.cuts.planted import planted

from ringfence.exposure.cuts.budget import Sample, cut
from ringfence.exposure.cuts.odds import estimate
from ringfence.exposure.metrics import ever_shown
from ringfence.exposure.recommenders.friend_of_friend import FriendOfFriend
from ringfence.exposure.simulate import SLOTS, first_slates, keep_all, keep_unflagged, walk
from ringfence.graph.csr import from_pairs


def test_a_cut_hides_members_that_the_filter_leaks_at_less_than_its_budget() -> None:
    world = planted(6, withheld=16)
    ties = world.follows.forward.tocoo()
    follows = from_pairs(ties.row, ties.col, ties.data, ties.shape)
    suggest = FriendOfFriend(follows)
    rng = np.random.default_rng(0)
    others = np.setdiff1d(np.arange(follows.rows), world.members)
    viewers = rng.choice(others, 400, replace=False).astype(np.uint32)
    before = first_slates(suggest, keep_all, viewers, follows.row, SLOTS)
    odds = estimate(world.follows, world.flagged, seed=1)
    sample = Sample([follows.row(int(viewer)) for viewer in viewers], before)
    chosen = cut(odds, world.flagged, [sample], 0.03)
    unknown = np.zeros(follows.rows, dtype=bool)
    unknown[world.withheld] = True
    leaks = []
    for keep in (keep_unflagged(world.flagged), chosen.keep):
        luck = np.random.default_rng(9).random((len(world.withheld), 10))
        sessions = walk(suggest, keep, world.withheld, luck, first_viewer=follows.rows)
        leaks.append(ever_shown(sessions, unknown)[:, -1].mean())
    assert leaks[0] >= 0.4
    assert leaks[1] <= leaks[0] / 3
