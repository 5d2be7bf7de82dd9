"""Which hashtags and mentions stand in a text?

The grammar is twitter-text's, and its published conformance cases are the test. The name by which tags are compared is
Mastodon's. Two departures, both so that no tag is missed: a link without "http" counts as one, and so hides a "#", only
under a two-letter or a long-standing top-level domain; and a name keeps every mark of its script, where Mastodon drops
those that Unicode does not call alphabetic (it had to put the Thai ones back).

Every pattern takes a run of characters whole and gives nothing back, so time is linear in the text.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from unicodedata import category, decomposition, normalize

# CPython puts a run of marks in order in quadratic time; longer runs than this are ordered in pieces.
MARKS = 512

# All marks (M*) and all numbers that are no digits (Nl, No) are here. These planes are read in 5 ms, all in 150.
_BLOCKS = (
    (0x80, 0x3400),
    (0xA000, 0xAC00),
    (0xF900, 0x12800),
    (0x16000, 0x17000),
    (0x1B000, 0x1F200),
    (0xE0100, 0xE01F0),
)

# From here to `_MENTION` each constant is the inside of a character class.
# What a tag holds besides letters, marks and digits, and the private letters it may hold (twitter-text, regex.rb).
_JOINTS = r"_\u200c\u200d\ua67e\u05be\u05f3\u05f4\uff5e\u301c\u309b\u309c\u30a0\u30fb\u3003\u0f0b\u0f0c\xb7"
_PRIVATE = r"\uf870-\uf87f\uf882\uf884-\uf89f\uf8b8\uf8c1-\uf8d6"
# Marks of no script: accents that composed with nothing, frames around symbols, variation selectors.
_LOOSE = (
    r"\u0300-\u036f\u180b-\u180d\u180f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
    r"\U000e0100-\U000e01ef"
)
# What a name holds besides letters, marks, digits and "_": Mastodon's HASHTAG_SEPARATORS.
_SEPARATORS = r"\xb7\u30fb\u200c"
_HASHES = r"#\uff03"
_ATS = r"@\uff20"
_LATIN = (
    r"\xc0-\xd6\xd8-\xf6\xf8-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272\u0289\u028b\u02bb"
    r"\u0300-\u036f\u1e00-\u1eff"
)
_CYRILLIC = r"\u0400-\u052f\u1c80-\u1c8a\u1d2b\u1d78\u2de0-\u2dff\ua640-\ua69f\ufe2e\ufe2f"
_DASHES = (
    r"\-\u058a\u05be\u1400\u1806\u2010-\u2015\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63"
    r"\uff0d"
)
_NONCHARACTERS = r"\ufeff\ufffe\uffff"
_DIRECTIONS_AND_SPACES = r"\x85\xa0\u061c\u1680\u180e\u2000-\u200a\u200e\u200f\u2028-\u202f\u205f\u2066-\u2069\u3000"
_NO_LINK_AFTER = rf"${_HASHES}{_ATS}{_NONCHARACTERS}"
_BARE_HOST = rf"A-Za-z0-9_.\-{_LATIN}"
_PATH = rf"A-Za-z0-9!*';:=+,.$/%#\[\]_~&|@{_DASHES}{_CYRILLIC}{_LATIN}"
_PATH_END = rf"A-Za-z0-9=_#/+\-){_CYRILLIC}{_LATIN}"
_QUERY = r"A-Za-z0-9!?*'();:&=+$/%#\[\]\-_.,~|@"

_MENTION = re.compile(
    rf"(?:\A|[^A-Za-z0-9_!#$%&*{_ATS}]|(?:\A|[^A-Za-z0-9_+~.\-])[Rr][Tt]:?)"
    rf"(?P<whole>[{_ATS}](?P<name>[A-Za-z0-9_]{{1,20}})(?P<slug>/[A-Za-z][A-Za-z0-9_\-]{{0,24}})?)"
)
_NO_MENTION_BEFORE = re.compile(rf"[{_ATS}{_LATIN}]|://")
_NO_TAG_BEFORE = ("#", "\N{FULLWIDTH NUMBER SIGN}", "://")

# Only a link with a path or a query can hold a "#", so the others are not looked for.
_HOST = re.compile(
    rf"(?:(?<![A-Za-z0-9{_NO_LINK_AFTER}])[Hh][Tt][Tt][Pp][Ss]?://"
    rf"(?P<host>[^\x00-,/:-@\[-\^`{{-\x7f{_DIRECTIONS_AND_SPACES}{_NONCHARACTERS}]++)"
    rf"|(?<![{_BARE_HOST}/{_NO_LINK_AFTER}])(?P<bare>[{_BARE_HOST}]++))"
    r"(?::[0-9]++)?+(?=[/?])"
)
# Brackets belong to a path if they close, one pair inside another at most.
_REST = re.compile(
    rf"/(?:[{_PATH}]++|\((?:[{_PATH}]++|[{_PATH}]*+\([{_PATH}]++\)[{_PATH}]*+)\))*+"
    rf"(?:(?<=[{_PATH_END}])\?[{_QUERY}]*+)?+"
    rf"|\?[{_QUERY}]*+"
)
# A label that is empty, or begins or ends with a sign.
_BAD_LABEL = re.compile(r"\A[_.\-]|[_.\-]\.|\.[_\-]")
_TOP = re.compile(r"[^\W\d_]{2,63}|[Xx][Nn]--[0-9A-Za-z]++")
_BARE_TOP = re.compile(
    r"[a-z]{2}|com|org|net|edu|gov|mil|int|info|biz|name|pro|aero|asia|cat|coop|jobs|mobi|museum|tel|travel"
    r"|xn--[0-9a-z]++",
    re.IGNORECASE | re.ASCII,
)

# Mastodon's folding (ascii_folding.rb), in lower case: the accented letters of Latin-1 and Latin Extended-A, and these.
_PLAIN_LETTERS = str.maketrans(
    {
        code: int(parts.split()[0], 16)
        for code in range(0xE0, 0x180)
        if (parts := decomposition(chr(code))) and parts[0] != "<"
    }
    | dict(zip(map(ord, "ðđħıĸłŋøŧ"), "ddhiklnot", strict=True))
)


@dataclass(frozen=True, slots=True)
class Tag:
    """A hashtag at the code points `start` up to `end` of a text, its sigil among them.

    `shown` is what is written after the sigil. `name` is what tags are compared by; see `normalised`.
    """

    shown: str
    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Mention:
    """An account named at the code points `start` up to `end` of a text, its sigil among them.

    `slug` is empty, or what follows the name, slash and all, when a list of that account is meant.
    """

    name: str
    start: int
    end: int
    slug: str = ""


@dataclass(frozen=True, slots=True)
class _Grammar:
    tag: re.Pattern[str]  # a sigil and what it marks
    dropped: re.Pattern[str]  # what no name holds
    piece: re.Pattern[str]  # a piece of text that ends after a run of marks


def hashtags(text: str) -> tuple[Tag, ...]:
    """The hashtags of a text, first to last. A "#" inside a link is part of the link."""
    found = list(_tags(text))
    if found and "." in text:
        found = list(_first_comers(found, _links(text)))
    return tuple(Tag(text[start + 1 : end], normalised(text[start + 1 : end]), start, end) for start, end in found)


def mentions(text: str) -> tuple[Mention, ...]:
    """The accounts and lists mentioned in a text, first to last, inside links too. Names end at 20 letters."""
    if "@" not in text and "\N{FULLWIDTH COMMERCIAL AT}" not in text:
        return ()
    return tuple(
        Mention(found["name"], *found.span("whole"), found["slug"] or "")
        for found in _MENTION.finditer(text)
        if not _NO_MENTION_BEFORE.match(text, found.end())
    )


def normalised(tag: str) -> str:
    """The name that a tag, with or without its sigil, is compared by: equal names are one tag.

    NFKC, lower case, accented Latin letters to ASCII, then all that a name cannot hold is dropped, as in Mastodon's
    HashtagNormalizer. Marks of a script stay. Empty when nothing is left, as of a tag of loose accents.
    """
    if tag.isascii():
        return _grammar().dropped.sub("", tag.lower())
    # Letters that a dropped character held apart may compose once it is gone.
    return _normalised_once(_normalised_once(tag))


def _normalised_once(tag: str) -> str:
    # Mastodon's lower case has one small sigma, whatever stands around it.
    lower = _nfkc(tag).replace("\N{GREEK CAPITAL LETTER SIGMA}", "\N{GREEK SMALL LETTER SIGMA}").lower()
    return _grammar().dropped.sub("", lower.translate(_PLAIN_LETTERS))


def _nfkc(text: str) -> str:
    if len(text) <= MARKS:
        return normalize("NFKC", text)
    return "".join(normalize("NFKC", piece) for piece in _grammar().piece.findall(text))


def _tags(text: str) -> Iterator[tuple[int, int]]:
    """Where tags stand if there are no links."""
    if "#" not in text and "\N{FULLWIDTH NUMBER SIGN}" not in text:
        return
    taken = 0
    for found in _grammar().tag.finditer(text):
        start, end = found.span()
        # A variation selector that ended the last tag, even one refused, cannot stand before this one as well.
        if 0 < start <= taken:
            continue
        taken = end
        if not text.startswith(_NO_TAG_BEFORE, end):
            yield start, end


def _links(text: str) -> Iterator[tuple[int, int]]:
    """Where the links that have a path or a query stand."""
    at = 0
    while found := _HOST.search(text, at):
        at = found.end()
        if _is_host(found["host"] or found["bare"], _TOP if found["host"] else _BARE_TOP):
            rest = _REST.match(text, at)
            at = rest.end() if rest else at
            yield found.start(), at


def _is_host(host: str, top: re.Pattern[str]) -> bool:
    *_, domain, last = ("", *host.split("."))
    return "." in host and "_" not in domain and top.fullmatch(last) is not None and _BAD_LABEL.search(host) is None


def _first_comers(tags: Iterable[tuple[int, int]], links: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The tags that are left when, of things that overlap, only the one that starts first stays."""
    free = 0
    for start, end, is_tag in sorted([(*tag, True) for tag in tags] + [(*link, False) for link in links]):
        if start >= free:
            free = end
            if is_tag:
                yield start, end


