"""Where do vetted terms stand in a text, and how does a reviewer see why?

In running text a term must be a word of its own. In a name (a hashtag or a handle, also within a text, and a typed
query) words are run together, and capitals and digits end a word too. docs/lexicon.md tells every rule.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.terms import kernel, verify
from ringfence.terms.characters import characters
from ringfence.terms.combine import Found, standing
from ringfence.terms.finds import END, EVIDENCE, FOUND_TIER, PATTERN, ROW, START, UNWRAP, in_code_points
from ringfence.terms.hashtags import hashtags
from ringfence.terms.index import EXCEPTION, TERM, Index, build
from ringfence.terms.reason import layers, sentence
from ringfence.terms.term import LEAST_LETTERS, WEAK, Mode, Term, Tier
from ringfence.terms.units import HANDLE, HASHTAG, RAW
from ringfence.terms.unwrap import Unwrapped, unwrap

Field = Literal["post", "bio", "handle", "hashtag", "query"]
FIELDS: tuple[Field, ...] = ("post", "bio", "handle", "hashtag", "query")
# What all of a field is: running text, or one name.
_NAMED: dict[str, int] = {"post": 0, "bio": 0, "handle": HANDLE, "hashtag": HASHTAG, "query": HASHTAG | HANDLE}

TIERS = tuple(Tier)
_PLAIN = frozenset((Tier.EXACT, Tier.FOLDED, Tier.CAMEL, Tier.ACCENTED))
_LONGER_UTF8 = (0x80, 0x800, 0x10000)  # from these code points on, UTF-8 takes a byte more; UTF-16 from the last
_MODES = {mode: number for number, mode in enumerate(Mode)}
_NEVER = 1 << 20  # letters that a term would need for a layer that is off
# %2525 is unwrapped twice; what is wrapped three times is shown wrapped by whatever shows it.
_UNWRAPPINGS = 2


@dataclass(frozen=True, slots=True)
class Hit:
    """A term found in a text. Places are counted in three units: code points (`start`, `end`), UTF-8 bytes and UTF-16.

    `layers` are the disguises that were undone, `reason` says so in a sentence; `together` are the ids of the terms
    that a combination was completed by.
    """

    term_id: str
    term: str
    category: str
    start: int
    end: int
    tier: Tier
    reason: str
    start_utf8: int
    end_utf8: int
    start_utf16: int
    end_utf16: int
    layers: tuple[str, ...] = ()
    severity: str | None = None
    together: tuple[str, ...] = ()

    @property
    def acts(self) -> bool:
        """Whether a policy may act on it; a weak hit only queues."""
        return self.tier not in WEAK


HITS = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("term_id", pa.string(), nullable=False),
        pa.field("term", pa.string(), nullable=False),
        pa.field("category", pa.string(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("end", pa.int64(), nullable=False),
        pa.field("tier", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("start_utf8", pa.int64(), nullable=False),
        pa.field("end_utf8", pa.int64(), nullable=False),
        pa.field("start_utf16", pa.int64(), nullable=False),
        pa.field("end_utf16", pa.int64(), nullable=False),
        pa.field("layers", pa.list_(pa.string()), nullable=False),
        pa.field("severity", pa.string()),
        pa.field("together", pa.list_(pa.string()), nullable=False),
    ]
)


class Matcher:
    """The terms of a lexicon that are looked for on a day, ready. Build it once; it is never changed."""

    __slots__ = ("_index", "_numbers", "_over", "_tables", "_terms", "index")

    def __init__(self, terms: Iterable[Term], today: date | None = None) -> None:
        day = today or datetime.now(UTC).date()
        live = [term for term in terms if term.live(day)]
        self._set(live, _index(live), {term.id: number for number, term in enumerate(live)}, frozenset())

    @classmethod
    def of(cls, terms: Sequence[Term], index: Index, numbers: Mapping[str, int], over: frozenset[int]) -> "Matcher":
        """A matcher over terms whose index was built before (see stored.py). `over` are numbers of expired terms;
        `numbers` has at least the ids that combinations name.
        """
        made = cls.__new__(cls)
        made._set(terms, index, numbers, over)  # noqa: SLF001 - its own
        return made

    def _set(self, terms: Sequence[Term], index: Index, numbers: Mapping[str, int], over: frozenset[int]) -> None:
        self._terms = terms
        self._numbers = numbers
        self._over = over
        self.index = index
        self._index = _arrays(index)
        tables = characters()
        self._tables = (tables.words, tables.expansions, tables.everyday)

    def find(self, text: str, field: Field = "post") -> list[Hit]:
        """Every hit in a text, by place, the longer first."""
        raw = _encoded(text)
        finds = self._find_one(raw, _NAMED[field])
        return self._hits(text, raw, finds, field) if len(finds) else []

    def categories(self, text: str, field: Field = "post") -> list[tuple[str, bool]]:
        """Of every hit its category, and whether a policy may act on it; for who decides, and explains nothing."""
        raw = _encoded(text)
        finds = self._find_one(raw, _NAMED[field])
        if not len(finds):
            return []
        return [
            (self._terms[one.term].category, TIERS[one.tier] not in WEAK)
            for one in self._standing(text, raw, finds, field)
        ]

    def completes(self, prefix: str, candidate: str) -> bool:
        """Whether choosing a candidate makes a term of what was typed, which by itself is none."""
        if self.find(prefix, "query"):
            return False
        typed = prefix + candidate[_shared(prefix, candidate) :]
        return bool(self.find(candidate, "query") or self.find(typed, "query"))

    def find_many(self, texts: Iterable[str | None] | pa.Array | pa.ChunkedArray, field: Field = "post") -> pa.Table:
        """Every hit in many texts, as a table of HITS; `row` counts texts from 0. Nulls have no hit."""
        tables = []
        row = 0
        for chunk in _chunks(texts):
            found = self.finds(chunk, field)
            tables.append(pa.Table.from_pylist([_row(row + at, hit) for at, hit in found], HITS))
            row += len(chunk)
        return pa.concat_tables(tables) if tables else HITS.empty_table()

    def finds(self, texts: pa.StringArray, field: Field = "post") -> Iterator[tuple[int, Hit]]:
        """Every hit in an Arrow array of strings, with its row."""
        data, offsets = _buffers(texts)
        finds = kernel.find(data, offsets, _NAMED[field], self._tables, self._index, False)  # noqa: FBT003 - as above
        rows = finds[:, ROW]
        cuts = [0, *(np.flatnonzero(rows[1:] != rows[:-1]) + 1).tolist(), len(rows)] if len(rows) else []
        for low, high in pairwise(cuts):
            row = int(rows[low])
            raw = data[offsets[row] : offsets[row + 1]].tobytes()
            for hit in self._hits(_decoded(raw), raw, finds[low:high], field):
                yield row, hit

    def refusals(self, text: str, field: Field = "post") -> list[tuple[Term, int, int, int, int]]:
        """What `find` met and did not take, as (term, start, end, reason of verify.py, evidence), for explanations.

        A term that was read, and is no hit for an exception or a combination, is HELD_BACK.
        """
        raw = _encoded(text)
        finds = kernel.find_one(np.frombuffer(raw, np.uint8), _NAMED[field] | RAW, self._tables, self._index, True)  # noqa: FBT003
        entries = self._index[0]
        return [
            (
                self._terms[entries[one[PATTERN], TERM]],
                len(_decoded(raw[: one[START]])),
                len(_decoded(raw[: one[END]])),
                min(int(one[FOUND_TIER]), 0) or verify.HELD_BACK,
                int(one[EVIDENCE]),
            )
            for one in finds
            if not entries[one[PATTERN], EXCEPTION]
        ]

    def _find_one(self, raw: bytes, named: int) -> NDArray[np.int32]:
        data = np.frombuffer(raw, np.uint8)
        finds: NDArray[np.int32] = kernel.find_one(data, named, self._tables, self._index, False)  # noqa: FBT003 - numba takes no keywords here
        return finds

    def _hits(self, text: str, raw: bytes, finds: NDArray[np.int32], field: Field) -> list[Hit]:
        places = _Places(text)
        return [self._hit(text, one, places) for one in self._standing(text, raw, finds, field)]

    def _standing(self, text: str, raw: bytes, finds: NDArray[np.int32], field: Field) -> list[Found]:
        wrapped = finds[0, PATTERN] == UNWRAP
        found = self._unwrapped(text, field) if wrapped else self._found(raw, finds)
        if self._over:
            found = [one for one in found if one.term not in self._over]
        return [one for one in standing(found, self._terms, self._numbers) if self._in_its_place(one, text, field)]

    def _found(self, raw: bytes, finds: NDArray[np.int32]) -> list[Found]:
        spans = finds[:, START : END + 1] if raw.isascii() else in_code_points(np.frombuffer(raw, np.uint8), finds)
        owners = self._index[0][finds[:, PATTERN]]
        return [
            Found(owner[TERM], start, end, find[FOUND_TIER], find[EVIDENCE], bool(owner[EXCEPTION]))
            for (start, end), owner, find in zip(spans.tolist(), owners.tolist(), finds.tolist(), strict=True)
        ]

    def _unwrapped(self, text: str, field: Field) -> list[Found]:
        layers_of = [unwrap(text)]
        while len(layers_of) < _UNWRAPPINGS and (again := unwrap(layers_of[-1].text)).text != layers_of[-1].text:
            layers_of.append(again)
        # Whether a page shows the tags or what they make of it is the platform's affair: either reading counts.
        found = self._read_as_it_is(text, field)
        if unwrapped := self._read_as_it_is(layers_of[-1].text, field):
            found += _in_original(unwrapped, layers_of)
        return found

    def _read_as_it_is(self, text: str, field: Field) -> list[Found]:
        raw = _encoded(text)
        finds = self._find_one(raw, _NAMED[field] | RAW)
        return self._found(raw, finds) if len(finds) else []

    def _in_its_place(self, one: Found, text: str, field: Field) -> bool:
        """Whether a term of hashtags alone stands in one, by the grammar of hashtags; every other term does."""
        if self._terms[one.term].mode is not Mode.HASHTAG or field not in ("post", "bio"):
            return True
        return any(tag.start <= one.start and one.end <= tag.end for tag in hashtags(text))

    def _hit(self, text: str, one: Found, places: "_Places") -> Hit:
        term, tier = self._terms[one.term], TIERS[one.tier]
        written = text[one.start : one.end]
        reason = sentence(written, term.word, tier, one.evidence, one.start)
        if one.together:
            others = ", ".join(f'"{self._terms[self._numbers[other]].word}"' for other in one.together)
            reason += f" With it stands {others}, which makes the combination whole." if others else ""
        return Hit(
            term.id, term.term, term.category, one.start, one.end, tier, reason,
            places.utf8(one.start), places.utf8(one.end), places.utf16(one.start), places.utf16(one.end),
            layers(one.evidence), term.severity, one.together,
        )  # fmt: skip


class _Places:
    """A text's places, from code points to UTF-8 bytes and UTF-16 units."""

    def __init__(self, text: str) -> None:
        self._bytes: NDArray[np.int64] | None = None
        if not text.isascii():
            codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
            sizes = 1 + sum((codes >= first).astype(np.int64) for first in _LONGER_UTF8)
            self._bytes = np.concatenate(([0], np.cumsum(sizes)))
            self._halves = np.concatenate(([0], np.cumsum(1 + (codes >= _LONGER_UTF8[-1]).astype(np.int64))))

    def utf8(self, place: int) -> int:
        return place if self._bytes is None else int(self._bytes[place])

    def utf16(self, place: int) -> int:
        return place if self._bytes is None else int(self._halves[place])


