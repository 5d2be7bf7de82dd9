"""What does a browser keep? Two secrets: one of its session, and before that one of the door it stands at."""

from fastapi import Request, Response

from ringfence.console.settings import Settings

SESSION, DOOR, PROVIDER = "session", "door", "provider"


def name(settings: Settings, which: str) -> str:
    """The cookie's name. With `__Host-` no other host or path can set it, which browsers grant over TLS only."""
    return f"__Host-ringfence-{which}" if settings.secure else f"ringfence-{which}"


def given(request: Request, settings: Settings, which: str) -> str:
    """The secret that came with a request, or nothing."""
    return request.cookies.get(name(settings, which), "")


def give(response: Response, settings: Settings, which: str, value: str, seconds: int | None = None) -> None:
    """Have the browser keep it: until it is closed, or for so long. No script reads it."""
    # Lax, so that a link from elsewhere finds people signed in; what changes something is checked by csrf.py.
    response.set_cookie(
        name(settings, which), value, max_age=seconds, path="/", secure=settings.secure, httponly=True, samesite="lax"
    )


def forget(response: Response, settings: Settings, which: str) -> None:
    """Have the browser forget it."""
    response.delete_cookie(name(settings, which), path="/", secure=settings.secure, httponly=True, samesite="lax")
