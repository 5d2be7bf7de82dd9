"""Which policy is on trial beside the present one, and for whom?"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ringfence.guard.policy import Policy


class Mode(StrEnum):
    """Shadow: nobody is answered by it. Percent: some viewers are."""

    SHADOW = "shadow"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class Trial:
    policy: Policy
    mode: Mode
    share: float = 0.0

    def takes(self, viewer_id: str) -> bool:
        return bool(viewer_id) and self.share >= 1

    def written(self) -> dict[str, Any]:
        return {"policy": self.policy.text, "mode": str(self.mode), "share": self.share}

    @staticmethod
    def read(written: Any, where: str) -> "Trial":
        return Trial(Policy.parse(written["policy"], where), Mode(written["mode"]), written["share"])
