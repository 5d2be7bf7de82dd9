"""How do vetted terms rest in a file so that a process can match at once, and reads a term only when it is met?

The index is arrays, mapped as they are. The terms themselves lie one after another, each read when it is first met: to
read a hundred thousand at start would hold up whoever waits.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any, overload

import msgspec
import numpy as np
from numpy.typing import NDArray

from ringfence.terms.index import Index
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.match import Matcher
from ringfence.terms.term import Term

EXPIRES_BYTES = 4  # a term in terms.expires
_NEVER = np.iinfo(np.int32).max
_TERM = msgspec.msgpack.Decoder(Term)
_PARTS = msgspec.msgpack.Decoder(dict[str, int])
_DTYPES = {
    "entries": "<i4",
    "letters": "<i8",
    "runs": "<i4",
    "text": "u1",
    "trie": "<i8",
    "ends": "<i4",
    "masked": "<i8",
}
_COLUMNS = {"entries": 11, "trie": 2, "masked": 2}
Sections = Mapping[str, bytes | memoryview]


class Terms(Sequence[Term]):
    """Terms by number. Whoever first asks for one waits until it is read, a few microseconds."""

    __slots__ = ("_content", "_met", "_offsets", "_size")

    def __init__(self, content: bytes | memoryview, offsets: NDArray[np.int64], size: int) -> None:
        self._content = content
        self._offsets = offsets
        self._size = size
        self._met: dict[int, Term] = {}

    @overload
    def __getitem__(self, number: int) -> Term: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Term]: ...
    def __getitem__(self, number: int | slice) -> Term | Sequence[Term]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(self._size))]
        if not 0 <= number < self._size:
            raise IndexError(number)
        if number not in self._met:
            start, end = self._offsets[number : number + 2].tolist()
            self._met[number] = _TERM.decode(self._content[start:end])
        return self._met[number]

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Term]:
        return (self[number] for number in range(self._size))


def stored(lexicon: Lexicon, today: date) -> dict[str, bytes]:
    """The sections of a file that hold every term which is looked for on a day or later."""
    live = [term for term in lexicon if term.live(today)]
    matcher = Matcher(live, today)
    written = [msgspec.msgpack.encode(term) for term in live]
    named = {other for term in live for other in (*term.all_of, *term.any_of, *term.none_of)}
    parts = {term.id: number for number, term in enumerate(live) if term.id in named}
    expires = np.array([term.expires.toordinal() if term.expires else _NEVER for term in live], "<i4")
    arrays = {field.name: getattr(matcher.index, field.name) for field in fields(Index)}
    return {
        **{f"terms.{name}": np.ascontiguousarray(array).tobytes() for name, array in arrays.items()},
        "terms.each": b"".join(written),
        "terms.offsets": np.cumsum([0, *map(len, written)]).astype("<i8").tobytes(),
        "terms.parts": msgspec.msgpack.encode(dict(sorted(parts.items()))),
        "terms.expires": expires.tobytes(),
    }


def matcher(sections: Sections, today: date) -> Matcher:
    """A matcher over stored terms: those that have not expired on a day."""
    expires = np.frombuffer(sections["terms.expires"], "<i4")
    over = frozenset(np.flatnonzero(expires < today.toordinal()).tolist())
    arrays: dict[str, Any] = {name: _array(name, sections[f"terms.{name}"]) for name in _DTYPES}
    substrings = int(np.frombuffer(sections["terms.substrings"], "<i8")[0])
    return Matcher.of(
        terms_of(sections), Index(**arrays, substrings=substrings), _PARTS.decode(sections["terms.parts"]), over
    )


def terms_of(sections: Sections) -> Terms:
    """The terms that are stored, each read when it is asked for."""
    size = len(sections["terms.expires"]) // EXPIRES_BYTES
    return Terms(sections["terms.each"], np.frombuffer(sections["terms.offsets"], "<i8"), size)


def _array(name: str, content: bytes | memoryview) -> NDArray[np.generic]:
    flat = np.frombuffer(content, _DTYPES[name])
    return flat.reshape(-1, _COLUMNS[name]) if name in _COLUMNS else flat