def letters_needed(term: Term) -> list[int]:
    """The letters that a term needs for each tier, in their order, with its own `layers` before the usual ones."""
    own = dict(term.layers)
    return [_NEVER if (least := own.get(tier, LEAST_LETTERS.get(tier, 0))) is None else least for tier in TIERS]


def _index(terms: Sequence[Term]) -> Index:
    exceptions = [(number, text) for number, term in enumerate(terms) for text in term.never_inside]
    texts = [term.word for term in terms] + [text for _, text in exceptions]
    least = np.tile(np.array([LEAST_LETTERS.get(tier, 0) for tier in TIERS], np.int32), (len(texts), 1))
    for number, term in enumerate(terms):
        if term.layers:
            least[number] = letters_needed(term)
    # An exception holds where it is written as it is, in another case or with marks; a disguise of it shields nothing.
    least[len(terms) :, [TIERS.index(tier) for tier in Tier if tier not in _PLAIN]] = _NEVER
    modes = np.array([_MODES[term.mode] for term in terms] + [verify.SUBSTRING] * len(exceptions), np.int32)
    owners = np.array([*range(len(terms)), *(number for number, _ in exceptions)], np.int32)
    return build(texts, modes, least, owners, np.arange(len(texts)) >= len(terms))


def _arrays(index: Index) -> tuple[NDArray[np.int32], ...]:
    return (
        index.entries, index.letters, index.runs, index.text, index.trie, index.ends, index.masked, index.substrings,
    )  # type: ignore[return-value]  # fmt: skip


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")


