"""How does a row of named cells become a term, and what is wrong with a row that cannot?

A cell is text, as in CSV, or what a JSON line has in its place: a list, a number, true or false. docs/lexicon.md has
every column with an example.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields
from datetime import date
from enum import StrEnum
from functools import lru_cache, partial
from hashlib import blake2b
from typing import Any, cast

from ringfence.ingest.choices import choices
from ringfence.model.words import Opinion
from ringfence.terms.index import LONGEST, mixes, spelled
from ringfence.terms.plain import plain
from ringfence.terms.term import COLUMNS, LEAST_LETTERS, Mode, Term, Tier, bare

Cell = str | int | float | bool | list[Any] | dict[str, Any] | None
Row = Mapping[str, Cell]
Read = Callable[[str, Cell], Any]

LISTS = frozenset({"never_inside", "all_of", "any_of", "none_of", "finds", "spares"})
_DEFAULTS = {field.name: field.default for field in fields(Term) if field.default is not MISSING}
_CATEGORY = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\ud800-\udfff]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WINDOW = re.compile(r"\d{1,6}", re.ASCII)
_LAYER = re.compile(r"([a-z]+)=(off|[1-9]\d?)", re.ASCII)
# A bar parts two pieces of a list; after a backslash, a bar or a backslash is a character of the piece.
_PIECE = re.compile(r"(?:[^\\|]|\\.?)+", re.DOTALL)
_ESCAPED = re.compile(r"\\([\\|])")
# A letter or digit of any script, but not the Hangul fillers and the Arabic stretch, which say nothing.
_LETTER = re.compile(r"[^\W_\u0640\u115f\u1160]")
_UNSAFE = re.compile(r"([\\|])")


class Wrong(Exception):
    """What is wrong with a row, and how to `mend` it."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what}; {mend}")
        self.what = what
        self.mend = mend


def from_row(row: Row) -> Term:
    """A term from the cells of one row, by the names of COLUMNS; an empty cell takes the default.

    Raises Wrong at the first thing that is wrong.
    """
    values: dict[str, Any] = {}
    for name, cell in row.items():
        if cell is None or cell == "":
            continue
        readers = _KEPT if type(cell) is str else _READERS
        if (value := readers[name](name, cell)) is not None:
            values[name] = value
    word = bare(values.get("term", ""))
    _check_spelling("the term", word)
    if "id" not in values:
        # An id from the term itself stays the same from file to file, and shows nobody the term.
        values["id"] = blake2b(plain(word).encode(), digest_size=6).hexdigest()
    if not _JOINT.isdisjoint(values):
        _check_together(values)
    return Term(**values)


def as_text(term: Term) -> dict[str, str]:
    """The cells of a term as CSV has them, without those that stand at their default."""
    return {name: _listed(value) if name in LISTS else _shown(value) for name, value in _said(term)}


def as_json(term: Term) -> dict[str, Cell]:
    """The cells of a term as a JSON line has them, without those that stand at their default."""
    return {
        name: list(value) if name in LISTS else value if isinstance(value, int) else _shown(value)
        for name, value in _said(term)
    }


def _said(term: Term) -> Iterator[tuple[str, Any]]:
    for name in COLUMNS:
        value = getattr(term, name)
        # The category always: whoever reads the file should not have to know the default.
        if name not in _DEFAULTS or value != _DEFAULTS[name] or name == "category":
            yield name, value


def _listed(pieces: tuple[str, ...]) -> str:
    return " | ".join(_UNSAFE.sub(r"\\\1", piece) for piece in pieces)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " ".join(f"{tier}={'off' if least is None else least}" for tier, least in value)
    return str(value)


def _text(name: str, cell: Cell) -> str | None:
    if not isinstance(cell, str):
        raise Wrong(f"{name} is {cell!r}", "write it as text")
    text = cell.strip()
    if not text.isprintable() and _CONTROL.search(text):
        raise Wrong(f"{name} has a control character", "write it as plain text on one line")
    return text or None


def _category(name: str, cell: Cell) -> str | None:
    text = _text(name, cell)
    if text and not _CATEGORY.fullmatch(text):
        raise Wrong(
            f"{name} {text!r} is not a name the policy can use",
            "use lower-case letters, digits and underscores, with a letter first",
        )
    return text


def _one_of(words: type[StrEnum], name: str, cell: Cell) -> StrEnum | None:
    text = _text(name, cell)
    if text and text not in words.__members__.values():
        raise Wrong(f"{name} is {text!r}", choices(text, words))
    return words(text) if text else None


