"""How do I like the console, and where am I signed in? Zone, theme, shortcuts, sessions."""

from dataclasses import replace
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from ringfence.cases import credentials
from ringfence.console import drawing, preferences, sessions, times
from ringfence.console.asking import Asker, local
from ringfence.console.page import POST, Page
from ringfence.console.preferences import Preferences, Theme


def show(asking: Asker) -> Response:
    """My settings and my sessions."""
    with asking.act() as within:
        mine = sessions.of(within)
    return drawing.drawn(asking, "settings.html", sessions=mine, zones=times.zones(), themes=tuple(Theme))


def keep(
    asking: Asker,
    theme: Annotated[Theme, Form()],
    zone: Annotated[str, Form(max_length=63)] = "",
    shortcuts: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """Keep what I chose."""
    with asking.act() as within:
        preferences.keep(within, Preferences(zone or None, theme, bool(shortcuts)))
    return drawing.see("/settings", "kept")


def theme(
    asking: Asker, theme: Annotated[Theme, Form()], back: Annotated[str, Form(max_length=2_000)] = "/"
) -> Response:
    """Change the theme from any page, and go back there."""
    with asking.act() as within:
        preferences.keep(within, replace(asking.preferences, theme=theme))
    return drawing.see(local(back))


def end(asking: Asker, session: Annotated[str, Form(max_length=64)]) -> Response:
    """End one of my sessions."""
    with asking.act() as within:
        sessions.end(within, session)
    return drawing.see("/settings", "ended")


def password(asking: Asker, password: Annotated[str, Form(max_length=credentials.LONGEST)]) -> Response:
    """Change my password, and end my other sessions: somebody else may know the old one."""
    hashed = credentials.hashed(password)
    with asking.act() as within:
        credentials.set_password(within, asking.person.id, hashed)
        sessions.end_all(within, asking.person.id, but=asking.session.hash)
    return drawing.see("/settings", "password")


PAGES = (
    Page("/settings", "settings", show, None, menu="Settings"),
    Page("/settings", "keep_settings", keep, None, POST),
    Page("/settings/theme", "keep_theme", theme, None, POST),
    Page("/settings/password", "change_password", password, None, POST, proof=True),
    Page("/settings/sessions/end", "end_session", end, None, POST),
)
