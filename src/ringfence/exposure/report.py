"""What does a measurement tell somebody who was not there? One self-contained HTML page, a section a recommender."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from markupsafe import Markup

from ringfence.exposure.audit import Audit, Measured, key_of
from ringfence.exposure.estimates import Estimate
from ringfence.exposure.measure import NEW_ACCOUNT, ONE_FOLLOW, RANDOM, Exposure, Stratum
from ringfence.exposure.thresholds import Finding, Outcome
from ringfence.model.faults import Fault
from ringfence.pictures.curves import exposure_curves
from ringfence.pictures.days import by_day
from ringfence.pictures.figures import interval, percent
from ringfence.pictures.pages import templates
from ringfence.pictures.tradeoff import Target, tradeoff

STRATA = {
    ONE_FOLLOW: "follows one member",
    RANDOM: "follows one account that is no member",
    NEW_ACCOUNT: "follows nobody yet",
    "bridge": "follows an innocent account that many of the members' audience follow",
    "minor": "follows an account that a likely minor follows",
    "searcher": "follows an innocent account found by a search beside risky ones",
}
ARMS = {
    "none": "the recommender alone, without a guard",
    "guard": "leaves out whoever its policy drops, and shows last whoever it demotes",
    "filter": "leaves out whoever is flagged",
    "damping": "the filter, and nothing is learned through flagged accounts",
    "hard": "the same, nor through accounts that follow three flagged ones or more",
    "budgeted": "the filter, and leaves out likely members by whom the viewer follows, within a budget on others",
}
SIGNS = {Outcome.MET: "\N{CHECK MARK}", Outcome.MISSED: "\N{BALLOT X}", Outcome.OPEN: "?"}
BADNESS = (Outcome.MET, Outcome.OPEN, Outcome.MISSED)
NOTHING_LOST = Estimate(0.0, 0.0, 0.0, 0)  # what the arm without a guard takes from others
NOTHING = Estimate(np.nan, np.nan, np.nan, 0)
AXES = ("innocent slots that change hands", "leak")
DAYS = 90  # measurements shown, the latest


@dataclass(frozen=True, slots=True)
class Section:
    """One recommender's part of the page, with its pictures as markup."""

    name: str
    measured: Measured
    tradeoff: Markup
    curves: tuple[Markup, ...]
    costs: Mapping[str, Estimate]  # displaced, by arm
    promises: Mapping[str, Mapping[str, Finding]]  # by arm and figure
    days: tuple["Day", ...]
    by_day: Markup


@dataclass(frozen=True, slots=True)
class Day:
    """What test accounts that follow one member were shown in one measurement; None in an arm that it lacks."""

    at: datetime
    leak: tuple[Estimate | None, ...]  # an entry an arm of the last measurement


def render(audit: Audit, sealed: bytes, past: Sequence[Audit], unread: Sequence[str] = ()) -> str:
    """The page as one HTML document that asks nothing of any other machine; every text in it is escaped.

    `sealed` is the same measurement as a signed file and stands in the page as it is. `past` are earlier ones; those by
    another command are left out. `unread` are lines about earlier ones that could not be read. Raises Fault for a file
    that could not stand in a page.
    """
    if b"<" in sealed:
        raise Fault("holds what no page can", where="measurement", mend="measure again with this version of ringfence")
    alike = sorted([*(one for one in past if _alike(one, audit)), audit], key=lambda one: when(one.recipe.at))
    page = templates("ringfence.exposure")
    page.filters |= {"called": called, "stratum": stratum_name, "arm": arm_words, "sign": SIGNS.__getitem__}
    written = page.get_template("exposure.html").render(
        audit=audit,
        lead=lead(audit),
        sections=[_section(place, alike[-DAYS:], audit) for place in range(len(audit.measured))],
        arms=list(dict.fromkeys(arm.name for one in audit.measured for arm in lured(one.exposure).arms)),
        older=max(len(alike) - DAYS, 0),
        unread=unread,
        key=key_of(sealed),
        sealed=Markup(sealed.decode()),  # noqa: S704 - it holds no "<", see above
    )
    return written.rstrip("\n") + "\n"


def lead(audit: Audit) -> str:
    """The main finding in two sentences."""
    worst = max(audit.measured, key=lambda one: _or_zero(lured(one.exposure).before.ever))
    exposure, group = worst.exposure, lured(worst.exposure)
    first = group.before.ever
    among = f", the worst of the {len(audit.measured)} recommenders asked," if len(audit.measured) > 1 else ""
    return (
        f"Of {group.test_accounts} test accounts that followed one member, {called(worst.recommender)}{among} showed "
        f"{percent(first.value)} ({interval(first)}) a member within {exposure.steps} slates without a guard. "
        f"{_promises(audit)}"
    )


