import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape

import playwright.sync_api
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.cases.planning import Bench
from tests.console.conftest import Browser, Place
from tests.console.pages.chromium import checked
from tests.console.pages.conftest import Inside
from tests.exposure.audits import measured

from ringfence.cases import appeals, deciding, reports
from ringfence.cases.appeals import Decision
from ringfence.cases.deciding import Outcome
from ringfence.cases.people import Role, at_shell
from ringfence.cases.reports import Report
from ringfence.console import reveals
from ringfence.console.figures import FIGURES, NONE
from ringfence.discovery.reviewed import REVIEWS
from ringfence.exposure import history
from ringfence.guard.files import signer_of
from ringfence.guard.limits import journal, reviews
from ringfence.guard.limits.rows import Act, Batch

ONE = pytest.mark.parametrize("room", ["sqlite"], indirect=True)
Row = dict[str, str]


def table(browser: Browser, name: str, days: int = 30) -> list[Row]:
    answer = browser.get(f"/metrics/{name}.csv?days={days}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text)))


def tiles(browser: Browser, days: int = 30) -> dict[str, str]:
    """All the words of each tile, as somebody reads them."""
    page = browser.get(f"/metrics?days={days}").text
    found = re.findall(r'<li class="card figure" id="([a-z-]+)">(.*?)</li>', page, re.DOTALL)
    return {name: " ".join(unescape(re.sub(r"<[^>]*>", " ", told)).split()) for name, told in found}


@pytest.fixture
def lived(place: Place) -> Place:
    """A platform on which something has happened."""
    room = place.room
    bench = Bench(room)
    start = room.clock.now
    with room.database.transaction(at_shell("own")) as within:
        given = [Report(f"r{n}", f"x{n}", "spam", "jay", start - timedelta(hours=n)) for n in range(5)]
        reports.receive(within, given)
    room.clock.later(hours=3)
    bench.hold()
    made = bench.approved()
    bench.whole(bench.begin(made))
    with bench.act() as within:
        first = appeals.receive(within, "ant", "it was a joke about a wren", made.plan_id)
        second = appeals.receive(within, "bee", "I collect nests", made.plan_id)
    with bench.act(bench.gull) as within:
        appeals.decide(within, first, Decision.OVERTURN, "you are right")
        appeals.decide(within, second, Decision.UPHOLD, "it stands")
    room.clock.later(hours=1)
    bench.hold()
    with bench.act() as within:
        deciding.close(within, bench.case_id, Outcome.ACTED, "done")
    workspace = room.workspace
    history.keep(workspace, measured(0.02), signer_of(workspace))
    names = ("a", "b", "c")
    later = room.clock.now + timedelta(days=30)
    for number in (1, 2):
        batch = Batch(number, Act.SET, room.clock.now, "ringfence", "p", names, (0.9,) * 3, ("",) * 3, later)
        journal.append(workspace, journal.read(workspace), batch)
    reviews.undo(workspace, 2, "wren", "wrong", room.clock.now)
    said = [
        ("a", "yes", "wren"),
        ("a", "no", "finch"),
        ("b", "yes", "wren"),
        ("b", "yes", "finch"),
        ("c", "no", "wren"),
    ]
    rows = [
        {"account_id": one, "label": label, "weight": None, "stratum": None, "settles": False, "by": by,
         "at": room.clock.now}
        for one, label, by in said
    ]  # fmt: skip
    workspace.labels_file.parent.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, REVIEWS), workspace.labels_file)
    return place


