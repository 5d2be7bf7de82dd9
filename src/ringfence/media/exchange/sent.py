"""What is asked of an exchange, and what does its answer say? The words that all formats share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from ringfence.media import hashes
from ringfence.media.items import Item, Signal
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind, Opinion

LONGEST_ID = 256  # characters


@dataclass(frozen=True, slots=True)
class Request:
    """One question to an exchange: `path` follows its address, and may hold a query; it carries no secret."""

    path: str
    method: str = "GET"
    body: bytes = b""
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What one answer held.

    `place` is where to go on from; `mark` names the next page, and no two pages of one run have the same, "" for the
    first of a range; `since` is the time up to which all is fetched, which never goes back. `passed_over` counts what
    cannot be used, by its kind and why.
    """

    items: tuple[Item, ...]
    gone: tuple[str, ...]
    place: str
    mark: str
    since: datetime
    more: bool
    passed_over: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """What a reviewer thought of an item that an exchange had sent, and its hashes. `number` is the bank's own."""

    number: int
    source_id: str
    signals: tuple[Signal, ...]
    opinion: Opinion


class Source(Protocol):
    """One exchange's language: what to ask at a place, and what an answer means. Neither clock nor network in it.

    A place is a JSON text of the source's own; what was kept is only read back by the source that made it. Whatever
    an exchange sends, a source raises nothing but Fault, which repeats nothing of what was sent.
    """

    @property
    def media_types(self) -> Sequence[str]:
        """The types of content that an answer may have."""

    @property
    def paging_lasts(self) -> timedelta:
        """How long a page's name stays good."""

    @property
    def copy_lasts(self) -> timedelta | None:
        """After how long without a fetch what is gone is no longer told; None where it always is."""

    def begin(self) -> str:
        """Where a first fetch starts."""

    def settle(self, place: str, now: datetime, *, paging: bool) -> str:
        """`place` with all that its question needs; without `paging` the range that was begun is begun again."""

    def ask(self, place: str) -> Request:
        """The question that `place`, which is settled, stands for."""

    def read(self, body: bytes, place: str) -> Sent:
        """What the answer to the question at `place` says."""


def signal(kind: HashKind, text: str) -> Signal | None:
    """The hash in a text, or None when it is none of that kind."""
    try:
        return Signal(kind, hashes.parse(kind, text.strip(), kind))
    except Fault:
        return None


def source_id(text: str) -> str:
    """An id as it may be kept; "" for one that is empty, longer than LONGEST_ID or not text that can be written."""
    return text if len(text) <= LONGEST_ID and text.isprintable() else ""


def labels(*texts: str) -> tuple[str, ...]:
    """Words as they may be kept: each once, in one line, and none longer than LONGEST_ID."""
    plain = (" ".join(text.split())[:LONGEST_ID] for text in texts)
    return tuple(dict.fromkeys(text for text in plain if text and text.isprintable()))


def latest(entries: Sequence[tuple[str, datetime | None, Item | None]]) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """What came and what is gone, of entries (id, when, the item or None when it is gone) of one answer.

    Answers are not in the order of time: of several with one id the latest counts, and of those at one time, or
    without any, the last.
    """
    kept: dict[str, tuple[datetime | None, Item | None]] = {}
    for name, at, item in entries:
        before = kept.get(name)
        if before is None or before[0] is None or at is None or at >= before[0]:
            kept[name] = (at, item)
    items = tuple(item for _, item in kept.values() if item is not None)
    return items, tuple(name for name, (_, item) in kept.items() if item is None)
