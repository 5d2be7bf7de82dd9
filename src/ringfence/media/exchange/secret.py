"""Where is an exchange's secret, and how does it go along with a question? It is never written, logged or told."""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from ringfence.media.exchange.settings import Exchange
from ringfence.model.faults import Fault
from ringfence.store import private

LONGEST = 4_096  # bytes
FORMS = {
    "ncmec": "user:password",
    "stopncii": "subscription_key,fetch_key,feedback_key (the last only for feedback)",
    "threatexchange": "access token",
}


class Purpose(StrEnum):
    """What for: StopNCII gives each its own key."""

    FETCH = "fetch"
    FEEDBACK = "feedback"


@dataclass(frozen=True, slots=True)
class Carried:
    """The secret as headers and as a part of the query."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: str = field(default="", repr=False)


def carried(exchange: Exchange, purpose: Purpose) -> Carried:
    """The secret that the settings point to. Raises Fault, which repeats nothing of it."""
    text, where = _text(exchange)
    mend = f"write it as {FORMS[exchange.service]}, in one line"
    if not text or not (text.isascii() and text.isprintable()):
        raise Fault("holds no secret that can be used", where=where, mend=mend)
    if exchange.service == "threatexchange":
        return Carried(query=f"access_token={quote(text, safe='')}")
    if exchange.service == "ncmec":
        user, _, password = text.partition(":")
        if not user or not password:
            raise Fault("holds no user and password", where=where, mend=mend)
        return Carried({"authorization": "Basic " + base64.b64encode(text.encode()).decode()})
    keys = [part.strip() for part in text.split(",")]
    place = {Purpose.FETCH: 1, Purpose.FEEDBACK: 2}[purpose]
    if len(keys) not in {2, 3} or not all(keys) or len(keys) <= place:
        raise Fault(f"holds no key for {purpose}", where=where, mend=mend)
    return Carried({"Ocp-Apim-Subscription-Key": keys[0], "x-functions-key": keys[place]})


def _text(exchange: Exchange) -> tuple[str, str]:
    if exchange.secret_env is not None:
        where = f"the environment variable {exchange.secret_env}"
        text = os.environ.get(exchange.secret_env)
        if text is None:
            raise Fault("is not set", where=where, mend="set it for this command, and for nobody else")
        return text.strip(), where
    return _file(Path(exchange.secret_file or "")), str(exchange.secret_file)


def _file(path: Path) -> str:
    content = private.read(path, LONGEST + 1)
    return content.decode("utf-8", "replace").strip() if len(content) <= LONGEST else ""
