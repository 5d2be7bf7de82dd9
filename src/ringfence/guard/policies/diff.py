"""What would change if one policy took another's place? Verdict by verdict, not line by line."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from enum import StrEnum

from ringfence.guard.policies.policy import STRICTNESS, VIEWERS, Policy, Rule, strictness
from ringfence.model.words import Surface

ANYBODY = "anybody"
NO_RULE = "no rule"
ANSWER = "answer"


class Kind(StrEnum):
    """What becomes of a verdict. `new` and `gone`: no rule was, or is, met there; that is an `allow` by omission."""

    STRICTER = "stricter"
    MILDER = "milder"
    NEW = "new"
    GONE = "gone"
    MESSAGE = "message"  # the verdict stays, and another text is shown with it
    LEGALITY = "legality"  # the verdict stays, and the signal is illegal now, or no longer


@dataclass(frozen=True, slots=True)
class Verdicts:
    """One cell of the table: a signal from some strength up, for a class of viewers, from some day on."""

    surface: Surface
    signal: str
    viewer: str
    strength: float
    since: date
    was: str
    now: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Setting:
    """Something else that a policy says: where, and how it is written; "" for not at all."""

    name: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Diff:
    """All that differs. True when anything does."""

    verdicts: tuple[Verdicts, ...]
    settings: tuple[Setting, ...]

    def __bool__(self) -> bool:
        return bool(self.verdicts or self.settings)


def diff(old: Policy, new: Policy, today: date) -> Diff:
    """What differs from `today` on. A rule that ends later gives a second row from the day after its last."""
    found: list[Verdicts] = []
    before: set[tuple[object, ...]] = set()
    for day in _days(old, new, today):
        cells = list(_cells(old, new, day))
        found += [cell for cell in cells if _cell(cell) not in before]
        before = {_cell(cell) for cell in cells}
    return Diff(tuple(found), tuple(_settings(old, new)))


def _days(old: Policy, new: Policy, today: date) -> list[date]:
    """Today, and each day on which a rule holds no more."""
    ends = (rule.until for policy in (old, new) for rule in policy.rules)
    return sorted({today, *(end + timedelta(days=1) for end in ends if end is not None and end >= today)})


def _cells(old: Policy, new: Policy, day: date) -> Iterator[Verdicts]:
    keys = {(rule.surface, rule.signal): None for policy in (old, new) for rule in policy.rules}
    for surface, signal in keys:
        for strength in _bands(old, new, surface, signal):
            everybody = _change(old, new, surface, {signal: strength}, "", day)
            for viewer in ("", *VIEWERS):
                change = _change(old, new, surface, {signal: strength}, viewer, day)
                if change and (not viewer or change != everybody):
                    yield Verdicts(surface, signal, viewer or ANYBODY, strength, day, *change)


def _bands(old: Policy, new: Policy, surface: Surface, signal: str) -> list[float]:
    """The strengths at which either policy may change its mind."""
    rules = (rule for policy in (old, new) for rule in policy.rules)
    return sorted({0.0, *(rule.strength for rule in rules if (rule.surface, rule.signal) == (surface, signal))})


def _change(
    old: Policy, new: Policy, surface: Surface, strengths: Mapping[str, float], viewer: str, day: date
) -> tuple[str, str, Kind] | None:
    classes = (viewer,) if viewer else ()
    was, now = (policy.rule(surface, strengths, classes, day) for policy in (old, new))
    kind = _kind(was, now)
    return (_told(was), _told(now), kind) if kind else None


def _kind(was: Rule | None, now: Rule | None) -> Kind | None:
    if was is None or now is None:
        return None if was is now else Kind.NEW if was is None else Kind.GONE
    if was.verdict is not now.verdict:
        milder = STRICTNESS.index(now.verdict) < STRICTNESS.index(was.verdict)
        return Kind.MILDER if milder else Kind.STRICTER
    if strictness(was) != strictness(now):
        return Kind.LEGALITY
    return Kind.MESSAGE if was.message != now.message else None


def _told(rule: Rule | None) -> str:
    if rule is None:
        return NO_RULE
    words = (rule.verdict, "illegal" if rule.illegal else "", f"message {rule.message}" if rule.message else "")
    return ", ".join(filter(None, words))


def _cell(one: Verdicts) -> tuple[object, ...]:
    return one.surface, one.signal, one.viewer, one.strength, one.was, one.now


def _settings(old: Policy, new: Policy) -> Iterator[Setting]:
    was, now = _said(old), _said(new)
    for name in dict.fromkeys((*was, *now)):
        if was.get(name) != now.get(name):
            yield Setting(name, was.get(name, ""), now.get(name, ""))


def _said(policy: Policy) -> dict[str, str]:
    """Everything but the rules, by name."""
    said = {f"degraded.{cause}.{surface}": verdict or ANSWER for (cause, surface), verdict in policy.degraded.items()}
    said["snapshot.max_age_hours"] = f"{policy.max_age_hours:g}"
    said |= {f"automatic.{name}": str(value) for name, value in asdict(policy.automatic).items()}
    said["damping.mode"] = policy.damping.mode
    said |= {f"damping.signals.{signal}": f"{factor:g}" for signal, factor in sorted(policy.damping.signals.items())}
    for name, texts in policy.messages.items():
        said |= {f"message.{name}.{language}".rstrip("."): text for language, text in texts.items()}
    return said
