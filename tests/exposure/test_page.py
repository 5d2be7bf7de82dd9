"""Is a signed page refused as soon as one byte of it is another?"""

import re
from base64 import b64encode

import pytest
from tests.exposure.audits import measured

from ringfence.exposure import audit
from ringfence.exposure.page import PURPOSE, is_page, seal, unseal
from ringfence.exposure.report import render
from ringfence.guard.snapshots import signing
from ringfence.guard.snapshots.signing import Trusted
from ringfence.model.faults import Fault

SIGNER, OTHER = signing.new(), signing.new()
OURS, THEIRS = (Trusted(frozenset({one.public})) for one in (SIGNER, OTHER))
MADE = measured(0.2)
WRITTEN = render(MADE, audit.seal(MADE, SIGNER), ())
FILE = seal(WRITTEN, SIGNER)
SIGNATURE = len(FILE.splitlines()[-1]) + 1


def test_a_page_gives_back_the_measurement_in_it() -> None:
    assert is_page(FILE)
    assert audit.seal(unseal(FILE, OURS, "here"), SIGNER) == audit.seal(MADE, SIGNER)
    assert unseal(FILE, None, "here").recipe == MADE.recipe


def refused(file: bytes, trusted: Trusted | None = None) -> bool:
    try:
        unseal(file, trusted, "here")
    except Fault as fault:
        return len(str(fault).splitlines()) == 1
    return False


@pytest.mark.parametrize(("trusted", "apart"), [(None, 3), (OURS, 11)])
def test_no_byte_of_a_page_can_be_changed(trusted: Trusted | None, apart: int) -> None:
    for place in range(0, len(FILE), apart):
        changed = bytearray(FILE)
        changed[place] ^= 1 << place % 8
        assert refused(bytes(changed), trusted), place


@pytest.mark.parametrize("bit", range(8))
def test_no_bit_of_the_last_line_can_be_changed(bit: int) -> None:
    for place in range(len(FILE) - SIGNATURE, len(FILE)):
        changed = bytearray(FILE)
        changed[place] ^= 1 << bit
        assert refused(bytes(changed)), place


@pytest.mark.parametrize("place", [0, 1, 100, len(FILE) // 2, len(FILE) - SIGNATURE, len(FILE) - 1, len(FILE)])
def test_nothing_can_be_put_in_or_cut_off(place: int) -> None:
    assert refused(FILE[:place] + b" " + FILE[place:])
    assert refused(FILE[:place] + b"\n" + FILE[place:])
    if place < len(FILE):
        assert refused(FILE[:place])
        assert refused(FILE[:place] + FILE[place + 1 :])
    assert refused(FILE.replace(b"\n", b"\r\n"))


def test_only_a_trusted_key_counts() -> None:
    with pytest.raises(Fault, match="not trusted"):
        unseal(FILE, THEIRS, "here")


def test_a_page_signed_again_by_another_key_is_not_that_of_the_measurement() -> None:
    with pytest.raises(Fault, match="two keys"):
        unseal(seal(WRITTEN, OTHER), None, "here")


def test_a_page_without_the_measurement_is_refused_even_when_it_is_signed() -> None:
    with pytest.raises(Fault):
        unseal(seal(re.sub("<script.*</script>", "", WRITTEN, flags=re.DOTALL), SIGNER), OURS, "here")


def test_a_signature_made_for_something_else_does_not_fit() -> None:
    other = b64encode(SIGNER.sign(audit.PURPOSE + WRITTEN.encode())).decode()
    assert PURPOSE != audit.PURPOSE
    with pytest.raises(Fault, match="does not fit"):
        unseal(f"{WRITTEN}<!-- signed by {SIGNER.name} {other} -->\n".encode(), OURS, "here")
