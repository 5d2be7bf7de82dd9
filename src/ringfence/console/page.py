"""What is a page? A path, who may ask for it, and what answers. The application mounts pages from tables of these."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import sqlalchemy as sa

from ringfence.cases.people import Permission, Person


class Anyone(Enum):
    """Who needs no session."""

    OPEN = "open"


OPEN = Anyone.OPEN
GET, POST = "GET", "POST"


@dataclass(frozen=True, slots=True)
class Page:
    """`permission` is what somebody needs; None is to have signed in, OPEN is nothing, as for signing in itself.

    A page with `menu` is in the menu under these words, with how much there `waits` for whoever asks. One with `proof`
    asks for a fresh code first.
    """

    path: str
    name: str
    endpoint: Callable[..., object]
    permission: Permission | Anyone | None
    method: str = GET
    menu: str = ""
    proof: bool = False
    waits: Callable[[sa.Connection, Person], int] | None = None
