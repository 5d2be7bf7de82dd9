"""What does a text say once its percent signs, entities, tags and direction overrides are taken off?

Only texts that have one come here; what is left of them is matched, and hits are told in places of the original.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape

import numpy as np
from numpy.typing import NDArray

# A run of %6B, an entity, or a tag. Bounded, so that no text makes them slow.
_WRAPPING = re.compile(
    r"(?P<percent>(?:%[0-9A-Fa-f]{2})+)|(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,9});)"
    r"|(?P<tag></?[A-Za-z][A-Za-z0-9]{0,10}(?:\s[^<>]{0,300})?/?>)"
)
# Tags that change how letters look and do not part words, and tags that part them. Whatever else stands between < and >
# is text, and may be a term.
_INLINE = frozenset(
    "a abbr b bdi bdo big cite code data del dfn em font i ins kbd label mark q s samp small span strike strong sub "  # noqa: SIM905 - tags are read as words
    "sup time tt u var wbr".split()
)
_PARTING = frozenset(
    "address article aside blockquote body br button caption center dd details dialog div dl dt figure footer form "  # noqa: SIM905 - as above
    "h1 h2 h3 h4 h5 h6 head header hr html iframe img input legend li link main menu meta nav object ol option p pre "
    "script section select style summary svg table tbody td textarea tfoot th thead title tr ul video".split()
)
_RIGHT_TO_LEFT, _LEFT_TO_RIGHT, _POP = "\u202e", "\u202d", "\u202c"
_OVERRIDES_HELD = frozenset((_RIGHT_TO_LEFT, _LEFT_TO_RIGHT))
_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e")
_OVERRIDES = re.compile("[\u202d\u202e]")


Piece = tuple[str, int, int]  # what is read, and the span of the original that it came from


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """A text as a reader sees it. `order` is set when a direction override turned some of it round."""

    text: str
    pieces: tuple[Piece, ...]
    order: tuple[int, ...] | None

    @property
    def reversed(self) -> bool:
        """Whether some of it had been written backwards."""
        return self.order is not None

    def origins(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For each code point of `text`, the code points of the original it came from: from one, up to the other."""
        starts, ends = _origins(self.pieces)
        return (starts, ends) if self.order is None else (starts[list(self.order)], ends[list(self.order)])


def unwrap(text: str) -> Unwrapped:
    """The text as a reader sees it; identical when nothing wraps it. Linear in its length."""
    pieces = tuple(_pieces(text))
    seen = "".join([piece for piece, _, _ in pieces])
    if not _OVERRIDES.search(seen):
        return Unwrapped(seen, pieces, None)
    order = tuple(_displayed(seen))
    return Unwrapped("".join([seen[place] for place in order]), pieces, order)


def _origins(pieces: Iterable[Piece]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    starts, ends = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for piece, start, end in pieces:
        if end - start == len(piece):
            starts.append(np.arange(start, end))
            ends.append(np.arange(start + 1, end + 1))
        else:
            starts.append(np.full(len(piece), start))
            ends.append(np.full(len(piece), end))
    return np.concatenate(starts), np.concatenate(ends)


def _pieces(text: str) -> Iterator[Piece]:
    """The text in pieces, each with the span it came from."""
    at = 0
    for match in _WRAPPING.finditer(text):
        start, end = match.span()
        if start > at:
            yield text[at:start], at, start
        at = end
        if match["percent"]:
            yield from _percent(match["percent"], start)
        elif match["entity"]:
            yield unescape(match["entity"]), start, end
        else:
            name = match["tag"].strip("</>").split(maxsplit=1)[0].lower()
            if name in _PARTING:
                yield "\n", start, end
            elif name not in _INLINE:
                yield match["tag"], start, end
    if at < len(text):
        yield text[at:], at, len(text)


def _percent(run: str, start: int) -> Iterator[Piece]:
    """The characters of a run of percent-encoded bytes, or the run itself when they are no UTF-8."""
    raw = bytes.fromhex(run.replace("%", ""))
    try:
        decoded = raw.decode()
    except UnicodeDecodeError:
        yield run, start, start + len(run)
        return
    for character in decoded:
        size = 3 * len(character.encode())
        yield character, start, start + size
        start += size


def _displayed(text: str) -> list[int]:
    """The order in which characters are seen: what a right-to-left override holds is turned round; no controls.

    Within one, a left-to-right override is shown as written (UAX #9, rules X4, X5 and L2, for these two levels).
    """
    order: list[int] = []
    held: list[list[int]] = []  # of the override: places, those that stay in order together
    modes: list[str] = []  # of each control still open, the override in force after it

    def let_go() -> None:
        order.extend(place for group in reversed(held) for place in group)
        held.clear()

    turned = 0
    forward = ""  # the override in force at the character before
    for place, character in enumerate(text):
        if character in _CONTROLS:
            if character == _POP:
                turned -= bool(modes) and modes.pop() == _RIGHT_TO_LEFT
            else:
                modes.append(character if character in _OVERRIDES_HELD else modes[-1] if modes else "")
                turned += modes[-1] == _RIGHT_TO_LEFT
            if not turned:
                let_go()
            forward = ""
            continue
        if character == "\n":
            let_go()
            modes.clear()
            turned = 0
            order.append(place)
        elif not turned:
            order.append(place)
        elif modes[-1] == _LEFT_TO_RIGHT and held and modes[-1] == forward:
            held[-1].append(place)
        else:
            held.append([place])
        forward = modes[-1] if modes else ""
    let_go()
    return order
