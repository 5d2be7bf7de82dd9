"""How does NCMEC's hash sharing (version 2, XML) list what it knows?

Its entries are in no order of time, so a range of time counts only when all its pages were read; the name of a next
page is good for 12 hours (both as python-threatexchange 1.2.17 tells). So time is gone through in ranges, and each
page lands with the name of the next: what is broken off goes on there, or after 12 hours at the start of its range.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree.ElementTree import Element

import msgspec

from ringfence.media.exchange import markup, places
from ringfence.media.exchange.sent import Request, Sent, labels, latest, signal, source_id
from ringfence.media.items import Item, Signal
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind, Opinion

WHERE = "NCMEC's answer"
ADDRESSES = {  # after python-threatexchange 1.2.17; each holds another kind of content, for another kind of member
    "industry": "https://report.cybertip.org/hashsharing",
    "industry-exploitative": "https://report.cybertip.org/exploitative-hashsharing",
    "npo": "https://hashsharing.ncmec.org/npo",
    "exploitative": "https://hashsharing.ncmec.org/exploitative",
    "gen-ai-exploitative": "https://hashsharing.ncmec.org/generative-ai-exploitative",
    "test-industry": "https://exttest.cybertip.org/hashsharing",
    "test-industry-exploitative": "https://exttest.cybertip.org/exploitative-hashsharing",
    "test-npo": "https://hashsharing-test.ncmec.org/npo",
    "test-exploitative": "https://hashsharing-test.ncmec.org/exploitative",
    "test-gen-ai-exploitative": "https://hashsharing-test.ncmec.org/generative-ai-exploitative",
}
KINDS = {"md5": HashKind.MD5, "sha1": HashKind.SHA1, "pdq": HashKind.PDQ}  # by the element's name
ENTRIES = "/v2/entries?"
START = datetime(1970, 1, 1, tzinfo=UTC)
RANGE = 30  # days; what is fetched again when a page's name has gone bad
LONGEST_RANGE = 960  # days; an empty range doubles the next
SETTLING = timedelta(seconds=5)  # the newest entries may still come in, python-threatexchange leaves as long
OVERLAP = timedelta(seconds=60)  # ranges overlap, as the clocks of both sides may differ
LONGEST_NAME = 4_096  # characters of the name of a page
_WORD = re.compile(r"[A-Za-z0-9_-]{1,40}")
_MEMBER = re.compile(r"[0-9]{1,19}")


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All up to `since` is fetched; then the range up to `until` is, page by page; `last` when that was the present."""

    since: datetime
    until: datetime | None = None
    next: str = ""
    days: int = RANGE
    last: bool = False


@dataclass(frozen=True, slots=True)
class Ncmec:
    """A `Source`. `only_members`: the entries of these members alone, by the numbers that NCMEC gives them."""

    only_members: frozenset[str] = frozenset()
    media_types: tuple[str, ...] = ("application/xml", "text/xml")
    paging_lasts: timedelta = timedelta(hours=12)
    copy_lasts: timedelta | None = None  # entries seem to stay for ever, and so do the words that they are gone

    def begin(self) -> str:
        return places.written(Place(START))

    def settle(self, place: str, now: datetime, *, paging: bool) -> str:
        at = places.read(place, Place)
        if at.until is None:
            present = max(now - SETTLING, at.since)
            until = min(at.since + timedelta(days=at.days), present)
            at = msgspec.structs.replace(at, until=until, last=until == present)
        return places.written(at if paging else msgspec.structs.replace(at, next=""))

    def ask(self, place: str) -> Request:
        at = places.read(place, Place)
        span = {"from": _told(max(at.since - OVERLAP, START)), "to": _told(at.until or at.since)}
        return Request(at.next or ENTRIES + urlencode(span))

    def read(self, body: bytes, place: str) -> Sent:
        root, at = _root(body), places.read(place, Place)
        passed_over: Counter[str] = Counter()
        listed = [*root.iterfind("images/*"), *root.iterfind("videos/*")]
        made = [_entry(element, self.only_members, passed_over) for element in listed]
        entries = [entry for entry in made if entry is not None]
        items, gone = latest(entries)
        after = _after(at, _next(root, at.next), empty=not listed)
        mark = after.next and f"{after.since.isoformat()} {after.next}"
        more = bool(after.next) or not at.last
        return Sent(items, gone, places.written(after), mark, after.since, more, passed_over)


