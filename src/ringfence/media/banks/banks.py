"""How is one platform's set of banks read and changed? Through `Banks`, each change whole, lasting and audited."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from threading import RLock
from typing import Self

from ringfence.media.banks import contents, journal, landing, listed, numbers, reviews, schema
from ringfence.media.banks.bank import Bank
from ringfence.media.banks.contents import Content
from ringfence.media.banks.landing import Landed
from ringfence.media.banks.reviews import Act, Feedback
from ringfence.media.items import Item, Page, Signal
from ringfence.model.words import HashKind
from ringfence.store import audit
from ringfence.store.workspace import Workspace

# Writes down who changes what, before it is changed: the subject, and the person where one is known.
Record = Callable[[str, str | None], object]


def _unrecorded(subject: str, by: str | None) -> None:
    """For banks of no workspace, as researchers and tests have them."""


@dataclass(frozen=True, slots=True)
class Banks:
    """The banks in one file. Threads may share it; processes open it each for themselves. Close it when done."""

    path: Path
    record: Record = _unrecorded
    db: sqlite3.Connection = field(init=False, repr=False)
    _one: RLock = field(init=False, repr=False, default_factory=RLock)

    def __post_init__(self) -> None:
        object.__setattr__(self, "db", schema.connect(self.path))

    @classmethod
    def of(cls, workspace: Workspace) -> Self:
        """The banks of a workspace, whose audit names every change."""

        def record(subject: str, by: str | None) -> None:
            audit.record(workspace, audit.Action.MEDIA_BANK_CHANGED, subject, actor=by)

        return cls(workspace.media / schema.FILE, record)

    def close(self) -> None:
        with self._one:
            self.db.close()

    def every(self) -> Mapping[str, Bank]:
        """All banks by name."""
        with self.reading():
            return listed.every(self.db)

    def add(self, bank: Bank) -> None:
        with self._changing(f"bank {bank.name} added"):
            listed.add(self.db, bank)

    def change(self, name: str, bank: Bank) -> None:
        with self._changing(f"bank {name} set"):
            listed.change(self.db, name, bank)

    def remove(self, name: str, *, by: str | None = None) -> None:
        """Remove a bank with all it holds, and all that was said of it."""
        with self._changing(f"bank {name} removed", by):
            listed.remove(self.db, name)

    def size(self, name: str) -> listed.Size:
        with self.reading():
            return listed.size(self.db, name)

    def hashes(self) -> Mapping[HashKind, int]:
        """How many hashes of each kind all banks hold."""
        with self.reading():
            return listed.hashes(self.db)

    def entries(self) -> int:
        """How many hashes all banks hold; counted, which takes seconds for millions."""
        with self.reading():
            return int(self.db.execute("SELECT count(*) FROM entries").fetchone()[0])

    def land(self, bank: str, page: Page) -> Landed:
        """Put what an exchange sent into a bank, with the checkpoint, in one transaction. Twice is as once."""
        with self._changing(f"bank {bank}: a page of {len(page.items)} items and {len(page.gone)} gone"):
            return landing.land(self.db, listed.number(self.db, bank), page, f"bank {bank}")

    def checkpoint(self, bank: str) -> str | None:
        """Where to go on from with a bank's exchange; None before the first page."""
        with self.reading():
            mine = listed.number(self.db, bank)
            row = self.db.execute("SELECT checkpoint FROM banks WHERE bank = ?", (mine,)).fetchone()
            return None if row[0] is None else str(row[0])

    def put(self, bank: str, item: Item, *, by: str | None = None, note: str | None = None) -> int:
        """Put one piece of media into a bank; without a source id it gets one. Returns the number of the content."""
        source_id = item.source_id or f"own-{token_hex(8)}"
        with self._changing(f"bank {bank}: one item put", by):
            mine = listed.number(self.db, bank)
            named = Item(source_id, item.signals, item.labels, item.opinion, item.at)
            landing.settle(self.db, mine, (named,), (), f"bank {bank}")
            number = landing.find(self.db, mine, source_id)
            if note is not None:
                self.db.execute("UPDATE contents SET note = ? WHERE content = ?", (note, number))
            return number

    def find(self, bank: str, source_id: str) -> int:
        """The number of a content by its source's id. Raises Fault where the bank holds none."""
        with self.reading():
            return landing.find(self.db, listed.number(self.db, bank), source_id)

    def withdraw(self, content: int, *, by: str | None = None) -> None:
        """Take a content and its hashes out of its bank. An exchange that still lists it may bring it again."""
        with self._changing(f"content {content} withdrawn", by):
            contents.one(self.db, content)
            if dropped := numbers.drop(self.db, [content]):
                numbers.tell(self.db, dropped)
            self.db.execute("UPDATE contents SET gone = 1 WHERE content = ?", (content,))

    def disable(self, content: int, until: datetime | None, *, by: str | None = None) -> None:
        """Let a content do nothing until a time; None lets it act at once."""
        with self._changing(f"content {content} disabled until {until}", by):
            contents.one(self.db, content)
            self.db.execute(
                "UPDATE contents SET disabled_until = ? WHERE content = ?", (landing.micros(until), content)
            )

    def label(self, content: int, labels: Sequence[str], note: str | None, *, by: str | None = None) -> None:
        """Give a content other labels and another note."""
        with self._changing(f"content {content} labelled", by):
            contents.one(self.db, content)
            self.db.execute(
                "UPDATE contents SET labels = ?, note = ?, stamp = x'' WHERE content = ?",
                (json.dumps(list(labels)), note, content),
            )

    def say(self, content: int, act: Act, *, by: str, why: str) -> None:
        """Confirm, deconfirm, quarantine or release a content. Raises Fault without a name or a reason."""
        with self._changing(f"content {content}: {act}", by.strip() or None):
            reviews.say(self.db, content, act, by, why)

    def content(self, content: int) -> Content:
        with self.reading():
            return contents.one(self.db, content)

    def signals(self, content: int) -> tuple[Signal, ...]:
        with self.reading():
            return contents.signals(self.db, content)

    def history(self, content: int) -> tuple[reviews.Said, ...]:
        with self.reading():
            return reviews.history(self.db, content)

    def contents(self, bank: str, most: int = 100, after: int = 0) -> tuple[Content, ...]:
        """Contents of a bank in the order they came, `most` of those after a number."""
        with self.reading():
            return contents.of_bank(self.db, listed.number(self.db, bank), most, after)

    def held(self) -> tuple[Content, ...]:
        """What is in quarantine."""
        with self.reading():
            return contents.held(self.db)

    def feedback_waiting(self, bank: str) -> tuple[Feedback, ...]:
        """What reviewers think of a bank's items, and its exchange does not know yet."""
        with self.reading():
            return reviews.waiting(self.db, listed.number(self.db, bank))

    def feedback_sent(self, bank: str, ids: Sequence[int]) -> None:
        with self._changing(f"bank {bank}: {len(ids)} opinions sent"):
            reviews.sent(self.db, listed.number(self.db, bank), ids)

    def last_change(self) -> int:
        """The number of the last change of entries."""
        with self.reading():
            return journal.last(self.db)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One moment of the file, for this thread alone; within another such block it is that one's."""
        with self._one:
            if self.db.in_transaction:
                yield
            else:
                with schema.reading(self.db, self.path):
                    yield

    @contextmanager
    def _changing(self, subject: str, by: str | None = None) -> Iterator[None]:
        with self._one, schema.writing(self.db, self.path):
            self.record(subject, by)
            yield
