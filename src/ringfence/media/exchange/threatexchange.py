"""How does Meta's ThreatExchange tell of changes in a privacy group? JSON, one record an indicator.

Words that an indicator is gone are kept for 90 days, its documentation says; a copy older than 85 has to begin anew.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from ringfence.media.exchange import places
from ringfence.media.exchange.sent import Request, Sent, labels, latest, signal, source_id
from ringfence.media.items import Item
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind, Opinion

WHERE = "ThreatExchange's answer"
ADDRESS = "https://graph.facebook.com/v26.0"
KINDS = {
    "HASH_PDQ": HashKind.PDQ,
    "HASH_MD5": HashKind.MD5,
    "HASH_VIDEO_MD5": HashKind.MD5,
    "HASH_SHA1": HashKind.SHA1,
    "HASH_SHA256": HashKind.SHA256,
}
FIELDS = "id,indicator,type,last_updated,should_delete,descriptors{id,reactions,owner{id},tags,status}"
PAGE = 500  # records
TYPES = ("application/json", "text/javascript", "text/json")
LONGEST_QUERY = 8_192
DISAGREE = ("DISAGREE_WITH_TAGS", "NOT_HELPFUL")
OPINIONS = {"MALICIOUS": Opinion.POSITIVE, "NON_MALICIOUS": Opinion.NEGATIVE}


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All changes before `since`, in seconds since 1970, are fetched; `query` asks for the next page of the others.

    `newest` is the latest change seen on the pages so far.
    """

    since: int
    query: str = ""
    newest: int = 0


class _Paging(msgspec.Struct):
    next: str | None = None


class _Answer(msgspec.Struct):
    data: list[msgspec.Raw]
    paging: _Paging | None = None


class _Descriptor(msgspec.Struct):
    id: str | int = ""
    status: str = "UNKNOWN"
    tags: Any = None
    reactions: Any = None


class _Descriptors(msgspec.Struct):
    data: list[_Descriptor] = []


class _Seen(msgspec.Struct):
    descriptors: _Descriptors | None = None


class _Record(msgspec.Struct):
    id: str | int
    type: str
    indicator: str = ""
    last_updated: str | int | None = None
    should_delete: bool = False
    descriptors: _Descriptors | None = None


@dataclass(frozen=True, slots=True)
class ThreatExchange:
    """A `Source`: one privacy group, by its number."""

    group: str
    media_types: tuple[str, ...] = TYPES
    paging_lasts: timedelta = timedelta(hours=12)
    copy_lasts: timedelta | None = timedelta(days=85)

    def begin(self) -> str:
        return places.written(Place(0))

    def settle(self, place: str, now: datetime, *, paging: bool) -> str:  # noqa: ARG002 (it asks for no end of time)
        at = places.read(place, Place)
        return places.written(at if paging else Place(at.since))

    def ask(self, place: str) -> Request:
        at = places.read(place, Place)
        asked = {"start_time": str(at.since), "limit": str(PAGE), "fields": FIELDS, "types": ",".join(KINDS)}
        return Request(f"/{self.group}/threat_updates/?{at.query or urlencode(asked)}")

    def read(self, body: bytes, place: str) -> Sent:
        at, answer = places.read(place, Place), _answer(body)
        passed_over: Counter[str] = Counter()
        records = [record for raw in answer.data if (record := _record(raw, passed_over)) is not None]
        newest = max([at.newest, *(_seconds(record) for record in records)])
        entries = [entry for record in records if (entry := _entry(record, passed_over)) is not None]
        items, gone = latest(entries)
        query = _query(answer.paging.next or "" if answer.paging else "", self.group)
        if query == at.query != "":
            raise Fault("names the page that was asked for as the next", where=WHERE, mend=places.AGAIN)
        if 0 < newest < at.since:
            raise Fault("goes back: it tells of changes before the time kept", where=WHERE, mend=places.AGAIN)
        after = Place(at.since, query, newest) if query else Place(max(at.since, newest))
        when = places.moment(after.since) or datetime(1970, 1, 1, tzinfo=UTC)
        return Sent(items, gone, places.written(after), query, when, bool(query), passed_over)


