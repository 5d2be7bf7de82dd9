"""Which event does a message hold, and why may it be none? A bad one is told of, and never stops the stream."""

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from ringfence.ingest.choices import choices
from ringfence.ingest.streams.stream import Message
from ringfence.ingest.validate import ID_LENGTH
from ringfence.model.words import Opinion, Table

LARGEST = 1 << 20  # bytes; brokers refuse larger messages unless told otherwise
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Refusal(StrEnum):
    """Why a message is no event. This list is closed."""

    SIZE = "size"
    MALFORMED = "malformed"
    TABLE = "table"
    COLUMNS = "columns"
    ID = "id"
    CHOICE = "choice"
    TIME = "time"


class Refused(msgspec.Struct, frozen=True, gc=False):
    """`words` tell a person what was expected. They never repeat a value: it may be a term or somebody's name."""

    reason: Refusal
    words: str


class Medium(msgspec.Struct, frozen=True):
    """The hashes of one medium as the platform gave them, in hexadecimal or not; quality is of its PDQ hash."""

    sha256: str
    md5: str
    pdq: str
    quality: int | None


class Post(msgspec.Struct, frozen=True):
    """`at` is in microseconds, and no later than the broker had it. `hashes` are digests of its media."""

    post_id: str
    account_id: str
    at: int
    text: str
    hashtags: tuple[str, ...]
    hashes: tuple[bytes, ...]
    own: bool  # written by the account, and no repost
    media: tuple[Medium, ...] = ()


class Account(msgspec.Struct, frozen=True, gc=False):
    """An accounts event has no time of its own: `at` is when the broker took it."""

    account_id: str
    at: int
    declared_age: int | None


class Label(msgspec.Struct, frozen=True, gc=False):
    account_id: str
    at: int
    opinion: Opinion


# None: an event of a table that nothing here needs.
Event: TypeAlias = Post | Account | Label | None


class _Medium(msgspec.Struct, gc=False):
    media_id: str | int | None = None
    sha256: str | None = None
    md5: str | None = None
    pdq: str | None = None
    quality: Any = None


class _Posts(msgspec.Struct, tag_field="table", tag="posts"):
    post_id: str | int
    account_id: str | int
    at: str
    text: str | None = None
    repost_of: str | int | None = None
    hashtags: list[str | None] | str | None = None
    media: list[_Medium | str | int | None] | str | None = None


class _Accounts(msgspec.Struct, tag_field="table", tag="accounts", gc=False):
    account_id: str | int
    declared_age: int | str | None = None


class _Labels(msgspec.Struct, tag_field="table", tag="labels", gc=False):
    account_id: str | int
    opinion: str
    at: str


class _Ties(msgspec.Struct, tag_field="table", tag="ties", gc=False):
    pass


class _Searches(msgspec.Struct, tag_field="table", tag="searches", gc=False):
    pass


class _Impressions(msgspec.Struct, tag_field="table", tag="impressions", gc=False):
    pass


class _Reports(msgspec.Struct, tag_field="table", tag="reports", gc=False):
    pass


class _Head(msgspec.Struct, gc=False):
    table: str


_READ = msgspec.json.Decoder(_Posts | _Accounts | _Labels | _Ties | _Searches | _Impressions | _Reports)
_HEAD = msgspec.json.Decoder(_Head)


class _Unreadable(Exception):
    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.words)
        self.refused = refused


def read(message: Message) -> Event | Refused:
    """The event that a message holds. It depends on the message alone, so that a log replayed is read the same."""
    if len(message.body) > LARGEST:
        return Refused(Refusal.SIZE, f"it has {len(message.body):,} bytes; expected at most {LARGEST:,}")
    try:
        return _read(message.body, message.stored)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        return _read(_mended(message.body), message.stored)
    except (ValueError, RecursionError):  # msgspec's faults are ValueErrors too
        return Refused(Refusal.MALFORMED, "it is not one JSON object in UTF-8")


