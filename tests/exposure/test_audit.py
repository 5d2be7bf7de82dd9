"""Does a signed measurement come back as it was, and is any change to it seen?"""

from base64 import b64encode
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exposure.audits import measured

from ringfence.exposure.audit import PURPOSE, seal, unseal
from ringfence.exposure.everybody import DearSlot, Exact, ExactArm, Group
from ringfence.guard.snapshots import signing
from ringfence.guard.snapshots.signing import Trusted
from ringfence.model.faults import Fault

SIGNER, OTHER = signing.new(), signing.new()
OURS, THEIRS = (Trusted(frozenset({one.public})) for one in (SIGNER, OTHER))
FILE = seal(measured(0.2), SIGNER)


def test_a_measurement_comes_back_as_it_was_and_a_share_of_nothing_too() -> None:
    read = unseal(FILE, OURS, "here")
    assert seal(read, SIGNER) == FILE
    assert read.measured[0].findings == measured(0.2).measured[0].findings
    assert np.isnan(read.measured[0].exposure.strata[0].arms[0].amplification.value)


def test_exact_figures_come_back_too_and_none_stay_none() -> None:
    group = Group("all", 3, (0.1, 0.2, 0.3), (0.2, 0.4, np.nan), 1.5, 0.0, 0.1)
    exact = Exact("top 3", (1, 3, 10), 0.85, (ExactArm("none", (group,), 1e-9, (DearSlot(1, 2, 3, 0.5),)),))
    made = measured(0.2)
    made = replace(
        made, measured=(*made.measured, replace(made.measured[0], exact=exact)), left_out=("arm budgeted: no",)
    )
    read = unseal(seal(made, SIGNER), OURS, "here")
    assert read.measured[0].exact is None
    assert read.measured[1].exact is not None
    assert read.measured[1].exact.arms[0].dearest == exact.arms[0].dearest
    assert np.isnan(read.measured[1].exact.arms[0].groups[0].shown_within[2])
    assert read.left_out == made.left_out


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_no_byte_of_a_file_can_be_changed(place: int, change: int) -> None:
    changed = bytearray(FILE)
    changed[place] ^= change
    with pytest.raises(Fault):
        unseal(bytes(changed), OURS, "here")


def test_no_bit_of_key_and_signature_can_be_changed() -> None:
    for place in range(FILE.index(b'"key"'), len(FILE)):
        for bit in range(8):
            changed = bytearray(FILE)
            changed[place] ^= 1 << bit
            with pytest.raises(Fault):
                unseal(bytes(changed), None, "here")


def test_no_name_in_a_measurement_can_end_the_page_around_it() -> None:
    told = replace(measured(0.2), left_out=("</script>",))
    assert b"<" not in seal(told, SIGNER)
    assert unseal(seal(told, SIGNER), OURS, "here").left_out == ("</script>",)


@pytest.mark.parametrize("length", [0, 1, 40, len(FILE) // 2, len(FILE) - 3])
def test_a_file_that_was_cut_is_refused(length: int) -> None:
    with pytest.raises(Fault):
        unseal(FILE[:length], OURS, "here")


def test_only_a_trusted_key_counts_unless_nobody_says_which() -> None:
    with pytest.raises(Fault, match="not trusted"):
        unseal(FILE, THEIRS, "here")
    assert unseal(FILE, None, "here").recipe == measured(0.2).recipe


def test_a_signature_made_for_something_else_does_not_fit() -> None:
    content = msgspec.json.encode(measured(0.2))
    told = msgspec.json.decode(FILE)
    told["signature"] = b64encode(SIGNER.sign(content)).decode()
    assert PURPOSE
    with pytest.raises(Fault, match="does not fit"):
        unseal(msgspec.json.encode(told), OURS, "here")