@cache
def _grammar() -> _Grammar:
    """The patterns that need to know every mark; compiled when first asked for."""
    marks, numerals, numbers = _class("M."), _class("Nl"), _class("No")
    no_digits = numerals + numbers
    return _Grammar(
        # For `re` a word character is a letter, any number or "_"; marks are not, numbers that are no digits are.
        tag=re.compile(
            rf"(?:(?<=[\ufe0e\ufe0f{no_digits}])|(?<![&\w{marks}{_PRIVATE}{_JOINTS}]))[{_HASHES}](?![\ufe0f\u20e3])"
            rf"[\d{_JOINTS}]*+(?:[^\W\d_{no_digits}]|[{marks}{_PRIVATE}])"
            rf"(?:[^\W{no_digits}]++|[{marks}{_PRIVATE}{_JOINTS}]++)*+"
        ),
        dropped=re.compile(rf"[{numbers}{_LOOSE}]|[^\w{marks}{_SEPARATORS}]"),
        # The half-width voiced marks are letters that become marks.
        piece=re.compile(rf"[^{marks}\uff9e\uff9f]*+[{marks}\uff9e\uff9f]{{1,{MARKS}}}+|[^{marks}\uff9e\uff9f]++"),
    )


def _class(kind: str) -> str:
    """The characters of a kind (a pattern for Unicode's two-letter category), as the inside of a character class."""
    ranges = []
    for first, last in _BLOCKS:
        kinds = "".join(map(category, map(chr, range(first, last))))
        # The second letter of a category is a small one, so a match starts at the first.
        ranges += [(first + run.start() // 2, first + run.end() // 2 - 1) for run in re.finditer(f"(?:{kind})+", kinds)]
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)
