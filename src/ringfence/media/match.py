"""What follows from the entries that a piece of media is near to? One remedy at most, with reasons, and no verdict.

Everything here is a function of its arguments: no file, no clock, no index.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

from ringfence.media.banks.bank import SERIOUSNESS, Bank, Remedy
from ringfence.media.banks.contents import Entry, Review
from ringfence.media.queries import Query
from ringfence.model.words import HashKind, Opinion

# Bits; a match further than this is for a person only. Implementations of PDQ differ by up to 12 bits on one picture
# (measured on Meta's reference pictures), which leaves a margin for what was done to it since.
PERSON_BEYOND = 20
# Of a known video's frames; where fewer are met a person looks, as one frame may be a title or a wall. vPDQ's own
# default for the share of what is compared with.
LEAST_FRAMES = 0.8
DIGEST = -1  # the rank of an equal digest, nearer than any look


class Reason(StrEnum):
    """Why a match has the remedy it has."""

    EXACT = "exact"  # the same file
    NEAR = "near"  # looks alike
    # With one of these a person decides, and nothing happens before.
    FAR = "far"
    UNVETTED_SOURCE = "unvetted_source"
    QUARANTINED = "quarantined"
    DISPUTED = "disputed"
    INVESTIGATE = "investigate"
    CHANGED_SINCE_REVIEW = "changed_since_review"
    TOO_FEW_SOURCES = "too_few_sources"
    FEW_FRAMES = "few_frames"  # of a known video less than LEAST_FRAMES is met
    NEGATIVE_NEARBY = "negative_nearby"  # a negative bank knows something like it, but farther away or in doubt
    # With one of these nothing follows.
    NEGATIVE_BANK = "negative_bank"
    NEGATIVE_OPINION = "negative_opinion"
    DECONFIRMED = "deconfirmed"
    DISABLED = "disabled"
    NOT_ROLLED_OUT = "not_rolled_out"


STOPS = frozenset(
    {Reason.NEGATIVE_BANK, Reason.NEGATIVE_OPINION, Reason.DECONFIRMED, Reason.DISABLED, Reason.NOT_ROLLED_OUT}
)
_WHY = frozenset({Reason.EXACT, Reason.NEAR})
# A source that knows the picture counts, whether its bank is rolled out or vetted or not.
_NO_MATTER = _WHY | {Reason.NOT_ROLLED_OUT, Reason.UNVETTED_SOURCE}


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that a look or a digest of the media is near: `distance` in bits, `quality` that of the look."""

    entry: Entry
    distance: int
    transform: str
    quality: int | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """The nearest way in which the media matches one content of one bank, and what follows from it.

    `frames` is the share of a known video's frames that are met, None of anything else.
    """

    bank: str
    content: int
    source_id: str
    kind: HashKind
    distance: int
    transform: str
    quality: int | None
    source: str
    labels: tuple[str, ...]
    opinion: Opinion
    confirmed: bool
    remedy: Remedy | None
    reasons: tuple[Reason, ...]
    frames: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """All matches of one piece of media, the most serious first, and the most serious remedy that holds.

    `low_quality` counts the matches that were passed over because a picture says too little. `change` is the last
    change of the banks that is answered for. `degraded` names what did not work beside the matching itself.
    """

    media_id: str
    matches: tuple[Match, ...]
    remedy: Remedy | None
    low_quality: int
    change: int
    degraded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Now:
    """What holds for all queries of one moment: the banks, the time, the rollout's key, the last change."""

    banks: Mapping[str, Bank]
    at: datetime
    rollout_key: bytes
    change: int


def judge(query: Query, hits: Iterable[Hit], now: Now) -> Answer:
    """The answer to one query, from every entry within the widest radius of all banks."""
    inside = [hit for hit in hits if _inside(hit, now.banks[hit.entry.content.bank])]
    good = [hit for hit in inside if _good(hit, now.banks[hit.entry.content.bank])]
    nearest: dict[int, Hit] = {}
    for hit in sorted(good, key=_rank):
        nearest.setdefault(hit.entry.content.content, hit)
    frames = _frames(good)
    found = [(hit, _own(query, hit, now) | _few(hit, frames)) for hit in nearest.values()]
    silenced = _silenced(found, now.banks)
    known = _sources(silenced, now.banks)
    matches = [
        replace(_match(hit, reasons, now.banks, known), frames=frames.get(hit.entry.content.content))
        for hit, reasons in silenced
    ]
    matches.sort(key=lambda one: (-_seriousness(one.remedy), _place(one.kind, one.distance), one.bank, one.content))
    worst = max((one.remedy for one in matches), key=_seriousness, default=None)
    return Answer(query.media_id, tuple(matches), worst, len(inside) - len(good), now.change)


def rolled_out(bank: Bank, media: bytes, key: bytes) -> bool:
    """Whether a bank acts on this media already. For one media it stays so when the rollout grows."""
    digest = blake2b(bank.name.casefold().encode() + b"\0" + media, key=key, digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) / 2**53 < bank.rollout  # 53 bits are exact, so below 1


def _inside(hit: Hit, bank: Bank) -> bool:
    return hit.entry.kind is not HashKind.PDQ or hit.distance <= bank.radius


def _good(hit: Hit, bank: Bank) -> bool:
    """Whether both pictures say enough; one whose quality nobody told is taken to."""
    told = [quality for quality in (hit.quality, hit.entry.quality) if quality is not None]
    return hit.entry.kind is not HashKind.PDQ or min(told, default=bank.least_quality) >= bank.least_quality


