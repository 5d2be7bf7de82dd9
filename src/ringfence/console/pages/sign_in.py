"""How does somebody get in and out? By a password and a code that is good once; each time with a new session."""

import secrets
import threading
from typing import Annotated, Literal

from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response

from ringfence.cases import credentials
from ringfence.cases.faults import Forbidden, Unknown
from ringfence.console import cookies, csrf, drawing, provider, sessions
from ringfence.console.asking import Asker, Console, local, shared
from ringfence.console.page import OPEN, POST, Page
from ringfence.console.sessions import Way

DOOR_SIZE, DOOR_SECONDS = 32, 3_600
# One check of a password takes 64 MB for a moment: so many at a time, whoever knocks.
_CHECKS = threading.BoundedSemaphore(2)


def door(request: Request, back: str = "") -> Response:
    """The form to sign in."""
    return _form(request, 200, back=local(back) if back else "")


def enter(
    request: Request,
    person: Annotated[str, Form(max_length=63)],
    password: Annotated[str, Form(max_length=credentials.LONGEST)],
    code: Annotated[str, Form(max_length=7)],
    back: Annotated[str, Form(max_length=2_000)] = "",
) -> Response:
    """Sign in, or be refused in words that tell nothing."""
    console = shared(request)
    console.limits.door.take(address(request))
    settings = console.settings
    given = (settings.tenant, person.strip(), password, code.replace(" ", ""), settings.sealing)
    try:
        with _CHECKS:
            somebody = credentials.sign_in(console.database, *given)
    except Forbidden as refused:
        words = f"{refused.what[:1].upper()}{refused.what[1:]}: {refused.mend}."
        return _form(request, 403, back=local(back) if back else "", person=person, refused=words)
    browser, before = request.headers.get("user-agent", ""), cookies.given(request, settings, cookies.SESSION)
    secret = sessions.begin(console.database, settings, somebody, Way.PASSWORD, browser, before, proved=True)
    return entered(console, secret, back)


def entered(console: Console, secret: str, back: str) -> Response:
    """On to the page that was wanted, with a session whose secret the browser did not have before."""
    answer = RedirectResponse(local(back) if back else "/", 303)
    cookies.give(answer, console.settings, cookies.SESSION, secret)
    cookies.forget(answer, console.settings, cookies.DOOR)
    return answer


def to_provider(request: Request, back: str = "", again: Literal["yes", ""] = "") -> Response:
    """On to the provider, who comes back to `from_provider`."""
    console = shared(request)
    console.limits.door.take(address(request))
    settings = console.settings
    if settings.provider is None:
        raise Unknown("no provider is set", where="sign-in", mend="sign in by your password")
    wanted = local(back) if back else "/"
    url, kept = provider.begin(settings.provider, settings.address, wanted, settings.sealing, again=bool(again))
    answer = RedirectResponse(url, 303)
    cookies.give(answer, settings, cookies.PROVIDER, kept, provider.SECONDS)
    return answer


def from_provider(request: Request, state: str = "", code: str = "") -> Response:
    """Back from the provider: signed in, or with a fresh proof."""
    console = shared(request)
    console.limits.door.take(address(request))
    settings = console.settings
    if settings.provider is None:
        raise Unknown("no provider is set", where="sign-in", mend="sign in by your password")
    pending = provider.returned(cookies.given(request, settings, cookies.PROVIDER), state, settings.sealing)
    person = provider.person(settings.provider, settings.address, pending, code)
    before = cookies.given(request, settings, cookies.SESSION)
    somebody = credentials.vouched(console.database, settings.tenant, person)
    known = sessions.find(console.database, settings, before) if pending.again else None
    if pending.again and (known is None or known.person.id != somebody.id):
        raise Forbidden("the provider names somebody else", where="sign-in", mend="sign out, then sign in again")
    browser = request.headers.get("user-agent", "")
    proved = known is not None
    secret = sessions.begin(console.database, settings, somebody, Way.PROVIDER, browser, before, proved=proved)
    answer = entered(console, secret, pending.back)
    cookies.forget(answer, settings, cookies.PROVIDER)
    return answer


def leave(asking: Asker) -> Response:
    """Sign out: the session is gone, whoever has its secret."""
    with asking.act() as within:
        sessions.end(within, asking.session.hash)
    answer = RedirectResponse("/sign-in", 303)
    cookies.forget(answer, asking.settings, cookies.SESSION)
    return answer


def confirm(asking: Asker, back: str = "/") -> Response:
    """The form for a fresh code."""
    return drawing.drawn(asking, "confirm.html", back=local(back), refused="")


def confirmed(
    request: Request,
    asking: Asker,
    code: Annotated[str, Form(max_length=7)],
    back: Annotated[str, Form(max_length=2_000)] = "/",
) -> Response:
    """Take a fresh code."""
    console = asking.console
    console.limits.door.take(address(request))
    try:
        credentials.confirm(console.database, asking.person, code.replace(" ", ""), asking.settings.sealing)
    except Forbidden as refused:
        words = f"The code {refused.what}; {refused.mend}."
        return drawing.refusing(drawing.drawn(asking, "confirm.html", back=local(back), refused=words), 403)
    sessions.prove(console.database, asking.settings, asking.session, asking.at)
    return drawing.see(local(back), "proved")


def address(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else ""


def _form(request: Request, status: int, *, back: str, person: str = "", refused: str = "") -> Response:
    console = shared(request)
    settings = console.settings
    secret = cookies.given(request, settings, cookies.DOOR) or secrets.token_urlsafe(DOOR_SIZE)
    answer = drawing.for_anybody(
        "sign_in.html",
        token=csrf.token(secret),
        back=back,
        person=person,
        refused=refused,
        provider=settings.provider.name if settings.provider else "",
        first_run=not settings.provider and not credentials.anybody(console.database, settings.tenant),
    )
    cookies.give(answer, settings, cookies.DOOR, secret, DOOR_SECONDS)
    return drawing.refusing(answer, status)


PAGES = (
    Page("/sign-in", "sign_in", door, OPEN),
    Page("/sign-in", "enter", enter, OPEN, POST),
    Page("/sign-in/provider", "to_provider", to_provider, OPEN),
    Page("/sign-in/callback", "from_provider", from_provider, OPEN),
    Page("/sign-out", "leave", leave, None, POST),
    Page("/confirm", "confirm", confirm, None),
    Page("/confirm", "confirmed", confirmed, None, POST),
)
