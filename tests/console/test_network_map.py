"""The map of a network, in a real browser: all of it is there, it tells why, and nobody needs a mouse for it."""

from typing import Any

import pytest
from playwright.sync_api import Page
from tests.console.browser import SIZE, TABLET, Console, accessible

from ringfence.cases.people import Role

# The story is told on both databases; the map is the same on either.
pytestmark = pytest.mark.parametrize("served_console", ["sqlite"], indirect=True)


def shown(console: Console, role: Role = Role.REVIEWER, number: int = 0, **options: Any) -> Page:
    """The page of a case whose map is drawn."""
    page = console.signed_in(role, **options)
    page.goto(f"/cases/{console.platform.cases[number]}")
    page.wait_for_selector("#map[data-state=drawn]")
    return page


def graph(page: Page) -> dict[str, Any]:
    """What is drawn: the accounts, and the pairs."""
    told: dict[str, Any] = page.evaluate(
        """() => { const { graph } = document.querySelector("#map").map;
            return { nodes: graph.nodes(), edges: graph.edges().map((edge) => graph.extremities(edge)) }; }"""
    )
    return told


def of(page: Page, path: str) -> Any:
    """Some JSON of the console, by the session of a page."""
    answer = page.request.get(path, headers={"accept": "application/json"})
    assert answer.ok, answer.status
    return answer.json()


def rows(page: Page) -> list[str]:
    told: list[str] = page.eval_on_selector_all("tr[data-account]", "rows => rows.map((row) => row.dataset.account)")
    return told


def test_the_rows_of_the_table_are_the_nodes_of_the_map(console: Console) -> None:
    page = shown(console)
    table = rows(page)
    while page.get_by_role("link", name="Next").count():
        with page.expect_response(lambda answer: "number=" in answer.url):
            page.get_by_role("link", name="Next").click()
        page.wait_for_function(
            "first => document.querySelector('tr[data-account]').dataset.account !== first", arg=table[-1]
        )
        table += rows(page)
    drawn = graph(page)
    assert sorted(table) == sorted(drawn["nodes"]) == sorted(console.platform.members[0])
    assert "36 members" in page.locator("[data-count]").inner_text()


def test_every_tie_has_rows_of_evidence(console: Console) -> None:
    page = shown(console, number=1)
    case = console.platform.cases[1]
    told = of(page, f"/cases/{case}/network.json")
    names, edges = told["nodes"]["id"], told["edges"]
    assert len(edges["a"]) > 10
    for one, other, kinds in zip(edges["a"], edges["b"], edges["kinds"], strict=True):
        evidence = of(page, f"/cases/{case}/ties?one={names[one]}&other={names[other]}")["evidence"]
        named = {relation for bit, relation in enumerate(told["relations"]) if kinds >> bit & 1}
        assert {row["relation"] for row in evidence} == named != set()
        assert all((row["one"] or row["other"])["times"] >= 1 for row in evidence)


def test_a_click_on_a_tie_says_why_and_a_click_on_an_account_tells_of_it(console: Console) -> None:
    page = shown(console, number=2)
    middle = page.evaluate(
        """() => { const { graph, renderer } = document.querySelector("#map").map;
            const edge = graph.edges()[0], ends = graph.extremities(edge);
            const at = ends.map((id) => renderer.graphToViewport(graph.getNodeAttributes(id)));
            return { x: (at[0].x + at[1].x) / 2, y: (at[0].y + at[1].y) / 2, ends }; }"""
    )
    canvas = page.locator("[data-canvas]")
    canvas.click(position={"x": middle["x"], "y": middle["y"]})
    page.locator("#map-panel table.evidence tbody tr").first.wait_for()
    assert all(end in page.locator("#map-panel").inner_text() for end in middle["ends"])
    page.wait_for_timeout(600)  # else the two are a double click
    on = page.evaluate(  # where it is by now: the map may have moved to show the tie
        """(id) => { const { graph, renderer } = document.querySelector("#map").map;
            const { x, y } = renderer.graphToViewport(graph.getNodeAttributes(id)); return { x, y }; }""",
        middle["ends"][0],
    )
    canvas.click(position=on)
    page.locator("#map-panel").get_by_text("Why it was found").wait_for()
    assert middle["ends"][0] in page.locator("#map-panel h3").inner_text()


def test_the_table_leads_through_the_map_by_key(console: Console) -> None:
    page = shown(console)
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = rows(page)[1]
    page.wait_for_selector(f"#map[data-node='{second}']")
    page.locator("#map-panel h3", has_text=second).wait_for()
    page.locator("#map-panel a[data-one]").first.focus()
    page.keyboard.press("Enter")
    page.locator("#map-panel table.evidence").wait_for()
    assert second in page.locator("#map-panel").inner_text()
    assert page.locator("#map-panel table.evidence tbody tr").count()


def test_filters_hide_what_is_not_asked_for(console: Console) -> None:
    page = shown(console)
    count = page.locator("[data-count]")
    page.get_by_role("checkbox", name="likely minor").uncheck()
    minors = sum(place % 9 == 5 for place in range(1, 37))
    assert f"{36 - minors} of 36 members" in count.inner_text()
    page.get_by_role("checkbox", name="likely minor").check()
    page.locator("[data-least]").fill("0.5")
    told = of(page, f"/cases/{console.platform.cases[0]}/network.json")
    above = sum(score >= 0.5 for score in told["nodes"]["score"])
    assert f"{above} of 36 members" in count.inner_text()
    page.locator("[data-least]").fill("")
    page.get_by_label("Tied by").select_option("follows")
    follows = sum(kinds & 1 for kinds in told["edges"]["kinds"])
    assert told["relations"][0] == "follows"
    assert f"{follows} ties" in count.inner_text()


