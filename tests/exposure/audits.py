"""Measurements for tests, made up."""

from ringfence.exposure.audit import Audit, Measured, Recipe
from ringfence.exposure.estimates import Estimate
from ringfence.exposure.measure import ONE_FOLLOW, ArmExposure, Exposure, Stratum
from ringfence.exposure.metrics import Collateral, ExposureSummary
from ringfence.exposure.thresholds import judge, parse

FRIEND_OF_FRIEND = "friend_of_friend"
COMMAND = "ringfence exposure --withhold 0.2"


def around(value: float, width: float = 0.02) -> Estimate:
    return Estimate(value, max(value - width, 0.0), min(value + width, 1.0), 200)


def summary(ever: float, leak: float) -> ExposureSummary:
    return ExposureSummary(
        share=around(ever / 3),
        ever_first=around(ever / 2),
        ever=around(ever),
        leak=around(leak),
        ever_by_step=(around(ever / 2), around(ever)),
        share_by_step=(around(ever / 3), around(ever / 3)),
        deep=around(0.0),
        members_followed=ever,
        backfilled=0.0,
        empty=0.0,
    )


def measured(leak: float, *, displaced: float = 0.002, at: str = "2026-11-26", command: str = COMMAND) -> Audit:
    nothing = Estimate(float("nan"), float("nan"), float("nan"), 200)
    arms = tuple(
        ArmExposure(name, summary(ever, unknown), around(0.9 - ever), nothing)
        for name, ever, unknown in (("none", 0.9, 0.4), ("filter", leak, leak))
    )
    costs = (Collateral("filter", around(displaced, 0.001), around(0.01), 0, 0.0, 0.0),)
    strata = (Stratum(ONE_FOLLOW, 200, arms, around(0.0)),)
    exposure = Exposure(20_000, 150, 120, 130, 0, 10, 10, strata, costs)
    thresholds = parse("", "defaults")
    recipe = Recipe(command, "0.1.0", at, (FRIEND_OF_FRIEND,), "top 3", 0, 30, 200)
    return Audit(recipe, thresholds, (Measured(FRIEND_OF_FRIEND, exposure, judge(exposure, thresholds), ()),))
