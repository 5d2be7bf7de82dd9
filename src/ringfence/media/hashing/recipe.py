"""How is a file to be hashed, and by what? Chosen once for all files of a run."""

from dataclasses import dataclass
from importlib.util import find_spec

from ringfence.model.faults import Fault


@dataclass(frozen=True, slots=True)
class Recipe:
    fast: bool = False  # JPEG by the opt-in chain: quicker, and up to ten bits from the authors' Python
    video_seconds: float = 1.0  # between the frames of a video that are hashed; 0 hashes every one

    def __post_init__(self) -> None:
        if not 0 <= self.video_seconds < float("inf"):
            what = f"seconds between frames are {self.video_seconds}"
            raise Fault(what, where="the recipe", mend="give 0, for every frame, or more")


# What each extra of the project brings, for the messages that name it.
MODULES = {"media": "PIL", "fast-media": "simplejpeg", "video": "av"}


def installed(extra: str) -> bool:
    return find_spec(MODULES[extra]) is not None


def need(recipe: Recipe) -> None:
    """Raise Fault where the recipe asks for what is not installed. Videos are refused one by one instead."""
    for extra in ("media", "fast-media") if recipe.fast else ("media",):
        if not installed(extra):
            what = f"needs {MODULES[extra]}, which is not installed"
            raise Fault(what, where="hashing pictures", mend=f"install ringfence[{extra}]")
