"""How does a page become HTML? By a template in which every value is escaped, and none is missing unseen."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import msgspec
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from ringfence.console import times
from ringfence.console.asking import Asking
from ringfence.model.faults import Fault

STATIC = Path(__file__).parent / "static"

# What an act has to say once it is done, by a key in the address: nobody else can put words there.
SAID: Mapping[str, str] = MappingProxyType(
    {
        "taken": "You hold this case now.",
        "released": "The case is free for others.",
        "none": "Every open case is held, or there is none.",
        "commented": "Your comment is kept.",
        "answered": "The report is answered.",
        "closed": "The case is closed.",
        "reopened": "The case is open again.",
        "marked": "The case stands before all that are not urgent.",
        "unmarked": "The case stands where its priority puts it.",
        "protected": "The account is on the protected list.",
        "unprotected": "The account is off the protected list.",
        "added": "They are on the list of people.",
        "roles": "Their roles are changed, from their next act on.",
        "left": "They work here no more.",
        "kept": "Your settings are kept.",
        "password": "Your password is changed, and your other sessions have ended.",
        "ended": "That session has ended.",
        "activated": "That version is active now.",
        "version_refused": "That version waits no longer.",
        "judged": "Your decision waits for a second person, under Versions.",
        "judged_active": "Your decision is in the lexicon.",
        "decided": "Decided. Below is who uploaded it; nothing happened to any account.",
        "taken_back": "Taken back: what stood before stands again.",
        "let_out": "It is out of quarantine, and acts again.",
        "kept_in": "It stays in quarantine by your word.",
        "undone_batch": "The batch is undone, and the guard knows.",
        "given_back": "The account is in discovery again, and the guard knows.",
        "rested": "Good. Counting begins anew.",
        "put_off": "You will be reminded in a quarter of an hour.",
        "drafted": "This is what it would do. Look at everybody, then propose it.",
        "edited": "This is what it would do now.",
        "dropped": "The draft is thrown away.",
        "left_out": "The account is left out.",
        "taken_in": "The account is taken in again.",
        "frozen": "The plan is proposed. A senior reviewer who had no part in it decides on it.",
        "approved": "The plan is approved, and its evidence is held.",
        "refused": "The plan is turned down.",
        "started": "It is being carried out.",
        "stopped": "Nothing more is sent.",
        "undoing": "What can be is given back; what cannot is listed with the reason.",
        "delivered": "Discovery and the guard were told. What they could not use is among the troubles of its plan.",
        "received": "The appeal is taken in.",
        "uphold": "The decision stands.",
        "overturn": "The decision is overturned, and what can be is given back.",
        "held": "The evidence is held.",
        "extended": "The evidence stays longer.",
        "legal_set": "The evidence stays until the legal hold is lifted.",
        "legal_lifted": "The clock of the evidence counts again.",
        "purged": "The evidence is gone, and its digests prove what was held.",
        "none_due": "Nothing was due.",
        "proved": "Thank you. Go on with what you were doing.",
    }
)


def drawn(asking: Asking, template: str, **values: object) -> HTMLResponse:
    """A page for whoever asks, from `templates/`. A part of one too: its template extends nothing."""
    said = SAID.get(asking.said, "")
    return HTMLResponse(_draw(template, asking=asking, zone=asking.zone, said=said, **values))


def for_anybody(template: str, **values: object) -> HTMLResponse:
    """A page for somebody who has not signed in."""
    return HTMLResponse(_draw(template, asking=None, zone="UTC", said="", **values))


def refusing(answer: HTMLResponse, status: int) -> HTMLResponse:
    """The same page, as what is shown where something was refused."""
    answer.status_code = status
    return answer


def failed(asking: Asking, fault: Fault) -> HTMLResponse:
    """What stands in place of a list that a page asked for by itself. A whole page tells of the fault as ever."""
    if not asking.fragment:
        raise fault
    return drawn(asking, "_failed.html", fault=fault)


def see(path: str, said: str = "") -> Response:
    """Where an act leads once it is done, with the key of what it has to say."""
    joined = f"{path}{'&' if '?' in path else '?'}said={said}" if said else path
    return RedirectResponse(joined, 303)


def account_path(account_id: str) -> str:
    """Where an account's page is, whatever the platform's ids look like."""
    return f"/accounts/{quote(account_id, safe='')}"


def _draw(template: str, **values: object) -> str:
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("ringfence.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"when": _when, "clock": _clock, "ago": _ago, "lasted": times.lasted}
    made.filters |= {"share": share, "number": number, "words": words, "facts": facts}
    made.globals |= {"static": static, "account_path": account_path}
    return made


@pass_context
def _when(context: Context, at: object) -> Markup:
    return times.shown(at, str(context["zone"]))  # type: ignore[arg-type]  # a template's value


@pass_context
def _clock(context: Context, at: object) -> Markup:
    return times.clock(at, str(context["zone"]))  # type: ignore[arg-type]  # as above


@pass_context
def _ago(context: Context, at: object) -> Markup:
    return times.ago(at, context["asking"].at)  # type: ignore[arg-type]  # as above


def share(value: float | None) -> str:
    """A share as whole per cent, and a dash where it is not known."""
    return "–" if value is None else f"{value:.0%}"  # noqa: RUF001, a dash for none


def number(value: float | None) -> str:
    """A count with its thousands apart, and a dash where it is not known."""
    return "–" if value is None else f"{value:,.0f}"  # noqa: RUF001, as above


def words(value: object) -> str:
    """A name of the code as people read it."""
    return str(value).replace("_", " ")


def facts(detail: str) -> list[tuple[str, str]]:
    """The detail of an audit row, name by name. One that is no JSON object, as of an altered row, is shown as it is."""
    try:
        told = msgspec.json.decode(detail, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeError):
        return [("", detail)]
    return [
        (name, ", ".join(map(str, value)) if isinstance(value, list) else str(value))
        for name, value in told.items()
        if value is not None
    ]


def static(name: str) -> str:
    """The address of a file of the console, with its version in it."""
    return f"/static/{name}?v={_version(name)}"


@cache
def _version(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
