"""Where are the figures of a world kept? A file a world and condition, named by the code that they hang on."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import msgspec

import ringfence.exposure
from ringfence.exposure import arms

FIRST, WORLDS = 101, 20
BATCHES, BATCH = 3, 10  # thirty reviews
EXPOSURE = Path(ringfence.exposure.__file__).parent
HERE = Path(__file__).parent
CACHE = HERE.parents[2] / ".cache" / "frontier"
ASKED = ("friend_of_friend", "item_based", "library", "paths", "popular", "ranking", "salsa", "trust")


@dataclass(frozen=True, slots=True)
class Measured:
    """One arm in one world. `ever` is a share of sessions, the others of slots or of viewers."""

    recommender: str
    arm: str
    ever: float
    displaced: float
    viewers: float
    backfilled: float
    empty: float


def file_of(condition: str, seed: int) -> Path:
    return CACHE / f"{_code()}-{condition.replace(' ', '-').replace(',', '')}-{seed}.json"


def read(condition: str, seed: int) -> list[Measured]:
    """What was measured in this world; nothing if it was not."""
    file = file_of(condition, seed)
    return msgspec.json.decode(file.read_bytes(), type=list[Measured]) if file.exists() else []


@cache
def _code() -> str:
    """Names all that decides the figures: a world measured by other code is measured again."""
    here = [HERE / name for name in ("worlds.py", "trials.py", "research.py")]
    asked = [EXPOSURE / "recommenders" / f"{name}.py" for name in ASKED]
    deciding = [*EXPOSURE.glob("cuts/*.py"), *asked, *here]
    told = b"".join(file.read_bytes() for file in sorted(deciding))
    return sha256(told + f"{arms.BUDGET} {BATCHES} {BATCH}".encode()).hexdigest()[:12]
