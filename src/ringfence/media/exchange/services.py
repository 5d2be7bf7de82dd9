"""How is each service reached and understood? From its settings, the source and the line to it."""

from ringfence.media.exchange import ncmec, stopncii, threatexchange
from ringfence.media.exchange.asking import Line
from ringfence.media.exchange.secret import Purpose, carried
from ringfence.media.exchange.sent import Source
from ringfence.media.exchange.settings import Exchange


def source(exchange: Exchange) -> Source:
    if exchange.service == "ncmec":
        return ncmec.Ncmec(frozenset(str(member) for member in exchange.only_members))
    if exchange.service == "stopncii":
        return stopncii.StopNcii()
    return threatexchange.ThreatExchange(exchange.group or "")


def address(exchange: Exchange) -> str:
    if exchange.address is not None:
        return exchange.address.rstrip("/")
    if exchange.service == "ncmec":
        return ncmec.ADDRESSES[exchange.environment or ""]
    return stopncii.ADDRESS if exchange.service == "stopncii" else threatexchange.ADDRESS


def line(exchange: Exchange, purpose: Purpose) -> Line:
    """A line with the secret for that purpose. Raises Fault where there is none."""
    secret = carried(exchange, purpose)
    return Line(address(exchange), secret.headers, secret.query, most_bytes=exchange.most_megabytes << 20)
