"""What does a demo tell somebody who has never heard of ringfence? One self-contained HTML page."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from ringfence.demo.new_media import MediaFigures
from ringfence.demo.pictures import Node, Stage, network_map, score_histogram, stage_bars
from ringfence.exposure.measure import ONE_FOLLOW, RANDOM, Exposure, Stratum
from ringfence.exposure.report import AXES, NOTHING_LOST, arm_words, lured
from ringfence.exposure.thresholds import Bounds
from ringfence.pictures.curves import exposure_curves
from ringfence.pictures.figures import count, percent
from ringfence.pictures.pages import templates
from ringfence.pictures.tradeoff import Target, tradeoff

ARMS = {
    "none": "without guard",
    "guard": "with guard",
    "damping": "filter, damped",
    "hard": "filter, damped hard",
    "budgeted": "filter and cut",
}
STRATA = {ONE_FOLLOW: "follows one member", RANDOM: "follows a random account"}


@dataclass(frozen=True, slots=True)
class Network:
    """One line of the table of networks, as discovery found it."""

    network_id: str
    size: int
    audience: int
    reach: int
    terms: tuple[str, ...]
    first_seen: datetime | None
    growth: float


@dataclass(frozen=True, slots=True)
class Innocents:
    """Accounts of one kind that are no members, and how many of them were named all the same."""

    kind: str
    named: int
    total: int


@dataclass(frozen=True, slots=True)
class Baselines:
    """Area under the precision-recall curve: the best single feature, the keyword rule, and ringfence."""

    feature: str
    feature_auprc: float
    keyword_auprc: float
    auprc: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one account was named, and what speaks against it.

    `contributions` are words and amounts that add up to the score; `path` leads to `path_to`, a step each.
    """

    account_id: str
    role: str
    reasons: tuple[str, ...]
    contributions: tuple[tuple[str, float], ...] = ()
    path: tuple[str, ...] = ()
    path_to: str = ""
    against: tuple[str, ...] = ()

    @property
    def largest(self) -> float:
        """The largest amount either way, which has the longest bar."""
        return max((abs(amount) for _, amount in self.contributions), default=1.0) or 1.0


@dataclass(frozen=True, slots=True)
class DemoReport:
    """All that the page shows. `scores` and `planted` have one entry an account; `edges` are positions in `nodes`."""

    seed: int
    accounts: int
    ties: int
    posts: int
    seed_terms: tuple[str, ...]
    seed_accounts: tuple[str, ...]
    networks: tuple[Network, ...]
    planted_members: int
    named: int  # accounts found: corroborated, and in a network
    named_members: int  # of these, planted members
    likely_minors: int  # of these, routed to care
    innocents: tuple[Innocents, ...]
    baselines: Baselines
    exposure: Exposure
    media: MediaFigures
    explanations: tuple[Explanation, ...]
    nodes: tuple[Node, ...]
    edges: tuple[tuple[int, int], ...]
    scores: NDArray[np.float64]
    planted: NDArray[np.bool_]
    cut: float  # the lowest score of an account named
    stages: tuple[Stage, ...]
    versions: tuple[tuple[str, str], ...]

    @property
    def precision(self) -> float:
        """Share of the named that are members; NaN when nobody was named."""
        return self.named_members / self.named if self.named else np.nan

    @property
    def recall(self) -> float:
        """Share of the planted members that were named; NaN when none was planted."""
        return self.named_members / self.planted_members if self.planted_members else np.nan

    @property
    def innocents_named(self) -> int:
        """Accounts that were named and are no members."""
        return self.named - self.named_members


def render(report: DemoReport) -> str:
    """The page as one HTML document that asks nothing of any other machine; every text in it is escaped."""
    page = templates("ringfence.demo")
    page.filters |= {"stratum": stratum_name, "arm": arm_name, "about_arm": arm_words}
    return page.get_template("report.html").render(
        report=report,
        lead=lead(report),
        lured=lured(report.exposure),
        chance=report.planted_members / report.accounts,
        seconds=sum(stage.seconds for stage in report.stages),
        peak_mb=max((stage.peak_mb for stage in report.stages), default=0.0),
        # The pictures escape what they show; nothing else on the page is trusted to be markup.
        map=Markup(network_map(report.nodes, report.edges)),  # noqa: S704 - see the line above
        histogram=Markup(score_histogram(report.scores, report.planted, report.cut)),  # noqa: S704 - as above
        curves=[Markup(_curve(stratum)) for stratum in report.exposure.strata],  # noqa: S704 - as above
        tradeoff=Markup(_tradeoff(report.exposure)),  # noqa: S704 - as above
        has_cut=any(arm.name == "budgeted" for arm in lured(report.exposure).arms),
        bounds=Bounds(),
        bars=Markup(stage_bars(report.stages)),  # noqa: S704 - as above
    )


def lead(report: DemoReport) -> str:
    """The main finding in two sentences."""
    arms = lured(report.exposure)
    return (
        f"Starting from {len(report.seed_terms)} terms and {len(report.seed_accounts)} accounts, ringfence found "
        f"{count(report.named_members)} of {count(report.planted_members)} members hidden among "
        f"{count(report.accounts)} accounts, and wrongly named {count(report.innocents_named)} innocent "
        f"{'account' if report.innocents_named == 1 else 'accounts'}. Of the test accounts that followed one member, "
        f"{percent(arms.before.ever.value)} were shown another without the guard, and "
        f"{percent(arms.after.ever.value)} with it."
    )


def arm_name(name: str) -> str:
    """How the page calls an arm."""
    return ARMS.get(name, name)


def stratum_name(name: str) -> str:
    """How the page calls a group of test accounts."""
    return STRATA.get(name, f"starts from: {name.replace('_', ' ')}")


def _curve(stratum: Stratum) -> str:
    arms = {arm_name(arm.name): arm.summary.ever_by_step for arm in stratum.arms}
    return exposure_curves(stratum_name(stratum.name), arms)


def _tradeoff(exposure: Exposure) -> str:
    bounds = Bounds()
    costs = {cost.arm: cost.displaced for cost in exposure.collateral}
    points = {arm_name(arm.name): (costs.get(arm.name, NOTHING_LOST), arm.summary.leak) for arm in lured(exposure).arms}
    return tradeoff("arms", AXES, points, Target(bounds.displaced, bounds.leak))
