"""What does an exchange send: which media, by which hashes, and what is gone?"""

from dataclasses import dataclass
from datetime import datetime

from ringfence.model.words import HashKind, Opinion


@dataclass(frozen=True, slots=True)
class Signal:
    """One hash of one piece of media: its bytes, and for PDQ the quality (0 to 100) where the sender told it."""

    kind: HashKind
    value: bytes
    quality: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of media as an exchange lists it: its id there and all its hashes, never the media itself."""

    source_id: str
    signals: tuple[Signal, ...]
    labels: tuple[str, ...] = ()
    opinion: Opinion = Opinion.POSITIVE
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What an exchange sent at once: what came or changed, what is gone, and where to go on from."""

    items: tuple[Item, ...]
    gone: tuple[str, ...]
    checkpoint: str
    more: bool
