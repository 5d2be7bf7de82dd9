"""When was that, where the reviewer is? Shown in their zone, with UTC beside it for whoever compares."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from markupsafe import Markup

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@cache
def zones() -> tuple[str, ...]:
    """The zones there are to choose from."""
    return tuple(sorted(available_timezones()))


def shown(at: datetime | str | None, zone: str) -> Markup:
    """A moment as a <time> element in the zone, and nothing for none. Text is a moment as JSON has it."""
    at = datetime.fromisoformat(at) if isinstance(at, str) else at
    return _element(at, f"{at.astimezone(ZoneInfo(zone)):%-d %b %Y, %H:%M}") if at else Markup()


def clock(at: datetime | None, zone: str) -> Markup:
    """The time of day alone, for what is today anyway."""
    return _element(at, f"{at.astimezone(ZoneInfo(zone)):%H:%M}") if at else Markup()


def ago(at: datetime | None, now: datetime) -> Markup:
    """How long a moment is past, as 3 d; its title has the moment itself."""
    return _element(at, lasted(now - at)) if at else Markup()


def lasted(time: timedelta) -> str:
    """A time in its largest unit."""
    for unit, letter in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if time >= unit:
            return f"{time // unit} {letter}"
    return "now"


def _element(at: datetime, words: str) -> Markup:
    exact = at.astimezone(UTC)
    form = '<time datetime="{}" title="{} UTC">{}</time>'
    return Markup(form).format(f"{exact:%Y-%m-%dT%H:%M:%SZ}", f"{exact:%Y-%m-%d %H:%M:%S}", words)  # noqa: S704, format escapes
