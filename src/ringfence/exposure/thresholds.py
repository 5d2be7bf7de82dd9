"""What was promised before anybody looked? Bounds from a file, and whether a measurement keeps them."""

import tomllib
from dataclasses import dataclass, fields
from enum import StrEnum
from hashlib import sha256

from ringfence.exposure.estimates import Estimate
from ringfence.exposure.measure import ONE_FOLLOW, Exposure
from ringfence.model.faults import Fault


class Outcome(StrEnum):
    """How an interval lies to a bound. A figure of nothing keeps no promise and breaks none: it is open."""

    MET = "met"  # all of it at or below
    MISSED = "missed"  # all of it above
    OPEN = "open"  # the bound is inside of it


@dataclass(frozen=True, slots=True)
class Bounds:
    """The highest shares that are promised, from 0 to 1."""

    leak: float = 0.05  # test accounts that follow one member and are shown one the guard does not know
    displaced: float = 0.01  # innocent slots that change hands


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The bounds, and a digest of the file they come from: who changes it after looking has another digest."""

    bounds: Bounds
    digest: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure of one arm against its bound."""

    arm: str
    figure: str
    at_most: float
    measured: Estimate
    outcome: Outcome


def parse(text: str, where: str) -> Thresholds:
    """Read TOML with any of the names of `Bounds`; the others keep their defaults. Raises Fault for anything else."""
    known = [field.name for field in fields(Bounds)]
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Fault(f"is no TOML ({error})", where=where, mend="write lines such as `leak = 0.05`") from error
    for name, value in table.items():
        if name not in known:
            raise Fault(f"{name} is no bound", where=where, mend=f"use {' and '.join(known)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise Fault(f"{name} is {value!r}", where=where, mend="give a share from 0 to 1")
    bounds = Bounds(**{name: float(value) for name, value in table.items()})
    return Thresholds(bounds, sha256(text.encode()).hexdigest()[:16])


def judge(exposure: Exposure, thresholds: Thresholds) -> tuple[Finding, ...]:
    """Every arm but the first against every bound."""
    lured = next(stratum for stratum in exposure.strata if stratum.name == ONE_FOLLOW)
    bounds = thresholds.bounds
    return tuple(
        Finding(arm.name, figure, at_most, measured, outcome(measured, at_most))
        for arm, cost in zip(lured.arms[1:], exposure.collateral, strict=True)
        for figure, at_most, measured in (
            ("leak", bounds.leak, arm.summary.leak),
            ("displaced", bounds.displaced, cost.displaced),
        )
    )


def outcome(measured: Estimate, at_most: float) -> Outcome:
    """How the interval lies to the bound."""
    if measured.high <= at_most:
        return Outcome.MET
    return Outcome.MISSED if measured.low > at_most else Outcome.OPEN
