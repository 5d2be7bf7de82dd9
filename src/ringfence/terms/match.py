"""Where does a vetted term stand in a text, and how does a reviewer see why?

Two readings share one engine. In running text a term must be a word of its own. A name (hashtag or handle) is written
without spaces, so there an underscore, a change from small to capital letters and a change between letters and digits
end a word too. A token of a text that starts with `#` or `@` is read as a name.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import category

from ahocorasick_rs import AhoCorasick

from ringfence.terms.fold import fold, fold_with_origins
from ringfence.terms.term import Term

EXACT = "exact"
FOLDED = "folded"
# How far back a sigil is looked for: no platform allows a longer tag, and an endless token must not cost its square.
NAME_LIMIT = 256

_SURROGATES = re.compile("[\ud800-\udfff]")
_NAME_SIGILS = "#@\N{FULLWIDTH NUMBER SIGN}\N{FULLWIDTH COMMERCIAL AT}"
# Written without spaces between words, or (Hangul) with endings joined on: Thai and Lao, Tibetan, Myanmar, Hangul jamo,
# Khmer, Tai scripts, kana, Han, Hangul syllables, Han compatibility and the planes of rare Han.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19df\u3040-\u30ff\u3130-\u318f"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)

# Says whether a word ends before this place of a text.
Edge = Callable[[str, int], bool]


@dataclass(frozen=True, slots=True)
class Hit:
    """A term found in a text; `start` and `end` are code points of the original text, `end` one past the last."""

    term_id: str
    term: str
    category: str
    start: int
    end: int
    tier: str
    reason: str


class Matcher:
    """The positive terms of a lexicon, ready to be looked for. Build it once; it is never changed."""

    __slots__ = ("_engine", "_terms")

    def __init__(self, terms: Iterable[Term]) -> None:
        self._terms = [term for term in terms if term.opinion == "positive"]
        self._engine = AhoCorasick([term.folded for term in self._terms], store_patterns=False)

    def match(self, text: str) -> tuple[Hit, ...]:
        """Every term that stands in running text as a word of its own, by place, the longer first."""
        if not self._found(fold(text)):
            return ()
        return self._hits(text, _text_edge)

    def match_name(self, name: str) -> tuple[Hit, ...]:
        """The same for a hashtag, a handle or a typed query, where words may be run together."""
        if not self._found(fold(name)):
            return ()
        return self._hits(name, _name_edge)

    def _found(self, folded: str) -> list[tuple[int, int, int]]:
        try:
            return self._engine.find_matches_as_indexes(folded, overlapping=True)
        except UnicodeEncodeError:  # half a surrogate pair: no term holds one, and its place must still count
            return self._engine.find_matches_as_indexes(_SURROGATES.sub("\ufffd", folded), overlapping=True)

    def _hits(self, text: str, edge: Edge) -> tuple[Hit, ...]:
        folded = fold_with_origins(text)
        spans = []
        for index, first, last in self._found(folded.text):
            start, end = folded.starts[first], folded.ends[last - 1]
            cut = (first and folded.starts[first - 1] == start) or (
                last < len(folded.text) and folded.ends[last] == end
            )
            # A match that starts or ends within one original character ("s" in "ß") is no word.
            if not cut and edge(text, start) and edge(text, end):
                spans.append((start, -end, index))
        return tuple(_without_own_overlaps(self._hit(text, *span) for span in sorted(spans)))

    def _hit(self, text: str, start: int, minus_end: int, index: int) -> Hit:
        term, end = self._terms[index], -minus_end
        tier = EXACT if text[start:end] == term.word else FOLDED
        return Hit(term.id, term.term, term.category, start, end, tier, _reason(text[start:end], term, tier, start))


def _reason(written: str, term: Term, tier: str, start: int) -> str:
    place = f"at character {start + 1}"
    if tier == EXACT:
        return f'The text has the term "{term.word}" {place}.'
    return f'The text has "{written}" {place}, which is the term "{term.word}" in another case or form of its letters.'


def _without_own_overlaps(hits: Iterable[Hit]) -> Iterator[Hit]:
    """Each place of a term once. Different terms may overlap: both were vetted, and the policy may treat them apart."""
    ends: dict[str, int] = {}
    for hit in hits:
        if hit.start >= ends.get(hit.term_id, 0):
            ends[hit.term_id] = hit.end
            yield hit


def _text_edge(text: str, at: int) -> bool:
    return _breaks(text, at) or (_in_name(text, at) and _steps(text, at))


def _name_edge(name: str, at: int) -> bool:
    return _breaks(name, at) or _steps(name, at)


def _breaks(text: str, at: int) -> bool:
    """Whether a word ends between `text[at - 1]` and `text[at]` in any kind of text."""
    if at in (0, len(text)):
        return True
    before, after = text[at - 1], text[at]
    if not (_is_word(before) and _is_word(after)):
        return True
    return bool(_UNSPACED.match(before) or _UNSPACED.match(after))


def _steps(name: str, at: int) -> bool:
    """Whether two words that were run together meet here: at `_`, in `aB`, in `ABc` before the B, in `a1` and `1a`."""
    before, after = name[at - 1], name[at]
    if category(before) == "Pc" or category(after) == "Pc" or before.isdigit() != after.isdigit():
        return True
    return after.isupper() and (before.islower() or name[at + 1 : at + 2].islower())


def _in_name(text: str, at: int) -> bool:
    """Whether the token around `at` starts with a sigil."""
    for back in range(at - 1, max(at - NAME_LIMIT, 0) - 1, -1):
        if not _is_word(text[back]):
            return text[back] in _NAME_SIGILS
    return False


@lru_cache(maxsize=65536)
def _is_word(character: str) -> bool:
    """Letters, digits, marks and joining punctuation of any script."""
    kind = category(character)
    return kind[0] in "LNM" or kind == "Pc"
