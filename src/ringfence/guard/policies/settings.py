"""What is wrong with the settings of a policy: degraded answers, messages, age, automatic limits, damping?"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ringfence.guard.policies.parts import ACCOUNT_SIGNALS, ANSWER, HARD, SOFT, UNCALIBRATED, Cause
from ringfence.model.words import Surface, Verdict

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Range:
    """What a number may be. The bounds are what keeps a setting from switching its own protection off."""

    least: float
    most: float
    whole: bool = False

    def holds(self, number: object) -> bool:
        kinds = (int,) if self.whole else (int, float)
        return isinstance(number, kinds) and not isinstance(number, bool) and self.least <= number <= self.most

    def __str__(self) -> str:
        return f"{'a whole number' if self.whole else 'a number'} from {self.least:,} to {self.most:,}"


SNAPSHOT = {"max_age_hours": Range(1, 720)}
AUTOMATIC = {
    "at_least": Range(0.5, 1),
    "per_day": Range(0, 1_000_000, whole=True),
    "per_share": Range(0, 0.05),
    "days": Range(1, 365, whole=True),
}
FACTOR = Range(0, 1)


def settings_faults(table: Mapping[str, Any]) -> Iterator[str]:
    """Every fault of these tables."""
    yield from _degraded_faults(table.get("degraded"))
    yield from _number_faults("snapshot", table.get("snapshot", {}), SNAPSHOT, ())
    automatic = table.get("automatic", {})
    yield from _number_faults("automatic", automatic, AUTOMATIC, ("uncalibrated",))
    yield from _choice_faults("automatic", automatic, "uncalibrated", UNCALIBRATED)
    yield from _damping_faults(table.get("damping", {}))
    yield from _message_faults(table.get("message", {}))


def _degraded_faults(degraded: object) -> Iterator[str]:
    """Every surface must be chosen by name, so that letting things through is somebody's decision and no accident."""
    if not isinstance(degraded, dict):
        yield f"[degraded] is missing; give each of {', '.join(Surface)} a verdict for when there is no snapshot"
        return
    for name in sorted(degraded.keys() - set(Surface) - set(Cause)):
        yield f"[degraded] names the unknown surface or cause {name!r}; use {', '.join([*Surface, *Cause])}"
    for surface in Surface:
        if surface not in degraded:
            yield f"[degraded] leaves out {surface}; choose one of {', '.join(Verdict)}"
    yield from _choices("[degraded]", {name: degraded[name] for name in Surface if name in degraded}, list(Verdict))
    for cause in (cause for cause in Cause if cause in degraded):
        yield from _cause_faults(cause, degraded[cause])


def _cause_faults(cause: Cause, chosen: object) -> Iterator[str]:
    where = f"[degraded.{cause}]"
    if not isinstance(chosen, dict):
        yield f"{where} is {chosen!r}; make it a table with verdicts for some of {', '.join(Surface)}"
        return
    for name in sorted(chosen.keys() - set(Surface)):
        yield f"{where} names the unknown surface {name!r}; use {', '.join(Surface)}"
    # Only an old snapshot is something to answer from; in every other case there would be nothing behind the answer.
    choices = [*Verdict, *([ANSWER] if cause is Cause.STALE_SNAPSHOT else [])]
    yield from _choices(where, {name: chosen[name] for name in Surface if name in chosen}, choices)


def _choices(where: str, chosen: Mapping[Surface, object], choices: Sequence[str]) -> Iterator[str]:
    for name, word in chosen.items():
        if word not in choices:
            yield f"{where} {name} is {word!r}; use one of {', '.join(choices)}"


def _number_faults(name: str, settings: object, ranges: Mapping[str, Range], others: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(settings, dict):
        yield f"{name} is {settings!r}; make it a table [{name}] with {', '.join([*ranges, *others])}"
        return
    for setting in sorted(settings.keys() - set(ranges) - set(others)):
        yield f"[{name}] has the unknown field {setting}; use {', '.join([*ranges, *others])}"
    for setting, allowed in ranges.items():
        if setting in settings and not allowed.holds(settings[setting]):
            yield f"[{name}] {setting} is {settings[setting]!r}; use {allowed}"


def _choice_faults(name: str, settings: object, setting: str, choices: tuple[str, ...]) -> Iterator[str]:
    if isinstance(settings, dict) and settings.get(setting, choices[0]) not in choices:
        yield f"[{name}] {setting} is {settings[setting]!r}; use one of {', '.join(choices)}"


def _damping_faults(damping: object) -> Iterator[str]:
    yield from _number_faults("damping", damping, {}, ("mode", "signals"))
    yield from _choice_faults("damping", damping, "mode", (SOFT, HARD))
    signals = damping.get("signals", {}) if isinstance(damping, dict) else {}
    if not isinstance(signals, dict):
        yield f"[damping] signals is {signals!r}; make it a table [damping.signals] of signals with factors"
        return
    for signal, factor in signals.items():
        if signal not in ACCOUNT_SIGNALS:
            yield f"[damping.signals] names {signal!r}; use one of {', '.join(ACCOUNT_SIGNALS)}"
        elif not FACTOR.holds(factor):
            yield f"[damping.signals] {signal} is {factor!r}; use {FACTOR}"


def _message_faults(messages: object) -> Iterator[str]:
    if not isinstance(messages, dict):
        yield '[message] must hold names with texts, such as blocked = "..."'
        return
    for name, texts in messages.items():
        by_language = texts if isinstance(texts, dict) else {"en": texts}
        if not by_language or not all(isinstance(text, str) and text.strip() for text in by_language.values()):
            yield (
                f'[message] must hold names with texts, such as blocked = "..." or blocked = {{ en = "..." }}; '
                f"{name} is none"
            )
        for language in by_language:
            if not LANGUAGE.fullmatch(language):
                yield f"[message.{name}] names the language {language!r}; use a tag such as en, de or pt-BR"
