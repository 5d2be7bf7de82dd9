"""What do people think of each seed now? Read from a history in which nothing is ever changed.

Everybody's last word on a seed counts until it expires, somebody takes the seed back, or somebody settles it. Where one
says positive and another negative, or anyone says disputed, the seed is disputed; else the last word holds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ringfence.model.words import Opinion, SeedKind


class Act(StrEnum):
    """What an entry of the history does."""

    ADD = "add"
    RESOLVE = "resolve"  # all that was said before is settled by this
    RETRACT = "retract"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history: `by` said `opinion` of a seed at `at`. It holds before `expires`, or for good."""

    kind: SeedKind
    seed: str
    act: Act
    opinion: Opinion | None  # None where a seed is taken back
    source: str
    by: str
    at: datetime
    note: str = ""
    expires: datetime | None = None

    def lasts(self, now: datetime) -> bool:
        return self.expires is None or now < self.expires


@dataclass(frozen=True, slots=True)
class Standing:
    """A seed on the list. `opinion` is what comes of everybody's last word, and `last` the entry that spoke last.

    `since` is when it was first put on the list, after it was last taken back, and `people` how many different ones
    say of it what it stands at. An expired seed is used for nothing.
    """

    kind: SeedKind
    seed: str
    opinion: Opinion
    expired: bool
    since: datetime
    last: Entry
    people: int = 1


def standings(history: Iterable[Entry], now: datetime) -> tuple[Standing, ...]:
    """Every seed that is on the list at `now`, in the order in which they were put there."""
    voices: dict[tuple[SeedKind, str], list[Entry]] = {}
    since: dict[tuple[SeedKind, str], datetime] = {}
    for entry in history:
        key = (entry.kind, entry.seed)
        if entry.act is Act.RETRACT:
            voices.pop(key, None)
            since.pop(key, None)
            continue
        since.setdefault(key, entry.at)
        before = [] if entry.act is Act.RESOLVE else [one for one in voices.get(key, ()) if one.by != entry.by]
        voices[key] = [*before, entry]
    # A dict keeps a key where it was first put, so a seed that was taken back and put on again stands last.
    return tuple(_standing(since[key], said, now) for key, said in voices.items())


def _standing(since: datetime, said: list[Entry], now: datetime) -> Standing:
    lasting = [entry for entry in said if entry.lasts(now)]
    last = (lasting or said)[-1]
    opinion = _together(lasting or said)
    people = len({entry.by for entry in lasting or said if entry.opinion is opinion})
    return Standing(last.kind, last.seed, opinion, not lasting, since, last, people)


def _together(said: list[Entry]) -> Opinion:
    heard = {entry.opinion for entry in said}
    if Opinion.DISPUTED in heard or {Opinion.POSITIVE, Opinion.NEGATIVE} <= heard:
        return Opinion.DISPUTED
    return said[-1].opinion or Opinion.DISPUTED


def rows(history: Iterable[Entry]) -> list[dict[str, object]]:
    """Entries as plain rows."""
    return [{field: getattr(entry, field) for field in Entry.__dataclass_fields__} for entry in history]


def entry(row: Mapping[str, object]) -> Entry:
    """An entry from a plain row; raises ValueError for a word that is not on its list."""
    said = row["opinion"]
    made = Entry(**{name: row[name] for name in Entry.__dataclass_fields__})  # type: ignore[arg-type]
    return replace(
        made,
        kind=SeedKind(str(row["kind"])),
        act=Act(str(row["act"])),
        opinion=None if said is None else Opinion(str(said)),
    )
