"""Who works here, in which roles, and how do they get in? For administrators, who see no case."""

import secrets
from typing import Annotated

import pyotp
from fastapi import Form
from fastapi.responses import Response

from ringfence.cases import credentials, staff
from ringfence.cases.people import MAY, Permission, Role
from ringfence.console import drawing, sessions
from ringfence.console.asking import Asker
from ringfence.console.page import POST, Page

FIRST_PASSWORD = 15  # bytes: 20 characters, which are read out or pasted once
PersonId = Annotated[str, Form(max_length=63)]
Roles = Annotated[list[Role], Form()]


def show(asking: Asker) -> Response:
    """Everybody who works here or has."""
    with asking.act() as within:
        everyone = staff.everyone(within)
    return drawing.drawn(asking, "people.html", everyone=everyone, roles=tuple(Role), may=MAY)


def add(asking: Asker, person: PersonId, name: Annotated[str, Form(max_length=100)], roles: Roles) -> Response:
    """Put somebody on the list."""
    with asking.act() as within:
        staff.add(within, person.strip(), name.strip() or person, roles)
    return drawing.see("/people", "added")


def change(asking: Asker, person: PersonId, roles: Roles) -> Response:
    """Give somebody these roles and no others."""
    with asking.act() as within:
        staff.set_roles(within, person, roles)
    return drawing.see("/people", "roles")


def leave(asking: Asker, person: PersonId) -> Response:
    """Take somebody's roles and their way in."""
    with asking.act() as within:
        staff.leave(within, person)
    return drawing.see("/people", "left")


def way_in(asking: Asker, person: PersonId) -> Response:
    """Make a new password and a new secret for codes, and show both this once."""
    password = secrets.token_urlsafe(FIRST_PASSWORD)
    hashed = credentials.hashed(password)
    with asking.act() as within:
        credentials.set_password(within, person, hashed)
        address = credentials.set_totp(within, person, asking.settings.sealing)
        sessions.end_all(within, person)
    values = {"whose": person, "password": password, "address": address, "secret": pyotp.parse_uri(address).secret}
    return drawing.drawn(asking, "way_in.html", **values)


PAGES = (
    Page("/people", "people", show, Permission.KEEP_PEOPLE, menu="People"),
    Page("/people", "add_person", add, Permission.KEEP_PEOPLE, POST, proof=True),
    Page("/people/roles", "change_roles", change, Permission.KEEP_PEOPLE, POST, proof=True),
    Page("/people/leave", "person_leaves", leave, Permission.KEEP_PEOPLE, POST, proof=True),
    Page("/people/way-in", "way_in", way_in, Permission.KEEP_PEOPLE, POST, proof=True),
)
