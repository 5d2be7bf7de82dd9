import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import playwright.sync_api
import pytest
from tests.cases.networks import network
from tests.console.conftest import MakePlace, Place
from tests.console.pages import platform
from tests.console.pages.chromium import checked, context, heard
from tests.console.pages.conftest import Inside, within_console
from tests.console.pages.platform import LINK, MEMBERS, PDQ, SAME, SCRIPT

from ringfence.cases import evidence_store, known_media
from ringfence.cases.evidence_store import Kind, Media
from ringfence.cases.known_media import Standing
from ringfence.cases.people import Role
from ringfence.cases.reports import Report
from ringfence.media.banks.bank import Bank
from ringfence.media.banks.banks import Banks
from ringfence.media.banks.reviews import Act
from ringfence.media.hashes import parse
from ringfence.media.items import Item, Signal
from ringfence.model.words import HashKind
from ringfence.store import events

VALUES = ("kittiwake", "firecrest", "the very same", "nest")
TEXT = evidence_store.key(Kind.TEXT, "p1")
PICTURE = evidence_store.key(Kind.MEDIA, "ab" * 32)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c6360606000000004"
    "0001f61738550000000049454e44ae426082"
)


@pytest.fixture
def case(place: Place, tmp_path: Path) -> str:
    return platform.fill(place.room, tmp_path / "events")


def rows(place: Place, act: str) -> list[tuple[str, str]]:
    return [tuple(row) for row in place.room.run("SELECT subject, detail FROM audit WHERE act = :act", act=act)]


def test_no_page_has_what_is_not_asked_for(place: Place, inside: Inside, case: str) -> None:
    wren = inside("wren", Role.REVIEWER)
    for path in ("/evidence", "/evidence/accounts/a", "/evidence/accounts/c", f"/evidence/cases/{case}"):
        answer = wren.get(path)
        assert answer.status_code == 200, path
        assert [value for value in VALUES if value in answer.text.casefold()] == [], path
    assert [row[0] for row in rows(place, "evidence_read")] == ["a", "c", case]
    assert rows(place, "evidence_revealed") == []


def test_a_reveal_shows_one_piece_and_is_one_row_and_one_more_of_my_count(
    place: Place, inside: Inside, case: str
) -> None:
    wren = inside("wren", Role.REVIEWER)
    shown = wren.post("/evidence/reveal", "/evidence/accounts/a", of="account", name="a", key=TEXT).text
    assert "kittiwake &lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "<script>alert" not in shown
    assert "firecrest" not in shown.casefold()
    assert rows(place, "evidence_revealed") == [("a", f'{{"case":"{case}","kind":"text","piece":"{TEXT}"}}')]
    assert place.room.count("reveals") == 1


def test_every_piece_of_a_page_can_be_revealed_by_its_form(place: Place, inside: Inside, case: str) -> None:
    wren = inside("wren", Role.REVIEWER)
    seen = []
    for of, name, path in (("account", "a", "/evidence/accounts/a"), ("case", case, f"/evidence/cases/{case}")):
        for key in re.findall(r'name="key" value="([0-9a-f]+)"', wren.get(path).text):
            answer = wren.post("/evidence/reveal", path, of=of, name=name, key=key)
            seen += re.findall(r'<p dir="auto">([^<]*)</p>', answer.text)
    assert seen == [f"kittiwake {SCRIPT}".replace("<", "&lt;").replace(">", "&gt;"), "firecrest",
                    LINK.replace("<", "&lt;").replace(">", "&gt;"), SAME, "firecrest",
                    LINK.replace("<", "&lt;").replace(">", "&gt;")]  # fmt: skip
    assert len(rows(place, "evidence_revealed")) == len(seen)


@pytest.mark.parametrize(
    ("name", "key", "status"),
    [
        ("z", evidence_store.key(Kind.TEXT, "p4"), 404),  # on the platform, in no case
        ("nobody", TEXT, 404),
        ("a", evidence_store.key(Kind.TEXT, "p4"), 404),  # another's piece
        ("a", "0" * 24, 404),
        ("a", "../../etc/passwd", 400),
        ("a' OR 1=1 --", TEXT, 404),
    ],
)
def test_what_is_not_of_a_case_is_never_revealed(
    place: Place, inside: Inside, case: str, name: str, key: str, status: int
) -> None:
    wren = inside("wren", Role.REVIEWER)
    answer = wren.post("/evidence/reveal", "/evidence", of="account", name=name, key=key)
    assert answer.status_code == status, case
    assert "osprey" not in answer.text
    assert rows(place, "evidence_revealed") == []
    assert place.room.count("reveals") == 0