def _read(body: bytes, stored: int) -> Event | Refused:
    try:
        return _event(_READ.decode(body), stored)
    except _Unreadable as unreadable:
        return unreadable.refused
    except msgspec.ValidationError as error:
        return _misfit(body, error)


def _mended(body: bytes) -> bytes:
    """The message with half characters replaced. JavaScript writes those that it is given: no way to slip past."""
    text = json.dumps(json.loads(body), ensure_ascii=False)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _event(row: object, stored: int) -> Event:
    if isinstance(row, _Posts):
        account, post = _id(row.account_id, "account_id"), _id(row.post_id, "post_id")
        at = _time(row.at, stored)
        own = row.repost_of is None or row.repost_of == ""
        media = tuple(_media(row.media))
        return Post(post, account, at, row.text or "", _tags(row.hashtags), tuple(_hashes(media)), own, media)
    if isinstance(row, _Accounts):
        return Account(_id(row.account_id, "account_id"), stored, _age(row.declared_age))
    if isinstance(row, _Labels):
        if row.opinion not in list(Opinion):
            words = f"opinion is none that is known; use one of {', '.join(Opinion)}"
            raise _Unreadable(Refused(Refusal.CHOICE, words))
        return Label(_id(row.account_id, "account_id"), _time(row.at, stored), Opinion(row.opinion))
    return None


def _misfit(body: bytes, error: msgspec.ValidationError) -> Refused:
    """Columns that do not fit, in msgspec's words, which name types and places; an unknown table without its name."""
    try:
        known = _HEAD.decode(body).table in list(Table)
    except msgspec.DecodeError:
        return Refused(Refusal.TABLE, f"it does not say its table; {choices('', Table)}")
    if not known:
        return Refused(Refusal.TABLE, f"its table is none that is known; {choices('', Table)}")
    return Refused(Refusal.COLUMNS, str(error))


def _id(value: str | int, column: str) -> str:
    text = value if isinstance(value, str) else str(value)
    if not 0 < len(text) <= ID_LENGTH:
        words = f"{column} has {len(text)} characters; expected 1 to {ID_LENGTH}"
        raise _Unreadable(Refused(Refusal.ID, words))
    if _CONTROL.search(text):
        raise _Unreadable(Refused(Refusal.ID, f"{column} has control characters"))
    return text


def _time(text: str, stored: int) -> int:
    """Microseconds. What claims to be from the future happened, at the latest, when the broker took it.

    Without that, one post dated far ahead would push everything else out of every window.
    """
    try:
        moment = datetime.fromisoformat(text)
        at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    except (ValueError, OverflowError):
        words = "at is no time; expected an ISO 8601 time (2026-01-31T12:00:00Z)"
        raise _Unreadable(Refused(Refusal.TIME, words)) from None
    return min((at.days * 86_400 + at.seconds) * 1_000_000 + at.microseconds, stored)


def _age(value: int | str | None) -> int | None:
    if value is None or value == "":
        return None
    try:
        return int(value)
    except ValueError:
        raise _Unreadable(Refused(Refusal.COLUMNS, "declared_age is no whole number")) from None


def _tags(value: list[str | None] | str | None) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(tag for tag in value if tag) if value else ()


def _media(media: list[_Medium | str | int | None] | str | None) -> Iterable[Medium]:
    """Media that have a hash. A quality that is no whole number is none."""
    for one in media if isinstance(media, list) else ():
        if isinstance(one, _Medium) and (one.sha256 or one.md5 or one.pdq):
            quality = one.quality if type(one.quality) is int else None
            yield Medium(one.sha256 or "", one.md5 or "", one.pdq or "", quality)


def _hashes(media: Iterable[Medium]) -> Iterable[bytes]:
    """The digests of media; what is no hexadecimal is no digest, and cannot be a known one."""
    for one in media:
        for digest in (one.sha256, one.md5):
            if digest:
                with suppress(ValueError):
                    yield bytes.fromhex(digest)
