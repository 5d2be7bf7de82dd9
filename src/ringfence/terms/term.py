"""What is one vetted term, and what may be said of it?"""

from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum

from ringfence.model.words import Opinion

# The strictest category, so that a list without categories gets the strictest rules.
ILLEGAL = "illegal"
# One sigil at the front is how people write a hashtag; the vetted word is the part after it.
SIGILS = ("#", "\N{FULLWIDTH NUMBER SIGN}")


class Mode(StrEnum):
    """Where a term may stand: as a word of its own, alone between blanks, anywhere, or only in a hashtag or handle."""

    WORD = "word"
    TOKEN = "token"  # noqa: S105 - a word between blanks
    SUBSTRING = "substring"
    HASHTAG = "hashtag"
    HANDLE = "handle"


class Tier(StrEnum):
    """By how much disguise a hit was found, the plainest first. The policy acts on tiers; the weak ones only queue."""

    EXACT = "exact"
    FOLDED = "folded"
    CAMEL = "camel"
    CONFUSABLE = "confusable"
    LEET = "leet"
    STRETCHED = "stretched"
    SPACED = "spaced"
    ACCENTED = "accented"
    WILDCARD = "wildcard"


# An ordinary accent or one letter that is not the term's may as well be another word: these only queue.
WEAK = frozenset({Tier.ACCENTED, Tier.WILDCARD})

# The least number of letters that a term needs before it is looked for in each disguise. Short words meet other words
# by chance: the numbers were chosen on generated cases, see benchmarks/terms.
LEAST_LETTERS: dict[Tier, int] = {
    Tier.CAMEL: 3,
    Tier.CONFUSABLE: 3,
    Tier.LEET: 4,
    Tier.STRETCHED: 3,
    Tier.SPACED: 3,
    Tier.ACCENTED: 5,
    Tier.WILDCARD: 5,
}


@dataclass(frozen=True, slots=True)
class Term:
    """One vetted term. `opinion` says what its vetting came to; only a positive, unexpired term is matched.

    `context` terms never act alone: they are looked for only to be parts of combinations. A term with `all_of`,
    `any_of` or `none_of` (ids of other terms) is the anchor of a combination and is a hit only where those stand
    within `window` code points of it, or anywhere in the text when `window` is None. `layers` overrides LEAST_LETTERS:
    ("leet", 6) asks for six letters, ("leet", None) turns it off. `finds` and `spares` are run as tests.
    """

    id: str
    term: str
    category: str = ILLEGAL
    mode: Mode = Mode.WORD
    severity: str | None = None
    language: str | None = None
    source: str | None = None
    licence: str | None = None
    expires: date | None = None
    opinion: Opinion = Opinion.POSITIVE
    never_inside: tuple[str, ...] = ()
    layers: tuple[tuple[Tier, int | None], ...] = ()
    context: bool = False
    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    window: int | None = None
    finds: tuple[str, ...] = ()
    spares: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """The term without its sigil."""
        return bare(self.term)

    @property
    def combines(self) -> bool:
        """Whether it is the anchor of a combination."""
        return bool(self.all_of or self.any_of or self.none_of)

    def live(self, today: date) -> bool:
        """Whether it is looked for on a day: vetted to be, and not yet expired. It expires at the end of its day."""
        return self.opinion is Opinion.POSITIVE and (self.expires is None or today <= self.expires)


COLUMNS = tuple(column.name for column in fields(Term))


def bare(term: str) -> str:
    """A term as it is vetted: without blanks around it and without one sigil in front."""
    term = term.strip()
    return term[1:].strip() if term[:1] in SIGILS else term