def _day(name: str, cell: Cell) -> date | None:
    text = _text(name, cell)
    if not text:
        return None
    wrong = Wrong(f"{name} is {text!r}", "write the last day it is looked for as YEAR-MONTH-DAY, such as 2027-01-31")
    if not _DAY.fullmatch(text):
        raise wrong
    try:
        return date.fromisoformat(text)
    except ValueError as error:  # the thirtieth of February
        raise wrong from error


def _yes_or_no(name: str, cell: Cell) -> bool | None:
    if isinstance(cell, bool):
        return cell
    text = _text(name, cell)
    if text and text not in ("yes", "no"):
        raise Wrong(f"{name} is {text!r}", "write yes or no")
    return text == "yes" if text else None


def _window(name: str, cell: Cell) -> int | None:
    text = str(cell) if isinstance(cell, int) and not isinstance(cell, bool) else _text(name, cell)
    if text and not _WINDOW.fullmatch(text):
        raise Wrong(f"{name} is {text!r}", "write a number of characters from 0 to 999999, or leave it empty")
    return int(text) if text else None


def _pieces(name: str, cell: Cell) -> tuple[str, ...]:
    if isinstance(cell, str):
        cell = [_ESCAPED.sub(r"\1", piece) for piece in _PIECE.findall(cell)]
    if not isinstance(cell, list):
        raise Wrong(f"{name} is {cell!r}", "write a list of texts")
    return tuple(dict.fromkeys(text for piece in cell if (text := _text(name, piece))))


def _layers(name: str, cell: Cell) -> tuple[tuple[Tier, int | None], ...]:
    least: dict[Tier, int | None] = {}
    for piece in (_text(name, cell) or "").split():
        tier, _, _ = piece.partition("=")
        if tier not in LEAST_LETTERS:
            raise Wrong(f"{name} has {tier!r}", choices(tier, LEAST_LETTERS))
        if not (read := _LAYER.fullmatch(piece)):
            raise Wrong(f"{name} has {piece!r}", f"write {tier}=off, or {tier}= and how many letters it asks for")
        if Tier(tier) in least:
            raise Wrong(f"{name} has {tier} twice", "remove one of the two")
        least[Tier(tier)] = None if read[2] == "off" else int(read[2])
    return tuple((tier, least[tier]) for tier in LEAST_LETTERS if tier in least)


_READERS: dict[str, Read] = {
    **dict.fromkeys(COLUMNS, _text),
    **dict.fromkeys(LISTS, _pieces),
    "category": _category,
    "mode": partial(_one_of, Mode),
    "expires": _day,
    "opinion": partial(_one_of, Opinion),
    "layers": _layers,
    "context": _yes_or_no,
    "window": _window,
}
# Few different cells stand in most columns: each is read once, and every term holds the same one.
_KEPT: dict[str, Read] = {
    name: read if name in ("id", "term", "finds", "spares") else cast("Read", lru_cache(maxsize=4096)(read))
    for name, read in _READERS.items()
}
# These may contradict each other, or have terms within them.
_JOINT = frozenset({"never_inside", "window", "context", "all_of", "any_of", "none_of"})


def _check_spelling(what: str, text: str) -> None:
    if not text:
        raise Wrong(f"{what} is blank", "fill it in or remove the row")
    folded = plain(text)
    told = _LETTER.search(folded)
    if told and not text.isascii() and mixes(text):
        mend = "make the emoji a context term of its own, and name it in all_of of the word"
        raise Wrong(f"{what} mixes letters and emoji", mend)
    # The engine's own fold makes at most three letters of one, and a letter of everything that is one to begin with.
    if told and 3 * len(folded) <= LONGEST and _LETTER.search(text):
        return
    letters, pictures = spelled(text)
    if not letters and not pictures:
        raise Wrong(f"{what} has no letter, digit or emoji to look for", "fill it in or remove the row")
    if letters > LONGEST:
        raise Wrong(f"{what} has {letters} letters", f"a term has at most {LONGEST}; use the part of it that tells")


def _check_together(values: Mapping[str, Any]) -> None:
    """What is wrong between columns that are each right."""
    parts = {name: values.get(name, ()) for name in ("all_of", "any_of", "none_of")}
    for text in values.get("never_inside", ()):
        _check_spelling(f"never_inside {text!r}", text)
    if "window" in values and not any(parts.values()):
        raise Wrong("window is set, but nothing has to stand within it", "name terms in all_of, any_of or none_of")
    for name in ("all_of", "any_of"):
        if both := set(parts[name]).intersection(parts["none_of"]):
            raise Wrong(f"{min(both)!r} is named in {name} and in none_of", "remove one of the two")
    if values.get("context") and values.get("finds"):
        raise Wrong("a context term is never a hit by itself", "remove its `finds`, or set `context` to no")