def _root(body: bytes) -> Element:
    root = markup.read(body, WHERE)
    if root.tag != "queryResult":
        raise Fault("is XML, and no list of entries", where=WHERE, mend="check the address and the environment")
    return root


def _after(at: Place, following: str, *, empty: bool) -> Place:
    """Where to go on: at the next page of the range, or at the next range, longer where this one held nothing."""
    if following:
        return msgspec.structs.replace(at, next=following)
    nothing = empty and not at.next
    return Place(at.until or at.since, days=min(2 * at.days, LONGEST_RANGE) if nothing else RANGE)


def _next(root: Element, asked: str) -> str:
    """The name of the next page, "" after the last. Raises Fault for one that leads elsewhere or back."""
    name = (root.findtext("paging/next") or "").strip()
    if not name:
        return ""
    if not name.startswith(ENTRIES) or len(name) > LONGEST_NAME or not (name.isascii() and name.isprintable()):
        what = "names a next page that is not one of its own lists"
        raise Fault(what, where=WHERE, mend="it was not followed, as the secret would go there; ask NCMEC")
    if asked and _start(name) <= _start(asked):
        raise Fault("pages backwards or in place", where=WHERE, mend=places.AGAIN)
    return name


def _start(name: str) -> int:
    said = parse_qs(urlsplit(name).query).get("start", ["0"])[0]
    return int(said) if said.isdecimal() and len(said) < 19 else 0  # noqa: PLR2004 (fits in 64 bits)


def _entry(
    element: Element, only_members: frozenset[str], passed_over: Counter[str]
) -> tuple[str, datetime | None, Item | None] | None:
    """An entry as `latest` takes it, or None when it is passed over, and counted."""
    kind = element.tag.removeprefix("deleted").lower()
    member = element.find("member")
    number = "" if member is None else member.get("id", "")
    name = source_id(markup.text(element, "id"))
    if kind not in {"image", "video"}:
        passed_over[f"{_word(element.tag)}, an unknown kind of entry"] += 1
    elif not name or not _MEMBER.fullmatch(number):
        passed_over[f"{kind} without an id or a member"] += 1
    else:
        entry, at = f"{number}/{name}", places.time(markup.text(element, "timestamp"))
        if element.tag.startswith("deleted"):
            return entry, at, None
        if only_members and number not in only_members:
            passed_over[f"{kind} of another member"] += 1
            return None
        return _item(element, kind, entry, at, passed_over)
    return None


def _item(
    element: Element, kind: str, entry: str, at: datetime | None, passed_over: Counter[str]
) -> tuple[str, datetime | None, Item | None] | None:
    """An entry with no hash that we compare is gone; one whose hashes are all broken stays as it was."""
    signals, broken = _signals(element, passed_over)
    if not signals:
        return None if broken else (entry, at, None)
    disputed = element.find("feedback/negativeFeedback") is not None
    opinion = Opinion.DISPUTED if disputed else Opinion.POSITIVE
    return entry, at, Item(entry, signals, labels(kind, markup.text(element, "classification")), opinion, at)


def _signals(element: Element, passed_over: Counter[str]) -> tuple[tuple[Signal, ...], int]:
    """The hashes that we compare, and how many of such were broken."""
    found: dict[Signal, None] = {}
    broken = 0
    for one in element.iterfind("fingerprints/*"):
        if one.get("href") is not None:
            passed_over[f"{_word(one.tag)}, by reference"] += 1
        elif (kind := KINDS.get(one.tag.lower())) is None:
            passed_over[_word(one.tag)] += 1
        elif (made := signal(kind, one.text or "")) is not None:
            found[made] = None
        else:
            passed_over[f"{kind} that is none"] += 1
            broken += 1
    return tuple(found), broken


def _told(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_word(text: str) -> bool:
    """Whether it may be repeated: short, and of letters, digits, dashes and underscores only."""
    return _WORD.fullmatch(text) is not None


def _word(name: str) -> str:
    return name if is_word(name) else "something"