# ---- every tile, worked out anew from its CSV by somebody who has nothing else ----


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def in_words(seconds: float) -> str:
    for unit, letter in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{int(seconds // unit)} {letter}"
    return "under 1 min"


def middle(rows: list[Row], begin: str, end: str) -> str:
    waited = sorted((at(row[end]) - at(row[begin])).total_seconds() for row in rows if row[end])
    below = [one for one in waited if sum(other <= one for other in waited) * 2 >= len(waited)]
    return in_words(below[0]) if below else NONE


def rate(rows: list[Row], column: str, value: str) -> str:
    hits, of = sum(row[column] == value for row in rows), len(rows)
    return f"{hits:,} of {of:,}"


def wilson_holds(words: str, rows: list[Row], column: str, value: str) -> bool:
    """Whether the ends of the interval lie z standard errors of their own from the share."""
    share = sum(row[column] == value for row in rows) / len(rows)
    ends = [float(one) / 100 for one in re.findall(r"([\d.]+)%", words)][1:]
    return all(
        abs(abs(share - end) - 1.96 * (end * (1 - end) / len(rows)) ** 0.5) < 0.002 for end in ends if 0 < end < 1
    )


AGAIN: dict[str, Callable[[list[Row]], list[str]]] = {
    "cases-opened": lambda rows: [f"{len(rows):,}"],
    "cases-closed": lambda rows: [
        f"{len(rows):,}",
        *(f"{kind} {n}" for kind, n in Counter(row["outcome"] for row in rows).items()),
    ],
    "first-decision": lambda rows: [middle(rows, "opened_at", "decided_at"), f"median of {len(rows)}"],
    "queue-age": lambda rows: [middle(rows, "opened_at", "now"), f"median of {len(rows)}"],
    "reports-answered": lambda rows: [rate(rows, "answered", "yes")],
    "report-decision": lambda rows: [middle(rows, "reported_at", "decided_at")],
    "actions": lambda rows: [
        f"{len(rows):,}",
        *(f"{kind} {n}" for kind, n in Counter(r["action"] for r in rows if r["direction"] == "do").items()),
    ],
    "overturned": lambda rows: [rate(rows, "decision", "overturn")],
    "second-person": lambda rows: [rate(rows, "decision", "approved")],
    "agreement": lambda rows: [rate(rows, "agree", "yes")],
    "limits": lambda rows: [f"{sum(int(row['accounts']) for row in rows if row['undone'] == 'no'):,}"],
    "exposure": lambda rows: [
        min(f"{100 * float(row['leak']):.1f}%" for row in rows if row["arm"] != "none"),
        *(f"{100 * float(row['high']):.1f}%" for row in rows if row["arm"] == "filter"),
    ],
}  # fmt: skip


def test_every_tile_can_be_worked_out_from_its_csv(lived: Place, inside: Inside) -> None:
    heron = inside("heron", Role.ADMINISTRATOR)
    told = tiles(heron)
    assert set(told) == set(AGAIN) == {figure.name for figure in FIGURES}
    for name, again in AGAIN.items():
        rows = table(heron, name)
        assert rows, name
        for words in again(rows):
            assert words in told[name], (name, words, told[name])
    for name, column, value in (("overturned", "decision", "overturn"), ("agreement", "agree", "yes")):
        assert wilson_holds(told[name], table(heron, name), column, value), told[name]
    assert lived.room.count("appeals") == 2


def test_what_happened_is_what_is_told(lived: Place, inside: Inside) -> None:
    told = tiles(inside("heron", Role.ADMINISTRATOR))
    assert "acted 1" in told["cases-closed"]
    assert "limit 4" in told["actions"]
    assert "suspend 4" in told["actions"]
    assert "50.0%" in told["overturned"]
    assert "1 of 1 plans" in told["second-person"]
    assert "1 of 2 accounts" in told["agreement"]
    assert "3 accounts, 3 more were undone" in told["limits"]
    assert lived.room.count("plans") == 1


def test_no_row_has_a_name_an_id_or_what_somebody_looked_at(lived: Place, inside: Inside) -> None:
    heron = inside("heron", Role.ADMINISTRATOR)
    with lived.room.database.transaction(lived.room.person("robin", Role.REVIEWER)) as within:
        for _ in range(173):
            reveals.add(within)
    ids = [row[0] for row in lived.room.run("SELECT case_id FROM cases UNION SELECT plan_id FROM plans")]
    names = ("wren", "finch", "gull", "robin", "jay", "ant", "bee", "swift", "joke", "net-1", "173", *ids)
    whole = "".join(heron.get(f"/metrics/{figure.name}.csv").text for figure in FIGURES)
    assert [name for name in names if re.search(rf"(?<![\w.]){re.escape(str(name))}(?![\w.])", whole)] == []
    told = " ".join(tiles(heron).values())
    assert "173" not in told
    assert "wren" not in told


def test_a_period_leaves_out_what_was_before_it(lived: Place, inside: Inside) -> None:
    lived.room.clock.later(days=20)
    heron = inside("heron", Role.ADMINISTRATOR)
    assert table(heron, "cases-opened", 7) == table(heron, "overturned", 7) == table(heron, "limits", 7) == []
    assert "nothing" not in tiles(heron, 7)["exposure"]  # the last measurement, whenever it was made
    assert len(table(heron, "overturned", 30)) == 2
    for odd in ("0", "x", "1e9", "-1", "' OR 1=1"):
        assert heron.get(f"/metrics?days={odd}").status_code == 400
        assert heron.get(f"/metrics/limits.csv?days={odd}").status_code == 400
    for odd, status in (("nonsense", 404), ("..%2Fringfence", 404), ("limits.csv%00", 400)):
        assert heron.get(f"/metrics/{odd}.csv").status_code == status


def test_another_tenants_rows_are_in_none(lived: Place, inside: Inside) -> None:
    heron = inside("heron", Role.ADMINISTRATOR)
    before = tiles(heron)
    Bench(lived.room, ("emu", "fox"), tenant="other")
    assert tiles(heron) == before


def test_where_nothing_happened_there_is_a_dash_and_no_interval(place: Place, inside: Inside) -> None:
    told = tiles(inside("heron", Role.ADMINISTRATOR))
    assert told["overturned"] == f"Overturned on appeal {NONE} 0 of 0 appeals decided CSV of overturned on appeal"
    assert told["first-decision"].startswith(f"Time to first decision {NONE} median of 0")
    assert place.room.count("cases") == 0


@ONE
def test_a_figure_that_cannot_be_told_leaves_the_others_be(lived: Place, inside: Inside) -> None:
    file = journal.file(lived.room.workspace)
    file.write_bytes(file.read_bytes().replace(b'"ringfence"', b'"linnet"'))
    heron = inside("heron", Role.ADMINISTRATOR)
    told = tiles(heron)
    assert "not known" in told["limits"]
    assert "50.0%" in told["overturned"]
    assert heron.get("/metrics/limits.csv").status_code == 400


@ONE
def test_no_cell_is_a_formula_to_a_spreadsheet(place: Place, inside: Inside) -> None:
    odd = measured(0.01)
    made = odd.measured[0]
    fancy = type(odd)(odd.recipe, odd.thresholds, (type(made)("=cmd()", made.exposure, made.findings, ()),))
    history.keep(place.room.workspace, fancy, signer_of(place.room.workspace))
    text = inside("heron", Role.ADMINISTRATOR).get("/metrics/exposure.csv").text
    assert ",=cmd" not in text
    assert ",'=cmd()," in text


@ONE
def test_the_page_is_open_to_all(lived: Place, inside: Inside, chromium: playwright.sync_api.Browser) -> None:
    checked(chromium, lived, inside("heron", Role.ADMINISTRATOR), "/metrics", "/metrics?days=365")
