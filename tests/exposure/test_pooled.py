"""Do several measurements say what they hold together?"""

from dataclasses import replace

import numpy as np
import pytest
from tests.exposure.audits import FRIEND_OF_FRIEND, measured

from ringfence.exposure.audit import Audit
from ringfence.exposure.pooled import Mean, means
from ringfence.model.faults import Fault


def seeded(leak: float, seed: int) -> Audit:
    audit = measured(leak)
    return replace(audit, recipe=replace(audit.recipe, seed=seed))


def leak(audits: list[Audit]) -> Mean:
    return next(one for one in means(audits, 0) if (one.arm, one.figure) == ("filter", "leak"))


def test_days_of_one_platform_are_averaged_and_no_surer_than_their_test_accounts() -> None:
    days = [measured(0.1), measured(0.2), measured(0.3)]
    found = leak(days)
    assert (found.recommender, found.stratum) == (FRIEND_OF_FRIEND, "one_follow")
    assert found.mean.value == pytest.approx(0.2)
    assert (found.mean.clusters, found.mean.accounts) == (3, 600)
    same = leak([measured(0.2)] * 9).mean
    assert same.high - same.low == pytest.approx(0.04)  # as wide as each of them


def test_measurements_with_seeds_of_their_own_are_clusters_of_accounts() -> None:
    found = leak([seeded(0.2, seed) for seed in range(12)]).mean
    assert found.value == pytest.approx(0.2)
    assert (found.clusters, found.accounts) == (12, 2_400)
    assert found.high - found.low == pytest.approx(4 * np.sqrt(0.16 / 2_400), rel=0.15)
    assert leak([seeded(0.0, seed) for seed in range(12)]).mean.high == 3 / 12


def test_every_figure_of_the_last_is_told_over_those_that_hold_it() -> None:
    other = measured(0.1)
    other = replace(other, measured=(replace(other.measured[0], recommender="salsa"),))
    found = means([other, measured(0.2), measured(0.3)], 0)
    assert {one.figure for one in found} == {"ever", "leak", "share", "displaced"}
    assert {(one.recommender, one.mean.clusters) for one in found} == {(FRIEND_OF_FRIEND, 2)}


@pytest.mark.parametrize("audits", [[], [measured(0.2)]])
def test_one_measurement_says_nothing_of_other_days(audits: list[Audit]) -> None:
    with pytest.raises(Fault, match="fewer than two"):
        means(audits, 0)