def test_a_network_drawn_in_part_grows_where_it_is_asked_to(console: Console) -> None:
    page = console.signed_in(Role.REVIEWER)
    case = console.platform.cases[0]
    whole = page.request.get(f"{console.address}/cases/{case}/network.json").json()

    def some(route: Any) -> None:
        few = {name: held[:3] for name, held in whole["nodes"].items()}
        route.fulfill(json={**whole, "nodes": few, "edges": {"a": [], "b": [], "kinds": [], "weight": []}})

    page.route("**/network.json", some)
    page.goto(f"/cases/{case}")
    page.wait_for_selector("#map[data-state=drawn]")
    assert "3 of 36 members" in page.locator("[data-count]").inner_text()
    far = whole["nodes"]["id"][20]
    page.locator("[data-find]").fill(far)
    page.locator("[data-find]").press("Enter")
    page.locator("#map-panel h3", has_text=far).wait_for()
    pairs = [(whole["nodes"]["id"][one], whole["nodes"]["id"][other])
             for one, other in zip(whole["edges"]["a"], whole["edges"]["b"], strict=True)]  # fmt: skip
    around = {one for pair in pairs for one in pair if far in pair}
    assert set(graph(page)["nodes"]) == around | set(whole["nodes"]["id"][:3])
    page.get_by_role("button", name="Draw all 36").click()
    page.wait_for_function("() => document.querySelector('#map').map.graph.order === 36")
    assert {tuple(sorted(pair)) for pair in graph(page)["edges"]} == {tuple(sorted(pair)) for pair in pairs}


@pytest.mark.parametrize(("scheme", "size"), [("light", SIZE), ("dark", SIZE), ("dark", TABLET)])
def test_axe_finds_nothing_on_a_case(console: Console, scheme: Any, size: Any) -> None:
    page = shown(console, color_scheme=scheme, viewport=size)
    page.locator("tr[data-account] a").first.focus()
    page.locator("#map-panel h3").wait_for()
    accessible(page)
    page.locator("#map-panel a[data-one]").first.click()
    page.locator("#map-panel table.evidence").wait_for()
    accessible(page)


def test_who_may_not_read_evidence_sees_the_map_and_no_evidence(console: Console) -> None:
    page = shown(console, Role.VIEWER)
    one, other = graph(page)["edges"][0]
    page.evaluate("([one, other]) => document.querySelector('#map').map.why(one, other)", [one, other])
    page.get_by_text("Evidence is shown to reviewers.").wait_for()
    case = console.platform.cases[0]
    assert page.request.get(f"/cases/{case}/ties?one={one}&other={other}").status == 403


def test_without_webgl_the_table_says_it_all(console: Console) -> None:
    page = console.signed_in(Role.REVIEWER)
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto(f"/cases/{console.platform.cases[0]}")
    page.get_by_text("WebGL is missing").wait_for()
    assert len(rows(page)) > 20


def test_a_map_that_cannot_be_read_says_so_and_can_be_tried_again(console: Console) -> None:
    page = console.signed_in(Role.REVIEWER)
    page.route("**/network.json", lambda route: route.fulfill(status=500, body="no"))
    page.goto(f"/cases/{console.platform.cases[0]}")
    page.get_by_text("The network could not be read.").wait_for()
    page.unroute("**/network.json")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector("#map[data-state=drawn]")
    assert set(rows(page)) <= set(graph(page)["nodes"])
    assert not page.get_by_text("The network could not be read.").is_visible()
    console.watches[-1].faults = [one for one in console.watches[-1].faults if "500" not in one]


def test_nobody_asks_why_two_are_tied_who_are_not_in_the_case(console: Console) -> None:
    page = console.signed_in(Role.REVIEWER)
    case, inside, outside = console.platform.cases[0], console.platform.members[0][0], console.platform.members[1][0]
    for other in (outside, inside, "marsh001", "' OR 1=1"):
        answer = page.request.get(f"{console.address}/cases/{case}/ties", params={"one": inside, "other": other})
        assert answer.status == 404
    for what in ("neighbours", "member"):
        asked = page.request.get(f"/cases/{case}/{what}", params={"of": outside}, headers={"HX-Request": "true"})
        assert asked.status == 404


def test_whatever_an_id_looks_like_it_is_text_and_leads_to_its_account(console: Console) -> None:
    page = shown(console, number=2)
    for account in console.platform.members[2]:
        page.evaluate("account => document.querySelector('#map').map.show(account)", account)
        page.locator("#map-panel h3").get_by_text(account, exact=True).wait_for()
        page.evaluate("account => document.querySelector('#map').map.expand(account)", account)
    one, other = console.platform.members[2][:2]
    page.evaluate("([one, other]) => document.querySelector('#map').map.why(one, other)", [one, other])
    page.locator("#map-panel h3", has_text="Why tied").get_by_text(other, exact=True).wait_for()
    assert page.locator("#map-panel img").count() == 0


def test_less_motion_is_honoured(console: Console) -> None:
    page = shown(console, reduced_motion="reduce")
    far = console.platform.members[0][7]
    page.evaluate("account => document.querySelector('#map').map.lookAt(account)", far)
    assert page.evaluate("() => !document.querySelector('#map').map.renderer.getCamera().isAnimated()")
