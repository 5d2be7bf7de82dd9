"""Which viewers does a policy on trial answer?"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Annotated

import msgspec

from ringfence.guard.policies.policy import Policy
from ringfence.model.faults import Fault

KEY_LENGTH = 16
_WHOLE = 1 << 64  # of the numbers that a viewer's hash is drawn from


class Mode(StrEnum):
    """Shadow: it answers nobody, and what it would have said is counted. Percent: it answers a share of viewers."""

    SHADOW = "shadow"
    PERCENT = "percent"


class _Packed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mode: Mode
    share: Annotated[float, msgspec.Meta(ge=0, le=1)]
    key: Annotated[bytes, msgspec.Meta(min_length=KEY_LENGTH, max_length=KEY_LENGTH)]
    policy: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A policy on trial. `key` draws the viewers: with the same key, a larger share keeps all who were in it."""

    policy: Policy
    mode: Mode
    share: float
    key: bytes

    def takes(self, viewer_id: str | None) -> bool:
        """Whether this viewer is answered by the policy on trial; nobody is in shadow, and nobody who is unknown."""
        if self.mode is Mode.SHADOW or not viewer_id:
            return False
        drawn = blake2b(viewer_id.encode("utf-8", "surrogatepass"), digest_size=8, key=self.key).digest()
        return int.from_bytes(drawn, "big") < self.share * _WHOLE

    def packed(self) -> bytes:
        """The trial as bytes, as a snapshot carries it."""
        return msgspec.msgpack.encode(_Packed(self.mode, self.share, self.key, self.policy.text))

    @staticmethod
    def unpacked(packed: bytes, where: str) -> "Trial":
        """The trial that `packed` made these bytes of, or a Fault."""
        try:
            told = msgspec.msgpack.decode(packed, type=_Packed)
        except msgspec.DecodeError as error:
            raise Fault("its trial does not fit its format", where=where, mend="publish again") from error
        return Trial(Policy.parse(told.policy, f"{where}, policy on trial"), told.mode, told.share, told.key)
