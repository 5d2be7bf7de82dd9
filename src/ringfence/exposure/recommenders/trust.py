"""Who are the accounts nearest to a viewer? The circle of trust: the top of a random walk that keeps coming back.

Mass is counted in whole units, 2^50 of them in all, so that the answer hangs on no order of addition.
"""

from dataclasses import dataclass

from numba import njit

from ringfence.exposure.recommenders.ranking import Grains
from ringfence.graph.csr import Ids, Index

WHOLE = 1 << 50  # times 100 it is still far from the end of 64 bits


@dataclass(frozen=True, slots=True)
class Walk:
    """How the walk goes: rounds at most, chance in a hundred to go back to the start, the least worth a step.

    An account hands mass on only when each of its ties gets at least `least` of the whole: so no round looks at more
    than 1 / `least` ties. Of a row with more than `reads` ties, `reads` spread evenly over it are followed.
    """

    rounds: int = 10
    back: int = 15
    least: float = 1e-5
    reads: int = 1_000

    @property
    def least_units(self) -> int:
        return max(1, int(self.least * WHOLE))


@njit(nogil=True, cache=True)
def walk(
    starts: Index,
    targets: Ids,
    followed: Ids,
    rounds: int,
    back: int,
    least: int,
    reads: int,
    visits: Grains,
    now: Grains,
    later: Grains,
    touched: Ids,
    active: Ids,
    following: Ids,
) -> int:
    """Fill `visits`, zero before, and list in `touched` where it no longer is; returns how many accounts that is.

    A random walk with restart from `followed` (personalised PageRank, Page et al. 1999), by synchronous pushes: in each
    round an account keeps `back` % of its mass as visits and shares the rest among its ties; what cannot be shared
    stays as visits. `now` and `later` are zero before and after; `active` and `following` need no content.
    """
    count, width = 0, len(followed)
    for place in range(width):
        active[place] = followed[place]
        now[followed[place]] = WHOLE // width
    for step in range(rounds + 1):
        reached = 0
        for place in range(width):
            one = active[place]
            mass = now[one]
            now[one] = 0
            if visits[one] == 0:
                touched[count] = one
                count += 1
            degree = min(starts[one + 1] - starts[one], reads)
            share = (mass * (100 - back) // 100) // degree if degree and step < rounds else 0
            if share < least:
                visits[one] += mass
                continue
            visits[one] += mass - share * degree
            length = starts[one + 1] - starts[one]
            for tie in range(degree):
                to = targets[starts[one] + tie * length // degree]
                if later[to] == 0:
                    following[reached] = to
                    reached += 1
                later[to] += share
        now, later = later, now
        active, following = following, active
        width = reached
    return count