def test_a_case_of_another_tenant_opens_nothing(place: Place, inside: Inside, case: str) -> None:
    """z is on the platform and in no case of its own tenant; to another it is a member, and was reported."""
    wren = inside("wren", Role.REVIEWER)
    place.room.database.welcome("other")
    (theirs,) = place.open_cases(network("net-9", ("y", "z")), tenant="other")
    place.report(Report("r1", "x1", "spam", None, platform.AT), tenant="other")
    for path in (f"/evidence/cases/{theirs}", "/evidence/accounts/z", "/evidence/accounts/x1"):
        assert wren.get(path).status_code == 404, path
    key = evidence_store.key(Kind.TEXT, "p4")
    for of, name in (("case", theirs), ("account", "z"), ("account", "x1")):
        assert wren.post("/evidence/reveal", "/evidence", of=of, name=name, key=key).status_code == 404
    assert wren.get(f"/evidence/cases/{case}").status_code == 200


def test_what_acts_together_is_what_a_look_at_all_pairs_finds(place: Place, case: str) -> None:
    with events.connect(place.room.workspace) as connection:
        pieces = evidence_store.of_case(connection, Path("none"), MEMBERS)
        one = evidence_store.of_account(connection, Path("none"), "b", MEMBERS)
    told = {(pair.one, pair.other, pair.kind, pair.times) for pair in pieces.together}
    # p1 and p2 are 20 minutes apart; p2 and p3 have one text, days apart.
    assert told == {("a", "b", kind, 1) for kind in (Kind.HASHTAG, Kind.LINK, Kind.MEDIA)}, case
    assert {(pair.one, pair.other) for pair in one.together} == {("b", "a")}


def test_without_a_viewer_no_page_offers_media_and_none_is_told_of(place: Place, inside: Inside, case: str) -> None:
    wren = inside("wren", Role.REVIEWER)
    page = wren.get("/evidence/accounts/a")
    assert "data-hold" not in page.text
    assert "evidence.js" not in page.text
    assert "<img" not in page.text
    answer = wren.post("/evidence/media", "/evidence/accounts/a", of="account", name="a", key=PICTURE)
    assert answer.status_code == 403, case
    assert rows(place, "media_revealed") == []


# ---- with a viewer of the operator: what a browser does is the same on each database ----

ONE = pytest.mark.parametrize("room", ["sqlite"], indirect=True)


class Viewer:
    """The operator's restricted viewer, which counts what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        viewer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                viewer.asked.append(self.path)
                self.send_response(200)
                self.send_header("content-type", "image/png")
                self.end_headers()
                self.wfile.write(PIXEL)

            def log_message(self, *_: object) -> None:
                """It says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/media/{{media_id}}"


@contextmanager
def viewing() -> Iterator[Viewer]:
    viewer = Viewer()
    thread = threading.Thread(target=viewer.server.serve_forever, daemon=True)
    thread.start()
    yield viewer
    viewer.server.shutdown()
    viewer.server.server_close()
    thread.join()


@pytest.fixture
def viewer() -> Iterator[Viewer]:
    with viewing() as made:
        yield made


@pytest.fixture
def shown(make_place: MakePlace, viewer: Viewer, tmp_path: Path) -> Place:
    made = make_place(restricted_viewer=viewer.address)
    platform.fill(made.room, tmp_path / "events")
    return made


def know(place: Place, *, quarantined: bool = False) -> None:
    """Put the media of the platform into a bank."""
    banks = Banks.of(place.room.workspace)
    banks.add(Bank("aviary"))
    number = banks.put("aviary", Item("", (Signal(HashKind.PDQ, parse(HashKind.PDQ, PDQ, "test"), 90),)), by="wren")
    if quarantined:
        banks.say(number, Act.QUARANTINE, by="wren", why="in doubt")
    banks.close()
    asked = Media("k", "m1", None, None, PDQ, 90, 1, 1, None)
    assert known_media.standing(place.room.workspace, [asked]) == {"k": Standing.KNOWN}  # which compiles the search


