"""Why did a text match a term, or why not? The text layer by layer, then what each term came to."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from unicodedata import name

import numpy as np

from ringfence.terms.characters import CODE, SYMBOL_AT, characters
from ringfence.terms.match import Field, Hit, Matcher
from ringfence.terms.reason import REFUSALS, layers
from ringfence.terms.term import Term
from ringfence.terms.units import GAP, RAW, SEPARATED, room, split
from ringfence.terms.unwrap import unwrap

# Of a long text, so much is shown.
SHOWN = 2_000


@dataclass(frozen=True, slots=True)
class Layer:
    """The text after one step of the fold, and what the step does."""

    name: str
    text: str
    does: str


@dataclass(frozen=True, slots=True)
class Miss:
    """A stretch that was looked at and is no hit."""

    term_id: str
    term: str
    text: str
    start: int
    end: int
    layers: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """`hits` and `misses` are places; `unmet` are terms whose letters stand nowhere in the text."""

    layers: tuple[Layer, ...]
    strange: tuple[str, ...]
    hits: tuple[Hit, ...]
    misses: tuple[Miss, ...]
    unmet: tuple[str, ...]


def explain(
    terms: tuple[Term, ...], text: str, field: Field = "post", only: frozenset[str] | None = None
) -> Explanation:
    """Every layer of a text and, for each of `terms`, its hits and near misses.

    With `only`, of the terms with these ids; all of `terms` are looked for, as combinations need each other.
    """
    matcher = Matcher(terms)
    told = tuple(term for term in terms if only is None or term.id in only)
    ids = {term.id for term in told}
    hits = tuple(hit for hit in matcher.find(text, field) if hit.term_id in ids)
    seen = unwrap(text).text
    refused = dict.fromkeys(miss for miss in matcher.refusals(seen, field) if miss[0].id in ids)
    misses = tuple(
        Miss(term.id, term.word, seen[start:end], start, end, layers(evidence), REFUSALS[reason])
        for term, start, end, reason, evidence in refused
        if not any(hit.term_id == term.id for hit in hits) and reason in REFUSALS
    )
    met = {hit.term_id for hit in hits} | {miss.term_id for miss in misses}
    unmet = tuple(term.word for term in told if term.id not in met)
    return Explanation(_layers(text, seen), _strange(seen), hits, misses, unmet)


def _layers(text: str, seen: str) -> tuple[Layer, ...]:
    units = list(_units(seen))
    steps = (
        ("original", text, "as it was written"),
        ("unwrapped", seen, "percent signs, entities, tags and direction overrides taken off"),
        (
            "letters",
            "".join("·" * apart + base for base, _, apart in units),
            "what is not drawn left out; case, width, style and marks folded",
        ),
        (
            "classes",
            "".join("·" * apart + symbol for _, symbol, apart in units),
            "look-alikes, digits and signs as the letters they stand for; l is i",
        ),
        (
            "joined",
            "".join(symbol for symbol, _ in groupby(symbol for _, symbol, _ in units)),
            "gaps left out, repeated letters once: what terms are looked up in",
        ),
    )
    return tuple(Layer(name, text[:SHOWN], does) for name, text, does in steps)


def _units(text: str) -> Iterator[tuple[str, str, bool]]:
    """The base and the class of each unit, and whether something drawn stands before it."""
    data = np.frombuffer(text[:SHOWN].encode("utf-8", "surrogatepass"), np.uint8)
    units, where = room(len(data))
    pictures = np.empty((len(data) + 1, 3), np.int32)
    tables = characters()
    count, _, _ = split(data, 0, len(data), RAW, tables.words, tables.expansions, units, where, pictures)
    for word, gap in zip(units[:count].tolist(), where[:count, GAP].tolist(), strict=True):
        yield chr(word & CODE), chr(word >> SYMBOL_AT & CODE), bool(gap & SEPARATED)


def _strange(text: str) -> tuple[str, ...]:
    """The characters that are not ASCII, each with its name, once."""
    odd = dict.fromkeys(character for character in text[:SHOWN] if not character.isascii())
    return tuple(f"U+{ord(character):04X} {name(character, 'without a name')}" for character in odd)