def _shared(prefix: str, candidate: str) -> int:
    """How much of a candidate was typed already: all of the prefix, or what the prefix ends with."""
    most = min(len(prefix), len(candidate))
    ends = (size for size in range(most, 0, -1) if prefix[-size:].lower() == candidate[:size].lower())
    return next(ends, 0)


def _chunks(texts: Iterable[str | None] | pa.Array | pa.ChunkedArray) -> Iterator[pa.StringArray]:
    if isinstance(texts, pa.ChunkedArray):
        yield from texts.chunks
    elif isinstance(texts, pa.Array):
        yield texts
    else:
        yield pa.array(texts, pa.large_string())


def _buffers(texts: pa.StringArray) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """UTF-8 bytes and offsets of an Arrow array, copying only what has nulls or is no plain string."""
    if texts.null_count or not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        texts = texts.cast(pa.large_string()).fill_null("")
    wide = pa.types.is_large_string(texts.type)
    _, offsets, data = texts.buffers()
    places = np.frombuffer(offsets, np.int64 if wide else np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8), places.astype(np.int64)


def _in_original(found: Iterable[Found], layers_of: Sequence[Unwrapped]) -> list[Found]:
    """Finds in a text that was unwrapped, once or more, in places of the original."""
    starts, ends = layers_of[-1].origins()
    for seen in reversed(layers_of[:-1]):
        outer_starts, outer_ends = seen.origins()
        starts, ends = outer_starts[starts], outer_ends[ends - 1]
    turned = verify.REVERSED * any(seen.reversed for seen in layers_of)
    placed = []
    for one in found:
        start, end = int(starts[one.start : one.end].min()), int(ends[one.start : one.end].max())
        evidence = one.evidence | turned | (verify.DECODED if end - start != one.end - one.start else 0)
        tier = verify.FOLDED if evidence and one.tier == verify.EXACT else one.tier
        placed.append(Found(one.term, start, end, tier, evidence, one.exception))
    return placed


def _row(row: int, hit: Hit) -> dict[str, object]:
    return {"row": row, **{name: getattr(hit, name) for name in HITS.names if name != "row"}}
