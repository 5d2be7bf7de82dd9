"""Who can check that a page is the one that was written? It holds the sealed measurement, and its last line signs it.

The signature is over every byte before that line. The measurement stands in the page as `seal` wrote it, so that it can
be read by programs, and both are signed by the same key.
"""

import re
from base64 import b64decode, b64encode

from ringfence.exposure import audit
from ringfence.exposure.audit import ASK, Audit
from ringfence.guard.snapshots.signing import PREFIX, Signer, Trusted
from ringfence.model.faults import Fault

# Before what is signed, so that no signature made for something else fits a page.
PURPOSE = b"ringfence exposure page 1\n"
BEGINS = b"<!doctype html>"
LAST_LINE = re.compile(rb"<!-- signed by (ed25519:[A-Za-z0-9+/=]+) ([A-Za-z0-9+/=]+) -->\n")
# Nothing that a page is told can be a tag in it, so these stand there once.
OPENS, CLOSES = b'<script type="application/json" id="measurement">', b"</script>"


def is_page(file: bytes) -> bool:
    """Is it a page, rather than the measurement alone?"""
    return file.startswith(BEGINS)


def seal(page: str, signer: Signer) -> bytes:
    """A page with its last line. A page ends with a line's end."""
    written = page.encode()
    return written + _last_line(signer.name, signer.sign(PURPOSE + written))


def unseal(file: bytes, trusted: Trusted | None, where: str) -> Audit:
    """The measurement in a page that `seal` wrote, signed by a trusted key; with None, by the key that it names.

    Raises Fault where a byte of the page or of the measurement was changed, or the two do not belong together.
    """
    written, _, last = file.removesuffix(b"\n").rpartition(b"\n")
    written, last = written + b"\n", file[len(written) + 1 :]
    signed = LAST_LINE.fullmatch(last)
    if signed is None:
        raise Fault("its last line is no signature", where=where, mend=ASK)
    name = signed[1].decode()
    _check(written, name, signed[2], trusted, where)
    sealed = written.partition(OPENS)[2].partition(CLOSES)[0]
    found = audit.unseal(sealed, trusted, where)
    if audit.key_of(sealed) != name:
        raise Fault("the page and its measurement are signed by two keys", where=where, mend=ASK)
    return found


def _check(written: bytes, name: str, signature: bytes, trusted: Trusted | None, where: str) -> None:
    (key,) = Trusted.of([name], where).keys
    try:
        raw = b64decode(signature, validate=True)
    except ValueError as error:
        raise Fault("its last line is no signature", where=where, mend=ASK) from error
    try:
        (trusted or Trusted(frozenset({key}))).check(key, raw, PURPOSE + written, where=where)
    except Fault as fault:
        raise Fault(fault.what, where=where, mend=ASK) from None
    # Base64 has several ways to write the same bytes; one of them is the file's.
    if (PREFIX + b64encode(key).decode(), b64encode(raw)) != (name, signature):
        raise Fault("it is not written as it was signed", where=where, mend=ASK)


def _last_line(name: str, signature: bytes) -> bytes:
    return f"<!-- signed by {name} {b64encode(signature).decode()} -->\n".encode()
