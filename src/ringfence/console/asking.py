"""Who asks? A request's session, its person with the roles of this moment, and how they like the console."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from ringfence.cases import people
from ringfence.cases.database import Database
from ringfence.cases.people import Permission, Person
from ringfence.cases.transaction import Transaction
from ringfence.console import cookies, csrf, preferences, sessions
from ringfence.console.limits import Limits
from ringfence.console.page import Anyone, Page
from ringfence.console.preferences import Preferences
from ringfence.console.runs import Runs
from ringfence.console.sessions import Session
from ringfence.console.settings import Settings


class SignedOut(Exception):
    """Nobody is signed in, or no longer. `back` is where they wanted to go."""

    def __init__(self, back: str) -> None:
        super().__init__("nobody is signed in")
        self.back = back


class ProofNeeded(Exception):
    """The act asks for a fresh code first. `back` is where to go on from then."""

    def __init__(self, back: str) -> None:
        super().__init__("a fresh code is needed")
        self.back = back


@dataclass(frozen=True, slots=True)
class Console:
    """What all requests share. `pages` are those that the application mounted, `runs` what is carried out meanwhile."""

    settings: Settings
    database: Database
    limits: Limits
    pages: tuple[Page, ...]
    runs: Runs = field(default_factory=Runs)


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, for which page, and of what console.

    `fragment` is that a script asks for a part of a page. `said` is the key of what the act before had to say
    (drawing.py), as the address has it. `at` is the database's time.
    """

    console: Console
    person: Person
    session: Session
    preferences: Preferences
    path: str
    said: str
    fragment: bool
    token: str
    at: datetime

    @property
    def settings(self) -> Settings:
        """What the console is set to."""
        return self.console.settings

    @property
    def tenant(self) -> str:
        """Whose cases these are."""
        return self.person.tenant

    @property
    def zone(self) -> str:
        """The time zone to show times in."""
        return self.preferences.zone or self.settings.zone

    @property
    def menu(self) -> tuple[Page, ...]:
        """The pages of the menu that this person may ask for."""
        return tuple(page for page in self.console.pages if page.menu and self.allowed(page))

    def waits(self, page: Page) -> int:
        """How much waits for this person on a page of the menu."""
        if page.waits is None:
            return 0
        with self.console.database.look() as connection:
            return page.waits(connection, self.person)

    def act(self) -> AbstractContextManager[Transaction]:
        """One act by whoever asks. What was read in it is shown after it has ended."""
        return self.console.database.transaction(self.person)

    def may(self, permission: str) -> bool:
        """Whether the person has the permission, by its name: what a page shows. What is done is checked in `cases`."""
        return people.may(self.person, Permission(permission))

    def allowed(self, page: Page) -> bool:
        """Whether the person may ask for the page."""
        return page.permission is None or (
            not isinstance(page.permission, Anyone) and people.may(self.person, page.permission)
        )


def asking(request: Request) -> Asking:
    """The dependency of every page for those who signed in. Raises SignedOut and TooOften."""
    console = shared(request)
    secret = cookies.given(request, console.settings, cookies.SESSION)
    known = sessions.find(console.database, console.settings, secret)
    if known is None:
        raise SignedOut(where(request))
    console.limits.session.take(known.session.hash)
    made = Asking(
        console=console,
        person=known.person,
        session=known.session,
        preferences=preferences.of(console.database, known.person),
        path=path(request),
        said=request.query_params.get("said", ""),
        fragment=is_fragment(request),
        token=csrf.token(secret),
        at=known.at,
    )
    request.state.asking = made  # for the page of a fault, which is drawn elsewhere
    return made


Asker = Annotated[Asking, Depends(asking)]


def shared(request: Request) -> Console:
    """The console that a request is to."""
    console: Console = request.app.state.console
    return console


def is_fragment(request: Request) -> bool:
    """Whether a script asks for a part of a page, to put into the one that is open."""
    return request.headers.get("hx-request") == "true"


def where(request: Request) -> str:
    """The path to come back to: this page's, or for an act that of the page it was asked from."""
    if request.method == "GET":
        return path(request) + (f"?{request.url.query}" if request.url.query else "")
    parts = urlsplit(request.headers.get("referer", ""))
    return local(parts.path) if f"{parts.scheme}://{parts.netloc}" in shared(request).settings.origins else "/"


def path(request: Request) -> str:
    """The path as it was asked for: decoded, an id with a question mark in it would be cut there."""
    raw: bytes = request.scope["raw_path"]
    return raw.decode("ascii", "replace")


def local(to: str) -> str:
    """A path of this console; anything that leads elsewhere becomes the first page."""
    safe = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable() and "\\" not in to
    return to if safe else "/"
