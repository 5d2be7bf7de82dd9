"""How is media read from an address that somebody sends, without this machine being sent where it must not go?

Only hosts that the operator names are asked, by the address that was checked: a name is resolved once, every address
of it must be public or in a network that the operator allows, and the connection goes to that address. A redirect is
not followed, and no more is read than the limits allow.
"""

import socket
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

import urllib3

from ringfence.model.faults import Fault

PORTS = {"http": 80, "https": 443}
CHUNK = 1 << 16
WHERE = "url"
HOSTS_MEND = "name it in media_fetch.hosts, or send the file or its hashes"

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Reach:
    """Where media may be read from: host names, all refused where there are none, and networks that are not public."""

    hosts: frozenset[str]
    networks: tuple[Network, ...] = ()
    most_bytes: int = 50_000_000
    seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address answered: its bytes, and the kind that it says they are."""

    content: bytes
    content_type: str


def fetch(url: str, reach: Reach) -> Fetched:
    """Read one file. Raises Fault, which repeats no address, where it may not be read or cannot be."""
    parts = _allowed(url, reach)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    address = _checked(host, port, reach)
    target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    ends = time.monotonic() + reach.seconds
    try:
        with _pool(parts.scheme, host, address, port, reach.seconds) as pool:
            answer = pool.urlopen(
                "GET",
                target,
                headers={"host": parts.netloc, "accept-encoding": "identity"},
                redirect=False,
                retries=False,
                preload_content=False,
            )
            return _read(answer, ends, reach.most_bytes)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        what = f"cannot be read ({type(error).__name__})"
        raise Fault(what, where=WHERE, mend="see that the host answers") from error


def _allowed(url: str, reach: Reach) -> SplitResult:
    if not reach.hosts:
        what, mend = "is not read: reading addresses is off", "send the file or its hashes, or set media_fetch.hosts"
        raise Fault(what, where=WHERE, mend=mend)
    try:
        parts = urlsplit(url)
        known = parts.scheme in PORTS and (parts.hostname or "").lower() in reach.hosts
        odd = parts.username is not None or parts.password is not None or parts.port == 0
    except ValueError:
        known, odd, parts = False, True, urlsplit("")
    if odd or any(ord(letter) <= ord(" ") or letter == "\\" for letter in url):
        raise Fault("is no plain address", where=WHERE, mend="give http:// or https://, a host and a path")
    if not known:
        raise Fault("names a host that may not be asked", where=WHERE, mend=HOSTS_MEND)
    return parts


def _checked(host: str, port: int, reach: Reach) -> str:
    """One address of the host, after all of them were found to be such as may be asked."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Fault("names a host that cannot be found", where=WHERE, mend="see that it is spelled right") from error
    addresses = [str(one[4][0]) for one in found]
    if not addresses or not all(_may(ip_address(one.partition("%")[0]), reach.networks) for one in addresses):
        what = "leads into a network that is not public"
        raise Fault(what, where=WHERE, mend="if that is meant, allow it in media_fetch.networks")
    return addresses[0]


def _may(address: Address, networks: tuple[Network, ...]) -> bool:
    plain = getattr(address, "ipv4_mapped", None) or address
    if any(plain in network for network in networks if network.version == plain.version):
        return True
    return plain.is_global and not plain.is_multicast and _carried(plain) is None


def _carried(address: Address) -> IPv4Address | None:
    """The address of the older kind that one of these transition addresses stands for: it may be anywhere."""
    if isinstance(address, IPv4Address):
        return None
    return address.sixtofour or (address.teredo[1] if address.teredo else None) or _translated(address)


def _translated(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in IPv6Network("64:ff9b::/96") else None


def _pool(scheme: str, host: str, address: str, port: int, seconds: float) -> urllib3.HTTPConnectionPool:
    timeout = urllib3.Timeout(total=seconds)
    if scheme == "http":
        return urllib3.HTTPConnectionPool(address, port, timeout=timeout)
    return urllib3.HTTPSConnectionPool(address, port, timeout=timeout, server_hostname=host, assert_hostname=host)


def _read(answer: urllib3.BaseHTTPResponse, ends: float, most: int) -> Fetched:
    if answer.status != 200:  # noqa: PLR2004 - HTTP's own number for done
        raise Fault(f"answers {answer.status}", where=WHERE, mend="give the address of the file itself")
    parts: list[bytes] = []
    size = 0
    for part in answer.stream(CHUNK, decode_content=False):
        parts.append(part)
        size += len(part)
        if size > most:
            raise Fault(f"is larger than {most:,} bytes", where=WHERE, mend="raise media_fetch.most_bytes")
        if time.monotonic() > ends:
            raise Fault("takes too long", where=WHERE, mend="raise media_fetch.seconds")
    return Fetched(b"".join(parts), answer.headers.get("content-type", ""))
