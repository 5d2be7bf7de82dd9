"""What does a file bring to a lexicon, what was left aside, and what should its owner know?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from ringfence.model.faults import Fault
from ringfence.model.words import Opinion
from ringfence.terms import combinations, formats, trend_query
from ringfence.terms.formats import Format, Layout
from ringfence.terms.lexicon import Lexicon, from_rows, refuse_expired
from ringfence.terms.term import LEAST_LETTERS, Term
from ringfence.terms.trend_query import Refused

_NAMED = 5  # how many examples a warning gives


@dataclass(frozen=True, slots=True)
class Intake:
    """A lexicon as it came in. `aside` are columns that are none of ours, `refused` queries that could not be kept."""

    lexicon: Lexicon
    aside: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()
    expressions: int = 0


def take(path: Path, form: Format | None, layout: Layout) -> Intake:
    """Read a file in a format, or in the one its suffix names, with its columns and defaults as the layout has them.

    Raises Fault as Lexicon.load does, and for trend queries without a licence.
    """
    form = form or formats.format_of(path)
    if form is Format.TREND_QUERY:
        return _queries(path, layout)
    with formats.opened(path) as file:
        rows = formats.rows(file, layout, form, str(path))
        lexicon = from_rows(rows.found, str(path))
    refuse_expired(lexicon, str(path))
    return Intake(lexicon, tuple(rows.aside))


def _queries(path: Path, layout: Layout) -> Intake:
    if not layout.defaults.get("licence"):
        what = "shared queries come under an agreement, and none is named"
        raise Fault(what, where=str(path), mend="name it with --licence")
    with formats.opened(path) as file:
        found = trend_query.read(file.read(), str(path))
    rows = ({**layout.defaults, **{name: cell for name, cell in row.items() if cell}} for row in found.rows)
    if not found.rows:
        reasons = "; ".join(f"{one.query}: {one.why}" for one in found.refused[:_NAMED])
        raise Fault(
            f"no query in it could be kept ({reasons or 'there is none'})", where=str(path), mend="mend them first"
        )
    lexicon = from_rows(enumerate(rows, 1), str(path), unit="term")
    return Intake(lexicon, (), found.refused, found.expressions)


def warnings(intake: Intake, today: date | None = None) -> tuple[str, ...]:
    """What is in order but may not be what was meant, a sentence each."""
    return (*_about_file(intake), *_about_terms(intake.lexicon, today or datetime.now(UTC).date()))


def _about_file(intake: Intake) -> Iterator[str]:
    if intake.aside:
        yield f"Nothing was made of {_count(len(intake.aside), 'column')}: {_some(intake.aside)}."
    if intake.expressions:
        yield f"{_count(intake.expressions, 'regular expression')} in an `or` list left out: none is ever run."
    for one in intake.refused:
        yield f"Query {one.query} was refused: {one.why}."


def _about_terms(lexicon: Lexicon, today: date) -> Iterator[str]:
    least = min(LEAST_LETTERS.values())
    named = {part for term in lexicon if term.combines for part in combinations.parts_of(term)}
    groups: tuple[tuple[str, Callable[[Term], bool]], ...] = (
        ("not vetted as positive, and not looked for", lambda term: term.opinion is not Opinion.POSITIVE),
        ("expired, and not looked for", lambda term: term.expires is not None and term.expires < today),
        (
            "for combinations only, and in none",
            lambda term: term.context and not term.combines and term.id not in named,
        ),
        (f"shorter than {least} letters, and found as written only", lambda term: len(term.word) < least),
        ("without a licence", lambda term: term.licence is None),
    )
    for what, holds in groups:
        if ids := [term.id for term in lexicon if holds(term)]:
            yield f"{_count(len(ids), 'term')} {what}: {_some(ids)}."
    live = {term.id for term in lexicon if term.live(today)}
    if not live:
        yield "No term in it is looked for."
    lacking = {part for term in lexicon if term.id in live for part in term.all_of} - live
    if lacking:
        some = _some(sorted(lacking))
        yield f"{_count(len(lacking), 'term')} in an all_of, and not looked for, so that it is never whole: {some}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
