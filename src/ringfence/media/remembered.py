"""What is remembered of queries? Their hashes for a while, and what matches too often, among all processes."""

import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from ringfence.media import asked
from ringfence.media.asked import Met
from ringfence.media.floods import Floods, Limits
from ringfence.media.queries import Query
from ringfence.model.faults import Fault
from ringfence.store.config_media import Media

EVERY = 1.0  # seconds after which what is remembered is written down, with the next query
MOST_PENDING = 256  # queries that wait to be written down
MOST_LOST = 10_000  # queries that wait while the disk refuses them
FORGET_EVERY = 600.0  # seconds
DAY = 86_400.0


@dataclass(slots=True)
class Remembered:
    """What one process remembers, and hears of others about once a second. `trouble` names why it cannot be written."""

    path: Path
    settings: Media
    trouble: str = field(init=False, default="")
    db: sqlite3.Connection = field(init=False, repr=False)
    _floods: Floods = field(init=False)
    _process: str = field(init=False, default_factory=lambda: token_hex(8))
    _queries: list[tuple[float, Query]] = field(init=False, default_factory=list)
    _met: list[Met] = field(init=False, default_factory=list)
    _untold: int = field(init=False, default=0)
    _heard: int = field(init=False, default=0)
    _written: float = field(init=False, default=0.0)
    _forgot: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        told = self.settings
        self._floods = Floods(
            Limits(told.flood_matches, told.flood_window_seconds, told.flood_share, told.flood_uploaders)
        )
        self.db = asked.connect(self.path)
        self._listen()

    def close(self) -> None:
        """Write down what waits, and close the file."""
        self.write()
        self.db.close()

    def ask(self, query: Query, at: float) -> None:
        """Remember that this was asked, at `at` seconds since 1970."""
        self._floods.asked()
        self._untold += 1
        if self.settings.asked_days > 0:
            self._queries.append((at, query))

    def meet(self, content: int, uploader: str | None, at: float) -> bool:
        """Remember that the last query matched a content. Whether that is one time too many."""
        self._met.append(Met(at, self._untold, content, uploader))
        self._untold = 0
        return self._floods.met(content, uploader, at)

    def write_when_due(self) -> None:
        """Write down what waits, if it is much or waited long."""
        waits = max(len(self._queries), len(self._met))
        if waits >= MOST_PENDING or time.monotonic() - self._written >= EVERY:
            self.write()

    def write(self) -> None:
        """Write down what waits, forget what is old, and hear what others met. Never raises: `trouble` says."""
        self._written = time.monotonic()
        told = [*self._met, *([Met(time.time(), self._untold, None, None)] if self._untold else [])]
        try:
            if told or self._queries:
                with asked.changing(self.db, self.path):
                    asked.keep(self.db, self._queries)
                    asked.tell(self.db, self._process, told)
                    self._forget()
            self._queries, self._met, self._untold, self.trouble = [], [], 0, ""
            self._listen()
        except Fault as fault:
            self.trouble = f"what is asked cannot be kept: {fault}"
            del self._queries[:-MOST_LOST], self._met[:-MOST_LOST]

    def _forget(self) -> None:
        if time.monotonic() - self._forgot >= FORGET_EVERY or not self._forgot:
            kept = self.settings.asked_days * DAY
            asked.forget(self.db, time.time() - kept, time.time() - self.settings.flood_window_seconds)
            self._forgot = time.monotonic()

    def _listen(self) -> None:
        since = time.time() - self.settings.flood_window_seconds
        self._heard, others = asked.heard(self.db, self._process, self._heard, since)
        for one in others:
            self._floods.asked(one.queries)
            if one.content is not None:
                self._floods.met(one.content, one.uploader, one.at)
