"""What would change if one lexicon took another's place?"""

from dataclasses import dataclass

from ringfence.terms.lexicon import Lexicon
from ringfence.terms.rows import as_text
from ringfence.terms.term import Term


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a term, as a cell of CSV has it; empty at its default."""

    column: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A term that keeps its id and is said otherwise."""

    id: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Diff:
    """By id: the terms that only the new lexicon has, those that only the old one has, and those that differ."""

    added: tuple[Term, ...]
    removed: tuple[Term, ...]
    changed: tuple[Changed, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def diff(old: Lexicon, new: Lexicon) -> Diff:
    """What is added, removed and changed on the way from `old` to `new`, each in the order of its lexicon."""
    before, after = ({term.id: term for term in lexicon} for lexicon in (old, new))
    return Diff(
        added=tuple(term for term in new if term.id not in before),
        removed=tuple(term for term in old if term.id not in after),
        changed=tuple(
            Changed(term.id, _fields(before[term.id], term))
            for term in new
            if term.id in before and before[term.id] != term
        ),
    )


def _fields(old: Term, new: Term) -> tuple[Field, ...]:
    was, now = as_text(old), as_text(new)
    columns = dict.fromkeys((*was, *now))
    cells = ((column, was.get(column, ""), now.get(column, "")) for column in columns)
    return tuple(Field(*cell) for cell in cells if cell[1] != cell[2])
