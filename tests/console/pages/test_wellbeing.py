import re

from tests.console.conftest import Place
from tests.console.pages.conftest import Inside

from ringfence.cases.people import Person, Role
from ringfence.console import reveals
from ringfence.console.pages import ALL


def revealed(place: Place, who: str, times: int) -> None:
    for _ in range(times):
        with place.room.database.transaction(Person(who, "own", who, frozenset())) as within:
            reveals.add(within)


def counts(page: str) -> list[str]:
    return re.findall(r'<div class="tile"><dt>[^<]*</dt><dd>([\d,]+)', page)


def test_i_see_mine(place: Place, inside: Inside) -> None:
    wren = inside("wren", Role.REVIEWER)
    revealed(place, "wren", 3)
    assert counts(wren.get("/wellbeing").text) == ["3", "3", "3"]


def test_nobody_else_sees_it_whatever_their_role(place: Place, inside: Inside) -> None:
    wren = inside("wren", Role.REVIEWER)
    revealed(place, "wren", 17)
    others = [inside(name, role) for name, role in (("heron", Role.ADMINISTRATOR), ("owl", Role.AUDITOR))]
    for other in (*others, inside("finch", Role.SENIOR_REVIEWER)):
        assert counts(other.get("/wellbeing?person=wren&who=wren&person_id=wren").text) == ["0", "0", "0"]
        assert other.get("/wellbeing/wren").status_code == 404
        # A field too many is no way to somebody else's: it is their own that is changed.
        other.post("/wellbeing/reminders", "/wellbeing", after=1, minutes=1, own="yes", person_id="wren", person="wren")
    assert "As the console has it" not in wren.get("/wellbeing").text


def test_no_other_page_has_it(place: Place, inside: Inside) -> None:
    """The count is one that nothing else has by chance."""
    inside("wren", Role.REVIEWER)
    revealed(place, "wren", 173)
    everything = inside("robin", *Role)
    seen = 0
    for page in ALL:
        if page.method == "GET" and "{" not in page.path and not page.path.startswith("/sign"):
            answer = everything.get(page.path)
            seen += answer.status_code == 200
            assert not re.search(r"\b173\b", answer.text), page.path
    assert seen > 3


def test_looking_at_it_is_not_recorded(place: Place, inside: Inside) -> None:
    wren = inside("wren", Role.REVIEWER)
    before = place.room.count("audit")
    wren.get("/wellbeing")
    wren.post("/wellbeing/rested", "/wellbeing")
    assert place.room.count("audit") == before


def test_reminders_can_be_set_put_off_and_let_go(place: Place, inside: Inside) -> None:
    wren = inside("wren", Role.REVIEWER)
    revealed(place, "wren", 2)
    assert "Time for a break?" not in wren.get("/wellbeing").text
    wren.post("/wellbeing/reminders", "/wellbeing", after=2, minutes=0, own="yes")
    assert "Time for a break?" in wren.get("/wellbeing").text
    assert wren.post("/wellbeing/later", "/wellbeing", back="//evil.example").headers["location"] == "/?said=put_off"
    assert "Time for a break?" not in wren.get("/wellbeing").text
    place.room.clock.later(minutes=16)
    revealed(place, "wren", 2)
    assert "Time for a break?" in wren.get("/wellbeing").text
    wren.post("/wellbeing/reminders", "/wellbeing", after=2, minutes=0, own="")
    assert "Time for a break?" not in wren.get("/wellbeing").text
    assert wren.post("/wellbeing/reminders", "/wellbeing", after=-1, own="yes").status_code == 400
