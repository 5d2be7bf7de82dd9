"""Does the page tell the figures it was given, safely, and by itself?"""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from ringfence.demo.new_media import MediaFigures, Order, Tied
from ringfence.demo.pictures import Node, Stage
from ringfence.demo.report import (
    Baselines,
    DemoReport,
    Explanation,
    Innocents,
    Network,
    lead,
    render,
    stratum_name,
)
from ringfence.exposure.estimates import Estimate
from ringfence.exposure.measure import ArmExposure, Exposure, Stratum
from ringfence.exposure.metrics import Collateral, ExposureSummary

SIZES = {"n1": 118, "n2": 74, "n3": 41, "n4": 12}
ROLES = ("promoter", "audience", "audience", "audience", "bridge", "likely_minor")
HOSTILE = "<script>alert('kittiwake')</script>"


def estimate(value: float, width: float, accounts: int = 200) -> Estimate:
    return Estimate(value, max(value - width, 0), min(value + width, 1), accounts)


def summary(ever: tuple[float, ...], leak: float, backfilled: float) -> ExposureSummary:
    return ExposureSummary(
        share=estimate(ever[-1] / 3, 0.02),
        ever_first=estimate(ever[0], 0.05),
        ever=estimate(ever[-1], 0.06),
        leak=estimate(leak, 0.03) if leak else Estimate(0, 0, 0.015, 200),
        ever_by_step=tuple(estimate(value, 0.05) for value in ever),
        share_by_step=tuple(estimate(value / 3, 0.02) for value in ever),
        deep=estimate(ever[-1] / 4, 0.03),
        members_followed=ever[-1],
        backfilled=backfilled,
        empty=0.0,
    )


def rising(last: float) -> tuple[float, ...]:
    return tuple(last * (1 - 0.6**step) / (1 - 0.6**10) for step in range(1, 11))


def exposure() -> Exposure:
    none = (0.0,) * 10
    arms = {
        "one_follow": (summary(rising(0.912), 0.3, 0.02), summary(rising(0.125), 0.125, 0.041)),
        "random": (summary(rising(0.08), 0.01, 0.11), summary(rising(0.01), 0.01, 0.112)),
        "bird_watchers": (summary(rising(0.11), 0.02, 0.01), summary(none, 0, 0.01)),
    }
    strata = tuple(
        Stratum(name, 200, (arm("none", before, before), arm("guard", before, after)), estimate(0.0, 0.01))
        for name, (before, after) in arms.items()
    )
    cost = Collateral("guard", estimate(0.0009, 0.0005, 1000), estimate(0.0085, 0.005, 1000), 2, 0.0, 0.0)
    return Exposure(200_000, 405, 372, 384, 7, 10, 10, strata, (cost,))


