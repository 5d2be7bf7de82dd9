"""Does the page of a measurement tell all of it, safely and by itself?"""

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from tests.exposure.audits import around, measured, summary

from ringfence.exposure.audit import Audit, Measured, Trouble, Viewed, seal
from ringfence.exposure.estimates import Estimate
from ringfence.exposure.everybody import Exact, ExactArm, Group
from ringfence.exposure.measure import ArmExposure, Exposure, Stratum
from ringfence.exposure.metrics import Collateral, ExposureSummary
from ringfence.exposure.report import ARMS, DAYS, STRATA, lead, outcomes, render
from ringfence.exposure.thresholds import Outcome, judge, parse
from ringfence.exposure.viewers import ViewedArm, ViewerGroup
from ringfence.guard.snapshots import signing
from ringfence.model.faults import Fault

SIGNER = signing.new()
HOSTILE = "</script><script>alert('kittiwake')</script>"
NOTHING = Estimate(np.nan, np.nan, np.nan, 200)
NAMES = ("none", "filter", "damping", "hard", "budgeted", "firecrest")
LEAKS = (0.4, 0.3, 0.1, 0.0, 0.0, 0.02)


def exposure(names: tuple[str, ...] = NAMES, groups: tuple[str, ...] = (*STRATA, "bird_watchers")) -> Exposure:
    arms = tuple(
        ArmExposure(name, summary(leak, leak), around(0.5), around(3.0))
        for name, leak in zip(names, LEAKS, strict=False)
    )
    strata = tuple(Stratum(name, 200, arms, around(0.01)) for name in groups)
    costs = tuple(
        Collateral(name, around(0.002 * place, 0.001), around(0.03), 12 + place, 0.0, 0.004)
        for place, name in enumerate(names[1:])
    )
    return Exposure(20_000, 150, 120, 130, 0, 2, 10, strata, costs)


def exact() -> Exact:
    group = Group("follows_member", 3_326, (0.1, 0.2, 0.3), (0.2, 0.4, np.nan), 1.517, 0.25, 0.1)
    return Exact("top 3", (1, 3, 10), 0.85, (ExactArm("none", (group,), 1e-9, ()),))


def audit(told: Exposure, *, promised: str = "", recommenders: tuple[str, ...] = ("friend_of_friend",)) -> Audit:
    bounds, usual = parse(promised, "bounds"), measured(0.2)
    troubles = (Trouble("too_slow", 12, "account a7"),)
    found = tuple(Measured(name, told, judge(told, bounds), troubles, exact()) for name in recommenders)
    return replace(usual, thresholds=bounds, measured=found, left_out=("arm knot: nobody is flagged",))


def page(made: Audit, *past: Audit, unread: tuple[str, ...] = ()) -> str:
    return render(made, seal(made, SIGNER), past, unread)


