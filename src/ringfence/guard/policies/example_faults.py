"""What is wrong with the examples that are stored in a policy?"""

from collections.abc import Iterator, Mapping
from typing import Any

from ringfence.guard.policies.parts import SIGNALS, VIEWERS, can_occur, is_signal
from ringfence.model.words import Surface, Verdict

# What may be given on each surface, besides signals.
GIVEN: Mapping[Surface, tuple[str, ...]] = {
    Surface.SEARCH: ("query",),
    Surface.AUTOCOMPLETE: ("prefix", "candidate"),
    Surface.HASHTAG: ("tag",),
    Surface.SUGGESTION: (),
    Surface.RECOMMENDATION: (),
}
EXAMPLE_FIELDS = ("surface", "verdict", "query", "tag", "prefix", "candidate", "signals", "viewer")


def example_faults(examples: object) -> Iterator[str]:
    """Every fault of the examples, each under its number, from 1."""
    if not isinstance(examples, list) or not all(isinstance(example, dict) for example in examples):
        yield "example is no list of tables; write each as [[example]]"
        return
    for number, example in enumerate(examples, 1):
        yield from (f"example {number}: {fault}" for fault in _faults(example))


def _faults(example: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(example.keys() - set(EXAMPLE_FIELDS)):
        yield f"unknown field {name}; use {', '.join(EXAMPLE_FIELDS)}"
    for field, known in (("surface", Surface), ("verdict", Verdict)):
        if example.get(field) not in list(known):
            yield f"{field} is {example.get(field, 'missing')!r}; use one of {', '.join(known)}"
    if example.get("viewer", VIEWERS[0]) not in VIEWERS:
        yield f"viewer is {example['viewer']!r}; use one of {', '.join(VIEWERS)}, or leave it out for anybody"
    if example.get("surface") in list(Surface):
        yield from _given_faults(example, Surface(example["surface"]))


def _given_faults(example: Mapping[str, Any], surface: Surface) -> Iterator[str]:
    given = {name for name in example if name in {"query", "tag", "prefix", "candidate", "signals"}}
    choices = [choice for choice in (GIVEN[surface], ("signals",)) if choice]
    if given not in map(set, choices):
        yield f"on {surface} give {', or '.join(' and '.join(choice) for choice in choices)}"
        return
    for name in sorted(given - {"signals"}):
        if not isinstance(example[name], str):
            yield f"{name} is {example[name]!r}; use a text"
    if "signals" in given:
        yield from _signal_faults(example["signals"], surface)


def _signal_faults(signals: object, surface: Surface) -> Iterator[str]:
    if not isinstance(signals, list | dict) or not signals:
        yield f'signals is {signals!r}; use a list such as ["network:member"], or a table of signals with strengths'
        return
    for signal in signals:
        if not is_signal(signal):
            yield f"signals names {signal!r}; use lexicon:CATEGORY or one of {', '.join(SIGNALS)}"
        elif not can_occur(signal, surface):
            yield f"{signal} cannot occur on {surface}; use another signal or surface"
    strengths = signals.values() if isinstance(signals, dict) else ()
    if any(isinstance(s, bool) or not isinstance(s, int | float) or not 0 <= s <= 1 for s in strengths):
        yield "signals has a strength that is no number from 0 to 1; mend it"
