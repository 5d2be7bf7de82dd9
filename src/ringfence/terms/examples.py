"""Does every term find what it is said to find, and spare what it is said to spare?"""

from dataclasses import dataclass
from datetime import UTC, datetime

from ringfence.terms.lexicon import Lexicon
from ringfence.terms.match import Field
from ringfence.terms.term import Mode

# What an example of a term is read as; any other mode's is running text.
_FIELDS: dict[Mode, Field] = {Mode.HASHTAG: "hashtag", Mode.HANDLE: "handle"}


@dataclass(frozen=True, slots=True)
class Failed:
    """An example that does not hold: `found` when a text that should be spared has a hit of the term."""

    term_id: str
    text: str
    found: bool

    @property
    def sentence(self) -> str:
        """The same for a person."""
        done = "found, and must be spared" if self.found else "not found, and must be"
        return f"term {self.term_id!r}: its example {self.text!r} is {done}"


def failed_examples(lexicon: Lexicon) -> tuple[Failed, ...]:
    """The examples that fail, in the order of the lexicon. Terms that are not looked for today are left out.

    An example is read as a post; that of a hashtag or handle term also as one, and either may find it.
    """
    today = datetime.now(UTC).date()
    failed = []
    for term in lexicon:
        if not (term.finds or term.spares) or not term.live(today):
            continue
        fields: set[Field] = {"post", _FIELDS.get(term.mode, "post")}
        for wanted, texts in ((True, term.finds), (False, term.spares)):
            for text in texts:
                found = any(hit.term_id == term.id for field in fields for hit in lexicon.find(text, field))
                if found != wanted:
                    failed.append(Failed(term.id, text, found))
    return tuple(failed)