def outcomes(audit: Audit) -> dict[str, Outcome]:
    """How each arm keeps all of its bounds with all recommenders: as badly as the worst of them.

    An arm that was not measured with all of them is open at best.
    """
    held = [[finding.arm for finding in one.findings] for one in audit.measured]
    found: dict[str, Outcome] = {}
    for finding in (finding for one in audit.measured for finding in one.findings):
        everywhere = Outcome.MET if all(finding.arm in arms for arms in held) else Outcome.OPEN
        found[finding.arm] = max(found.get(finding.arm, everywhere), finding.outcome, key=BADNESS.index)
    return found


def lured(exposure: Exposure) -> Stratum:
    """The test accounts that started by following one member."""
    return next(stratum for stratum in exposure.strata if stratum.name == ONE_FOLLOW)


def called(name: str) -> str:
    """How the page writes a name: friend_of_friend -> friend of friend."""
    return name.replace("_", " ")


def stratum_name(name: str) -> str:
    """What test accounts of a group start with."""
    return STRATA.get(name, f"starts from: {called(name)}")


def arm_words(name: str) -> str:
    """What an arm does, where the page knows it."""
    return ARMS.get(name, "an arm of the operator's own")


def _promises(audit: Audit) -> str:
    bounds, found = audit.thresholds.bounds, outcomes(audit)
    promise = (
        f"promised before the measurement (a leak of at most {percent(bounds.leak)}, at most "
        f"{percent(bounds.displaced)} of innocent slots changed)"
    )
    kept = [arm for arm, outcome in found.items() if outcome is Outcome.MET]
    unsure = [arm for arm, outcome in found.items() if outcome is Outcome.OPEN]
    if kept:
        return f"What was {promise} is kept by {_and(kept)}."
    if unsure:
        return f"What was {promise} is shown to be kept by no arm; for {_and(unsure)} it is open."
    return f"What was {promise} is kept by no arm." if found else f"No arm was held against what was {promise}."


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _section(place: int, alike: Sequence[Audit], audit: Audit) -> Section:
    measured, bounds = audit.measured[place], audit.thresholds.bounds
    exposure, name = measured.exposure, measured.recommender
    arms = lured(exposure).arms
    costs = {arms[0].name: NOTHING_LOST, **{cost.arm: cost.displaced for cost in exposure.collateral}}
    points = {arm.name: (costs.get(arm.name, NOTHING), arm.summary.leak) for arm in arms}
    names = [arm.name for arm in arms]
    days = tuple(day for one in alike for day in days_of(one, name, names))
    lines = {arm: [day.leak[column] for day in days] for column, arm in enumerate(names)}
    drawn = by_day(str(place), f"Leak of {called(name)}", [day.at for day in days], lines, bounds.leak)
    return Section(
        name=name,
        measured=measured,
        # The pictures escape what they show; nothing else on the page is trusted to be markup.
        tradeoff=Markup(tradeoff(f"{place}", AXES, points, Target(bounds.displaced, bounds.leak))),  # noqa: S704
        curves=tuple(Markup(_curves(f"{place}-{n}", stratum)) for n, stratum in enumerate(exposure.strata)),  # noqa: S704
        costs=costs,
        promises={arm: {one.figure: one for one in measured.findings if one.arm == arm} for arm in names[1:]},
        days=days,
        by_day=Markup(drawn if len(days) > 1 else ""),  # noqa: S704
    )


def _curves(key: str, stratum: Stratum) -> str:
    arms = {arm.name: arm.summary.ever_by_step for arm in stratum.arms}
    return exposure_curves(called(stratum.name), arms, key)


def days_of(audit: Audit, recommender: str, arms: Sequence[str]) -> list[Day]:
    """What one measurement has of a recommender, in these arms; nothing where it did not ask it."""
    told = []
    for one in audit.measured:
        if one.recommender == recommender:
            leak = {arm.name: arm.summary.leak for arm in lured(one.exposure).arms}
            told.append(Day(when(audit.recipe.at), tuple(leak.get(name) for name in arms)))
    return told


def _alike(one: Audit, audit: Audit) -> bool:
    return one.recipe.command == audit.recipe.command and one.recipe.at != audit.recipe.at


def when(at: str) -> datetime:
    """When a measurement was made; one that does not say its zone is in UTC."""
    read = datetime.fromisoformat(at)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _or_zero(share: Estimate) -> float:
    return 0.0 if np.isnan(share.value) else share.value
