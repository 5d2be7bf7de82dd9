"""How does StopNCII list what people have submitted, and what is withdrawn? JSON, one record a hash.

A record is the whole present state of its hash. Whoever has not fetched for 30 days has to fetch everything anew.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from urllib.parse import urlencode

import msgspec

from ringfence.media.exchange import places
from ringfence.media.exchange.sent import Request, Sent, labels, latest, signal
from ringfence.media.items import Item, Signal
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind, Opinion

WHERE = "StopNCII's answer"
ADDRESS = "https://api.stopncii.org/v1"
KINDS = {"ImagePDQ": HashKind.PDQ, "VideoMD5": HashKind.MD5}
KNOWN = (*KINDS, "VideoTMK", "Text", "URL", "Unknown")
WITHDRAWN = ("Withdrawn", "Deleted")
FIRST = 10  # seconds since 1970; the service does not take 0, python-threatexchange says
PAGE = 800  # records; as python-threatexchange asks
LONGEST_TOKEN = 4_096


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All up to `since`, in seconds since 1970, is fetched; `token` names the next page of what follows."""

    since: int
    token: str = ""


class _Feedback(msgspec.Struct):
    feedbackValue: str = "None"  # noqa: N815 (the service's name)


class _Record(msgspec.Struct):
    signalType: str  # noqa: N815
    hashValue: str  # noqa: N815
    hashStatus: str = "Unknown"  # noqa: N815
    lastModtimestamp: int | float | None = None  # noqa: N815
    CSPFeedbacks: list[_Feedback] | None = None


class _Answer(msgspec.Struct):
    nextSetTimestamp: int  # noqa: N815
    hasMoreRecords: bool  # noqa: N815
    hashRecords: list[msgspec.Raw]  # noqa: N815
    nextPageToken: str | None = None  # noqa: N815


@dataclass(frozen=True, slots=True)
class StopNcii:
    """A `Source`."""

    media_types: tuple[str, ...] = ("application/json", "text/json")
    paging_lasts: timedelta = timedelta(hours=1)  # "not valid over long periods", no more is said
    copy_lasts: timedelta | None = timedelta(days=30)

    def begin(self) -> str:
        return places.written(Place(FIRST))

    def settle(self, place: str, now: datetime, *, paging: bool) -> str:  # noqa: ARG002 (it asks for no end of time)
        at = places.read(place, Place)
        return places.written(at if paging else Place(at.since))

    def ask(self, place: str) -> Request:
        at = places.read(place, Place)
        asked = {"startTimestamp": str(at.since), "pageSize": str(PAGE)}
        return Request(f"/FetchHashes?{urlencode(asked | ({'nextPageToken': at.token} if at.token else {}))}")

    def read(self, body: bytes, place: str) -> Sent:
        at, answer = places.read(place, Place), _answer(body)
        passed_over: Counter[str] = Counter()
        entries = [entry for raw in answer.hashRecords if (entry := _entry(raw, passed_over)) is not None]
        items, gone = latest(entries)
        token = (answer.nextPageToken or "") if answer.hasMoreRecords else ""
        if answer.hasMoreRecords and not token:
            raise Fault("says that more follows, and not where", where=WHERE, mend=places.AGAIN)
        if token == at.token != "":
            raise Fault("names the page that was asked for as the next", where=WHERE, mend=places.AGAIN)
        since = at.since if token else _since(answer.nextSetTimestamp, at.since)
        after = Place(since, token)
        when = places.moment(since) or datetime.fromtimestamp(FIRST, UTC)
        return Sent(items, gone, places.written(after), token, when, bool(token), passed_over)


def made_id(kind: str, value: bytes) -> str:
    """The service has no ids, so one is made of the hash, and does not give it away where ids are shown."""
    return f"{kind}-{blake2b(value, digest_size=16).hexdigest()}"


def _answer(body: bytes) -> _Answer:
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Fault("is no whole list of hashes in JSON", where=WHERE, mend=places.AGAIN) from None
    if len(answer.nextPageToken or "") > LONGEST_TOKEN:
        raise Fault(f"names a page in more than {LONGEST_TOKEN:,} characters", where=WHERE, mend=places.AGAIN)
    return answer


def _since(said: int, before: int) -> int:
    if places.moment(said) is None:
        raise Fault("gives a time that is none to go on from", where=WHERE, mend=places.AGAIN)
    if said and said < before:
        what = "goes back: it gives an earlier time to go on from than the one kept"
        raise Fault(what, where=WHERE, mend=places.AGAIN)
    return max(said, before)


def _entry(raw: msgspec.Raw, passed_over: Counter[str]) -> tuple[str, datetime | None, Item | None] | None:
    try:
        record = msgspec.json.decode(raw, type=_Record)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        passed_over["record that cannot be read"] += 1
        return None
    kind = KINDS.get(record.signalType)
    if kind is None:
        passed_over[record.signalType if record.signalType in KNOWN else "something unknown"] += 1
        return None
    made = signal(kind, record.hashValue)
    if made is None:
        passed_over[f"{kind} that is none"] += 1
        return None
    return _held(record, made)


def _held(record: _Record, made: Signal) -> tuple[str, datetime | None, Item | None]:
    name = made_id(record.signalType, made.value)
    at = None if record.lastModtimestamp is None else places.moment(record.lastModtimestamp)
    if record.hashStatus in WITHDRAWN:
        return name, at, None
    said = {one.feedbackValue for one in record.CSPFeedbacks or ()}
    return name, at, Item(name, (made,), labels(record.signalType, record.hashStatus), _opinion(said), at)


def _opinion(said: set[str]) -> Opinion:
    """Anybody may submit, so what no provider has looked at, or only without a finding, is for a person."""
    blocked, not_blocked = "Blocked" in said, "NotBlocked" in said
    if blocked and not_blocked:
        return Opinion.DISPUTED
    return Opinion.POSITIVE if blocked else Opinion.NEGATIVE if not_blocked else Opinion.INVESTIGATE


def feedback_bodies(told: Sequence[tuple[Signal, str]]) -> bytes:
    """The body of SubmitFeedback for hashes and the service's word for what was thought of each."""
    records = [{"hashValue": one.value.hex(), "feedbackValue": word, "tags": []} for one, word in told]
    return msgspec.json.encode({"count": len(records), "hashFeedbacks": records})