def _frames(hits: Iterable[Hit]) -> Mapping[int, float]:
    """Of each known video the share of its frames that are met."""
    met: dict[int, set[int]] = {}
    total: dict[int, int] = {}
    for hit in hits:
        content = hit.entry.content
        if hit.entry.kind is HashKind.PDQ and content.frames:
            met.setdefault(content.content, set()).add(hit.entry.entry)
            total[content.content] = content.frames
    return {content: len(entries) / total[content] for content, entries in met.items()}


def _few(hit: Hit, frames: Mapping[int, float]) -> frozenset[Reason]:
    """An equal digest says more than any frame."""
    share = frames.get(hit.entry.content.content, 1.0)
    few = hit.entry.kind is HashKind.PDQ and share < LEAST_FRAMES
    return frozenset({Reason.FEW_FRAMES}) if few else frozenset()


def _rank(hit: Hit) -> tuple[int, int]:
    return _place(hit.entry.kind, hit.distance), hit.entry.entry


def _place(kind: HashKind, distance: int) -> int:
    return distance if kind is HashKind.PDQ else DIGEST


def _own(query: Query, hit: Hit, now: Now) -> frozenset[Reason]:
    """What there is to say of a match by itself."""
    content, bank = hit.entry.content, now.banks[hit.entry.content.bank]
    opinions = {bank.opinion, content.opinion}
    disabled = content.disabled_until is not None and content.disabled_until > now.at
    said = {
        Reason.EXACT: hit.entry.kind is not HashKind.PDQ,
        Reason.NEAR: hit.entry.kind is HashKind.PDQ,
        Reason.FAR: hit.entry.kind is HashKind.PDQ and hit.distance > PERSON_BEYOND,
        Reason.UNVETTED_SOURCE: not bank.acts_alone and content.review is not Review.CONFIRMED,
        Reason.QUARANTINED: content.held is not None,
        Reason.DISPUTED: Opinion.DISPUTED in opinions,
        Reason.INVESTIGATE: Opinion.INVESTIGATE in opinions,
        Reason.CHANGED_SINCE_REVIEW: content.review is Review.CHANGED,
        Reason.NEGATIVE_OPINION: content.opinion is Opinion.NEGATIVE and bank.opinion is not Opinion.NEGATIVE,
        Reason.DECONFIRMED: content.review is Review.DECONFIRMED,
        Reason.DISABLED: disabled,
        Reason.NOT_ROLLED_OUT: not rolled_out(bank, query.identity, now.rollout_key),
    }
    return frozenset(reason for reason, holds in said.items() if holds)


def _silenced(
    found: Sequence[tuple[Hit, frozenset[Reason]]], banks: Mapping[str, Bank]
) -> list[tuple[Hit, frozenset[Reason]]]:
    """Add what negative banks say of the other matches.

    One silences what is at most as near as its own match is, and about which there is no doubt. Otherwise a person
    looks: else whoever has an innocent picture put into a negative bank silences all that looks a little like it.
    """
    speaking = [(hit, reasons) for hit, reasons in found if _negative(hit, banks) and not reasons & STOPS]
    clear = min((_rank(hit)[0] for hit, reasons in speaking if reasons <= _WHY), default=None)

    def told(hit: Hit) -> frozenset[Reason]:
        if _negative(hit, banks) or not speaking:
            return frozenset()
        silent = clear is not None and clear <= _rank(hit)[0]
        return frozenset({Reason.NEGATIVE_BANK if silent else Reason.NEGATIVE_NEARBY})

    return [(hit, reasons | told(hit)) for hit, reasons in found]


def _negative(hit: Hit, banks: Mapping[str, Bank]) -> bool:
    return banks[hit.entry.content.bank].opinion is Opinion.NEGATIVE


def _sources(found: Sequence[tuple[Hit, frozenset[Reason]]], banks: Mapping[str, Bank]) -> int:
    """How many sources know this media beyond doubt."""
    known = (banks[hit.entry.content.bank] for hit, reasons in found if reasons <= _NO_MATTER)
    return len({bank.source.casefold() for bank in known if bank.opinion is Opinion.POSITIVE})


def _match(hit: Hit, reasons: frozenset[Reason], banks: Mapping[str, Bank], known: int) -> Match:
    content, bank = hit.entry.content, banks[hit.entry.content.bank]
    negative = bank.opinion is Opinion.NEGATIVE
    if bank.sources_needed > max(known, 1) and not negative:
        reasons |= {Reason.TOO_FEW_SOURCES}
    remedy: Remedy | None = bank.action if reasons <= _WHY else Remedy.REVIEW
    return Match(
        bank=bank.name,
        content=content.content,
        source_id=content.source_id,
        kind=hit.entry.kind,
        distance=hit.distance,
        transform=hit.transform,
        quality=hit.quality,
        source=bank.source,
        labels=content.labels,
        opinion=content.opinion if bank.opinion is Opinion.POSITIVE else bank.opinion,
        confirmed=content.review is Review.CONFIRMED,
        remedy=None if negative or reasons & STOPS else remedy,
        reasons=tuple(reason for reason in Reason if reason in reasons),
    )


def _seriousness(remedy: Remedy | None) -> int:
    return -1 if remedy is None else SERIOUSNESS.index(remedy)


def held(hits: Iterable[Hit], contents: frozenset[int], why: str) -> list[Hit]:
    """The same hits, with these contents in quarantine."""
    return [
        replace(hit, entry=replace(hit.entry, content=replace(hit.entry.content, held=why)))
        if hit.entry.content.content in contents
        else hit
        for hit in hits
    ]
