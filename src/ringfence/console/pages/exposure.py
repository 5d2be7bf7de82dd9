"""How far are people led to members, before and with the guard? The measurements kept, with intervals and bounds."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi.responses import Response
from markupsafe import Markup

from ringfence.cases.people import Permission
from ringfence.console import drawing
from ringfence.console.asking import Asker
from ringfence.console.measurements import measurements
from ringfence.console.page import Page
from ringfence.exposure import report
from ringfence.exposure.audit import Audit, Measured
from ringfence.exposure.measure import ArmExposure
from ringfence.exposure.metrics import Collateral
from ringfence.exposure.thresholds import Finding
from ringfence.pictures.curves import exposure_curves
from ringfence.pictures.days import by_day
from ringfence.pictures.figures import interval, percent


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of one recommender: what it leaves, what it costs, and whether it keeps its bounds."""

    name: str
    words: str
    told: ArmExposure
    cost: Collateral | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One recommender, with pictures as markup: by the strata of the measurement, and from day to day."""

    name: str
    arms: tuple[Arm, ...]
    curves: tuple[Markup, ...]
    days: Markup
    measurements: int


def show(asking: Asker) -> Response:
    """The last measurement, and how it went before."""
    with asking.act() as within:
        within.demand(Permission.READ_METRICS)
    kept, unread = measurements(asking.settings.workspace)
    last = kept[-1] if kept else None
    alike = [one for one in kept if last and one.recipe.command == last.recipe.command][-report.DAYS :]
    return drawing.drawn(
        asking,
        "exposure.html",
        last=last,
        at=report.when(last.recipe.at) if last else None,
        lead=report.lead(last) if last else "",
        sections=[_section(place, alike) for place in range(len(last.measured))] if last else [],
        every=tuple(reversed(kept)),
        when=lambda one: report.when(one.recipe.at),
        outcomes=report.outcomes,
        unread=unread,
        percent=percent,
        interval=interval,
    )


def _section(place: int, alike: Sequence[Audit]) -> Section:
    last = alike[-1]
    measured = last.measured[place]
    group = report.lured(measured.exposure)
    costs = {cost.arm: cost for cost in measured.exposure.collateral}
    arms = tuple(
        Arm(arm.name, report.arm_words(arm.name), arm, costs.get(arm.name), _of(measured, arm.name))
        for arm in group.arms
    )
    days = [told for one in alike for told in report.days_of(one, measured.recommender, [arm.name for arm in arms])]
    curves = (
        exposure_curves(
            report.called(one.name), {arm.name: arm.summary.ever_by_step for arm in one.arms}, f"{place}-{n}"
        )
        for n, one in enumerate(measured.exposure.strata)
    )
    return Section(
        name=report.called(measured.recommender),
        arms=arms,
        # The pictures escape what they show; nothing else here is trusted to be markup.
        curves=tuple(Markup(one) for one in curves),  # noqa: S704
        days=Markup(_drawn(place, measured, days, last) if len(days) > 1 else ""),  # noqa: S704
        measurements=len(days),
    )


def _drawn(place: int, measured: Measured, days: Sequence[report.Day], last: Audit) -> str:
    names = [arm.name for arm in report.lured(measured.exposure).arms]
    lines = {name: [day.leak[column] for day in days] for column, name in enumerate(names)}
    title = f"Leak of {report.called(measured.recommender)}"
    return by_day(f"{place}", title, [day.at for day in days], lines, last.thresholds.bounds.leak)


def _of(measured: Measured, arm: str) -> tuple[Finding, ...]:
    return tuple(one for one in measured.findings if one.arm == arm)


PAGES = (Page("/exposure", "exposure", show, Permission.READ_METRICS, menu="Exposure"),)
