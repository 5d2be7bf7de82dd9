"""Which exchanges does a platform fetch from? `media/exchanges.toml` in the workspace says, and holds no secret."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from ringfence.ingest.choices import choices
from ringfence.media.exchange.ncmec import ADDRESSES
from ringfence.model.faults import Fault
from ringfence.store import disk
from ringfence.store.strict import STRICT

FILE = "exchanges.toml"
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Exchange(BaseModel):
    model_config = STRICT
    service: Annotated[Literal["ncmec", "stopncii", "threatexchange"], Field(description="Whose protocol it speaks.")]
    bank: Annotated[str, Field(pattern=NAME, description="The bank that it fills; no other exchange may fill it.")]
    secret_env: Annotated[
        str | None, Field(pattern=r"^[A-Z_][A-Z0-9_]{0,63}$", description="The environment variable with the secret.")
    ] = None
    secret_file: Annotated[
        str | None, Field(min_length=1, description="Or the file with the secret, which only its owner may read.")
    ] = None
    environment: Annotated[str | None, Field(description="NCMEC: which of its databases.")] = None
    only_members: Annotated[
        tuple[int, ...], Field(strict=False, description="NCMEC: take the entries of these members alone.")
    ] = ()
    negative_reason: Annotated[
        str | None, Field(pattern=r"^[0-9A-Fa-f-]{1,64}$", description="NCMEC: the id of the reason for a negative.")
    ] = None
    group: Annotated[
        str | None, Field(pattern=r"^[0-9]{1,20}$", description="ThreatExchange: the number of the privacy group.")
    ] = None
    address: Annotated[str | None, Field(description="Where it is reached, where that is not the usual place.")] = None
    most_megabytes: Annotated[int, Field(ge=1, le=1024, description="The largest answer that is read.")] = 64
    most_pages: Annotated[int, Field(ge=1, description="The most pages that one run reads.")] = 100_000
    most_hours: Annotated[float, Field(gt=0, description="The longest that one run takes.")] = 6.0


Exchanges = Mapping[str, Exchange]
_EXCHANGES: TypeAdapter[dict[Annotated[str, Field(pattern=NAME)], Exchange]] = TypeAdapter(
    dict[Annotated[str, Field(pattern=NAME)], Exchange]
)
_OF = {"environment": "ncmec", "only_members": "ncmec", "negative_reason": "ncmec", "group": "threatexchange"}


def read(folder: Path) -> Exchanges:
    """The exchanges in a workspace's media folder; none where nobody added one. Raises Fault for what is wrong."""
    file = folder / FILE
    try:
        return parse(file.read_text(encoding="utf-8"), str(file))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise Fault(f"cannot be read: {error}", where=str(file), mend="make it a readable UTF-8 file") from error


def parse(text: str, where: str) -> Exchanges:
    """The exchanges in TOML text. Raises Fault at the first thing wrong, without repeating a value."""
    try:
        found = _EXCHANGES.validate_python(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise Fault(f"is no TOML: {error}", where=where, mend="mend that line") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Fault(f"{place}: {first['msg']}", where=where, mend="mend that setting") from None
    banks: dict[str, str] = {}
    for name, exchange in found.items():
        _check(exchange, f"{where}, [{name}]")
        if (other := banks.setdefault(exchange.bank.casefold(), name)) != name:
            what = f"fills the bank of [{other}]"
            raise Fault(what, where=f"{where}, [{name}]", mend="give each exchange a bank of its own")
    return found


def add(folder: Path, name: str, said: Mapping[str, object]) -> Exchanges:
    """Write one more exchange behind those there are, whose text stays as it is. Raises Fault and writes nothing."""
    there, file = read(folder), folder / FILE
    if name in there:
        raise Fault(f"has [{name}] already", where=str(file), mend="name another, or edit that file")
    if not re.fullmatch(NAME, name):
        mend = "use up to 64 letters, digits, dots, dashes and underscores, a letter or digit first"
        raise Fault("is no name for an exchange", where=repr(name), mend=mend)
    before = file.read_text(encoding="utf-8") if there or file.exists() else ""
    lines = [f"{key} = {_toml(value)}" for key, value in said.items() if value not in (None, (), [])]
    text = "\n".join([*([before.rstrip("\n"), ""] if before.strip() else []), f"[{json.dumps(name)}]", *lines, ""])
    found = parse(text, str(file))
    disk.write_whole(file, text.encode())
    return found


def named(exchanges: Exchanges, name: str, folder: Path) -> Exchange:
    if name not in exchanges:
        mend = choices(name, exchanges) if exchanges else "add it with `ringfence media exchange add`"
        raise Fault(f"there is no exchange {name!r}", where=str(folder / FILE), mend=mend)
    return exchanges[name]


def _check(exchange: Exchange, where: str) -> None:
    if (exchange.secret_env is None) == (exchange.secret_file is None):
        raise Fault("says not, or twice, where its secret is", where=where, mend="set secret_env or secret_file")
    for setting, service in _OF.items():
        if service != exchange.service and getattr(exchange, setting) not in (None, ()):
            raise Fault(f"{setting} is none of {exchange.service}", where=where, mend="remove it")
    if exchange.service == "ncmec" and exchange.address is None and exchange.environment not in ADDRESSES:
        said = exchange.environment or ""
        raise Fault(f"environment is {said!r}", where=where, mend=choices(said, ADDRESSES))
    if exchange.service == "threatexchange" and exchange.group is None:
        raise Fault("has no group", where=where, mend="set the number of the privacy group")
    if exchange.address is not None:
        _check_address(exchange.address, where)


def _check_address(address: str, where: str) -> None:
    try:
        parts = urlsplit(address)
        host, _port, plain = parts.hostname, parts.port, parts.scheme == "http"
        odd = bool(parts.query or parts.fragment or parts.username) or parts.scheme not in {"http", "https"}
    except ValueError:
        host, plain, odd = None, False, True
    if odd or not host or not (address.isascii() and address.isprintable()) or " " in address:
        raise Fault("address is no plain HTTP address", where=where, mend='write "https://host/path"')
    if plain and host not in LOOPBACK:
        mend = "begin it with https: over http anybody on the way reads the secret"
        raise Fault("address is not encrypted", where=where, mend=mend)


def _toml(value: object) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
