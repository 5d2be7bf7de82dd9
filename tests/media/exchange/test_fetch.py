"""Does a bank end up with what its exchange has, whatever breaks on the way? Against a server that breaks it."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.media.exchange.standin import (
    BASIC,
    KEYS,
    TOKEN,
    StandIn,
    Trouble,
    cut,
    digest,
    dropped,
    hung_up,
    says,
    serving,
    status,
)

from ringfence.media.exchange import kept
from ringfence.media.exchange.again import Patience
from ringfence.media.exchange.asking import Line
from ringfence.media.exchange.fetch import Bounds, Fetched, Shelf, fetch
from ringfence.media.exchange.kept import Anew
from ringfence.media.exchange.ncmec import Ncmec
from ringfence.media.exchange.sent import Source
from ringfence.media.exchange.stopncii import StopNcii, made_id
from ringfence.media.exchange.threatexchange import ThreatExchange
from ringfence.media.items import Item, Page
from ringfence.model.faults import Fault

NOW = 1_790_000_000
SOURCES: dict[str, tuple[Source, dict[str, str], str]] = {
    "ncmec": (Ncmec(), BASIC, ""),
    "stopncii": (StopNcii(), KEYS, ""),
    "threatexchange": (ThreatExchange("1234"), {}, TOKEN),
}
NAMES = ("dunnock", "firecrest", "goldcrest", "kittiwake", "nuthatch", "siskin", "wryneck")


class Killed(BaseException):
    """The process ends here."""


@dataclass(frozen=True)
class Count:
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0


@dataclass
class Bank:
    """A bank in memory, with a clock, that is killed before or after the landing that `killed` names."""

    items: dict[str, Item] = field(default_factory=dict)
    checkpoint: str | None = None
    landings: int = 0
    killed: tuple[int, bool] = (-1, False)
    at: int = NOW

    def land(self, page: Page) -> Count:
        self.landings += 1
        number, after = self.killed
        if self.landings == number and not after:
            raise Killed
        fresh = sum(item.source_id not in self.items for item in page.items)
        removed = sum(self.items.pop(name, None) is not None for name in page.gone)
        same = sum(self.items.get(item.source_id) == item for item in page.items)
        self.items.update({item.source_id: item for item in page.items})
        self.checkpoint = page.checkpoint
        if self.landings == number:
            raise Killed
        return Count(fresh, len(page.items) - fresh - same, removed, same)

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.land, lambda: self.checkpoint, lambda: list(self.items))

    def patience(self, tries: int = 3) -> Patience:
        return Patience(tries=tries, sleep=self.sleep, now=lambda: datetime.fromtimestamp(self.at, UTC))

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    slept: list[float] = field(default_factory=list)

    def fetch(
        self, stand_in: StandIn, service: str, file: Path, *, anew: bool = False, bounds: Bounds | None = None
    ) -> Fetched:
        source, headers, query = SOURCES[service]
        with Line(stand_in.address, headers, query, seconds=5, most_bytes=1 << 16) as line:
            return fetch(service, source, line, self.shelf, file, anew=anew, bounds=bounds, patience=self.patience())


def truth(stand_in: StandIn, service: str) -> dict[str, bytes]:
    """What the bank should hold: the PDQ hash of each item by the id it is given."""
    if service == "stopncii":
        values = [bytes.fromhex(digest(name)[2]) for name in stand_in.truth()]
        return {made_id("ImagePDQ", value): value for value in values}
    before = {"ncmec": "42/", "threatexchange": "ind-"}[service]
    return {before + name: bytes.fromhex(digest(name, version)[2]) for name, version in stand_in.truth().items()}


def held(bank: Bank) -> dict[str, bytes]:
    return {name: item.signals[-1].value for name, item in bank.items.items()}


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with serving(StandIn()) as stand_in:
        yield stand_in


@pytest.fixture
def stand_in(server: StandIn) -> StandIn:
    return reset(server)


def reset(server: StandIn, birds: Iterable[str] = NAMES, size: int = 3) -> StandIn:
    server.birds.clear()
    server.troubles.clear()
    server.asked.clear()
    server.cursors.clear()
    server.size, server.forget = size, False
    for number, name in enumerate(birds):
        server.put(name, NOW - 10_000 + 37 * (5 * number % 7))
    return server


BROKEN = st.sampled_from([dropped, hung_up, status(500), status(503, retry_after="1"), status(429), status(403), cut])
RUN = st.tuples(
    st.lists(st.tuples(st.sampled_from(NAMES), st.booleans()), max_size=4),  # what changes before it, and what goes
    st.lists(st.one_of(st.none(), st.none(), BROKEN), max_size=12),  # what breaks, question by question
    st.tuples(st.integers(1, 8), st.booleans()),  # the landing at which it is killed, before or after
    st.sampled_from([0, 60, 3_600, 13 * 3_600]),  # seconds that pass
    st.booleans(),  # whether it begins anew
    st.booleans(),  # whether the names of pages have gone bad
)


@pytest.mark.parametrize("service", SOURCES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=st.lists(RUN, max_size=5), size=st.integers(1, 4))
def test_whatever_breaks_the_bank_equals_the_list_in_the_end(
    server: StandIn, tmp_path: Path, service: str, runs: list[tuple[list[tuple[str, bool]], list[Trouble | None],
    tuple[int, bool], int, bool, bool]], size: int,
) -> None:  # fmt: skip
    stand_in, bank, file = reset(server, NAMES[:4], size), Bank(), tmp_path / "seen"
    for changes, troubles, killed, passed, anew, forget in runs:
        bank.at += passed + 100
        for name, gone in changes:
            stand_in.put(name, bank.at - 50, gone=gone)
        stand_in.troubles[:], stand_in.forget = troubles, forget
        bank.killed, bank.landings = killed, 0
        with suppress(Killed):
            bank.fetch(stand_in, service, file, anew=anew, bounds=Bounds(most_removed=1))
    stand_in.troubles.clear()
    stand_in.forget, bank.killed = False, (-1, False)
    bank.at += 100
    done = bank.fetch(stand_in, service, file, bounds=Bounds(most_removed=1))
    if done.trouble is not None:
        assert "begin anew" in str(done.trouble)
        done = bank.fetch(stand_in, service, file, anew=True, bounds=Bounds(most_removed=1))
    assert done.trouble is None
    assert held(bank) == truth(stand_in, service)
    assert bank.fetch(stand_in, service, file).landed["added"] == 0


@pytest.mark.parametrize("service", SOURCES)
def test_what_went_is_removed_and_only_news_is_asked_for(stand_in: StandIn, tmp_path: Path, service: str) -> None:
    bank = Bank()
    first = bank.fetch(stand_in, service, tmp_path / "seen")
    assert (first.trouble, first.landed["added"]) == (None, len(NAMES))
    stand_in.put("siskin", NOW + 10, gone=True)
    stand_in.put("brambling", NOW + 10)
    bank.at += 100
    stand_in.asked.clear()
    second = bank.fetch(stand_in, service, tmp_path / "seen")
    assert (second.landed["added"], second.landed["removed"], second.pages) == (1, 1, 1)
    assert held(bank) == truth(stand_in, service)
    assert len(stand_in.asked) == 1


ONCE: dict[str, tuple[Trouble, str]] = {
    "refused": (status(401), "refuses the secret (status 401)"),
    "forbidden": (status(403), "refuses the secret (status 403)"),
    "redirected": (status(302, location="http://example.org/"), "sends elsewhere (status 302)"),
    "no such thing": (status(404), "refuses the question (status 404)"),
    "a long pause": (status(429, retry_after="86400"), "asks to be left alone for 86,400 s"),
    "cut": (cut, "is no whole"),
    "a sign-in page": (says(b"<html></html>", "text/html"), "answers with text/html"),
    "too large": (says(b" " * (1 << 17)), "its answer is larger than"),
}


@pytest.mark.parametrize("name", ONCE)
@pytest.mark.parametrize("service", SOURCES)
def test_each_trouble_is_one_line_and_the_next_run_goes_on(
    stand_in: StandIn, tmp_path: Path, service: str, name: str
) -> None:
    bank, (trouble, says_so) = Bank(), ONCE[name]
    if name == "too large":
        trouble = says(b" " * (1 << 17), SOURCES[service][0].media_types[0])
    skipped = bank.fetch(stand_in, service, tmp_path / "x").pages - 1  # all its questions but the last go well
    bank, stand_in.troubles[:] = Bank(), [None] * skipped + [trouble]
    done = bank.fetch(stand_in, service, tmp_path / "seen")
    assert done.trouble is not None
    assert says_so in str(done.trouble)
    assert "\n" not in str(done.trouble)
    assert done.pages == skipped
    assert len(bank.items) == 6  # two pages of three landed, nothing of the third
    assert bank.fetch(stand_in, service, tmp_path / "seen").trouble is None
    assert held(bank) == truth(stand_in, service)


@pytest.mark.parametrize("trouble", [dropped, hung_up, status(429), status(500), status(503)])
def test_what_passes_is_asked_again_and_what_stays_is_told(stand_in: StandIn, tmp_path: Path, trouble: Trouble) -> None:
    bank = Bank()
    stand_in.troubles[:] = [trouble, trouble]
    assert bank.fetch(stand_in, "stopncii", tmp_path / "seen").trouble is None
    assert 0 < len(bank.slept) == 2
    stand_in.troubles[:] = [trouble] * 3
    done = bank.fetch(stand_in, "stopncii", tmp_path / "seen")
    assert "(3 tries)" in str(done.trouble)


def test_a_pause_that_is_asked_for_is_kept(stand_in: StandIn, tmp_path: Path) -> None:
    bank = Bank()
    at = (datetime.fromtimestamp(NOW, UTC) + timedelta(seconds=42)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    stand_in.troubles[:] = [status(503, retry_after="17"), status(503, retry_after=at)]
    assert bank.fetch(stand_in, "stopncii", tmp_path / "seen").trouble is None
    assert bank.slept == [17, 42]


def _stopncii(token: str, at: int = NOW, records: str = "") -> Trouble:
    said = (
        f'{{"nextSetTimestamp": {at}, "hasMoreRecords": true, "nextPageToken": "{token}", "hashRecords": [{records}]}}'
    )
    return says(said.encode(), "application/json")


def _ncmec(following: str) -> Trouble:
    return says(f"<queryResult><paging><next>{following}</next></paging></queryResult>".encode())


NO_TIME = b'{"nextSetTimestamp": 9999999999999999, "hasMoreRecords": false, "hashRecords": []}'
ANOTHERS = b'{"data": [], "paging": {"next": "https://graph.facebook.com/99/threat_updates?a=b"}}'
FOREVER: dict[str, tuple[str, Callable[[int], Trouble], str]] = {
    "the same page": ("stopncii", lambda _: _stopncii("a"), "names the page that was asked for as the next"),
    "a circle": ("stopncii", lambda turn: _stopncii("abc"[turn % 3]), "it pages for ever"),
    "new names, nothing new": ("stopncii", lambda turn: _stopncii(str(turn)), "10 pages in a row with nothing new"),
    "in place": ("ncmec", lambda _: _ncmec("/v2/entries?start=5"), "pages backwards or in place"),
    "backwards": ("ncmec", lambda turn: _ncmec(f"/v2/entries?start={9 - turn}"), "pages backwards or in place"),
    "elsewhere": ("ncmec", lambda _: _ncmec("https://example.org/v2/entries?start=5"), "not one of its own lists"),
    "up and away": ("ncmec", lambda _: _ncmec("/v2/entries/../../x?start=5"), "not one of its own lists"),
    "on and on": ("ncmec", lambda turn: _ncmec(f"/v2/entries?start={turn + 1}"), "10 pages in a row with nothing new"),
    "no name": ("stopncii", lambda _: _stopncii(""), "says that more follows, and not where"),
    "a time of none": (
        "stopncii",
        lambda _: says(NO_TIME, "application/json"),
        "a time that is none",
    ),
    "of another group": (
        "threatexchange",
        lambda _: says(ANOTHERS, "application/json"),
        "not one of this group's",
    ),
}


@pytest.mark.parametrize("name", FOREVER)
def test_an_exchange_that_leads_nowhere_is_left(stand_in: StandIn, tmp_path: Path, name: str) -> None:
    service, answer, says_so = FOREVER[name]
    bank = Bank()
    stand_in.troubles[:] = [answer(turn) for turn in range(40)]
    done = bank.fetch(stand_in, service, tmp_path / "seen")
    assert says_so in str(done.trouble)
    assert len(stand_in.asked) < 15
    stand_in.troubles.clear()
    assert bank.fetch(stand_in, service, tmp_path / "seen").trouble is None
    assert held(bank) == truth(stand_in, service)


def test_an_earlier_time_than_the_kept_one_is_going_back(stand_in: StandIn, tmp_path: Path) -> None:
    bank = Bank()
    assert bank.fetch(stand_in, "stopncii", tmp_path / "seen").trouble is None
    before = bank.checkpoint
    back = b'{"nextSetTimestamp": 1700000000, "hasMoreRecords": false, "hashRecords": []}'
    stand_in.troubles[:] = [says(back, "application/json")]
    assert "goes back" in str(bank.fetch(stand_in, "stopncii", tmp_path / "seen").trouble)
    assert bank.checkpoint == before


@pytest.mark.parametrize("bounds", [Bounds(pages=2), Bounds(seconds=-1)])
def test_a_run_has_bounds_and_the_next_goes_on(stand_in: StandIn, tmp_path: Path, bounds: Bounds) -> None:
    bank = Bank()
    done = bank.fetch(stand_in, "threatexchange", tmp_path / "seen", bounds=bounds)
    assert "fetch again to go on" in str(done.trouble)
    assert len(bank.items) == 3 * done.pages
    assert bank.fetch(stand_in, "threatexchange", tmp_path / "seen").trouble is None
    assert held(bank) == truth(stand_in, "threatexchange")


@pytest.mark.parametrize(("service", "days"), [("stopncii", 30), ("threatexchange", 85)])
def test_a_copy_that_is_too_old_begins_anew_and_loses_what_is_gone(
    stand_in: StandIn, tmp_path: Path, service: str, days: int
) -> None:
    bank = Bank()
    bank.fetch(stand_in, service, tmp_path / "seen")
    del stand_in.birds["siskin"]  # and nobody is told any more
    bank.at += days * 86_400 + 100
    with pytest.raises(Fault, match="begin anew with"):
        bank.fetch(stand_in, service, tmp_path / "seen")
    done = bank.fetch(stand_in, service, tmp_path / "seen", anew=True)
    assert (done.trouble, done.landed["removed"]) == (None, 1)
    assert held(bank) == truth(stand_in, service)
    assert not (tmp_path / "seen").exists()
    assert bank.fetch(stand_in, service, tmp_path / "seen").trouble is None


def test_a_list_that_was_lost_does_not_empty_the_bank(stand_in: StandIn, tmp_path: Path) -> None:
    bank = Bank()
    bank.fetch(stand_in, "ncmec", tmp_path / "seen")
    stand_in.birds.clear()
    done = bank.fetch(stand_in, "ncmec", tmp_path / "seen", anew=True)
    assert "no longer has 7 of the bank's 7 items" in str(done.trouble)
    assert len(bank.items) == len(NAMES)
    assert "no longer has 7" in str(bank.fetch(stand_in, "ncmec", tmp_path / "seen").trouble)
    done = bank.fetch(stand_in, "ncmec", tmp_path / "seen", bounds=Bounds(most_removed=1))
    assert (done.trouble, bank.items) == (None, {})


def test_what_a_pass_saw_is_of_that_pass_only(stand_in: StandIn, tmp_path: Path) -> None:
    bank, file = Bank(), tmp_path / "seen"
    bank.fetch(stand_in, "ncmec", file)
    bank.landings, bank.killed = 0, (27, True)
    with pytest.raises(Killed):
        bank.fetch(stand_in, "ncmec", file, anew=True)
    assert bank.checkpoint is not None
    assert kept.read(bank.checkpoint, "ncmec").anew is Anew.FETCHING
    assert file.stat().st_mode & 0o777 == 0o600
    whole = file.read_bytes()
    for content in (None, b"", b"x" * len(whole)):
        file.unlink(missing_ok=True)
        if content is not None:
            file.write_bytes(content)
        assert "begin anew" in str(bank.fetch(stand_in, "ncmec", file).trouble)
    file.write_bytes(whole + b"half")
    bank.killed = (-1, False)
    assert bank.fetch(stand_in, "ncmec", file).trouble is None
    assert held(bank) == truth(stand_in, "ncmec")


@pytest.mark.parametrize("text", ["", "{}", "\ud800", "[" * 10_000, '{"exchange": "x"}'])
def test_a_damaged_checkpoint_is_a_fault(text: str, stand_in: StandIn, tmp_path: Path) -> None:
    with pytest.raises(Fault, match="begin anew"):
        Bank(checkpoint=text).fetch(stand_in, "ncmec", tmp_path / "seen")


def test_two_exchanges_do_not_share_a_bank(stand_in: StandIn, tmp_path: Path) -> None:
    bank = Bank()
    bank.fetch(stand_in, "stopncii", tmp_path / "seen")
    with pytest.raises(Fault, match="give each exchange a bank of its own"):
        bank.fetch(stand_in, "ncmec", tmp_path / "seen")


def test_no_secret_and_no_hash_is_kept_or_told(stand_in: StandIn, tmp_path: Path) -> None:
    for service, (_, headers, query) in SOURCES.items():
        bank = Bank()
        bank.fetch(stand_in, service, tmp_path / "seen", bounds=Bounds(pages=27))
        text = json.dumps([bank.checkpoint, repr(bank.fetch(stand_in, service, tmp_path / "seen"))])
        text += repr(Line(stand_in.address, headers, query))
        assert not [secret for secret in ("d3Jlbj", "twig", "moss", "feather", digest("siskin")[2]) if secret in text]


def test_a_page_is_asked_for_by_name_only_as_long_as_the_name_lasts(stand_in: StandIn, tmp_path: Path) -> None:
    for hours, named in ((11, True), (13, False)):
        bank = Bank()
        bank.fetch(stand_in, "ncmec", tmp_path / "seen", bounds=Bounds(pages=26))
        bank.at += hours * 3_600
        stand_in.asked.clear()
        assert bank.fetch(stand_in, "ncmec", tmp_path / "seen").trouble is None
        assert ("cursor=" in stand_in.asked[0][1]) is named
        assert held(bank) == truth(stand_in, "ncmec")
