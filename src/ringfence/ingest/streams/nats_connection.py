"""How is a NATS server reached, and kept hold of while it goes and comes?"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from typing import Any

import nats
import nats.errors
from nats.aio.client import Client

from ringfence.ingest.choices import choices
from ringfence.model.faults import Fault

SETTINGS = ("user", "password", "token", "tls_ca", "tls_cert", "tls_key")
CONNECT_SECONDS = 5.0
RECONNECT_SECONDS = 0.5
PING_SECONDS = 10  # so that a connection that nobody closed is noticed


async def connected(url: str, name: str, settings: Mapping[str, str], note: Callable[[str], None]) -> Client:
    """A client that reconnects by itself; `note` is told of what goes wrong. Raises Fault when no server answers."""
    told: list[str] = []

    async def noted(error: Exception) -> None:
        told.append(words(error))
        note(words(error))

    connecting = nats.connect(
        url,
        name=name,
        error_cb=noted,
        max_reconnect_attempts=-1,
        reconnect_time_wait=RECONNECT_SECONDS,
        ping_interval=PING_SECONDS,
        connect_timeout=2,
        **_options(settings),
    )
    try:
        return await asyncio.wait_for(connecting, CONNECT_SECONDS)
    except (nats.errors.Error, OSError, TimeoutError, ValueError) as error:
        what = f"no NATS server answers ({told[-1] if told else words(error)})"
        raise Fault(what, where=without_secrets(url), mend="check the address and that it runs") from error


def words(error: Exception) -> str:
    """What an error says, or is called when it says nothing."""
    return str(error) or type(error).__name__


def without_secrets(url: str) -> str:
    """The address without a name and a password in it."""
    scheme, _, rest = url.rpartition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if scheme else rest.rpartition("@")[2]


def _options(settings: Mapping[str, str]) -> dict[str, Any]:
    """What nats.connect takes for our settings."""
    for name in settings.keys() - set(SETTINGS):
        raise Fault(f"unknown setting {name}", where="[nats]", mend=choices(name, SETTINGS))
    options: dict[str, Any] = {name: settings[name] for name in ("user", "password", "token") if name in settings}
    if "tls_ca" in settings or "tls_cert" in settings:
        options["tls"] = _tls(settings)
    return options


def _tls(settings: Mapping[str, str]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.get("tls_ca"))
        if "tls_cert" in settings:
            context.load_cert_chain(settings["tls_cert"], settings.get("tls_key"))
    except OSError as error:
        raise Fault(f"cannot be used ({error})", where="[nats] tls_ca, tls_cert, tls_key", mend="mend it") from error
    return context
