"""How does the service prove who it is, and ask who its clients are?"""

import ssl
from pathlib import Path

from ringfence.model.faults import Fault
from ringfence.store import config

FILES = ("tls_cert", "tls_key", "client_ca")


def of(settings: config.Guard) -> ssl.SSLContext | None:
    """What the settings ask for, None for no TLS at all; a Fault for a half of it."""
    if not (settings.tls_cert or settings.tls_key or settings.client_ca):
        return None
    if not (settings.tls_cert and settings.tls_key):
        what = "guard.tls_cert and guard.tls_key are not both set"
        raise Fault(what, where="guard", mend="set both, or none and no guard.client_ca")
    client_ca = Path(settings.client_ca) if settings.client_ca else None
    return context(Path(settings.tls_cert), Path(settings.tls_key), client_ca)


def context(cert: Path, key: Path, client_ca: Path | None = None) -> ssl.SSLContext:
    """TLS 1.2 or later from PEM files; with `client_ca` every client must show a certificate that it signed."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    for file in (cert, key, *([client_ca] if client_ca else [])):
        if not file.is_file():
            raise Fault("there is no such file", where=str(file), mend="name PEM files in guard.tls_cert and the like")
    try:
        made.load_cert_chain(cert, key)
    except (ssl.SSLError, OSError) as error:
        what = "it and guard.tls_key are no certificate with its private key"
        raise Fault(
            what, where=str(cert), mend="name two PEM files that belong together, without a passphrase"
        ) from error
    if client_ca:
        try:
            made.load_verify_locations(client_ca)
        except (ssl.SSLError, OSError) as error:
            raise Fault("it holds no certificate", where=str(client_ca), mend="name a PEM file of the CA") from error
        made.verify_mode = ssl.CERT_REQUIRED
    return made
