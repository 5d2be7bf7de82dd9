"""When are two words the same but for case and form of letters?

When their NFKC, case folded until nothing changes (Unicode Standard, section 3.13), is the same: full-width, ligature,
circled and upper-case letters meet their plain forms. Disguises are another matter: units.py and verify.py.
"""

from collections.abc import Iterator
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


def plain(text: str) -> str:
    """The plain form of a text: what ids, duplicates and tags are compared by."""
    if text.isascii():
        return text.lower()
    if len(text) <= PIECE:
        return _plain_piece(text)
    return "".join(_plain_piece(piece) for piece in _pieces(text))


def _plain_piece(text: str) -> str:
    text = normalize("NFKC", text)
    while (folded := normalize("NFKC", text.casefold())) != text:
        text = folded
    return text


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