class Read(HTMLParser):
    """The page as a reader gets it, without its style and its data."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._apart = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._apart = tag in {"style", "script"}

    def handle_endtag(self, _tag: str) -> None:
        self._apart = False

    def handle_data(self, data: str) -> None:
        if not self._apart:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


FULL = Read(page(audit(exposure()))).text


def test_the_lead_says_what_was_found_and_which_promises_are_kept() -> None:
    told = audit(exposure(), promised="displaced = 0.006")
    assert lead(told) == (
        "Of 200 test accounts that followed one member, friend of friend showed 40.0% (38.0% to 42.0%) a member within "
        "2 slates without a guard. What was promised before the measurement (a leak of at most 5.0%, at most 0.60% of "
        "innocent slots changed) is kept by hard."
    )
    assert outcomes(told) == {
        "filter": Outcome.MISSED,
        "damping": Outcome.MISSED,
        "hard": Outcome.MET,
        "budgeted": Outcome.OPEN,
        "firecrest": Outcome.MISSED,
    }
    assert lead(told) in Read(page(told)).text


@pytest.mark.parametrize(
    ("promised", "says"),
    [
        ("leak = 0.01", "is shown to be kept by no arm; for hard, budgeted and firecrest it is open."),
        ("leak = 0\ndisplaced = 0", "is kept by no arm."),
        ("displaced = 0.5", "is kept by hard, budgeted and firecrest."),
    ],
)
def test_the_lead_claims_no_more_than_the_intervals_do(promised: str, says: str) -> None:
    assert says in lead(audit(exposure(), promised=promised))


def test_of_several_recommenders_an_arm_is_judged_by_the_worst() -> None:
    good, bad = (
        exposure(),
        replace(exposure(), collateral=tuple(replace(one, displaced=around(0.9)) for one in exposure().collateral)),
    )
    told = audit(good, recommenders=("salsa",))
    told = replace(told, measured=(*told.measured, *audit(bad, recommenders=("item_based",)).measured))
    assert outcomes(told)["hard"] is Outcome.MISSED
    assert ", the worst of the 2 recommenders asked, showed" in lead(told)
    text = Read(page(told)).text
    assert all(name in text for name in ("salsa", "item based"))


def test_an_arm_that_was_not_measured_with_all_recommenders_is_not_said_to_keep_a_promise() -> None:
    told = audit(exposure())
    told = replace(told, measured=(*told.measured, *audit(exposure(NAMES[:2]), recommenders=("salsa",)).measured))
    assert outcomes(audit(exposure()))["hard"] is Outcome.MET
    assert outcomes(told)["hard"] is Outcome.OPEN


def test_what_real_viewers_are_shown_is_told_with_its_troubles() -> None:
    arms = (
        ViewedArm("none", around(0.171), around(0.183), around(0.0), 0.25),
        ViewedArm("filter", around(0.0), around(0.027), around(0.041), 0.375),
    )
    groups = (ViewerGroup("follows_member", 987, 2_531, arms),)
    seen = Viewed("impressions", groups, (Trouble("missing", 142, "viewer 'a7'"),))
    text = Read(page(replace(audit(exposure()), viewed=(seen,)))).text
    for told in ("What real viewers are shown: impressions", "follows member", "987 of 2,531 viewers", "142"):
        assert told in text
    for told in ("17.1%", "18.3%", "2.7%", "4.1%", "25.0%", "37.5%", "viewer 'a7'", "No test account walks here"):
        assert told in text
    assert "What real viewers are shown" not in FULL


def test_every_arm_and_stratum_and_what_was_left_out_is_told() -> None:
    for name in NAMES:
        assert f" {name} " in FULL
        assert ARMS.get(name, "an arm of the operator's own") in FULL
    for name, words in STRATA.items():
        assert f"{name}: {words}" in FULL
    assert "bird_watchers: starts from: bird watchers" in FULL
    assert "arm knot: nobody is flagged" in FULL


@pytest.mark.parametrize(
    "fact",
    [
        "20,000 accounts, of which 150 are members",
        "30 were kept from it",
        "filter 30.0% 28.0% to 32.0% ✗ missed 0% at most 0.10% ✓ met",
        "budgeted 0% at most 2.0% ✓ met 0.60% 0.50% to 0.70% ✓ met",
        "luck alone +1.0% +0.0% to +3.0%",
        "hard 0.40% 0.30% to 0.50% 3.0% 1.00% to 5.0% 14 0% 0.40%",
        "follows member 3,326 accounts",
        "1.52 25.0% 10.0%",
        "too slow 12 account a7",
        "the only measurement made by this command so far",
        "ringfence exposure --withhold 0.2",
        "leak = 0.05 displaced = 0.01",
        "it describes these recommenders on the graph of this workspace",
        "is a rule, not a person",
        "a score is not a verdict",
    ],
)
def test_the_page_tells(fact: str) -> None:
    assert fact in FULL


def test_the_page_asks_nothing_of_any_other_machine() -> None:
    html = page(audit(exposure()))
    read = Read(html)
    assert not re.search(r"https?:|//[a-z]|url\(|@import", html)
    assert [attrs for tag, attrs in read.tags if tag == "script"] == [{"type": "application/json", "id": "measurement"}]
    assert not {"iframe", "object", "embed", "img", "base", "form", "a"} & {tag for tag, _ in read.tags}
    given = [attrs[name] for _, attrs in read.tags for name in ("src", "href") if name in attrs]
    assert given == ["data:,"]
    assert not [name for _, attrs in read.tags for name in attrs if name.startswith("on")]
    assert any((attrs.get("content") or "").startswith("default-src 'none'") for _, attrs in read.tags)


def test_hostile_names_never_become_markup() -> None:
    told = exposure((HOSTILE, f"b{HOSTILE}"), ("one_follow", "random", HOSTILE))
    made = audit(told, recommenders=(HOSTILE, f"{HOSTILE}2"))
    made = replace(
        made,
        recipe=replace(made.recipe, command=HOSTILE, ringfence=HOSTILE, recommenders=(HOSTILE,), choice=HOSTILE),
        left_out=(HOSTILE,),
        measured=tuple(replace(one, troubles=(Trouble(HOSTILE, 1, HOSTILE),)) for one in made.measured),
    )
    html = page(made, unread=(HOSTILE,))
    tags = Read(html).tags
    assert [tag for tag, _ in tags].count("script") == 1
    assert "<script>" not in html
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_the_measurement_stands_in_the_page_as_it_was_sealed() -> None:
    made = audit(exposure((HOSTILE, "filter"), ("one_follow",)))
    sealed = seal(made, SIGNER).decode()
    assert f'<script type="application/json" id="measurement">{sealed}</script>' in page(made)
    with pytest.raises(Fault):
        render(made, sealed.replace("\\u003c", "<").encode(), ())


def test_every_picture_is_well_formed_has_a_title_and_a_table_beside_it() -> None:
    html = page(audit(exposure()), *days(3))
    pictures = [ET.fromstring(drawn) for drawn in re.findall(r"<svg.*?</svg>", html, re.DOTALL)]
    assert len(pictures) == 2 + 7  # leak against cost, days, a curve a stratum
    for one in pictures:
        assert [part.tag for part in one][:2] == ["title", "desc"]
        assert all(part.text for part in one[:2])
    assert all("<table" in after for after in html.split("</figure>")[1:])


def nothing_of(told: ExposureSummary) -> ExposureSummary:
    return replace(
        told, share=NOTHING, ever=NOTHING, ever_first=NOTHING, leak=NOTHING, deep=NOTHING,
        ever_by_step=(NOTHING, NOTHING), share_by_step=(NOTHING, NOTHING), members_followed=float("nan"),
    )  # fmt: skip


def test_shares_of_nothing_and_a_platform_without_members_render() -> None:
    told = exposure()
    arms = tuple(
        replace(arm, summary=nothing_of(arm.summary), ever_fall=NOTHING, amplification=NOTHING)
        for arm in told.strata[0].arms
    )
    costs = tuple(replace(one, displaced=NOTHING, viewers_changed=NOTHING) for one in told.collateral)
    empty = replace(
        told, members=0, known_members=0, flagged=0, strata=(Stratum("one_follow", 0, arms, NOTHING),), collateral=costs
    )
    made = audit(empty)
    html = page(made, replace(made, recipe=replace(made.recipe, at="2026-11-20")))
    assert not re.search(r"\bnan\b", "".join(re.findall(r"<svg.*?</svg>", html, re.DOTALL)))
    text = Read(html).text
    assert "0 are members" in text
    assert "nothing shown" in text
    assert "? open" in text
    assert "nan" not in text


def days(count: int) -> list[Audit]:
    usual = audit(exposure())
    return [
        replace(usual, recipe=replace(usual.recipe, at=f"2026-{1 + day // 28:02}-{1 + day % 28:02}"))
        for day in range(count)
    ]


def test_days_are_told_in_order_and_other_commands_left_out() -> None:
    first, second = days(2)
    other = replace(first, recipe=replace(first.recipe, at="2026-01-09", command="ringfence exposure --withhold 0.9"))
    text = Read(page(audit(exposure()), second, other, first)).text
    told = re.findall(r"(2026-\d\d-\d\d) 00:00 40.0%", text)
    assert told == ["2026-01-01", "2026-01-02", "2026-11-26"]
    assert "by the same command" in text


def test_a_day_without_an_arm_has_a_gap() -> None:
    lacking = audit(exposure(("none", "filter")))
    lacking = replace(lacking, recipe=replace(lacking.recipe, at="2026-01-01"))
    text = Read(page(audit(exposure()), lacking)).text
    assert "2026-01-01 00:00 40.0% 38.0% to 42.0% 30.0% 28.0% to 32.0%" + 4 * " \N{EN DASH}" in text


def test_only_the_latest_days_are_shown_and_the_page_says_so() -> None:
    text = Read(page(audit(exposure()), *days(DAYS + 4), unread=("a.json is no signed measurement",))).text
    assert len(re.findall(r"2026-\d\d-\d\d 00:00 40.0%", text)) == DAYS
    assert "5 older measurements." in text
    assert "An earlier measurement: a.json is no signed measurement" in text