def media() -> MediaFigures:
    orders = (Order("priority", 0.953, estimate(0.93, 0.04)), Order("number of uploads", 0.031, estimate(0.02, 0.02)))
    ties = tuple(Tied(name, size, size // 4, size - 2, size - 9) for name, size in SIZES.items())
    return MediaFigures(81_234, 70_123, 611, 47, 139, orders, ties)


def arm(name: str, before: ExposureSummary, told: ExposureSummary) -> ArmExposure:
    return ArmExposure(name, told, estimate(before.ever.value - told.ever.value, 0.04), estimate(3.0, 0.5))


def some_map() -> tuple[tuple[Node, ...], tuple[tuple[int, int], ...]]:
    rng = np.random.default_rng(7)
    nodes = [
        Node(f"account{len(SIZES)}{index}-{name}", name, ROLES[index % len(ROLES)])
        for name, size in SIZES.items()
        for index in range(size)
    ]
    nodes += [Node(f"loose{index}", "", "bridge") for index in range(9)]
    edges = set()
    for source, node in enumerate(nodes):
        kin = [other for other, kind in enumerate(nodes) if kind.network_id == node.network_id or not node.network_id]
        edges |= {(source, int(target)) for target in rng.choice(kin, 3)}
    return tuple(nodes), tuple(sorted(edge for edge in edges if edge[0] != edge[1]))


SEED_TERMS = (
    "firecrest",
    "kittiwake",
    "turnstone",
    "goldeneye",
    "dunnock",
    "wryneck",
    "merlin",
    "ruff",
    "knot",
    "smew",
)


def example() -> DemoReport:
    """A page's worth of made-up findings, in the size of the default demo."""
    rng = np.random.default_rng(7)
    planted = np.arange(20_000) < 405
    scores = np.where(planted, rng.lognormal(3, 0.8, 20_000), rng.lognormal(-1.5, 0.9, 20_000))
    scores[-8_000:] = 0
    nodes, edges = some_map()
    return DemoReport(
        seed=7,
        accounts=200_000,
        ties=2_987_211,
        posts=640_118,
        seed_terms=SEED_TERMS,
        seed_accounts=("a10023", "a77120", "a00412", "a51877", "a19003"),
        networks=tuple(
            Network(name, size, size * 23, size * 61, SEED_TERMS[:2], datetime(2026, 3, 4, tzinfo=UTC), 0.12)
            for name, size in SIZES.items()
        ),
        planted_members=405,
        named=384,
        named_members=372,
        likely_minors=11,
        innocents=(
            Innocents("bird watchers", 5, 2_400),
            Innocents("support groups", 2, 800),
            Innocents("journalists and researchers", 4, 120),
            Innocents("spam", 0, 600),
            Innocents("everybody else", 1, 195_675),
        ),
        baselines=Baselines("follows members of its own community", 0.412, 0.281, 0.943),
        exposure=exposure(),
        media=media(),
        explanations=(
            Explanation("a10944", "promoter", ("uses 3 of the seed terms", "shares 5 links with 31 members")),
            Explanation("a55102", "audience", ("follows 14 members and 6 others",)),
            Explanation("a90011", "likely_minor", ("followed by 22 members", "young account: 9 days old")),
        ),
        nodes=nodes,
        edges=edges,
        scores=scores,
        planted=planted,
        cut=4.2,
        stages=(
            Stage("make the world", 11.2, 612),
            Stage("ingest", 6.4, 940),
            Stage("scan terms", 2.9, 871),
            Stage("discover", 9.8, 1_310),
            Stage("measure exposure", 1.4, 702),
        ),
        versions=(("ringfence", "0.1.0"), ("policy", "2026-11"), ("lexicon", "birds-1")),
    )


class Page(HTMLParser):
    """The page as a reader gets it: its words, its tags, its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self._style = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self._style = tag == "style"

    def handle_endtag(self, _tag: str) -> None:
        self._style = False

    def handle_data(self, data: str) -> None:
        if not self._style:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def test_the_page_opens_with_the_main_finding() -> None:
    finding = (
        "Starting from 10 terms and 5 accounts, ringfence found 372 of 405 members hidden among 200,000 accounts, and "
        "wrongly named 12 innocent accounts. Of the test accounts that followed one member, 91.2% were shown another "
        "without the guard, and 12.5% with it."
    )
    assert lead(example()) == finding
    assert finding in Page(render(example())).text


@pytest.mark.parametrize(
    "fact",
    [
        "2,987,211 ties",
        "96.9%: of the 384 named, 372 are members",
        "91.9%: of the 405 planted members, 372 were named. 33 were missed",
        "follows members of its own community 0.412",
        "ringfence 0.943",
        "bird watchers 5 2,400 0.21%",
        "n1 118 2,714 7,198 12.0% 2026-03-04 firecrest kittiwake",
        "a55102 audience follows 14 members and 6 others",
        "follows one member 200 accounts without guard 36.7% 31.7% to 41.7% 91.2%",
        "0% at most 1.5% 1.0% 0%",  # leak, backfilled and empty beside a zero
        "0.09% 0.04% to 0.14% vanish",
        "11 named accounts may be run by a child; they are routed to care",
        "A score is not a verdict",
        "Nothing was removed and nobody was reported",
        "This world is generated",
        "policy 2026-11",
        "32 s",
        "at most 1,310 MB",
    ],
)
def test_the_page_tells(fact: str) -> None:
    assert fact in Page(render(example())).text


def test_the_page_asks_nothing_of_any_other_machine() -> None:
    html = render(example())
    page = Page(html)
    assert "//" not in html
    assert "url(" not in html
    assert not {"script", "iframe", "object", "embed", "img", "base", "form", "a"} & set(page.tags)
    assert [value for name, value in page.attributes if name in {"src", "href"}] == ["data:,"]
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert any(value.startswith("default-src 'none'") for _, value in page.attributes)


def test_words_from_the_platform_never_become_markup() -> None:
    harmless = example()
    lured, bystanders, _ = harmless.exposure.strata
    hostile = replace(
        harmless,
        seed_terms=(HOSTILE,),
        seed_accounts=(HOSTILE,),
        networks=(replace(harmless.networks[0], network_id=HOSTILE, terms=(HOSTILE,)),),
        innocents=(Innocents(HOSTILE, 0, 1),),
        baselines=replace(harmless.baselines, feature=HOSTILE),
        exposure=replace(harmless.exposure, strata=(lured, replace(bystanders, name=HOSTILE))),
        explanations=(
            Explanation(
                HOSTILE, HOSTILE, (f"bio reads {HOSTILE}",), ((HOSTILE, -1.0),), (HOSTILE,), HOSTILE, (HOSTILE,)
            ),
        ),
        nodes=(Node(HOSTILE, HOSTILE, HOSTILE),),
        edges=(),
        stages=(Stage(HOSTILE, 1, 1),),
        versions=((HOSTILE, HOSTILE),),
    )
    html = render(hostile)
    assert "<script" not in html
    assert "script" not in Page(html).tags
    assert f"bio reads {HOSTILE}" in Page(html).text


def test_every_picture_is_well_formed_and_has_ids_of_its_own() -> None:
    html = render(example())
    pictures = [ET.fromstring(drawn) for drawn in re.findall(r"<svg.*?</svg>", html, re.DOTALL)]
    assert len(pictures) == 7  # map, histogram, three strata, leak against cost, stages
    ids = [value for name, value in Page(html).attributes if name == "id"]
    assert len(ids) == len(set(ids)) == 14


def test_a_run_that_found_nobody_says_so_without_a_figure() -> None:
    nothing = replace(example(), named=0, named_members=0, networks=(), nodes=(), edges=(), explanations=())
    assert np.isnan(nothing.precision)
    assert "Precision , \N{EN DASH}: of the 0 named" in Page(render(nothing)).text
    assert "found 0 of 405" in lead(nothing)


def test_one_is_not_told_in_the_plural() -> None:
    one = replace(example(), named=373, likely_minors=1)
    text = Page(render(one)).text
    assert "wrongly named 1 innocent account." in text
    assert "1 named account may be run by a child; it is routed to care" in text


def test_strata_are_called_by_what_they_do() -> None:
    assert stratum_name("one_follow") == "follows one member"
    assert stratum_name("bird_watchers") == "starts from: bird watchers"


def test_an_example_shows_what_its_score_adds_up_from_its_path_and_what_speaks_against_it() -> None:
    told = Explanation(
        "a1", "promoter", (), (("links", 2.5), ("tags", -0.5)), ("shares link l4", "as does a2"), "a seed account", ()
    )
    html = render(replace(example(), explanations=(told,)))
    text = Page(html).text
    assert all(
        words in text for words in ("+2.50", "-0.50", "shares link l4", "as does a2", "Nothing was found that does")
    )
    assert html.count('class="bar less" style="width: 20.0%"') == 1
    said = render(replace(example(), explanations=(replace(told, against=("in no network found",)),)))
    assert "in no network found" in Page(said).text
