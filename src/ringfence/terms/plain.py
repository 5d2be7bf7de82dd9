"""What is left of a text when spelling variants that mean the same are made one, and where did each piece come from?

Folding is NFKC with case folding, repeated until nothing changes (Unicode Standard, section 3.13), so that full-width,
ligature, circled and upper-case letters meet their plain forms. Marks, look-alikes and separators are left alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import combining, decomposition, normalize

# Putting marks in order takes quadratic time in CPython, so a text is folded in pieces: a million marks take a second.
PIECE = 1024

# Medial vowels and final consonants of Hangul compose by formula, so no decomposition lists them.
_JAMO = frozenset(map(chr, (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))))
_SECONDS = _JAMO | {
    chr(int(parts.split()[1], 16))
    for parts in map(decomposition, map(chr, range(0xC0, 0x20000)))
    if " " in parts and not parts.startswith("<")
}


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text; its code point i came from the code points `starts[i]` up to `ends[i]` of the original."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


def fold(text: str) -> str:
    """The folded text alone: what most texts need, as most hold no term."""
    if text.isascii():
        return text.lower()
    if len(text) <= PIECE:
        return _fold_piece(text)
    return "".join(_fold_piece(piece) for piece in _pieces(text))


def fold_with_origins(text: str) -> Folded:
    """The folded text and the original span of each of its code points, all in code points.

    Characters that compose with each other share one span: "e" and an acute accent are one place in the original.
    """
    if text.isascii():
        return Folded(text.lower(), range(len(text)), range(1, len(text) + 1))
    folded: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _clusters(text):
        cluster = fold(text[start:end])
        folded.append(cluster)
        starts.extend([start] * len(cluster))
        ends.extend([end] * len(cluster))
    return Folded("".join(folded), starts, ends)


def _fold_piece(text: str) -> str:
    text = normalize("NFKC", text)
    while (folded := normalize("NFKC", text.casefold())) != text:
        text = folded
    return text


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Spans whose folds, put one after the other, are the fold of the whole."""
    start = 0
    for at in range(1, len(text)):
        if not _joins(text[at]):
            yield start, at
            start = at
    if text:
        yield start, len(text)


def _pieces(text: str) -> Iterator[str]:
    """Pieces of at most `PIECE` code points, cut between clusters unless one cluster alone is longer."""
    start = 0
    while start < len(text):
        end = min(start + PIECE, len(text))
        cut = end
        while cut < len(text) and cut > start and _joins(text[cut]):
            cut -= 1
        cut = cut if cut > start else end
        yield text[start:cut]
        start = cut


@lru_cache(maxsize=65536)
def _joins(character: str) -> bool:
    """Whether a character can change or swap places with what stands before it when the text is normalised."""
    first = normalize("NFKD", character)[0]
    return combining(first) != 0 or first in _SECONDS