@ONE
def test_media_is_shown_while_a_pointer_or_space_is_down_and_never_before(
    shown: Place, viewer: Viewer, chromium: playwright.sync_api.Browser
) -> None:
    window = context(chromium, shown, within_console(shown, "wren", Role.REVIEWER))
    page = window.new_page()
    said = heard(page)
    page.goto("/evidence/accounts/a")
    page.wait_for_load_state("networkidle")
    button, image = page.locator("[data-hold]"), page.locator("img")
    button.hover()
    button.focus()
    page.wait_for_timeout(150)
    assert (viewer.asked, image.count(), rows(shown, "media_revealed")) == ([], 0, [])

    page.mouse.down()
    image.wait_for()
    style = image.evaluate("one => getComputedStyle(one).filter")
    assert "blur(12px)" in style
    assert "grayscale(1)" in style
    page.wait_for_timeout(100)
    assert viewer.asked == ["/media/m%2F1"]
    page.mouse.up()
    assert image.count() == 0

    page.keyboard.down(" ")
    image.wait_for()
    page.keyboard.down(" ")  # a key that is held repeats itself
    page.keyboard.up(" ")
    assert image.count() == 0
    assert [row[0] for row in rows(shown, "media_revealed")] == ["a", "a"]
    assert shown.room.count("reveals") == 2
    assert button.evaluate("one => one.getAttribute('aria-pressed')") == "false"

    page.keyboard.press("Enter")  # a click is no hold
    page.wait_for_timeout(150)
    assert len(rows(shown, "media_revealed")) == 2
    page.mouse.down()
    image.wait_for()
    page.mouse.move(0, 0)  # the pointer leaves while it is down
    assert image.count() == 0
    page.mouse.up()
    assert said == []
    window.close()


@ONE
@pytest.mark.parametrize("quarantined", [False, True])
def test_known_media_is_never_offered_and_never_told_of(
    shown: Place,
    viewer: Viewer,
    quarantined: bool,  # noqa: FBT001, a parameter of the test
) -> None:
    know(shown, quarantined=quarantined)
    wren = within_console(shown, "wren", Role.REVIEWER)
    page = wren.get("/evidence/accounts/a").text
    assert "know it" in page
    assert "data-hold" not in page
    answer = wren.post("/evidence/media", "/evidence/accounts/a", of="account", name="a", key=PICTURE)
    assert answer.status_code == 403
    assert viewer.address.split("/media")[0] not in answer.text
    assert rows(shown, "media_revealed") == []
    assert viewer.asked == []


@ONE
def test_media_that_cannot_be_checked_is_not_offered(shown: Place, viewer: Viewer) -> None:
    wren = within_console(shown, "wren", Role.REVIEWER)
    assert "data-hold" not in wren.get("/evidence/accounts/c").text  # it has no hash
    know(shown)
    (shown.room.workspace.media / "banks.sqlite").write_bytes(b"no database at all" * 100)
    page = wren.get("/evidence/accounts/a").text
    assert "cannot be asked" in page
    assert "data-hold" not in page
    assert wren.post("/evidence/media", "/evidence", of="account", name="a", key=PICTURE).status_code == 403
    assert viewer.asked == []


@ONE
def test_the_viewer_is_let_in_on_pages_of_evidence_alone(shown: Place, viewer: Viewer) -> None:
    wren = within_console(shown, "wren", Role.REVIEWER)
    origin = viewer.address.split("/media")[0]
    assert f"img-src 'self' data: {origin};" in wren.get("/evidence/accounts/a").headers["content-security-policy"]
    for path in ("/evidence", "/settings", "/wellbeing"):
        assert origin not in wren.get(path).headers["content-security-policy"]


@ONE
def test_a_reveal_by_script_swaps_one_piece_in_place(shown: Place, chromium: playwright.sync_api.Browser) -> None:
    wren = within_console(shown, "wren", Role.REVIEWER)
    wren.post("/wellbeing/reminders", "/wellbeing", after=2, minutes=0, own="yes")
    window = context(chromium, shown, wren)
    page = window.new_page()
    page.goto("/evidence/accounts/a")
    page.get_by_role("button", name="Show text 1").click()
    page.get_by_text("kittiwake <script>alert(1)</script>").wait_for()
    assert page.locator(".note.rest").count() == 0
    page.get_by_role("button", name="Show hashtag 1").click()
    page.get_by_text("Time for a break?").wait_for()
    assert page.get_by_text("kittiwake <script>").is_visible()
    page.get_by_text("Hide or show").first.click()
    assert page.get_by_text("kittiwake <script>").is_hidden()
    page.get_by_role("button", name="Remind me in 15 minutes").click()
    page.wait_for_url("**/evidence/accounts/a?said=put_off")
    assert page.locator(".note.rest").count() == 0
    window.close()


@ONE
def test_the_pages_are_open_to_all(shown: Place, chromium: playwright.sync_api.Browser) -> None:
    everything = within_console(shown, "robin", *Role)
    case = str(shown.room.run("SELECT case_id FROM cases")[0][0])
    paths = (
        "/evidence",
        "/evidence/accounts/a",
        f"/evidence/cases/{case}",
        "/audit",
        "/audit/command-line",
        "/wellbeing",
    )
    checked(chromium, shown, everything, *paths)
