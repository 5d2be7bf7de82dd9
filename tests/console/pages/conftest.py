from collections.abc import Callable

import httpx
import pytest
from tests.console.conftest import Browser, Place, make_place, place, room, template

from ringfence.cases import staff
from ringfence.cases.people import Person, Role, at_shell
from ringfence.console import sessions
from ringfence.console.sessions import Way

__all__ = ["make_place", "place", "room", "template"]

Inside = Callable[..., Browser]


def within_console(where: Place, name: str, *roles: Role) -> Browser:
    """A browser of somebody new who is signed in already: the door itself takes its time, on purpose."""
    with where.room.database.transaction(at_shell("own")) as within:
        person: Person = staff.add(within, name, name.title(), roles)
    made = Browser(httpx.Client(base_url=where.settings.address, timeout=60), where.room, where.secrets, name)
    where.browsers.append(made)
    secret = sessions.begin(where.room.database, where.settings, person, Way.PASSWORD, "test", "", proved=True)
    made.client.cookies.set("ringfence-session", secret)
    return made


@pytest.fixture
def inside(place: Place) -> Inside:
    """The same in the place of the test."""

    def made(name: str, *roles: Role) -> Browser:
        return within_console(place, name, *roles)

    return made