def _answer(body: bytes) -> _Answer:
    try:
        return msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Fault("is no whole list of changes in JSON", where=WHERE, mend=places.AGAIN) from None


def descriptors(body: bytes) -> list[str]:
    """The ids of the descriptors in the answer to a question for one indicator."""
    try:
        seen = msgspec.json.decode(body, type=_Seen).descriptors
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Fault("is no indicator in JSON", where=WHERE, mend=places.AGAIN) from None
    return [name for one in (seen.data if seen else ()) if (name := str(one.id)).isascii() and name.isdecimal()]


def _query(following: str, group: str) -> str:
    """What the next page is asked with, without the token, which the service writes into it.

    Raises Fault for a page that is not one of this group's: the token would go there.
    """
    if not following:
        return ""
    try:
        parts = urlsplit(following)
        own = parts.path.rstrip("/").endswith(f"/{group}/threat_updates")
        query = urlencode([(name, value) for name, value in parse_qsl(parts.query) if name != "access_token"])
    except ValueError:
        own, query = False, ""
    if not own or not query or len(query) > LONGEST_QUERY:
        raise Fault("names a next page that is not one of this group's", where=WHERE, mend=places.AGAIN)
    return query


def _record(raw: msgspec.Raw, passed_over: Counter[str]) -> _Record | None:
    try:
        return msgspec.json.decode(raw, type=_Record)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        passed_over["record that cannot be read"] += 1
        return None


def _seconds(record: _Record) -> int:
    said = str(record.last_updated)
    return int(said) if re.fullmatch("[0-9]{1,11}", said) else 0  # 11 digits reach to the year 5138


def _entry(record: _Record, passed_over: Counter[str]) -> tuple[str, datetime | None, Item | None] | None:
    """An indicator without a descriptor that we may see is gone: its hash is no longer shared with us."""
    kind = KINDS.get(record.type)
    if kind is None:
        passed_over[record.type if record.type.isascii() and len(record.type) < 40 else "something"] += 1  # noqa: PLR2004
        return None
    name = source_id(str(record.id))
    if not name:
        passed_over["record without an id"] += 1
        return None
    at = places.moment(_seconds(record)) if _seconds(record) else None
    seen = [] if record.descriptors is None else record.descriptors.data
    if record.should_delete or not seen:
        return name, at, None
    made = signal(kind, record.indicator)
    if made is None:
        passed_over[f"{kind} that is none"] += 1
        return None
    tags = sorted({tag for one in seen for tag in _tags(one.tags)})
    return name, at, Item(name, (made,), labels(record.type, *tags), _opinion(seen), at)


def _opinion(seen: list[_Descriptor]) -> Opinion:
    """Those who disagree among themselves make it disputed; where nobody says more than "unknown", a person looks."""
    said = {OPINIONS[one.status] for one in seen if one.status in OPINIONS}
    disagree = any(reaction in DISAGREE for one in seen for reaction in _reactions(one.reactions))
    if len(said) > 1 or (disagree and Opinion.POSITIVE in said):
        return Opinion.DISPUTED
    return said.pop() if said else Opinion.INVESTIGATE


def _tags(said: Any) -> list[str]:
    """A list of texts, or as the interface also gives them, {"data": [{"text": ...}]}."""
    listed = said.get("data") if isinstance(said, dict) else said
    found = [one.get("text") if isinstance(one, dict) else one for one in listed] if isinstance(listed, list) else []
    return [one for one in found if isinstance(one, str)]


def _reactions(said: Any) -> list[str]:
    listed = said if isinstance(said, list) else []
    return [str(one["key"]) for one in listed if isinstance(one, dict) and "key" in one]
