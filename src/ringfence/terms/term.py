"""What is one vetted term, and which rows may become one?"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from hashlib import blake2b
from unicodedata import category

from ringfence.model.words import Opinion
from ringfence.terms.fold import fold

# The strictest category, so that a list without categories gets the strictest rules.
ILLEGAL = "illegal"
# One sigil at the front is how people write a hashtag; the vetted word is the part after it.
SIGILS = ("#", "\N{FULLWIDTH NUMBER SIGN}")
_CATEGORY = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class Term:
    """One vetted term. `opinion` says what its vetting came to; only a positive term is matched."""

    id: str
    term: str
    category: str = ILLEGAL
    severity: str | None = None
    language: str | None = None
    source: str | None = None
    licence: str | None = None
    opinion: Opinion = Opinion.POSITIVE

    @property
    def word(self) -> str:
        """The term without its sigil."""
        return _word(self.term)

    @property
    def folded(self) -> str:
        """The form in which it is looked for."""
        return fold(self.word)


COLUMNS = tuple(column.name for column in fields(Term))


def from_row(row: Mapping[str, str | None]) -> Term:
    """A term from the columns of one row; an empty cell takes the default. The row must have no fault."""
    cells = {name: text.strip() for name in COLUMNS if (text := row.get(name)) and text.strip()}
    opinion = Opinion(cells.pop("opinion", Opinion.POSITIVE))
    # An id from the term itself stays the same from file to file, and shows nobody the term.
    cells.setdefault("id", blake2b(fold(_word(cells["term"])).encode(), digest_size=6).hexdigest())
    return Term(**cells, opinion=opinion)


def row_faults(row: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """What is wrong with a row, each with its remedy."""
    for name in COLUMNS:
        if any(category(character) in ("Cc", "Cs") for character in (row.get(name) or "").strip()):
            yield f"{name} has a control character", "write it as plain text on one line"
            return
    if not fold(_word(row.get("term") or "")).strip():
        yield "the term is blank", "fill it in or remove the row"
    if (name := (row.get("category") or "").strip()) and not _CATEGORY.fullmatch(name):
        yield (
            f"category {name!r} is not a name the policy can use",
            "use lower-case letters, digits and underscores, with a letter first",
        )
    if (opinion := (row.get("opinion") or "").strip()) and opinion not in list(Opinion):
        yield f"opinion is {opinion!r}", f"use one of {', '.join(Opinion)}"


def _word(term: str) -> str:
    term = term.strip()
    return term[1:].strip() if term[:1] in SIGILS else term
