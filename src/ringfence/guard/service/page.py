"""What does a person see who wants to try the guard by hand?"""

import secrets
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from ringfence.guard.service.requests import HEADERS

_TEMPLATE = Environment(
    loader=PackageLoader("ringfence.guard.service"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
).get_template("try.html")


@dataclass(frozen=True, slots=True)
class Completions:
    """A typed prefix and the completions a platform would offer."""

    prefix: str
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidates:
    """A slate of accounts, with a name that says what it is an example of."""

    name: str
    viewer: str
    candidates: tuple[str, ...]
    minor: bool = False  # whether the viewer is held to be under age


@dataclass(frozen=True, slots=True)
class Examples:
    """What the page offers to click on; the caller knows which values say something on its data."""

    queries: tuple[str, ...] = ()
    completions: tuple[Completions, ...] = ()
    tags: tuple[str, ...] = ()
    slates: tuple[Candidates, ...] = ()
    related: tuple[Completions, ...] = ()
    countries: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


def render(examples: Examples) -> HTMLResponse:
    """The page, which loads nothing from anywhere and may talk to nobody but its own service."""
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; img-src data:"
        "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {**HEADERS, "content-security-policy": policy, "referrer-policy": "no-referrer"}
    return HTMLResponse(_TEMPLATE.render(examples=examples, nonce=nonce), headers=headers)
